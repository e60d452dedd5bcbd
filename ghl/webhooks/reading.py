"""Events as *News from GoHighLevel* lists them, and when the last one came. Transactions of the church."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, delete, func, not_, select, text, tuple_
from sqlalchemy.orm import Session

from ghl.db.models import Church, WebhookEvent
from ghl.db.models.webhook import MATTERS
from ghl.statuses import WebhookSource, WebhookState

PAGE = 25
MOST_COUNTED = 1000
KEPT_FOR = timedelta(days=30)
FAILED_KEPT_FOR = timedelta(days=366)
"""What failed may have been a stop: it waits so long for somebody who looks at it."""
ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class Place:
    """Where a list goes on: after this event."""

    received_at: datetime
    id: int


SEEN = "seen"
"""Beside the states of events: those that somebody has marked as seen."""


@dataclass(frozen=True)
class Wanted:
    """A filter. Empty words leave everything; `matters` only what somebody should see: what failed or waits, stops, what
    lifts one, and what may be one, until it is marked as seen.
    """

    state: str = ""
    type: str = ""
    matters: bool = False


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
    seen_at: datetime | None
    seen_by: str | None

    @property
    def place(self) -> Place:
        """Where the page after it begins."""
        return Place(self.received_at, self.id)


@dataclass(frozen=True)
class Health:
    """When something last came and who told us, and how many events wait, or failed and nobody has seen it, up to a
    thousand each.
    """

    last: datetime | None
    source: WebhookSource | None
    waiting: int
    failed: int


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
        WebhookEvent.seen_at,
        WebhookEvent.seen_by,
    ).where(WebhookEvent.church_id == church_id)
    if wanted.matters:
        found = found.where(text(MATTERS))
    if wanted.state == SEEN:
        found = found.where(WebhookEvent.seen_at.is_not(None))
    elif wanted.state:
        found = found.where(WebhookEvent.state == wanted.state)
    if wanted.type:
        found = found.where(WebhookEvent.type == wanted.type)
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
    newest = session.execute(
        select(WebhookEvent.received_at, WebhookEvent.source)
        .where(WebhookEvent.church_id == church_id)
        .order_by(WebhookEvent.received_at.desc(), WebhookEvent.id.desc())
        .limit(1)
    ).one_or_none()

    def many(state: WebhookState) -> int:
        few = select(WebhookEvent.id).where(
            WebhookEvent.church_id == church_id, WebhookEvent.state == state, WebhookEvent.seen_at.is_(None)
        )
        return session.scalar(select(func.count()).select_from(few.limit(MOST_COUNTED).subquery())) or 0

    last, source = newest or (None, None)
    return Health(
        last,
        WebhookSource(source) if source else None,
        many(WebhookState.WAITING),
        many(WebhookState.FAILED),
    )


def last_of_all(session: Session) -> dict[UUID, datetime]:
    """When each church last heard something, of those that ever did. A system transaction."""
    newest = (
        select(func.max(WebhookEvent.received_at))
        .where(WebhookEvent.church_id == Church.id)
        .scalar_subquery()
        .label("at")
    )
    rows = session.execute(select(Church.id, newest).where(Church.removing_at.is_(None)))
    return {church_id: at for church_id, at in rows if at is not None}


def prune(session: Session, *, now: datetime, most: int = ROWS_AT_ONCE) -> int:
    """Deletes events older than 30 days, those that failed after a year. A system transaction."""
    spared = and_(
        WebhookEvent.state == WebhookState.FAILED,
        WebhookEvent.received_at >= now - FAILED_KEPT_FOR,
    )
    old = (
        select(WebhookEvent.id)
        .where(WebhookEvent.received_at < now - KEPT_FOR, not_(spared))
        .order_by(WebhookEvent.received_at)
        .limit(most)
    )
    gone = session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(old)))
    return int(gone.rowcount)  # type: ignore[attr-defined]
