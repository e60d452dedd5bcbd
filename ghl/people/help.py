"""Help access: who runs the installation asks a church for a look, an admin agrees, and a day later it is over.

It decides nothing that a clock of ours could get wrong: moments are the database's, and `users.churches_of` asks at
every run whether it still holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.engine import Database
from ghl.db.models import HelpAccess, Membership, User, WebSession
from ghl.ids import new_id
from ghl.people.errors import PersonError
from ghl.people.policy import actor_name
from ghl.statuses import HelpState, Role

LASTS = timedelta(hours=24)
"""The table allows no longer."""

ASKED_FOR = timedelta(days=7)
"""Nobody agrees to a question of the week before last: it is asked again."""

MAX_REASON = 500
MOST_SHOWN = 20

NOT_ALLOWED = "Only an admin of the church can answer this. Nothing was changed."


@dataclass(frozen=True)
class Help:
    """A request as both sides see it. `open` is asked and not answered, `on` is agreed to and not over."""

    id: UUID
    church_id: UUID
    user_id: UUID
    state: HelpState
    asked_at: datetime
    ends_at: datetime | None
    open: bool
    on: bool
    reason: str = field(repr=False)
    name: str = field(repr=False)
    email: str = field(repr=False)


def ask(database: Database, church_id: UUID, user_id: UUID, *, reason: str) -> Help:
    """Asks an admin of the church for a look, and returns the question; one that is open is not asked twice.

    Raises `PersonError` without a reason, for somebody who does not run the installation, and where they belong to
    the church anyway.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise PersonError("Say why: an admin of the church reads it and decides.")
    if len(reason) > MAX_REASON:
        raise PersonError(f"This is too long; {MAX_REASON} letters fit.")
    with database.identity() as session:
        runs_all = session.scalar(select(User.is_ops).where(User.id == user_id))
        if not runs_all:
            raise PersonError("Only who runs the installation asks for this.")
        belongs = select(Membership.user_id).where(
            Membership.user_id == user_id, Membership.church_id == church_id
        )
        if session.execute(belongs).first() is not None:
            raise PersonError("You belong to this church: choose it on the left, under Church.")
        _close_what_is_over(session, church_id, user_id)
        made = session.execute(
            upsert(HelpAccess)
            .values(
                id=new_id(), church_id=church_id, user_id=user_id, reason=reason, state=str(HelpState.ASKED)
            )
            .on_conflict_do_nothing()
            .returning(HelpAccess.id)
        ).one_or_none()
        if made is not None:
            _note(session, church_id, "help.asked", actor_name(user_id), made.id)
        (asked,) = _shown(
            session,
            HelpAccess.church_id == church_id,
            HelpAccess.user_id == user_id,
            HelpAccess.state.in_((HelpState.ASKED, HelpState.AGREED)),
        )
        return asked


def answer(database: Database, church_id: UUID, help_id: UUID, *, by: UUID, agrees: bool) -> bool:
    """Lets somebody look for a day, or does not. False where it was answered, withdrawn or is too old.

    Raises `PersonError` for anybody but an admin of the church, who is asked for in the same transaction.
    """
    with database.identity() as session:
        _needs_admin(session, church_id, by)
        values = {"state": str(HelpState.AGREED if agrees else HelpState.DECLINED)}
        answered = session.execute(
            update(HelpAccess)
            .where(
                HelpAccess.id == help_id,
                HelpAccess.church_id == church_id,
                HelpAccess.user_id != by,
                HelpAccess.state == HelpState.ASKED,
                HelpAccess.asked_at > func.now() - ASKED_FOR,
            )
            .values(
                **values,
                answered_at=func.now(),
                answered_by=by,
                ends_at=func.now() + LASTS if agrees else None,
            )
            .returning(HelpAccess.user_id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if answered is None:
            return False
        if agrees:
            _forget_choice(session, church_id, answered.user_id)
        _note(session, church_id, "help.agreed" if agrees else "help.declined", actor_name(by), help_id)
        return True


def end(database: Database, church_id: UUID, help_id: UUID, *, by: UUID) -> bool:
    """Ends it before its time: who asked withdraws it, or an admin of the church does. False where it was over.

    Raises `PersonError` for anybody else.
    """
    with database.identity() as session:
        asked_by = session.scalar(
            select(HelpAccess.user_id).where(HelpAccess.id == help_id, HelpAccess.church_id == church_id)
        )
        if asked_by != by:
            _needs_admin(session, church_id, by)
        ended = session.execute(
            update(HelpAccess)
            .where(
                HelpAccess.id == help_id,
                HelpAccess.church_id == church_id,
                or_(
                    HelpAccess.state == HelpState.ASKED,
                    (HelpAccess.state == HelpState.AGREED) & (HelpAccess.ends_at > func.now()),
                ),
            )
            .values(state=str(HelpState.ENDED), ended_at=func.now())
            .returning(HelpAccess.user_id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if ended is None:
            return False
        _forget_choice(session, church_id, ended.user_id)
        _note(session, church_id, "help.ended", actor_name(by), help_id)
        return True


def of_church(database: Database, church_id: UUID) -> Sequence[Help]:
    """What is asked of the church and what lasts now, newest first."""
    with database.identity() as session:
        return _shown(session, HelpAccess.church_id == church_id, _alive())


def of_person(database: Database, church_id: UUID, user_id: UUID) -> Help | None:
    """What became of this person's last question to the church."""
    with database.identity() as session:
        found = _shown(session, HelpAccess.church_id == church_id, HelpAccess.user_id == user_id)
        return found[0] if found else None


def _needs_admin(session: Session, church_id: UUID, user_id: UUID) -> None:
    role = session.scalar(
        select(Membership.role)
        .where(Membership.user_id == user_id, Membership.church_id == church_id)
        .with_for_update(read=True)
    )
    if role != Role.ADMIN:
        raise PersonError(NOT_ALLOWED)


def _forget_choice(session: Session, church_id: UUID, user_id: UUID) -> None:
    """No session of theirs is in the church any more: it is entered, and that noted, by a choice made from now on."""
    belongs = select(Membership.user_id).where(
        Membership.user_id == user_id, Membership.church_id == church_id
    )
    session.execute(
        update(WebSession)
        .where(WebSession.user_id == user_id, WebSession.church_id == church_id, ~belongs.exists())
        .values(church_id=None)
        .execution_options(synchronize_session=False)
    )


def _close_what_is_over(session: Session, church_id: UUID, user_id: UUID) -> None:
    """A question that lapsed, and a day that is over, make room for the next question."""
    session.execute(
        update(HelpAccess)
        .where(
            HelpAccess.church_id == church_id,
            HelpAccess.user_id == user_id,
            HelpAccess.state.in_((HelpState.ASKED, HelpState.AGREED)),
            ~_alive(),
        )
        .values(state=str(HelpState.ENDED), ended_at=func.now())
        .execution_options(synchronize_session=False)
    )


def _alive() -> ColumnElement[bool]:
    asked = (HelpAccess.state == HelpState.ASKED) & (HelpAccess.asked_at > func.now() - ASKED_FOR)
    on = (HelpAccess.state == HelpState.AGREED) & (HelpAccess.ends_at > func.now())
    return or_(asked, func.coalesce(on, false()))


def _shown(session: Session, *where: ColumnElement[bool]) -> list[Help]:
    alive = _alive()
    rows = session.execute(
        select(HelpAccess, User.name, User.email, alive.label("alive"))
        .join(User, User.id == HelpAccess.user_id)
        .where(*where)
        .order_by(HelpAccess.asked_at.desc(), HelpAccess.id.desc())
        .limit(MOST_SHOWN)
    )
    return [
        Help(
            id=row.HelpAccess.id,
            church_id=row.HelpAccess.church_id,
            user_id=row.HelpAccess.user_id,
            state=HelpState(row.HelpAccess.state),
            asked_at=row.HelpAccess.asked_at,
            ends_at=row.HelpAccess.ends_at,
            open=row.alive and row.HelpAccess.state == HelpState.ASKED,
            on=row.alive and row.HelpAccess.state == HelpState.AGREED,
            reason=row.HelpAccess.reason,
            name=row.name,
            email=row.email,
        )
        for row in rows
    ]


def _note(session: Session, church_id: UUID, action: str, actor: str, help_id: UUID) -> None:
    audit.record(session, church_id=church_id, actor=actor, action=action, subject=f"help:{help_id}")
