"""What a worker must know of a church before it delivers: where to, with which token, and whether at all."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.models import Location as GHLLocation
from ghl.crypto import Context, Sealed
from ghl.db.models import Church, Credential, Location
from ghl.keys.registry import TOKENS


@dataclass(frozen=True)
class DeliveryFacts:
    """A church's way to GoHighLevel. `stopped` says why nothing may go out now, if nothing may."""

    church_id: UUID
    region: str
    stopped: CauseCode | None
    base_url: str | None
    location_id: UUID
    ghl_location_id: str
    allow_duplicates: bool
    credential_id: UUID
    sealed: Sealed

    @property
    def context(self) -> Context:
        """The place the token was sealed for."""
        return token_context(self.church_id, self.credential_id)


def token_context(church_id: UUID, credential_id: UUID) -> Context:
    """The place a church's token belongs to."""
    return TOKENS.place(church_id, credential_id)


def load_facts(session: Session, church_id: UUID) -> DeliveryFacts | None:
    """The church's facts, or None while it is not connected to GoHighLevel."""
    row = session.execute(FACTS, {"church": church_id}).one_or_none()
    if row is None:
        return None
    return DeliveryFacts(
        church_id=church_id,
        region=row.region,
        stopped=_stopped(row.paused, row.hold_cause),
        base_url=row.ghl_base_url,
        location_id=row.location_id,
        ghl_location_id=row.ghl_id,
        allow_duplicates=row.allow_duplicates,
        credential_id=row.credential_id,
        sealed=Sealed(row.sealed, row.key_version),
    )


# Read at every claim, hence columns and not objects.
FACTS = (
    select(
        Church.region,
        Church.paused_at.is_not(None).label("paused"),
        Church.hold_cause,
        Church.ghl_base_url,
        Location.id.label("location_id"),
        Location.ghl_id,
        Location.allow_duplicates,
        Credential.id.label("credential_id"),
        Credential.sealed,
        Credential.key_version,
    )
    .join(Location, (Location.church_id == Church.id) & Location.active)
    .join(Credential, (Credential.location_id == Location.id) & (Credential.state == "current"))
    .where(Church.id == bindparam("church"))
)


def remember_location(session: Session, location_id: UUID, seen: GHLLocation) -> None:
    """Keeps what GoHighLevel just said of a location's settings."""
    session.execute(
        update(Location)
        .where(Location.id == location_id)
        .values(
            name=seen.name,
            country=seen.country,
            timezone=seen.timezone,
            allow_duplicates=seen.allow_duplicate_contact,
            checked_at=func.now(),
        )
    )


def note_use(session: Session, credential_id: UUID) -> None:
    """Keeps that GoHighLevel just let this token in. A transaction of the church."""
    session.execute(update(Credential).where(Credential.id == credential_id).values(last_used_at=func.now()))


def _stopped(paused: bool, hold_cause: str | None) -> CauseCode | None:
    if paused:
        return CauseCode.CHURCH_PAUSED
    return CauseCode(hold_cause) if hold_cause else None
