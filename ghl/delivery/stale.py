"""Locations whose settings have not been read for long: which they are, and who reads them now."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl.db.models import Location

REFRESH_AFTER = timedelta(hours=6)
"""A church rarely changes whether it allows duplicates; the read also shows that the token still works."""


@dataclass(frozen=True)
class ConnectedLocation:
    """An active location and its church."""

    church_id: UUID
    ghl_id: str


def stale_locations(session: Session, *, most: int) -> list[ConnectedLocation]:
    """Active locations that were last read long ago. A system transaction."""
    rows = session.execute(
        select(Location.church_id, Location.ghl_id)
        .where(Location.active, Location.checked_at < func.now() - REFRESH_AFTER)
        .order_by(Location.checked_at)
        .limit(most)
    )
    return [ConnectedLocation(*row) for row in rows]


def church_of_location(session: Session, ghl_id: str) -> UUID | None:
    """The church whose active location this is. A system transaction."""
    return session.scalar(select(Location.church_id).where(Location.ghl_id == ghl_id, Location.active))


def claim_refresh(session: Session, location_id: UUID) -> bool:
    """Whether this process is the one to read the location now; it counts as read from here on."""
    claimed = session.execute(
        update(Location)
        .where(Location.id == location_id, Location.checked_at < func.now() - REFRESH_AFTER)
        .values(checked_at=func.now())
    )
    return bool(claimed.rowcount)  # type: ignore[attr-defined]
