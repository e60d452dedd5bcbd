"""From who did something, as it is stored, to a name that their team knows. It reads people, and no card."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select, union

from ghl.db.engine import Database
from ghl.db.models import Church, HelpAccess, Membership, User
from ghl.people.policy import actor_name

MOST_NAMES = 1000
"""A team is smaller; more than that is no list that anybody reads."""

PROGRAMS: Mapping[str, str] = {
    "": "Somebody",
    "api": "Another program",
    "command line": "Whoever runs the hub",
    "demo": "The demo",
    "form": "The web form",
    "hub": "The hub",
    "system": "The hub",
}
"""Who acts without signing in. The name of a program with a key stands on its cards."""

GONE = "Somebody who is no longer in your team"


def member_names(database: Database, church_id: UUID) -> Mapping[str, str]:
    """What the team of a church calls each other, by actor (`user:<id>`): the name, or the e-mail's first part.

    What another church calls them is no business of this one.

    In a demo church the people who run the installation are among them, for they work there too; elsewhere those of
    them who ever asked to help.
    """
    with database.identity() as session:
        is_demo = session.scalar(select(Church.is_demo).where(Church.id == church_id))
        known = union(
            select(Membership.user_id).where(Membership.church_id == church_id),
            select(HelpAccess.user_id).where(HelpAccess.church_id == church_id),
            *([select(User.id).where(User.is_ops)] if is_demo else []),
        ).subquery()
        of_church = (Membership.church_id == church_id) & (Membership.user_id == User.id)
        rows = session.execute(
            # Their own name only for who is in no team here: an empty one is no reason to tell another church's.
            select(User.id, func.coalesce(Membership.name, User.name).label("name"), User.email)
            .join(known, known.c.user_id == User.id)
            .outerjoin(Membership, of_church)
            .order_by(User.id)
            .limit(MOST_NAMES)
        )
        names = {actor_name(row.id): row.name.strip() or row.email.partition("@")[0] for row in rows}
        # Who runs the hub invites a first admin; by name only those who came to help.
        runs = session.scalars(select(User.id).where(User.is_ops).order_by(User.id).limit(MOST_NAMES))
        return {actor_name(user_id): PROGRAMS["command line"] for user_id in runs} | names


def name_of(actor: str, names: Mapping[str, str]) -> str:
    """Whom to name for an actor, in words; somebody who left, and every program, has words too."""
    if actor in names:
        return names[actor]
    if actor.startswith("user:"):
        return GONE
    if actor.startswith("source:"):
        return PROGRAMS["api"]
    return PROGRAMS.get(actor) or actor


def name_within(actor: str, names: Mapping[str, str]) -> str:
    """The same in the middle of a sentence: `by somebody who is no longer in your team`. A person's name stays as it is."""
    name = name_of(actor, names)
    return name[:1].lower() + name[1:] if name == GONE or name in PROGRAMS.values() else name


def user_names(database: Database, actors: Collection[str]) -> Mapping[str, str]:
    """What these people are called, by actor, whatever they belong to: for who runs the installation."""
    ids = [found for actor in actors if actor.startswith("user:") and (found := _id_of(actor))]
    if not ids:
        return {}
    with database.identity() as session:
        rows = session.execute(select(User.id, User.name, User.email).where(User.id.in_(ids[:MOST_NAMES])))
        return {actor_name(row.id): row.name.strip() or row.email.partition("@")[0] for row in rows}


def _id_of(actor: str) -> UUID | None:
    try:
        return UUID(actor.removeprefix("user:"))
    except ValueError:
        return None
