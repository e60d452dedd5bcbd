"""How a church is connected, as its admins see it: which token by its last 4, since when, and what it was tried for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ghl.connection.trials import Trial, open_trial
from ghl.db.models import Church, Credential, Location


@dataclass(frozen=True)
class KnownToken:
    """A stored token, without the token. `created_at` is when it was put in; `erase_at` is for an old one."""

    last4: str
    created_by: str
    created_at: datetime
    tested_at: datetime
    last_used_at: datetime | None
    erase_at: datetime | None
    checks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """A church's connection at one moment. Without a `current` token it is not connected."""

    name: str
    at: datetime
    location_id: str | None = None
    location_name: str = ""
    current: KnownToken | None = None
    previous: KnownToken | None = None
    trial: Trial | None = None
    hold_cause: str | None = None


def standing(session: Session, church_id: UUID) -> Standing:
    """How the church stands now. A transaction of the church."""
    church = session.execute(
        select(
            Church.name,
            Church.hold_cause,
            Location.ghl_id,
            Location.name.label("location_name"),
            func.now().label("at"),
        )
        .outerjoin(Location, (Location.church_id == Church.id) & Location.active)
        .where(Church.id == church_id)
    ).one()
    tokens = {
        row.state: KnownToken(
            last4=row.last4,
            created_by=row.created_by,
            created_at=row.created_at,
            tested_at=row.tested_at,
            last_used_at=row.last_used_at,
            erase_at=row.erase_at,
            checks=row.checks,
        )
        for row in session.execute(
            select(
                Credential.state,
                Credential.last4,
                Credential.created_by,
                Credential.created_at,
                Credential.tested_at,
                Credential.last_used_at,
                Credential.erase_at,
                Credential.checks,
            ).where(Credential.church_id == church_id)
        )
    }
    return Standing(
        name=church.name,
        at=church.at,
        location_id=church.ghl_id,
        location_name=church.location_name or "",
        current=tokens.get("current"),
        previous=tokens.get("previous"),
        trial=open_trial(session, church_id),
        hold_cause=church.hold_cause,
    )


def token_age(session: Session, church_id: UUID) -> tuple[datetime, datetime] | None:
    """When the church's token was put in, and the time now; None where there is none. A transaction of the church."""
    row = session.execute(
        select(Credential.created_at, func.now().label("at")).where(
            Credential.church_id == church_id, Credential.state == "current"
        )
    ).one_or_none()
    return (row.created_at, row.at) if row else None
