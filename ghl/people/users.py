"""People and their roles. It signs nobody in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import false, func, null, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ghl.cards.email import EmailError, normal_email
from ghl.db.engine import Database
from ghl.db.models import Church, HelpAccess, Membership, User
from ghl.ids import new_id
from ghl.people.errors import PersonError, PersonNotFoundError
from ghl.people.policy import ChurchRole
from ghl.people.trail import note
from ghl.statuses import HelpState, Role

MAX_NAME = 200
MOST_LISTED = 5_000


def add_user(
    database: Database,
    email: str,
    *,
    actor: str,
    name: str = "",
    church_id: UUID | None = None,
    role: Role | None = None,
    ops: bool = False,
    reads_prayers: bool | None = None,
) -> UUID:
    """Lets a person sign in: with a role in a church, or (`ops`) for the whole installation. Returns the id.

    A person who is there already gets the role as well, or the new role instead of the old one. Whether they
    may read the church's prayer requests stays as it is with None; nobody may until somebody says so. Raises
    `PersonError` for a wrong address, an unknown church, or when a church would lose its last admin.
    """
    try:
        address = normal_email(email)
    except EmailError as error:
        raise PersonError(
            f"This e-mail address won't do. {error.message}{_without_a_domain(email)}"
        ) from error
    if (church_id is None) != (role is None):
        raise PersonError("A role needs a church, and a church a role.")
    if church_id is None and not ops:
        raise PersonError("Say in which church and as what, or that this person runs the installation.")
    if church_id is None and reads_prayers is not None:
        raise PersonError("Prayer requests belong to a church: say in which one.")
    try:
        with database.identity() as session:
            user_id = ensure_user(session, address, name=name.strip()[:MAX_NAME], ops=ops)
            if church_id is not None and role is not None:
                _set_role(session, user_id, church_id, role, reads_prayers=reads_prayers, name=name)
            facts: dict[str, Any] = {"role": str(role) if role else None, "ops": ops}
            if reads_prayers is not None:
                facts["reads_prayers"] = reads_prayers
            note(session, "user.added", user_id, actor=actor, church_id=church_id, facts=facts)
    except IntegrityError as error:
        raise what_was_refused(error) from error
    return user_id


def _without_a_domain(typed: str) -> str:
    """Why not even a hub of one machine takes `admin@localhost`: an address there is whoever's machine it is.

    Addresses are compared with those that identity providers and other churches' teams have; so each needs a domain.
    """
    if not typed.strip().lower().endswith("@localhost"):
        return ""
    return (
        " People are known by their address on every machine, so localhost won't do."
        " No mail has to arrive there: take any address with a domain, such as admin@hub.example,"
        " and make the link with: hub sign-in-link"
    )


def ensure_user(session: Session, address: str, *, name: str, ops: bool) -> UUID:
    """The id of the person with this address (lower case), added if need be. Rights are only ever added."""
    session.execute(
        upsert(User)
        .values(id=new_id(), email=address, name=name, is_ops=ops)
        .on_conflict_do_nothing(index_elements=[User.email])
    )
    if ops:
        session.execute(update(User).where(User.email == address).values(is_ops=True))
    if name:
        session.execute(update(User).where(User.email == address).values(name=name))
    return session.execute(select(User.id).where(User.email == address)).scalar_one()


def find_user(session: Session, email: str) -> UUID:
    """The id of the person with this address. Raises `PersonNotFoundError`."""
    address = email.strip().lower()
    user_id = session.execute(select(User.id).where(User.email == address)).scalar_one_or_none()
    if user_id is None:
        raise PersonNotFoundError("Nobody with this e-mail address may sign in. Add them: hub user add")
    return user_id


@dataclass(frozen=True)
class Listed:
    """Who may sign in: `church` is a church's slug, empty for a person who only runs the installation."""

    email: str
    name: str
    church: str
    role: Role | None
    is_ops: bool
    reads_prayers: bool


def list_users(database: Database, *, church_id: UUID | None = None) -> Sequence[Listed]:
    """Who may sign in, one entry a person and church, by e-mail; of one church, or of all. At most `MOST_LISTED`."""
    query = (
        select(User.email, User.name, User.is_ops, Church.slug, Membership.role, Membership.reads_prayers)
        .outerjoin(Membership, Membership.user_id == User.id)
        .outerjoin(Church, Church.id == Membership.church_id)
        .order_by(User.email, Church.slug)
        .limit(MOST_LISTED)
    )
    if church_id is not None:
        query = query.where(Membership.church_id == church_id)
    with database.identity() as session:
        return [
            Listed(
                row.email,
                row.name or "",
                row.slug or "",
                Role(row.role) if row.role else None,
                row.is_ops,
                bool(row.reads_prayers),
            )
            for row in session.execute(query)
        ]


def churches_of(
    session: Session, user_id: UUID, *, is_ops: bool, only_church: UUID | None = None
) -> tuple[ChurchRole, ...]:
    """The churches a person may work in, by name; `only_church` where their session is for that one alone.

    Who runs the installation is an admin of its demo churches, where no card is of a real person. Of other churches
    they see nothing, except where an admin lets them help: for as long as the database's clock says, to look and
    without prayer requests.
    """
    helping = (
        select(HelpAccess.ends_at)
        .where(
            HelpAccess.user_id == user_id,
            HelpAccess.church_id == Church.id,
            HelpAccess.state == HelpState.AGREED,
            HelpAccess.ends_at > func.now(),
        )
        .scalar_subquery()
    )
    runs_all = is_ops and only_church is None
    found = (
        select(
            Church.id,
            Church.slug,
            Church.name,
            Church.timezone,
            Church.is_demo,
            Membership.role,
            Membership.reads_prayers,
            Membership.name.label("called"),
            (helping if runs_all else null()).label("help_until"),
        )
        .outerjoin(Membership, (Membership.church_id == Church.id) & (Membership.user_id == user_id))
        .where(
            Membership.role.is_not(None) | ((Church.is_demo | helping.is_not(None)) if runs_all else false()),
            Church.removing_at.is_(None),
        )
        .order_by(Church.name, Church.id)
    )
    if only_church is not None:
        found = found.where(Church.id == only_church)
    return tuple(_church_role(row) for row in session.execute(found))


def _church_role(row: Any) -> ChurchRole:
    helps = row.role is None and not row.is_demo
    return ChurchRole(
        row.id,
        row.slug,
        row.name,
        row.timezone,
        row.is_demo,
        Role.VIEWER if helps else Role(row.role or Role.ADMIN),
        reads_prayers=row.reads_prayers if row.role else not helps,
        called=row.called or "",
        help_until=row.help_until if helps else None,
    )


def _set_role(
    session: Session, user_id: UUID, church_id: UUID, role: Role, *, reads_prayers: bool | None, name: str
) -> None:
    values: dict[str, Any] = {"role": str(role)}
    if reads_prayers is not None:
        values["reads_prayers"] = reads_prayers
    if name.strip():
        values["name"] = name.strip()[:MAX_NAME]
    session.execute(
        upsert(Membership)
        .values(user_id=user_id, church_id=church_id, **values)
        .on_conflict_do_update(index_elements=[Membership.user_id, Membership.church_id], set_=values)
    )


def what_was_refused(error: IntegrityError) -> PersonError:
    """What the database did not let happen to a team, in words."""
    diagnosis = getattr(error.orig, "diag", None)
    if getattr(diagnosis, "constraint_name", None) == "last_admin":
        return PersonError("This is the church's last admin. Make somebody else an admin first.")
    return PersonError("There is no such church.")
