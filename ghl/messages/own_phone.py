"""Whom a test may go to: whoever asks for it, and nobody who is on a card.

The hub does not know the phones of the team, so it cannot prove that one is theirs. It knows those of the guests: on
cards, at contacts that cards went into, and in what people said about messages. None of those gets a test, except where
somebody of a card with it may be texted now. Transactions of the church; the address is locked by the caller.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.consent.decide import decide, recipients_of
from ghl.consent.may_send import VerdictKind
from ghl.consent.recipient import Recipient
from ghl.db.models import Card, ConsentEvent, ContactLink, Location, Message
from ghl.statuses import Channel, Purpose

TESTS_A_DAY = 10
"""Tests that one person may ask for in 24 hours."""

MOST_CARDS = 20
"""Cards of one address that are asked about, the newest first."""


def tests_of(session: Session, church_id: UUID, actor: str, *, now: datetime) -> int:
    """How many tests the person asked for in the last 24 hours. Their next one waits until this transaction ends."""
    lock = f"tests of {actor} in {church_id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(lock, 0))))
    asked = select(func.count()).where(
        Message.church_id == church_id,
        Message.requested_at > now - timedelta(days=1),
        Message.is_test,
        Message.requested_by == actor,
    )
    return session.scalar(asked) or 0


def is_a_guests(
    session: Session, church_id: UUID, channel: Channel, address: str, purpose: Purpose, *, now: datetime
) -> bool:
    """Whether the address is on a card or at a contact, and nobody of its cards may be written to now."""
    on_cards = list(
        session.scalars(
            select(Card.id)
            .where(
                Card.church_id == church_id,
                (Card.phone if channel is Channel.SMS else Card.email) == address,
            )
            .order_by(Card.received_at.desc())
            .limit(MOST_CARDS)
        )
    )
    # A guardian's number is on the card of a child, and not its own.
    said_on = session.scalars(
        select(ConsentEvent.card_id)
        .where(
            ConsentEvent.church_id == church_id,
            ConsentEvent.channel == channel,
            ConsentEvent.address == address,
            ConsentEvent.card_id.is_not(None),
        )
        .order_by(ConsentEvent.id.desc())
        .limit(MOST_CARDS)
    ).all()
    cards = list(dict.fromkeys([*on_cards, *(card for card in said_on if card is not None)]))
    if not cards:
        return _is_a_contacts(session, church_id, channel, address)
    return not any(
        _may_be_written_to(session, church_id, card, channel, address=address, purpose=purpose, now=now)
        for card in cards
    )


def _is_a_contacts(session: Session, church_id: UUID, channel: Channel, address: str) -> bool:
    of_church = select(Location.id).where(Location.church_id == church_id)
    link = select(ContactLink.contact_id).where(
        ContactLink.location_id.in_(of_church),
        (ContactLink.phone if channel is Channel.SMS else ContactLink.email) == address,
    )
    return session.scalars(link.limit(1)).first() is not None


def _may_be_written_to(
    session: Session,
    church_id: UUID,
    card_id: UUID,
    channel: Channel,
    *,
    address: str,
    purpose: Purpose,
    now: datetime,
) -> bool:
    found = recipients_of(session, church_id, card_id, now=now).get(channel)
    if not isinstance(found, Recipient) or found.address != address:
        return False
    verdict = decide(
        session,
        None,
        church_id,
        channel=channel,
        address=address,
        person=found.person,
        purpose=purpose,
        card_id=card_id,
        contact=None,
        is_test=False,
        now=now,
    )
    # At this hour or later: the hour is asked about when it leaves.
    return verdict.kind in {VerdictKind.YES, VerdictKind.LATER}
