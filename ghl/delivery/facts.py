"""What a worker must know of a church before it delivers: where to, with which token, and whether at all."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.models import Location as GHLLocation
from ghl.crypto import Context, Sealed
from ghl.db.models import Church, Credential, Location


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
    location_checked_at: datetime
    credential_id: UUID
    sealed: Sealed

    @property
    def context(self) -> Context:
        """The place the token was sealed for."""
        return token_context(self.church_id, self.credential_id)


def token_context(church_id: UUID, credential_id: UUID) -> Context:
    """The place a church's token belongs to."""
    return Context("credentials", "sealed", church_id, credential_id)


def load_facts(session: Session, church_id: UUID) -> DeliveryFacts | None:
    """The church's facts, or None while it is not connected to GoHighLevel."""
    row = session.execute(
        select(Church, Location, Credential)
        .join(Location, (Location.church_id == Church.id) & Location.active)
        .join(Credential, (Credential.location_id == Location.id) & (Credential.state == "current"))
        .where(Church.id == church_id)
    ).one_or_none()
    if row is None:
        return None
    church, location, credential = row
    return DeliveryFacts(
        church_id=church.id,
        region=church.region,
        stopped=_stopped(church),
        base_url=church.ghl_base_url,
        location_id=location.id,
        ghl_location_id=location.ghl_id,
        allow_duplicates=location.allow_duplicates,
        location_checked_at=location.checked_at,
        credential_id=credential.id,
        sealed=Sealed(credential.sealed, credential.key_version),
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


def _stopped(church: Church) -> CauseCode | None:
    if church.paused_at is not None:
        return CauseCode.CHURCH_PAUSED
    return CauseCode(church.hold_cause) if church.hold_cause else None
