"""Handles stored events, one transaction each: what an event changes is written together with that it is over.

Whoever dies in the middle leaves it waiting. Several workers share the work; two events about one address take turns.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Integer, and_, cast, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.db.availability import is_away
from ghl.db.engine import Database
from ghl.db.models import Church, Location, WebhookEvent
from ghl.questions import ask as questions
from ghl.questions.ask import Asked
from ghl.statuses import QuestionState, WebhookSource, WebhookState
from ghl.webhooks import contacts, messages, workflow
from ghl.webhooks.event import BrokenEventError, read_object
from ghl.webhooks.kinds import EventType
from ghl.webhooks.results import Done, NobodyError, NotNowError, Place, Told, Waits

Handler = Callable[[Session, Place, Told], Done | Waits]

HANDLERS: Mapping[str, Handler] = {
    EventType.CONTACT_UPDATE: contacts.changed,
    EventType.CONTACT_TAG_UPDATE: contacts.changed,
    EventType.CONTACT_DND_UPDATE: contacts.changed,
    EventType.CONTACT_DELETE: contacts.removed,
    EventType.INBOUND_MESSAGE: messages.came_in,
    EventType.OUTBOUND_MESSAGE: messages.went_out,
    EventType.EMAIL_STATS: messages.mail_fared,
    EventType.WORKFLOW: workflow.hinted,
}

LOOK_AGAIN = timedelta(seconds=1)
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=6)
MAX_TRIES = 14
"""With these waits about a day, longer than GoHighLevel was ever away."""

MOST_AT_ONCE = 50
"""Events of one church that are handled at the same time, at most."""

TURN = int.from_bytes(b"CCH\x03")
"""Of the advisory locks on events, beside the event's id."""

QUESTION = "question"
"""In an event's facts while it waits: the question that it waits for."""

BROKEN = "broken"
CRASHED = "crashed"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Handled:
    """What became of one event. `wake`: a worker has something to ask of GoHighLevel for this church."""

    state: WebhookState
    wake: bool = False


def churches_due(session: Session, *, most: int = 200) -> Sequence[UUID]:
    """Churches with an event to handle now, those that wait longest first. A system transaction."""
    return session.scalars(
        select(WebhookEvent.church_id)
        .where(WebhookEvent.state == WebhookState.WAITING, WebhookEvent.due_at <= func.now())
        .group_by(WebhookEvent.church_id)
        .order_by(func.min(WebhookEvent.due_at))
        .limit(most)
    ).all()


def handle_next(database: Database, church_id: UUID, *, now: datetime) -> Handled | None:
    """Handles the church's next due event; None where there is none. Raises what a database that is away raises."""
    with database.church(church_id) as session:
        row = _take(session, church_id)
        return None if row is None else _handle(session, row, now)


def _take(session: Session, church_id: UUID) -> WebhookEvent | None:
    """The next due event, for this transaction alone. The row itself stays free: the intake may note a repetition."""
    due = and_(
        WebhookEvent.church_id == church_id,
        WebhookEvent.state == WebhookState.WAITING,
        WebhookEvent.due_at <= func.now(),
    )
    first = (
        select(WebhookEvent.id)
        .where(due)
        .order_by(WebhookEvent.due_at, WebhookEvent.id)
        .limit(MOST_AT_ONCE)
        .subquery()
    )
    for _ in range(MOST_AT_ONCE):
        taken = session.scalar(
            select(first.c.id)
            .where(func.pg_try_advisory_xact_lock(TURN, cast(first.c.id % 2**31, Integer)))
            .limit(1)
        )
        if taken is None:
            return None
        # Another worker may have been through with it before it was taken here.
        row = session.scalars(select(WebhookEvent).where(due, WebhookEvent.id == taken)).one_or_none()
        if row is not None:
            return row
    return None


def wait_after(tries: int) -> timedelta:
    """How long after so many tries in vain the next one comes: 10, 20, 40 … seconds, at most 6 hours."""
    return min(FIRST_WAIT * (1 << min(max(tries - 1, 0), 15)), LONGEST_WAIT)


def _handle(session: Session, row: WebhookEvent, now: datetime) -> Handled:
    asked = _question(session, row)
    if asked is not None and not asked.over:
        return _write(session, row, WebhookState.WAITING, wait=LOOK_AGAIN)
    if asked is not None and asked.state is not QuestionState.ANSWERED:
        return _again(session, row, asked.cause or "no_answer")
    try:
        # What a handler wrote before it failed is taken back; that it failed is not.
        with session.begin_nested():
            result = _told_to(session, row, asked, now)
    except NotNowError as error:
        return _again(session, row, error.cause)
    except NobodyError as error:
        return _write(session, row, WebhookState.FAILED, cause=error.cause, facts={}, handled_at=func.now())
    except (BrokenEventError, contacts.NoContactError):
        return _write(session, row, WebhookState.FAILED, cause=BROKEN, handled_at=func.now())
    except Exception as error:
        if isinstance(error, SQLAlchemyError) and is_away(error):
            raise
        # Its text may hold what was in the event: only its kind is told.
        log.warning(
            "event not handled", church_id=str(row.church_id), type=row.type, error=type(error).__name__
        )
        return _again(session, row, CRASHED)
    if isinstance(result, Waits):
        facts = {QUESTION: str(result.question_id)}
        return _write(session, row, WebhookState.WAITING, wait=LOOK_AGAIN, wake=True, facts=facts)
    return _write(
        session,
        row,
        WebhookState.DONE,
        wake=result.wake,
        facts=dict(result.facts),
        cause=None,
        handled_at=func.now(),
    )


def _told_to(session: Session, row: WebhookEvent, asked: Asked | None, now: datetime) -> Done | Waits:
    if row.body is None:
        raise BrokenEventError("The body is no longer kept.")
    church = session.execute(
        select(Church.region, Location.id)
        .outerjoin(Location, (Location.church_id == Church.id) & Location.active)
        .where(Church.id == row.church_id)
    ).one()
    source = WebhookSource(row.source)
    # What nobody signed has no say in when it was.
    said = row.occurred_at if source is WebhookSource.APP else None
    told = Told(source, read_object(row.body), min(said or row.received_at, now), now, asked)
    return HANDLERS[row.type](session, Place(row.church_id, church.region, church.id), told)


def _question(session: Session, row: WebhookEvent) -> Asked | None:
    named = row.facts.get(QUESTION)
    return questions.look(session, row.church_id, UUID(named)) if named else None


def _again(session: Session, row: WebhookEvent, cause: str) -> Handled:
    tries = row.tries + 1
    if tries >= MAX_TRIES:
        return _write(
            session, row, WebhookState.FAILED, tries=tries, cause=cause, facts={}, handled_at=func.now()
        )
    return _write(
        session, row, WebhookState.WAITING, wait=wait_after(tries), tries=tries, cause=cause, facts={}
    )


def _write(
    session: Session,
    row: WebhookEvent,
    state: WebhookState,
    *,
    wait: timedelta = timedelta(),
    wake: bool = False,
    **values: Any,
) -> Handled:
    # A hint that came once more meanwhile has a new time: it stays waiting, and is handled again.
    session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.id == row.id, WebhookEvent.received_at == row.received_at)
        .values(state=state, due_at=func.now() + wait, **values)
        .execution_options(synchronize_session=False)
    )
    return Handled(state, wake)
