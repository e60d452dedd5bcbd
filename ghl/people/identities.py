"""From what an identity provider proved to a session: whom it is, and nobody whom no admin let in.

The first time an address finds the person; from then on the provider's own name for them (issuer and subject) alone
counts, so that an address that somebody else has meanwhile lets nobody in.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import UsedState, User, UserIdentity
from ghl.people import sessions
from ghl.people.links import Entry
from ghl.people.oidc.flow import LIFE, SKEW, Flow
from ghl.people.oidc.proof import Proven
from ghl.people.tokens import token_hash
from ghl.people.trail import note


class Turned(StrEnum):
    """Why somebody whom the provider knows is not let in."""

    UNKNOWN = "unknown"
    """Nobody let this address in."""
    NOT_VERIFIED = "not_verified"
    """The provider does not say that the address is theirs."""
    OTHER_ACCOUNT = "other_account"
    """The person with this address signed in with another account before."""


@dataclass(frozen=True)
class TurnedAway:
    """Nobody is signed in and no account was made."""

    why: Turned


def use_state(database: Database, flow: Flow, *, clock: Clock) -> bool:
    """Uses a return up. False where it came before: of any number at once, exactly one is true."""
    with database.identity() as session:
        first = session.execute(
            upsert(UsedState)
            .values(state_hash=token_hash(flow.state), used_at=clock.now())
            .on_conflict_do_nothing()
            .returning(UsedState.state_hash)
        ).one_or_none()
    return first is not None


def enter(
    database: Database,
    who: Proven,
    *,
    next_path: str,
    user_agent: str,
    clock: Clock,
    instead_of: str | None = None,
) -> Entry | TurnedAway:
    """Signs in whom the provider proved this to be, or notes in the change log why not.

    `instead_of` as in `sessions.start`.
    """
    with database.identity() as session:
        found = session.scalar(
            select(UserIdentity.user_id).where(
                UserIdentity.issuer == who.issuer, UserIdentity.subject == who.subject
            )
        )
        user_id = found or _bound(session, who)
        if isinstance(user_id, Turned):
            facts = {"how": "oidc", "why": str(user_id)}
            audit.record(
                session, church_id=None, actor="sign-in page", action="sign_in.turned_away", facts=facts
            )
            return TurnedAway(user_id)
        cookie = sessions.start(
            session,
            user_id,
            user_agent=user_agent,
            now=clock.now(),
            how="oidc",
            instead_of=instead_of,
        )
        return Entry(cookie, next_path)


def forget(session: Session, user_id: UUID, *, actor: str) -> int:
    """Forgets who a person is at identity providers; their next sign-in there binds anew. Returns how many."""
    gone = session.scalars(
        delete(UserIdentity).where(UserIdentity.user_id == user_id).returning(UserIdentity.issuer)
    ).all()
    if gone:
        note(session, "user.identity_forgotten", user_id, actor=actor)
    return len(gone)


def prune(session: Session, *, clock: Clock) -> None:
    """Removes returns that could not come again: their browsers' cookies are too old."""
    session.execute(delete(UsedState).where(UsedState.used_at < clock.now() - LIFE - 2 * SKEW))


def _bound(session: Session, who: Proven) -> UUID | Turned:
    """The person with the proven address, from now on known by this identity."""
    if who.email is None:
        return Turned.NOT_VERIFIED
    user_id = session.scalar(select(User.id).where(User.email == who.email))
    if user_id is None:
        return Turned.UNKNOWN
    session.execute(
        upsert(UserIdentity)
        .values(issuer=who.issuer, subject=who.subject, user_id=user_id)
        .on_conflict_do_nothing()
    )
    owner = session.scalar(
        select(UserIdentity.user_id).where(
            UserIdentity.issuer == who.issuer, UserIdentity.subject == who.subject
        )
    )
    if owner != user_id:
        return Turned.OTHER_ACCOUNT
    note(session, "user.identity_bound", user_id)
    return user_id
