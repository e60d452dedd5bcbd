"""Who may sign in where, for who runs the installation: people of teams, page by page. No guest is among them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ghl.db.engine import Database
from ghl.db.models import Church, Membership, User
from ghl.statuses import Role

PAGE_SIZE = 50


@dataclass(frozen=True)
class Place:
    """A church in whose team somebody is."""

    slug: str
    church: str
    role: Role
    reads_prayers: bool
    seen_at: datetime | None


@dataclass(frozen=True)
class Person:
    """Somebody who may sign in, and where."""

    id: UUID
    is_ops: bool
    places: tuple[Place, ...]
    email: str = field(repr=False)
    name: str = field(repr=False)


@dataclass(frozen=True)
class PeoplePage:
    """Some people by e-mail address, and whether more follow."""

    people: Sequence[Person]
    more: bool


def people(database: Database, *, after: str = "", church_id: UUID | None = None) -> PeoplePage:
    """The people whose address comes after this one; of one church, or of all."""
    wanted = select(User).where(User.email > after).order_by(User.email).limit(PAGE_SIZE + 1)
    if church_id is not None:
        wanted = wanted.join(Membership, Membership.user_id == User.id).where(
            Membership.church_id == church_id
        )
    with database.identity() as session:
        found = session.scalars(wanted).all()
        shown = found[:PAGE_SIZE]
        places: dict[UUID, list[Place]] = {one.id: [] for one in shown}
        for row in session.execute(
            select(Membership, Church.slug, Church.name.label("church"))
            .join(Church, Church.id == Membership.church_id)
            .where(Membership.user_id.in_(places))
            .order_by(Church.name, Church.id)
        ):
            one = row.Membership
            places[one.user_id].append(
                Place(row.slug, row.church, Role(one.role), one.reads_prayers, one.seen_at)
            )
    return PeoplePage(
        [Person(one.id, one.is_ops, tuple(places[one.id]), one.email, one.name) for one in shown],
        more=len(found) > PAGE_SIZE,
    )
