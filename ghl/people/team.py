"""The team of a church: who is in it, letting somebody in, changing what they may, and letting them go.

It signs nobody in. Who may do this is asked by the page, and the last admin is kept by the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ghl.cards.email import EmailError, normal_email
from ghl.db.engine import Database
from ghl.db.models import Church, Membership, User
from ghl.ids import new_id
from ghl.people.errors import PersonError
from ghl.people.trail import note
from ghl.people.users import MAX_NAME, find_user, what_was_refused
from ghl.statuses import Role

MOST_MEMBERS = 500
"""A team is smaller; what lies beyond is told and not shown."""

ADMINS_INVITE = (
    "This church has an admin who has come in: its admins invite everybody else, on their page Team."
)
"""Who runs the installation could otherwise make themselves an admin of any church, and would need no help access."""

GONE = "This person is no longer in your team. Nothing was changed."


@dataclass(frozen=True)
class Member:
    """Somebody of the team. `seen_at` is when they were last at work in this church; None until they come in."""

    user_id: UUID
    role: Role
    reads_prayers: bool
    added_at: datetime
    seen_at: datetime | None
    email: str = field(repr=False)
    name: str = field(repr=False)


def members(database: Database, church_id: UUID) -> Sequence[Member]:
    """The team by name, at most `MOST_MEMBERS`. Nothing in it tells of another church."""
    with database.identity() as session:
        rows = session.execute(
            select(Membership, User.email)
            .join(User, User.id == Membership.user_id)
            .where(Membership.church_id == church_id)
            .order_by(func.lower(Membership.name), User.email)
            .limit(MOST_MEMBERS)
        )
        return [_member(row.Membership, row.email) for row in rows]


def team_size(database: Database, church_id: UUID) -> int:
    """How many belong to the team."""
    with database.identity() as session:
        found = select(func.count()).select_from(Membership).where(Membership.church_id == church_id)
        return session.scalars(found).one()


def add_member(
    database: Database,
    church_id: UUID,
    *,
    name: str,
    email: str,
    role: Role,
    reads_prayers: bool,
    actor: str,
    first: bool = False,
) -> UUID:
    """Lets a person into the team and returns their id.

    Who has an account already keeps it as it is, also the name they have elsewhere, and nobody is told of it. `first`
    is for who runs the installation: only as long as no admin of the church has ever come in. Raises `PersonError` for what
    was typed wrongly, where they are in this team already, and where `first` is too late. An admin who was invited so
    and has not come in yet is simply returned once more: their link got lost, and nobody else can make them another.
    """
    name = " ".join(name.split())
    if not name:
        raise PersonError("Write the person's name, as your team knows them.")
    if len(name) > MAX_NAME:
        raise PersonError(f"This name is too long; {MAX_NAME} letters fit.")
    try:
        address = normal_email(email)
    except EmailError as error:
        raise PersonError(f"This e-mail address won't do. {error.message}") from error
    try:
        with database.identity() as session:
            if first and session.scalar(select(Church.admin_came_at).where(Church.id == church_id)):
                raise PersonError(ADMINS_INVITE)
            user_id = _account(session, address, name)
            added = session.execute(
                upsert(Membership)
                .values(
                    user_id=user_id,
                    church_id=church_id,
                    role=str(role),
                    reads_prayers=reads_prayers,
                    name=name,
                )
                .on_conflict_do_nothing()
                .returning(Membership.user_id)
            ).one_or_none()
            if added is None:
                if first and _waits_to_come_in(session, church_id, user_id):
                    return user_id
                raise PersonError(
                    "Somebody with this e-mail address is in the team already. Change them in the list."
                )
            facts = {"role": str(role), "reads_prayers": reads_prayers}
            note(session, "user.added", user_id, actor=actor, church_id=church_id, facts=facts)
    except IntegrityError as error:
        raise what_was_refused(error) from error
    return user_id


def change_member(
    database: Database,
    church_id: UUID,
    user_id: UUID,
    *,
    role: Role | None = None,
    reads_prayers: bool | None = None,
    actor: str,
) -> bool:
    """Gives another role, or the right to read prayer requests, or takes it; None leaves it as it is.

    It holds from the next run of each of their pages. False where nothing was different. Raises `PersonError` where
    they are not in the team, or the church would lose its last admin.
    """
    try:
        with database.identity() as session:
            before = session.execute(
                select(Membership.role, Membership.reads_prayers)
                .where(Membership.church_id == church_id, Membership.user_id == user_id)
                .with_for_update()
            ).one_or_none()
            if before is None:
                raise PersonError(GONE)
            wanted: dict[str, Any] = {"role": role and str(role), "reads_prayers": reads_prayers}
            new = {
                key: value
                for key, value in wanted.items()
                if value is not None and value != getattr(before, key)
            }
            if not new:
                return False
            session.execute(
                update(Membership)
                .where(Membership.church_id == church_id, Membership.user_id == user_id)
                .values(**new)
                .execution_options(synchronize_session=False)
            )
            facts = {**new, **({"was": before.role} if "role" in new else {})}
            note(session, "user.changed", user_id, actor=actor, church_id=church_id, facts=facts)
    except IntegrityError as error:
        raise what_was_refused(error) from error
    return True


def remove_member(database: Database, church_id: UUID, user_id: UUID, *, actor: str) -> bool:
    """Lets a person go: at the next run none of their pages shows this church. False where they were gone already.

    Raises `PersonError` for the church's last admin.
    """
    try:
        with database.identity() as session:
            gone = session.execute(
                delete(Membership)
                .where(Membership.church_id == church_id, Membership.user_id == user_id)
                .returning(Membership.role)
                .execution_options(synchronize_session=False)
            ).one_or_none()
            if gone is None:
                return False
            facts = {"was": gone.role}
            note(session, "user.removed", user_id, actor=actor, church_id=church_id, facts=facts)
    except IntegrityError as error:
        raise what_was_refused(error) from error
    return True


def member_called(database: Database, church_id: UUID, email: str) -> UUID:
    """The id of the member with this address, for commands. Raises `PersonError`."""
    with database.identity() as session:
        user_id = find_user(session, email)
        found = select(Membership.user_id).where(
            Membership.user_id == user_id, Membership.church_id == church_id
        )
        if session.execute(found).first() is None:
            raise PersonError(f"{email.strip()} does not belong to this church.")
        return user_id


def end_ops(database: Database, email: str, *, actor: str) -> bool:
    """Takes from a person the right to run the installation; false where they never had it."""
    with database.identity() as session:
        user_id = find_user(session, email)
        ended = session.execute(
            update(User)
            .where(User.id == user_id, User.is_ops)
            .values(is_ops=False)
            .returning(User.id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if ended is None:
            return False
        note(session, "user.changed", user_id, actor=actor, facts={"ops": False})
        return True


def _waits_to_come_in(session: Session, church_id: UUID, user_id: UUID) -> bool:
    waits = select(Membership.user_id).where(
        Membership.church_id == church_id,
        Membership.user_id == user_id,
        Membership.role == Role.ADMIN,
        Membership.seen_at.is_(None),
    )
    return session.scalar(waits) is not None


def _account(session: Session, address: str, name: str) -> UUID:
    """The id of the person with this address; one that is new gets the name."""
    made = session.execute(
        upsert(User)
        .values(id=new_id(), email=address, name=name)
        .on_conflict_do_nothing(index_elements=[User.email])
        .returning(User.id)
    ).scalar_one_or_none()
    if made is not None:
        return made
    return session.execute(select(User.id).where(User.email == address)).scalar_one()


def _member(row: Membership, email: str) -> Member:
    return Member(
        user_id=row.user_id,
        role=Role(row.role),
        reads_prayers=row.reads_prayers,
        added_at=row.created_at,
        seen_at=row.seen_at,
        email=email,
        name=row.name or email.partition("@")[0],
    )
