"""The cards nobody has checked yet: which one is next for whom, and who is on which.

A reservation keeps two people from checking the same card. It runs out by itself, so that a card is never
locked in by somebody who went home.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Exists, delete, exists, func, literal, not_, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session, aliased

from ghl.cards.counts import counts
from ghl.cards.fields import CardFields
from ghl.cards.queueing import lock
from ghl.cards.stored import read_known, read_whole
from ghl.db.base import table_of
from ghl.db.models import AuditEntry, Card, CardReservation, CardRevision, Church, Outbox, PrayerRequest
from ghl.statuses import CardSource, CardStatus

RESERVED_FOR = timedelta(minutes=10)
MOST_SKIPPED = 500
MOST_BUSY = 300
"""Cards looked through for one that nobody else holds at this moment: more than an action on many holds at once."""
MOST_UNREADABLE = 20
"""Cards of a newer version that are passed by in one look for the next one."""


@dataclass(frozen=True)
class CardAtHand:
    """A card as the person who checks it sees it: what it says now, and what it said when it `came`."""

    id: UUID
    number: int
    status: CardStatus
    revision: int
    source: CardSource
    source_name: str | None
    received_at: datetime
    written_at: datetime
    written_by: str
    has_prayer: bool
    cause: str | None
    contact_id: str | None
    phone: str | None = field(repr=False)
    email: str | None = field(repr=False)
    facts: Mapping[str, str] = field(repr=False)
    region: str
    fields: CardFields = field(repr=False)
    came: CardFields = field(repr=False)


@dataclass(frozen=True)
class OnIt:
    """Somebody has cards open until then at the longest."""

    user_id: UUID
    cards: int
    until: datetime


@dataclass(frozen=True)
class Reviewed:
    """How many cards were reviewed since a moment, and the last of them: by which actor, when."""

    cards: int = 0
    last_by: str = ""
    last_at: datetime | None = None


def reserve_next(
    session: Session, church_id: UUID, user_id: UUID, *, skipped: Collection[UUID] = ()
) -> UUID | None:
    """The oldest card to review that nobody else is on, now reserved for this person; None where there is none.

    A card the person is on already comes again, unless it is `skipped`. Skipped ones come back when nothing else is
    left. Whatever else they had open is free for others. A card that only a newer version of the hub can read is
    left to that one.
    """
    left = [*skipped][-MOST_SKIPPED:]
    mine = session.scalar(
        select(CardReservation.card_id)
        .join(Card, Card.id == CardReservation.card_id)
        .where(
            CardReservation.church_id == church_id,
            CardReservation.user_id == user_id,
            CardReservation.until > func.now(),
            Card.status == CardStatus.TO_REVIEW,
            not_(CardReservation.card_id.in_(left)),
        )
        .order_by(CardReservation.until.desc())
        .limit(1)
    )
    if mine and _readable(session, mine) and reserve(session, church_id, user_id, mine):
        return mine
    taken: list[UUID] = []
    for without, only in ((left, None), ((), left))[: 2 if left else 1]:
        # Another person may take the same card between our look and our reservation; then the next one is tried.
        unreadable = 0
        while unreadable < MOST_UNREADABLE and (
            found := _oldest(session, church_id, user_id, without=(*without, *taken), only=only)
        ):
            taken.append(found)
            if not _readable(session, found):
                unreadable += 1
            elif reserve(session, church_id, user_id, found):
                return found
    release(session, church_id, user_id)
    return None


def reserve(session: Session, church_id: UUID, user_id: UUID, card_id: UUID) -> bool:
    """Reserves this card for the person for ten minutes from now, and frees what else they had.

    False where somebody else is on it, or where it is not to be reviewed any more. The card is locked as whoever
    corrects it, or acts on many, locks it: what follows in the same transaction never waits for one of them in a circle.
    """
    card = lock(session, church_id, card_id)
    if card is None or card.status is not CardStatus.TO_REVIEW:
        return False
    table = table_of(CardReservation)
    statement = upsert(table).values(
        card_id=card_id, church_id=church_id, user_id=user_id, until=func.now() + RESERVED_FOR
    )
    reserved = session.execute(
        statement.on_conflict_do_update(
            index_elements=["card_id"],
            set_={"user_id": statement.excluded.user_id, "until": statement.excluded.until},
            where=(table.c.user_id == user_id) | (table.c.until <= func.now()),
        ).returning(table.c.card_id)
    ).one_or_none()
    if reserved is None:
        return False
    session.execute(
        delete(CardReservation).where(
            CardReservation.church_id == church_id,
            CardReservation.user_id == user_id,
            CardReservation.card_id != card_id,
        )
    )
    return True


def release(session: Session, church_id: UUID, user_id: UUID) -> None:
    """Frees every card that the person had open."""
    session.execute(
        delete(CardReservation).where(
            CardReservation.church_id == church_id, CardReservation.user_id == user_id
        )
    )


def reserved_by_others(session: Session, church_id: UUID, user_id: UUID | None) -> Sequence[OnIt]:
    """Who else is on how many cards to review, most first."""
    rows = session.execute(
        select(
            CardReservation.user_id,
            func.count().label("cards"),
            func.max(CardReservation.until).label("until"),
        )
        .join(Card, Card.id == CardReservation.card_id)
        .where(
            CardReservation.church_id == church_id,
            CardReservation.user_id.is_distinct_from(user_id),
            CardReservation.until > func.now(),
            Card.status == CardStatus.TO_REVIEW,
        )
        .group_by(CardReservation.user_id)
        .order_by(func.count().desc(), CardReservation.user_id)
    )
    return [OnIt(row.user_id, row.cards, row.until) for row in rows]


def who_is_on(session: Session, church_id: UUID, card_ids: Collection[UUID]) -> Mapping[UUID, UUID]:
    """Who has which of these cards open for review at this moment, by card."""
    rows = session.execute(
        select(CardReservation.card_id, CardReservation.user_id)
        .join(Card, Card.id == CardReservation.card_id)
        .where(
            CardReservation.church_id == church_id,
            CardReservation.card_id.in_(card_ids),
            CardReservation.until > func.now(),
            Card.status == CardStatus.TO_REVIEW,
        )
    )
    return {row.card_id: row.user_id for row in rows}


def left_to_review(session: Session, church_id: UUID) -> int:
    """How many cards of the church nobody has checked yet."""
    return counts(session, church_id)[CardStatus.TO_REVIEW]


def reviewed_since(session: Session, church_id: UUID, since: datetime) -> Reviewed:
    """What was reviewed since then."""
    reviewed = (
        AuditEntry.church_id == church_id,
        # In the statement itself, so that every plan of it can go by the index of these entries alone.
        AuditEntry.action == literal("card.reviewed", literal_execute=True),
        AuditEntry.at >= since,
    )
    cards = session.execute(select(func.count()).select_from(AuditEntry).where(*reviewed)).scalar_one()
    last = session.execute(
        select(AuditEntry.actor, AuditEntry.at).where(*reviewed).order_by(AuditEntry.at.desc()).limit(1)
    ).one_or_none()
    return Reviewed(cards, last.actor, last.at) if last else Reviewed()


def look_at(session: Session, church_id: UUID, card_id: UUID) -> CardAtHand | None:
    """The card as it is now, as much of it as this version knows; None where there is none of this church."""
    first = aliased(CardRevision)
    row = session.execute(
        select(
            Card,
            CardRevision.fields,
            CardRevision.created_at,
            CardRevision.created_by,
            first.fields.label("first"),
            _has_prayer().label("prayer"),
            Church.region,
        )
        .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
        .join(Church, Church.id == Card.church_id)
        .join(first, (first.card_id == Card.id) & (first.no == 1))
        .where(Card.church_id == church_id, Card.id == card_id)
    ).one_or_none()
    if row is None:
        return None
    card = row.Card
    return CardAtHand(
        id=card.id,
        number=card.number,
        status=CardStatus(card.status),
        revision=card.revision,
        source=CardSource(card.source),
        source_name=card.source_name,
        received_at=card.received_at,
        written_at=row.created_at,
        written_by=row.created_by,
        has_prayer=row.prayer,
        cause=card.cause,
        facts=dict(card.facts),
        contact_id=card.contact_id,
        phone=card.phone,
        email=card.email,
        region=row.region,
        fields=read_known(row.fields),
        came=read_known(row.first),
    )


def said_in(session: Session, church_id: UUID, card_id: UUID, revision: int) -> CardFields | None:
    """What a revision of the card says; None where the church has no such one."""
    fields = session.scalar(
        select(CardRevision.fields).where(
            CardRevision.church_id == church_id,
            CardRevision.card_id == card_id,
            CardRevision.no == revision,
        )
    )
    return None if fields is None else read_known(fields)


def last_hand(session: Session, church_id: UUID, card_id: UUID) -> str | None:
    """Who did the last thing to the card that the change log knows of."""
    return session.scalar(
        select(AuditEntry.actor)
        .where(
            AuditEntry.church_id == church_id,
            AuditEntry.subject == str(card_id),
            AuditEntry.action.startswith("card."),
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )


def _oldest(
    session: Session,
    church_id: UUID,
    user_id: UUID,
    *,
    without: Collection[UUID],
    only: Collection[UUID] | None,
) -> UUID | None:
    """The oldest card to review that nobody else is on; the row that delivers it is locked for this moment."""
    others = exists().where(
        CardReservation.card_id == Card.id,
        CardReservation.user_id != user_id,
        CardReservation.until > func.now(),
    )
    query = (
        select(Card.id)
        .where(Card.church_id == church_id, Card.status == CardStatus.TO_REVIEW, not_(others))
        .order_by(Card.received_at, Card.id)
        .limit(MOST_BUSY)
    )
    if without:
        query = query.where(not_(Card.id.in_(without)))
    if only is not None:
        query = query.where(Card.id.in_(only))
    # One after the other: in one statement the server would gather and sort all that are to be reviewed.
    for card_id in session.scalars(query).all():
        row = select(Outbox.id).where(Outbox.card_id == card_id).with_for_update(skip_locked=True)
        if session.scalar(row) is not None:
            return card_id
    return None


def _readable(session: Session, card_id: UUID) -> bool:
    written = session.scalar(
        select(CardRevision.fields)
        .join(Card, (Card.id == CardRevision.card_id) & (Card.revision == CardRevision.no))
        .where(Card.id == card_id)
    )
    return written is not None and read_whole(written) is not None


def _has_prayer() -> Exists:
    return exists().where(PrayerRequest.card_id == Card.id)


def card_of_number(session: Session, church_id: UUID, number: int) -> UUID | None:
    """The church's card with this number, or None."""
    return session.scalar(select(Card.id).where(Card.church_id == church_id, Card.number == number))
