"""Gathers what the rule `may_send` looks at, under the lock that a stop takes too, and asks it. Transactions of the church."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Text, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ghl.cards.addresses import read_addresses
from ghl.cards.stored import read_whole
from ghl.client.models import Contact
from ghl.consent import ledger
from ghl.consent.dnd import There, there_of
from ghl.consent.lines import Pair
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
    (known,) = known_here(session, church_id, [About(channel, address, card_id)], now=now)
    theirs = _zone(timezone)
    return replace(
        known,
        log=(*erased, *known.log),
        contact=contact,
        zones=known.zones if theirs is None else (*known.zones, theirs),
        is_test=is_test,
    )


@dataclass(frozen=True, repr=False)
class About:
    """An address, and the card because of which it is written to; None where there is no card in play."""

    channel: Channel
    address: str
    card_id: UUID | None


def known_here(session: Session, church_id: UUID, wanted: Sequence[About], *, now: datetime) -> list[Facts]:
    """The facts about each of these as far as they are known here, in their order: as many queries for many as for one.

    Without a lock, and without what erased people said.
    """
    timezone = session.scalars(select(Church.timezone).where(Church.id == church_id)).one()
    rules = rules_of(session, church_id)
    pairs = {(one.channel, one.address) for one in wanted}
    said = ledger.histories(session, church_id, pairs)
    doubted = _doubted_at(session, church_id, pairs)
    written = _written_before(session, church_id, pairs)
    cards = recipients_of_all(session, church_id, {one.card_id for one in wanted if one.card_id}, now=now)
    found = []
    for one in wanted:
        pair = one.channel, one.address
        whom = cards[one.card_id].get(one.channel, Reason.ADDRESS_CHANGED) if one.card_id else None
        found.append(
            Facts(
                log=said.get(pair, ()),
                doubted_at=doubted.get(pair),
                card=whom,
                window=Window(rules.texts_from, rules.texts_until, rules.sunday_from),
                zones=(_zone(timezone) or UTC,),
                written_before=pair in written,
            )
        )
    return found


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
    return recipients_of_all(session, church_id, [card_id], now=now)[card_id]


def recipients_of_all(
    session: Session, church_id: UUID, card_ids: Collection[UUID], *, now: datetime
) -> dict[UUID, Mapping[Channel, Recipient | Reason]]:
    """Of each of these cards who is written to because of it as it stands now, or why nobody is."""
    found: dict[UUID, Mapping[Channel, Recipient | Reason]] = {
        card_id: dict.fromkeys(Channel, Reason.CARD_UNREADABLE) for card_id in card_ids
    }
    if not found:
        return found
    rows = session.execute(
        select(Card.id, CardRevision.fields, Church.region)
        .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
        .join(Church, Church.id == Card.church_id)
        .where(Card.church_id == church_id, Card.id.in_(sorted(found)))
    )
    for row in rows:
        fields = read_whole(row.fields)
        if fields is not None:
            found[row.id] = recipients(fields, read_addresses(fields, row.region), now=now)
    return found


def _doubted_at(session: Session, church_id: UUID, pairs: Collection[Pair]) -> dict[Pair, datetime]:
    """Since when a reply from there waits to be read, where one does."""
    rows = session.execute(
        select(ConsentDoubt.channel, ConsentDoubt.address, func.min(ConsentDoubt.received_at))
        .where(
            ConsentDoubt.church_id == church_id,
            tuple_(ConsentDoubt.channel, ConsentDoubt.address).in_(sorted(pairs)),
            ConsentDoubt.state == DoubtState.OPEN,
        )
        .group_by(ConsentDoubt.channel, ConsentDoubt.address)
    )
    return {(Channel(channel), address): at for channel, address, at in rows}


def _written_before(session: Session, church_id: UUID, pairs: Collection[Pair]) -> set[Pair]:
    """The addresses for which a message of ours is known to have left; one that is unsure may not have."""
    asked = (
        func.unnest(
            cast([channel for channel, _ in sorted(pairs)], ARRAY(Text)),
            cast([address for _, address in sorted(pairs)], ARRAY(Text)),
        )
        .table_valued("channel", "address")
        .render_derived("asked")
    )
    earlier = (
        select(Message.id)
        .where(
            Message.church_id == church_id,
            Message.channel == asked.c.channel,
            Message.address == asked.c.address,
            Message.state.in_((MessageState.SENT, MessageState.DELIVERED)),
            Message.is_test.is_(False),
        )
        .limit(1)
    )
    rows = session.execute(select(asked.c.channel, asked.c.address).where(earlier.exists()))
    return {(Channel(channel), address) for channel, address in rows}


def _zone(name: str | None) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
