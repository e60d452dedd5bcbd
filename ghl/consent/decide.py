"""Gathers what the rule `may_send` looks at, under the lock that a stop takes too, and asks it. Transactions of the church."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.cards.addresses import read_addresses
from ghl.cards.stored import read_whole
from ghl.client.models import Contact
from ghl.consent import ledger
from ghl.consent.dnd import There, there_of
from ghl.consent.may_send import Facts, SeenContact, Verdict, may_send
from ghl.consent.quiet_hours import Window
from ghl.consent.reasons import Reason
from ghl.consent.recipient import Recipient, recipients
from ghl.consent.standing import Entry
from ghl.crypto import KeyRing
from ghl.db.models import Card, CardRevision, Church, ConsentDoubt, Message
from ghl.erasing import proofs
from ghl.messages.settings import rules_of
from ghl.statuses import Channel, DoubtState, MessageState


def decide(
    session: Session,
    ring: KeyRing | None,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    person: str,
    purpose: str,
    card_id: UUID | None,
    contact: Contact | None,
    is_test: bool,
    now: datetime,
) -> Verdict:
    """Whether a message may leave for this address now. The address stays locked until the transaction ends.

    With `contact=None` it answers as far as it is known here: pages ask so, before GoHighLevel was asked. Without
    `ring` what erased people said is not looked up; no send goes without it.
    """
    ledger.lock(session, church_id, channel, address)
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    facts = gather(
        session,
        church_id,
        channel=channel,
        address=address,
        card_id=card_id,
        contact=seen_there(there_of(contact, region=region), channel) if contact is not None else None,
        timezone=contact.timezone if contact is not None else None,
        erased=erased_said(session, ring, church_id, channel, address) if ring is not None else (),
        is_test=is_test,
        now=now,
    )
    return may_send(channel, address, person, purpose, now, facts=facts)


def gather(
    session: Session,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    card_id: UUID | None,
    contact: SeenContact | None = None,
    timezone: str | None = None,
    erased: Sequence[Entry] = (),
    is_test: bool,
    now: datetime,
) -> Facts:
    """The facts about an address, without a lock: what a page shows may be over a moment later.

    `contact` and `timezone` are GoHighLevel's, `erased` what people said who were erased since: as far as it was asked.
    """
    church_zone = session.scalars(select(Church.timezone).where(Church.id == church_id)).one()
    zones = [_zone(church_zone) or UTC, *([theirs] if (theirs := _zone(timezone)) is not None else [])]
    rules = rules_of(session, church_id)
    return Facts(
        log=(*erased, *ledger.history(session, church_id, channel, address)),
        doubted_at=_doubted_at(session, church_id, channel, address),
        card=recipients_of(session, church_id, card_id, now=now).get(channel, Reason.ADDRESS_CHANGED)
        if card_id
        else None,
        contact=contact,
        window=Window(rules.texts_from, rules.texts_until, rules.sunday_from),
        zones=tuple(zones),
        is_test=is_test,
        written_before=_written_before(session, church_id, channel, address),
    )


def seen_there(there: There, channel: Channel) -> SeenContact:
    """What the rule asks of a contact, for one channel."""
    return SeenContact(there.addresses.get(channel), channel in there.blocks, channel in there.stops)


def erased_said(
    session: Session, ring: KeyRing, church_id: UUID, channel: Channel, address: str
) -> tuple[Entry, ...]:
    """What people said about the address who were erased since, oldest first: it comes before everything else."""
    return tuple(
        Entry(
            id=0,
            kind=proof.kind,
            source=proof.source,
            # Whose name it was is gone with them: their stop holds for everybody, their yes for nobody.
            person=proofs.ERASED,
            recorded_at=proof.recorded_at,
            signed_at=proof.signed_at,
            purpose=proof.purpose,
            worded=proof.wording is not None,
        )
        for proof in proofs.proofs_of(session, ring, church_id, channel, address)
    )


def recipients_of(
    session: Session, church_id: UUID, card_id: UUID, *, now: datetime
) -> Mapping[Channel, Recipient | Reason]:
    """Who is written to because of the card as it stands now, or why nobody is."""
    row = session.execute(
        select(CardRevision.fields, Church.region)
        .join(Card, (Card.id == CardRevision.card_id) & (Card.revision == CardRevision.no))
        .join(Church, Church.id == Card.church_id)
        .where(Card.church_id == church_id, Card.id == card_id)
    ).one_or_none()
    fields = read_whole(row.fields) if row is not None else None
    if row is None or fields is None:
        return dict.fromkeys(Channel, Reason.CARD_UNREADABLE)
    return recipients(fields, read_addresses(fields, row.region), now=now)


def _doubted_at(session: Session, church_id: UUID, channel: Channel, address: str) -> datetime | None:
    return session.scalar(
        select(func.min(ConsentDoubt.received_at)).where(
            ConsentDoubt.church_id == church_id,
            ConsentDoubt.channel == channel,
            ConsentDoubt.address == address,
            ConsentDoubt.state == DoubtState.OPEN,
        )
    )


def _written_before(session: Session, church_id: UUID, channel: Channel, address: str) -> bool:
    """Whether a message of ours is known to have left for the address; one that is unsure may not have."""
    earlier = select(Message.id).where(
        Message.church_id == church_id,
        Message.channel == channel,
        Message.address == address,
        Message.state.in_((MessageState.SENT, MessageState.DELIVERED)),
        Message.is_test.is_(False),
    )
    return session.scalars(earlier.limit(1)).first() is not None


def _zone(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
