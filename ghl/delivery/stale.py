"""Locations whose settings have not been read for long: which they are, and who reads them now."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from ghl.db.models import Church, Location

REFRESH_AFTER = timedelta(hours=1)
"""Whether a location allows duplicates decides whether a guest is looked up first, so it must not be old; the read
also shows that the token still works."""

TEST_HELD_AFTER = timedelta(minutes=5)
"""How often a held church's token is tried: a box that was ticked needs no new token."""


@dataclass(frozen=True)
class ConnectedLocation:
    """An active location and its church."""

    church_id: UUID
    ghl_id: str


def stale_locations(session: Session, *, most: int) -> list[ConnectedLocation]:
    """Active locations that were last read long ago, of churches that nobody paused. A system transaction."""
    rows = session.execute(
        select(Location.church_id, Location.ghl_id)
        .join(Church, Church.id == Location.church_id)
        .where(
            Location.active,
            or_(
                and_(Church.hold_cause.is_(None), Location.checked_at < func.now() - REFRESH_AFTER),
                and_(Church.hold_cause.is_not(None), Location.checked_at < func.now() - TEST_HELD_AFTER),
            ),
            Church.paused_at.is_(None),
        )
        .order_by(Location.checked_at)
        .limit(most)
    )
    return [ConnectedLocation(*row) for row in rows]


def church_of_location(session: Session, ghl_id: str) -> UUID | None:
    """The church whose active location this is. A system transaction."""
    return session.scalar(select(Location.church_id).where(Location.ghl_id == ghl_id, Location.active))


def claim_refresh(session: Session, location_id: UUID, *, older_than: timedelta) -> bool:
    """Whether this process is the one to read the location now; it counts as read from here on."""
    claimed = session.execute(
        update(Location)
        .where(Location.id == location_id, Location.checked_at < func.now() - older_than)
        .values(checked_at=func.now())
    )
    return bool(claimed.rowcount)  # type: ignore[attr-defined]
