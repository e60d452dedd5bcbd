"""One-time sign-in links: made, used up by one click, and the very first one of an installation."""

from dataclasses import dataclass, field
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import SignInLink, User, WebSession
from ghl.people import sessions
from ghl.people.errors import LinkNotValidError
from ghl.people.landing import own_path
from ghl.people.policy import LINK_LIFE
from ghl.people.tokens import new_token, token_hash
from ghl.people.trail import note
from ghl.people.users import ensure_user, find_user

SIGN_IN_PATH = "/sign-in"
FIRST_USER = "admin@localhost"
"""The first person of an installation, who lets in everybody else."""


@dataclass(frozen=True)
class Entry:
    """Somebody is in: the cookie's secret, and the page of ours they asked for, if they did."""

    cookie: str = field(repr=False)
    next_path: str = ""


def create_sign_in_link(database: Database, email: str, *, clock: Clock, actor: str) -> str:
    """A token that signs this person in once within 15 minutes. Raises `PersonNotFoundError`.

    Links made earlier stay good: who asks twice may click either e-mail.
    """
    with database.identity() as session:
        return new_link(session, find_user(session, email), clock=clock, actor=actor)


def sign_in_url(base_url: str, token: str) -> str:
    """The address that a person opens; the page there has a button, because mail scanners open addresses."""
    return f"{base_url.rstrip('/')}{SIGN_IN_PATH}?{urlencode({'t': token})}"


def redeem(database: Database, token: str, *, user_agent: str, clock: Clock) -> str:
    """Uses a link up and returns the cookie's secret of the new session. Raises `LinkNotValidError`."""
    return use_up(database, token, user_agent=user_agent, clock=clock).cookie


def use_up(
    database: Database, token: str, *, user_agent: str, clock: Clock, instead_of: str | None = None
) -> Entry:
    """Uses a link up: the new session, and where its holder wanted to go. Raises `LinkNotValidError`.

    `instead_of` as in `sessions.start`.

    Of any number of clicks at once exactly one gets in: the update's condition is checked again by each
    that waited for the row.
    """
    now = clock.now()
    with database.identity() as session:
        used = session.execute(
            update(SignInLink)
            .where(
                SignInLink.token_hash == token_hash(token),
                SignInLink.used_at.is_(None),
                SignInLink.expires_at > now,
            )
            .values(used_at=now)
            .returning(SignInLink.user_id, SignInLink.next_path, SignInLink.only_church)
            .execution_options(synchronize_session=False)
        ).one_or_none()
        if used is None:
            raise LinkNotValidError(
                "This link was used already or is older than 15 minutes. Ask for a new one."
            )
        cookie = sessions.start(
            session,
            used.user_id,
            user_agent=user_agent,
            now=now,
            how="link",
            only_church=used.only_church,
            instead_of=instead_of,
        )
        return Entry(cookie, own_path(used.next_path))


def first_sign_in_link(database: Database, *, clock: Clock, base_url: str) -> str | None:
    """The address by which the first person of a new installation signs in; None once anybody has.

    Nobody there yet: the person is made, to run the whole installation. A first link that lapsed unused is
    made anew, so that a slow start locks nobody out.
    """
    with database.identity() as session:
        emails = session.scalars(select(User.email).limit(2)).all()
        if emails not in ([], [FIRST_USER]) or _anybody_ever_signed_in(session):
            return None
        user_id = ensure_user(session, FIRST_USER, name="First admin", ops=True)
        if not emails:
            note(session, "user.added", user_id, actor="hub", facts={"role": None, "ops": True})
        return sign_in_url(base_url, new_link(session, user_id, clock=clock, actor="hub"))


def new_link(
    session: Session,
    user_id: UUID,
    *,
    clock: Clock,
    actor: str,
    church_id: UUID | None = None,
    next_path: str = "",
    by_mail: bool = False,
    alone: bool = False,
) -> str:
    """A token that signs this person in once, made in the caller's transaction.

    `next_path` is the page of ours they land on; `by_mail`, that they asked for it on the sign-in page. `alone`: it
    opens the church `church_id` and nothing else that this person may do.
    """
    token, now = new_token(), clock.now()
    session.execute(
        insert(SignInLink).values(
            token_hash=token_hash(token),
            user_id=user_id,
            created_at=now,
            expires_at=now + LINK_LIFE,
            next_path=own_path(next_path),
            by_mail=by_mail,
            only_church=church_id if alone else None,
        )
    )
    note(session, "user.link_made", user_id, actor=actor, church_id=church_id)
    return token


def _anybody_ever_signed_in(session: Session) -> bool:
    used = select(SignInLink.token_hash).where(SignInLink.used_at.is_not(None)).limit(1)
    open_or_past = select(WebSession.token_hash).limit(1)
    return any(session.execute(found).first() for found in (used, open_or_past))
