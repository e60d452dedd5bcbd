"""Churches of this installation: adding, finding, pausing, and holding their deliveries."""

import re
import secrets
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.engine import Database
from ghl.db.models import Church, DeliveryLease, Location
from ghl.ids import new_id

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MAX_NAME = 200


class ChurchError(ValueError):
    """What was asked for a church cannot be done; the message says why in one sentence."""


class ChurchNotFoundError(ChurchError):
    """There is no such church, or it is not yours to see: the answer is the same."""


@dataclass(frozen=True)
class ChurchView:
    """A church with what decides whether its cards go out."""

    id: UUID
    slug: str
    name: str
    timezone: str
    region: str
    public_id: str
    is_demo: bool
    ghl_base_url: str | None
    review_all: bool
    paused_at: datetime | None
    paused_reason: str | None
    hold_cause: str | None
    hold_since: datetime | None
    location_ghl_id: str | None


def add_church(
    database: Database,
    *,
    slug: str,
    name: str,
    timezone: str,
    actor: str,
    is_demo: bool = False,
    ghl_base_url: str | None = None,
) -> UUID:
    """Adds a church and returns its id. Raises `ChurchError` naming what is wrong."""
    _check(slug, name, timezone)
    church_id = new_id()
    try:
        with database.system() as session:
            session.execute(
                insert(Church).values(
                    id=church_id,
                    slug=slug,
                    name=name.strip(),
                    timezone=timezone,
                    public_id=secrets.token_urlsafe(12),
                    is_demo=is_demo,
                    ghl_base_url=ghl_base_url,
                )
            )
            session.execute(insert(DeliveryLease).values(church_id=church_id))
            audit.record(session, church_id=church_id, actor=actor, action="church.added")
    except IntegrityError as error:
        raise ChurchError(f"There is already a church called {slug!r}.") from error
    return church_id


def find_church(database: Database, slug: str) -> ChurchView:
    """The church with this short name. Raises `ChurchNotFoundError`."""
    with database.system() as session:
        row = session.execute(_views().where(Church.slug == slug)).mappings().one_or_none()
    if row is None:
        raise ChurchNotFoundError(f"There is no church called {slug!r}. See: hub church list")
    return ChurchView(**row)


def list_churches(database: Database) -> list[ChurchView]:
    """All churches of the installation, by name."""
    with database.system() as session:
        rows = session.execute(_views().order_by(Church.name, Church.id)).mappings().all()
    return [ChurchView(**row) for row in rows]


def view_church(session: Session, church_id: UUID) -> ChurchView:
    """The church of this transaction. Raises `ChurchNotFoundError`."""
    row = session.execute(_views().where(Church.id == church_id)).mappings().one_or_none()
    if row is None:
        raise ChurchNotFoundError("There is no such church.")
    return ChurchView(**row)


def pause(database: Database, church_id: UUID, *, reason: str, actor: str) -> None:
    """Stops a church's deliveries; cards go on being saved. Raises `ChurchError` without a reason."""
    reason = reason.strip()
    if not reason:
        raise ChurchError("Say why the church is paused: its staff will read the reason.")
    with database.church(church_id) as session:
        session.execute(
            update(Church)
            .where(Church.id == church_id)
            .values(paused_at=func.now(), paused_reason=reason[:500])
        )
        audit.record(session, church_id=church_id, actor=actor, action="church.paused")


def resume(database: Database, church_id: UUID, *, actor: str) -> None:
    """Lets a paused church's deliveries go on. The caller wakes the workers afterwards."""
    with database.church(church_id) as session:
        session.execute(
            update(Church)
            .where(Church.id == church_id, Church.removing_at.is_(None))
            .values(paused_at=None, paused_reason=None)
        )
        audit.record(session, church_id=church_id, actor=actor, action="church.resumed")


def _check(slug: str, name: str, timezone: str) -> None:
    if not SLUG.fullmatch(slug):
        raise ChurchError(
            f"The short name {slug!r} won't do: use lower-case letters, digits and hyphens, at most 63."
        )
    if not name.strip() or len(name) > MAX_NAME:
        raise ChurchError(f"A church needs a name of at most {MAX_NAME} letters.")
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ChurchError(f"There is no time zone {timezone!r}. One looks like America/Chicago.") from error


def _views() -> "Select[*tuple[Any, ...]]":
    return (
        select(
            *(getattr(Church, field.name) for field in fields(ChurchView) if field.name != "location_ghl_id"),
            Location.ghl_id.label("location_ghl_id"),
        )
        .outerjoin(Location, (Location.church_id == Church.id) & Location.active)
        .where(Church.removing_at.is_(None))
    )
