"""Web sessions: one row a signed-in browser, read on every run of a page, so that an end holds at once.

Every way of signing in ends in `start`; this file knows none of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import Church, Membership, SignInLink, User, WebSession
from ghl.people.policy import (
    IDLE_LIFE,
    SEEN_EVERY,
    SESSION_LIFE,
    SignedIn,
    church_in_use,
    is_over,
)
from ghl.people.tokens import new_token, token_hash
from ghl.people.trail import note
from ghl.people.users import churches_of
from ghl.statuses import Role

MAX_USER_AGENT = 200
KEPT_AFTER_END = timedelta(days=30)
"""How long an ended session stays in the list of a person's sign-ins."""


def start(
    session: Session,
    user_id: UUID,
    *,
    user_agent: str,
    now: datetime,
    how: str,
    only_church: UUID | None = None,
    instead_of: str | None = None,
) -> str:
    """Signs a person in and returns the cookie's secret, in the transaction that proved who they are.

    `how` names the proof for the change log, such as `link`. With `only_church` the session is for that one alone.
    `instead_of` is the cookie that this browser had: its session ends, whoever's it was, for a browser has one person
    at a time.
    """
    if instead_of:
        _end(session, instead_of, now=now, how=how)
    is_ops = session.execute(select(User.is_ops).where(User.id == user_id)).scalar_one()
    church = church_in_use(None, churches_of(session, user_id, is_ops=is_ops, only_church=only_church))
    token = new_token()
    session.execute(
        insert(WebSession).values(
            token_hash=token_hash(token),
            user_id=user_id,
            church_id=church.church_id if church else None,
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_LIFE,
            user_agent=_printable(user_agent),
            only_church=only_church,
        )
    )
    if church:
        _seen(session, user_id, church.church_id, now)
    church_id = church.church_id if church else None
    note(session, "user.signed_in", user_id, church_id=church_id, facts={"how": how})
    return token


def current(
    database: Database, token: str | None, *, clock: Clock, by_person: bool = True
) -> SignedIn | None:
    """Who holds this cookie now, or None when it never was one or its session is over.

    `by_person` is false where a timer asks: a page that refreshes itself in an empty room does not keep its
    session alive.
    """
    if not token:
        return None
    now, hashed = clock.now(), token_hash(token)
    with database.identity() as session:
        row = session.execute(
            select(WebSession, User)
            .join(User, User.id == WebSession.user_id)
            .where(WebSession.token_hash == hashed)
        ).one_or_none()
        if row is None:
            return None
        web, user = row.WebSession, row.User
        if is_over(seen_at=web.seen_at, expires_at=web.expires_at, ended_at=web.ended_at, now=now):
            return None
        only = web.only_church
        churches = churches_of(session, user.id, is_ops=user.is_ops, only_church=only)
        church = church_in_use(web.church_id, churches)
        if by_person and now - web.seen_at >= SEEN_EVERY:
            # The condition keeps two tabs from both writing, and a late one from turning time back.
            session.execute(
                update(WebSession)
                .where(WebSession.token_hash == hashed, WebSession.seen_at <= now - SEEN_EVERY)
                .values(seen_at=now)
                .execution_options(synchronize_session=False)
            )
            if church:
                _seen(session, user.id, church.church_id, now)
        return SignedIn(
            user_id=user.id,
            is_ops=user.is_ops and only is None,
            churches=churches,
            church=church,
            email=user.email,
            name=(church.called if church else "") or ("" if only else user.name),
            one_church=only is not None,
        )


def choose_church(database: Database, token: str | None, church_id: UUID | None, *, clock: Clock) -> bool:
    """Lets the session of this cookie work in another church, or (None) in none that was chosen.

    Only where the person belongs to it now; false changes nothing. All tabs of the browser go along at their next
    run. What is entered to help is in that church's change log, and so is leaving it.
    """
    now = clock.now()
    with database.identity() as session:
        row = session.execute(
            select(WebSession, User.is_ops)
            .join(User, User.id == WebSession.user_id)
            .where(WebSession.token_hash == token_hash(token or ""))
            .with_for_update(of=WebSession)
        ).one_or_none()
        if row is None:
            return False
        web = row.WebSession
        if is_over(seen_at=web.seen_at, expires_at=web.expires_at, ended_at=web.ended_at, now=now):
            return False
        churches = churches_of(session, web.user_id, is_ops=row.is_ops, only_church=web.only_church)
        by_id = {church.church_id: church for church in churches}
        if church_id is not None and church_id not in by_id:
            return False
        if church_id == web.church_id:
            return True
        session.execute(
            update(WebSession)
            .where(WebSession.token_hash == web.token_hash)
            .values(church_id=church_id)
            .execution_options(synchronize_session=False)
        )
        left, entered = by_id.get(web.church_id), by_id.get(church_id) if church_id else None
        if left and left.help_until:
            note(session, "help.left", web.user_id, church_id=left.church_id)
        if entered:
            action = "help.entered" if entered.help_until else "user.came"
            note(session, action, web.user_id, church_id=entered.church_id)
            _seen(session, web.user_id, entered.church_id, now)
        return True


def sign_out(database: Database, token: str | None, *, clock: Clock) -> None:
    """Ends the session of this cookie in all its tabs. Nothing happens where there is none."""
    if not token:
        return
    with database.identity() as session:
        _end(session, token, now=clock.now())


@dataclass(frozen=True)
class OpenSession:
    """A browser in which a person is signed in. `id` names it to its owner and opens nothing."""

    id: UUID
    started_at: datetime
    seen_at: datetime
    user_agent: str
    this: bool


MOST_OPEN = 50
"""Sessions that a list shows; nobody sits at more. *Everywhere else* ends those beyond it as well."""


def open_sessions(database: Database, user_id: UUID, token: str | None, *, clock: Clock) -> list[OpenSession]:
    """Where a person is signed in now: the browser with this cookie first, then the others, newest first."""
    now, this = clock.now(), token_hash(token) if token else b""
    with database.identity() as session:
        rows = session.execute(
            select(
                WebSession.id,
                WebSession.token_hash,
                WebSession.created_at,
                WebSession.seen_at,
                WebSession.user_agent,
            )
            .where(WebSession.user_id == user_id, *_open(now))
            .order_by(WebSession.token_hash != this, WebSession.created_at.desc(), WebSession.id)
            .limit(MOST_OPEN)
        ).all()
    return [
        OpenSession(row.id, row.created_at, row.seen_at, row.user_agent, this=bytes(row.token_hash) == this)
        for row in rows
    ]


def end_session(database: Database, user_id: UUID, session_id: UUID, *, clock: Clock) -> bool:
    """Ends one of a person's own sessions, in all tabs of that browser. False where it was over, or is not theirs."""
    with database.identity() as session:
        ended = session.execute(
            update(WebSession)
            .where(WebSession.id == session_id, WebSession.user_id == user_id, WebSession.ended_at.is_(None))
            .values(ended_at=clock.now())
            .returning(WebSession.church_id)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if ended is not None:
            facts = {"how": "list"}
            note(session, "user.signed_out", user_id, church_id=ended.church_id, facts=facts)
    return ended is not None


def end_others(database: Database, user_id: UUID, token: str | None, *, clock: Clock) -> int:
    """Ends all of a person's sessions but that of this cookie. Returns how many were still open."""
    now, this = clock.now(), token_hash(token) if token else b""
    with database.identity() as session:
        ended = session.scalars(
            update(WebSession)
            .where(WebSession.user_id == user_id, WebSession.token_hash != this, *_open(now))
            .values(ended_at=now)
            .returning(WebSession.id)
            .execution_options(synchronize_session=False)
        ).all()
        if ended:
            note(session, "user.signed_out_elsewhere", user_id, facts={"sessions": len(ended)})
    return len(ended)


def _end(session: Session, token: str, *, now: datetime, how: str | None = None) -> None:
    ended = session.execute(
        update(WebSession)
        .where(WebSession.token_hash == token_hash(token), WebSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(WebSession.user_id, WebSession.church_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if ended is not None:
        facts = {"how": how} if how else None
        note(session, "user.signed_out", ended.user_id, church_id=ended.church_id, facts=facts)


def _open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What holds for the rows of sessions that are not over, as `is_over` decides it for one."""
    return (
        WebSession.ended_at.is_(None),
        WebSession.expires_at > now,
        WebSession.seen_at > now - IDLE_LIFE,
    )


def prune(database: Database, *, clock: Clock) -> None:
    """Removes sessions a month after their end, and links a month after they lapsed."""
    long_ago = clock.now() - KEPT_AFTER_END
    with database.identity() as session:
        session.execute(delete(SignInLink).where(SignInLink.expires_at < long_ago))
        session.execute(
            delete(WebSession).where(
                or_(
                    WebSession.expires_at < long_ago,
                    WebSession.ended_at < long_ago,
                    WebSession.seen_at < long_ago - IDLE_LIFE,
                )
            )
        )


def _seen(session: Session, user_id: UUID, church_id: UUID, now: datetime) -> None:
    """Notes for the team when this person was last at work in their church, and once that an admin came in."""
    session.execute(
        update(Membership)
        .where(Membership.user_id == user_id, Membership.church_id == church_id)
        .values(seen_at=now)
        .execution_options(synchronize_session=False)
    )
    admin = select(Membership.user_id).where(
        Membership.user_id == user_id, Membership.church_id == church_id, Membership.role == Role.ADMIN
    )
    session.execute(
        update(Church)
        .where(Church.id == church_id, Church.admin_came_at.is_(None), admin.exists())
        .values(admin_came_at=now)
        .execution_options(synchronize_session=False)
    )


def _printable(user_agent: str) -> str:
    # What a browser calls itself is the browser's word: bounded, and without signs PostgreSQL refuses.
    return "".join(sign for sign in user_agent[:MAX_USER_AGENT] if sign.isprintable())
