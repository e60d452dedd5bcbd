"""Events as *News from GoHighLevel* lists them, and when the last one came. Transactions of the church."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from ghl.db.models import WebhookEvent
from ghl.statuses import WebhookSource, WebhookState

PAGE = 25
KEPT_FOR = timedelta(days=30)
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Place:
    """Where a list goes on: after this event."""

    received_at: datetime
    id: int


@dataclass(frozen=True)
class Wanted:
    """A filter. Empty words leave everything."""

    state: str = ""
    type: str = ""
    source: str = ""


@dataclass(frozen=True)
class Shown:
    """An event as a line of the list; nothing of what it said."""

    id: int
    source: WebhookSource
    type: str
    state: WebhookState
    cause: str | None
    facts: dict[str, Any] = field(repr=False)
    occurred_at: datetime | None
    received_at: datetime
    handled_at: datetime | None
    due_at: datetime
    tries: int
    repeats: int

    @property
    def place(self) -> Place:
        """Where the page after it begins."""
        return Place(self.received_at, self.id)


@dataclass(frozen=True)
class Health:
    """When something last came, by who told us, and how many events wait or failed."""

    last_app: datetime | None
    last_workflow: datetime | None
    waiting: int
    failed: int

    @property
    def last(self) -> datetime | None:
        """When the last one came, whoever told us."""
        return max((at for at in (self.last_app, self.last_workflow) if at), default=None)


def read(
    session: Session, church_id: UUID, wanted: Wanted, *, after: Place | None = None, most: int = PAGE
) -> tuple[list[Shown], bool]:
    """The newest events that the filter leaves, and whether there are more."""
    found = select(
        WebhookEvent.id,
        WebhookEvent.source,
        WebhookEvent.type,
        WebhookEvent.state,
        WebhookEvent.cause,
        WebhookEvent.facts,
        WebhookEvent.occurred_at,
        WebhookEvent.received_at,
        WebhookEvent.handled_at,
        WebhookEvent.due_at,
        WebhookEvent.tries,
        WebhookEvent.repeats,
    ).where(WebhookEvent.church_id == church_id)
    if wanted.state:
        found = found.where(WebhookEvent.state == wanted.state)
    if wanted.type:
        found = found.where(WebhookEvent.type == wanted.type)
    if wanted.source:
        found = found.where(WebhookEvent.source == wanted.source)
    if after is not None:
        found = found.where(
            tuple_(WebhookEvent.received_at, WebhookEvent.id) < tuple_(after.received_at, after.id)
        )
    rows = session.execute(
        found.order_by(WebhookEvent.received_at.desc(), WebhookEvent.id.desc()).limit(most + 1)
    ).all()
    return [
        Shown(**row._asdict() | {"source": WebhookSource(row.source), "state": WebhookState(row.state)})
        for row in rows[:most]
    ], len(rows) > most


def health(session: Session, church_id: UUID) -> Health:
    """When something last came, and what is not handled."""

    def last(source: WebhookSource) -> datetime | None:
        return session.scalars(
            select(WebhookEvent.received_at)
            .where(WebhookEvent.church_id == church_id, WebhookEvent.source == source)
            .order_by(WebhookEvent.received_at.desc(), WebhookEvent.id.desc())
            .limit(1)
        ).one_or_none()

    def many(state: WebhookState) -> int:
        few = select(WebhookEvent.id).where(WebhookEvent.church_id == church_id, WebhookEvent.state == state)
        return session.scalar(select(func.count()).select_from(few.limit(1000).subquery())) or 0

    return Health(
        last(WebhookSource.APP),
        last(WebhookSource.WORKFLOW),
        many(WebhookState.WAITING),
        many(WebhookState.FAILED),
    )


def last_of_all(session: Session) -> dict[UUID, datetime]:
    """When each church last heard something, of those that ever did. A system transaction."""
    rows = session.execute(
        select(WebhookEvent.church_id, func.max(WebhookEvent.received_at)).group_by(WebhookEvent.church_id)
    )
    return {row[0]: row[1] for row in rows}


def types(session: Session, church_id: UUID) -> Sequence[str]:
    """The types that came, by name."""
    return session.scalars(
        select(WebhookEvent.type)
        .where(WebhookEvent.church_id == church_id)
        .distinct()
        .order_by(WebhookEvent.type)
    ).all()


def prune(session: Session, *, now: datetime, most: int = ROWS_AT_ONCE) -> int:
    """Deletes events older than 30 days. A system transaction."""
    old = (
        select(WebhookEvent.id)
        .where(WebhookEvent.received_at < now - KEPT_FOR)
        .order_by(WebhookEvent.received_at)
        .limit(most)
    )
    gone = session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(old)))
    return int(gone.rowcount)  # type: ignore[attr-defined]
