"""Where GoHighLevel and we differ, as a list shows it, and marking one as seen. Transactions of the church."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import DndDifference
from ghl.statuses import Channel, DifferenceKind

PAGE = 25


class Which(StrEnum):
    """A filter. `OPEN` is what is not mended and nobody has marked as seen."""

    OPEN = "open"
    SEEN = "seen"
    ALL = ""


@dataclass(frozen=True)
class Place:
    """Where a list goes on: after this difference."""

    found_at: datetime
    id: UUID


@dataclass(frozen=True)
class Listed:
    """A difference as a list shows it."""

    id: UUID
    contact_id: str
    channel: Channel
    address: str | None
    kind: DifferenceKind
    found_at: datetime
    settled_at: datetime | None
    seen_at: datetime | None = None
    seen_by: str | None = None

    @property
    def place(self) -> Place:
        """Where the page after it begins."""
        return Place(self.found_at, self.id)


def listed(
    session: Session,
    church_id: UUID,
    which: Which = Which.ALL,
    *,
    after: Place | None = None,
    most: int = PAGE,
) -> tuple[list[Listed], bool]:
    """Where GoHighLevel and we differ, or differed lately, newest first; and whether there is more."""
    wanted = select(DndDifference).where(DndDifference.church_id == church_id)
    if which is Which.OPEN:
        wanted = wanted.where(DndDifference.settled_at.is_(None), DndDifference.seen_at.is_(None))
    elif which is Which.SEEN:
        wanted = wanted.where(DndDifference.seen_at.is_not(None))
    if after is not None:
        wanted = wanted.where(
            tuple_(DndDifference.found_at, DndDifference.id) < tuple_(after.found_at, after.id)
        )
    rows = session.scalars(
        wanted.order_by(DndDifference.found_at.desc(), DndDifference.id.desc()).limit(most + 1)
    ).all()
    return [
        Listed(
            row.id,
            row.contact_id,
            Channel(row.channel),
            row.address,
            DifferenceKind(row.kind),
            row.found_at,
            row.settled_at,
            row.seen_at,
            row.seen_by,
        )
        for row in rows[:most]
    ], len(rows) > most


def mark_seen(session: Session, church_id: UUID, difference_id: UUID, *, actor: str, now: datetime) -> bool:
    """Notes who has seen it and when; False where somebody has already."""
    marked = session.execute(
        update(DndDifference)
        .where(
            DndDifference.church_id == church_id,
            DndDifference.id == difference_id,
            DndDifference.seen_at.is_(None),
        )
        .values(seen_at=now, seen_by=actor)
        .execution_options(synchronize_session=False)
    )
    if not marked.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="difference.seen",
        subject=f"difference:{difference_id}",
    )
    return True
