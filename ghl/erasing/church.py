"""Removing a church: deliveries and ways in stop at once, then its rows go in bounded batches.

Stopped in the middle it goes on where it was. What stays: the row of the church, the proofs of consent, and the
church's part of the change log with its chain.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, not_, select, text, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.churches import ChurchError, ChurchNotFoundError
from ghl.crypto import KeyRing
from ghl.db.engine import Database
from ghl.db.models import (
    Card,
    Church,
    ConsentEvent,
    Credential,
    Location,
    Mail,
    Membership,
    Message,
    Outbox,
    SignInLink,
    SourceKey,
    TokenTrial,
    User,
    WebSession,
)
from ghl.erasing import proofs
from ghl.erasing.people import same_name

CARDS_AT_ONCE = 200
ROWS_AT_ONCE = 1000

REASON = "This church is being removed."

# In an order in which nothing points at what is gone already.
REST = (
    "webhook_events",
    "webhook_secrets",
    "opt_outs",
    "stop_warnings",
    "consent_doubts",
    "consent_addresses",
    "dnd_checks",
    "dnd_differences",
    "card_drafts",
    "contact_removals",
    "erasures",
    "retry_requests",
    "questions",
    "outage_told",
    "outages",
    "card_imports",
    "person_decisions",
    "contact_links",
    "card_forms",
    "consent_wordings",
    "help_access",
    "token_trials",
    "credentials",
    "locations",
    "delivery_leases",
    "card_count_deltas",
    "card_counts",
    "message_attempts",
    "messages",
    "message_template_versions",
    "message_templates",
    "messaging_settings",
    "message_count_deltas",
    "message_counts",
)


class NameDiffersError(ChurchError):
    """What was typed is not the church's name."""

    def __init__(self) -> None:
        super().__init__("That is not the name of this church. Nothing was removed.")


def request(database: Database, church_id: UUID, *, typed: str, actor: str) -> str | None:
    """Stops everything of the church and marks it for removal; returns its location in GoHighLevel, if it had one.

    Asked again it changes nothing. Raises `NameDiffersError`, `ChurchNotFoundError`.
    """
    with database.erasing(church_id) as session:
        # Whoever is saving a card at this moment holds the row; who comes later finds the mark.
        church = session.execute(
            select(Church.name, Church.removing_at, Church.slug)
            .where(Church.id == church_id)
            .with_for_update()
        ).one_or_none()
        if church is None:
            raise ChurchNotFoundError("There is no such church.")
        if not same_name(typed, church.name):
            raise NameDiffersError
        location = session.scalar(
            select(Location.ghl_id).where(Location.church_id == church_id, Location.active)
        )
        if church.removing_at is not None:
            return location
        session.execute(
            update(Church)
            .where(Church.id == church_id)
            .values(
                removing_at=func.now(),
                paused_at=func.now(),
                paused_reason=REASON,
                # The card form's address leads nowhere from now on.
                public_id=secrets.token_urlsafe(12),
            )
        )
        session.execute(delete(SourceKey).where(SourceKey.church_id == church_id))
        session.execute(delete(TokenTrial).where(TokenTrial.church_id == church_id))
        session.execute(delete(Credential).where(Credential.church_id == church_id))
        audit.record(session, church_id=church_id, actor=actor, action="church.removal_asked")
    with database.identity() as session:
        session.execute(
            update(WebSession)
            .where(WebSession.church_id == church_id)
            .values(church_id=None)
            .execution_options(synchronize_session=False)
        )
        # Ways in that lead to this church and no other.
        session.execute(delete(Mail).where(Mail.church_id == church_id))
        session.execute(delete(SignInLink).where(SignInLink.only_church == church_id))
        session.execute(
            update(WebSession)
            .where(WebSession.only_church == church_id, WebSession.ended_at.is_(None))
            .values(ended_at=func.now())
            .execution_options(synchronize_session=False)
        )
        _let_people_go(session, church_id)
    with database.system() as session:
        audit.record(
            session, church_id=None, actor=actor, action="church.removal_asked", subject=str(church_id)
        )
    return location


def find(database: Database, slug: str) -> tuple[UUID, str]:
    """The church with this short name and its name, also while it is being removed. Raises `ChurchNotFoundError`."""
    with database.system() as session:
        row = session.execute(
            select(Church.id, Church.name).where(Church.slug == slug, Church.removed_at.is_(None))
        ).one_or_none()
    if row is None:
        raise ChurchNotFoundError(f"There is no church called {slug!r}. See: hub church list")
    return row.id, row.name


def being_removed(session: Session) -> Sequence[UUID]:
    """Churches of which something is left to remove. A system transaction."""
    return session.scalars(
        select(Church.id).where(Church.removing_at.is_not(None), Church.removed_at.is_(None))
    ).all()


def step(database: Database, ring: KeyRing, church_id: UUID, *, now: datetime) -> bool:
    """Removes one batch; True when nothing is left. Two at once do no harm."""
    with database.erasing(church_id) as session:
        if _cards(session, church_id):
            return False
        # A worker that still holds one is waited for: it ends within its lease.
        if session.scalar(select(Card.id).where(Card.church_id == church_id).limit(1)) is not None:
            return False
    with database.erasing(church_id) as session:
        if _statements(session, ring, church_id, now):
            return False
    for table in REST:
        with database.erasing(church_id) as session:
            if session.execute(BATCH[table], {"church": church_id, "most": ROWS_AT_ONCE}).rowcount:  # type: ignore[attr-defined]
                return False
    with database.identity() as session:
        if _let_people_go(session, church_id):
            return False
    with database.erasing(church_id) as session:
        return _finish(session, church_id)


BATCH = {
    table: text(
        f"DELETE FROM {table} WHERE ctid IN"  # noqa: S608 (a constant)
        f" (SELECT ctid FROM {table} WHERE church_id = :church LIMIT :most)"
    )
    for table in REST
}


def _cards(session: Session, church_id: UUID) -> int:
    """Cards that no worker holds, nor a message of theirs, with all that hangs on them."""
    held = (Outbox.state == "leased") & (Outbox.leased_until >= func.now())
    leaving = (
        select(Message.card_id)
        .join(Outbox, Outbox.message_id == Message.id)
        .where(Message.church_id == church_id, Message.card_id.is_not(None), held)
    )
    ids = session.scalars(
        select(Outbox.card_id)
        .where(
            Outbox.church_id == church_id,
            Outbox.kind == "card",
            not_(held),
            Outbox.card_id.not_in(leaving),
        )
        .order_by(Outbox.id)
        .limit(CARDS_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(delete(Card).where(Card.church_id == church_id, Card.id.in_(ids)))
    return len(ids)


def _statements(session: Session, ring: KeyRing, church_id: UUID, now: datetime) -> bool:
    """Turns a batch into proofs; whether there was one. Only what it took away itself does it prove."""
    some = (
        select(ConsentEvent.id)
        .where(ConsentEvent.church_id == church_id)
        .order_by(ConsentEvent.id)
        .limit(ROWS_AT_ONCE)
    )
    ids = session.scalars(some).all()
    gone = session.execute(
        delete(ConsentEvent)
        .where(ConsentEvent.id.in_(ids))
        .returning(*proofs.EVENT)
        .execution_options(synchronize_session=False)
    ).all()
    proofs.keep(session, ring, church_id, sorted(gone, key=lambda row: row.id), now=now)
    # Where another process took them all, there may be more behind them.
    return bool(ids)


def _let_people_go(session: Session, church_id: UUID) -> int:
    """Takes the team's roles away; whoever belongs to no other church, and does not run the hub, goes as well."""
    members = session.scalars(
        delete(Membership).where(Membership.church_id == church_id).returning(Membership.user_id)
    ).all()
    belongs = select(Membership.user_id).where(Membership.user_id == User.id).exists()
    session.execute(
        delete(User)
        .where(User.id.in_(members), not_(User.is_ops), not_(belongs))
        .execution_options(synchronize_session=False)
    )
    return len(members)


def _finish(session: Session, church_id: UUID) -> bool:
    done = session.execute(
        update(Church)
        .where(Church.id == church_id, Church.removed_at.is_(None))
        .values(
            removed_at=func.now(),
            # Its short name is free for another church.
            slug=f"removed-{church_id.hex}",
            hold_cause=None,
            hold_since=None,
            hold_facts={},
        )
        .execution_options(synchronize_session=False)
    )
    if done.rowcount:  # type: ignore[attr-defined]
        audit.record(session, church_id=church_id, actor="system", action="church.removed")
    return True
