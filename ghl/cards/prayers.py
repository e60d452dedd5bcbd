"""Reading prayer requests: by those alone who may, and each reading is noted; the text stands in no log."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import Card, PrayerRequest
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import CardStatus

PAGE_SIZE = 25


class PrayerRefusedError(PermissionError):
    """Somebody who may not read prayer requests asked for one."""


@dataclass(frozen=True)
class Prayer:
    """A prayer request with the name of who asked for it."""

    card_id: UUID
    number: int
    name: str = field(repr=False)
    text: str = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class Mark:
    """That somebody prayed for a request. `by` is an actor."""

    by: str
    at: datetime


Cursor = tuple[datetime, UUID]
"""Where a page ends: the time of its last request, and the card."""


@dataclass(frozen=True)
class PrayerPage:
    """A page of requests, newest first."""

    prayers: tuple[Prayer, ...]
    more: bool

    @property
    def last(self) -> Cursor | None:
        """Where the next page begins."""
        return (self.prayers[-1].at, self.prayers[-1].card_id) if self.prayers else None


def read_prayer(session: Session, reader: SignedIn, card_id: UUID) -> str | None:
    """The prayer request of a card, None where there is none. A transaction of the reader's church.

    The reading and its entry in the change log are one transaction: nobody reads unnoted. Raises
    `PrayerRefusedError`.
    """
    church = _church(reader)
    found = session.execute(
        select(PrayerRequest.text).where(
            PrayerRequest.church_id == church.church_id,
            PrayerRequest.card_id == card_id,
        )
    ).scalar_one_or_none()
    if found is not None:
        audit.record(
            session,
            church_id=church.church_id,
            actor=reader.actor,
            action="prayer.read",
            subject=str(card_id),
        )
    return found


def open_prayers(
    session: Session, reader: SignedIn, *, before: Cursor | None = None, size: int = PAGE_SIZE
) -> PrayerPage:
    """A page of prayer requests, newest first, without those of cards that were set aside.

    Opening it is one entry in the change log with the numbers of the cards on it, in the same transaction. A
    transaction of the reader's church. Raises `PrayerRefusedError`.
    """
    church = _church(reader)
    wanted = (
        select(
            PrayerRequest.card_id,
            PrayerRequest.text,
            PrayerRequest.created_at,
            Card.number,
            Card.first_name,
            Card.last_name,
        )
        .join(Card, Card.id == PrayerRequest.card_id)
        .where(PrayerRequest.church_id == church.church_id, Card.status != CardStatus.DISMISSED)
        .order_by(PrayerRequest.created_at.desc(), PrayerRequest.card_id.desc())
        .limit(size + 1)
    )
    if before is not None:
        wanted = wanted.where(tuple_(PrayerRequest.created_at, PrayerRequest.card_id) < before)
    rows = session.execute(wanted).all()
    prayers = tuple(
        Prayer(row.card_id, row.number, f"{row.first_name} {row.last_name}".strip(), row.text, row.created_at)
        for row in rows[:size]
    )
    if prayers:
        audit.record(
            session,
            church_id=church.church_id,
            actor=reader.actor,
            action="prayers.opened",
            facts={"cards": [prayer.number for prayer in prayers]},
        )
    return PrayerPage(prayers, more=len(rows) > size)


def marks(session: Session, reader: SignedIn, card_ids: Sequence[UUID]) -> dict[UUID, Mark]:
    """Which of these were prayed for. It reads no text. Raises `PrayerRefusedError`."""
    church = _church(reader)
    rows = session.execute(
        select(PrayerRequest.card_id, PrayerRequest.prayed_by, PrayerRequest.prayed_at).where(
            PrayerRequest.church_id == church.church_id,
            PrayerRequest.card_id.in_(card_ids),
            PrayerRequest.prayed_at.is_not(None),
        )
    )
    return {row.card_id: Mark(row.prayed_by, row.prayed_at) for row in rows}


def mark(session: Session, reader: SignedIn, card_id: UUID, *, prayed: bool) -> bool:
    """Notes that somebody prayed for a request, or takes it back; False where it stood so already.

    A transaction of the reader's church. Raises `PrayerRefusedError`.
    """
    church = _church(reader)
    stands = PrayerRequest.prayed_at.is_(None) if prayed else PrayerRequest.prayed_at.is_not(None)
    changed = session.execute(
        update(PrayerRequest)
        .where(PrayerRequest.church_id == church.church_id, PrayerRequest.card_id == card_id, stands)
        .values(prayed_at=func.now() if prayed else None, prayed_by=reader.actor if prayed else None)
        .returning(PrayerRequest.card_id)
    ).all()
    if changed:
        audit.record(
            session,
            church_id=church.church_id,
            actor=reader.actor,
            action="prayer.prayed_for" if prayed else "prayer.not_prayed_for",
            subject=str(card_id),
        )
    return bool(changed)


def _church(reader: SignedIn) -> ChurchRole:
    church = reader.church
    if church is None or not church.reads_prayers:
        raise PrayerRefusedError("Only the prayer team may read this.")
    return church
