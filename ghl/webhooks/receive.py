"""Stores an event as it came, once, in one transaction. Nothing is done about it here: a worker's job does that."""

import threading
from collections import OrderedDict
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ghl.clock import Clock
from ghl.db.availability import is_conflict
from ghl.db.engine import Database
from ghl.db.models import Church, Location, WebhookEvent
from ghl.statuses import WebhookSource, WebhookState
from ghl.webhooks.counts import Outcome
from ghl.webhooks.event import Event
from ghl.webhooks.kinds import KNOWN

SHORTLY = text("SET LOCAL lock_timeout = '500ms'")
"""Nobody who tells us something waits longer for a row that somebody else holds."""


class KnownPlaces:
    """Which church a location is of. Thread-safe; bounded; remembered for a few seconds."""

    FRESH_SECONDS = 5.0

    def __init__(self, database: Database, clock: Clock, *, most: int = 1000) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[UUID, float]] = OrderedDict()

    def church_of(self, location_id: str) -> UUID | None:
        """The church whose own this location is; None for one that nobody is connected to."""
        with self._lock:
            known = self._known.get(location_id)
        if known is not None and self._clock.monotonic() - known[1] < self.FRESH_SECONDS:
            return known[0]
        with self._database.system() as session:
            found = session.scalars(
                select(Location.church_id)
                .join(Church, Church.id == Location.church_id)
                .where(Location.ghl_id == location_id, Location.active, Church.removing_at.is_(None))
            ).one_or_none()
        with self._lock:
            self._known.pop(location_id, None)
            if found is not None:
                self._known[location_id] = (found, self._clock.monotonic())
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return found


def _again(source: WebhookSource) -> dict[str, Any]:
    """What a repetition changes. A hint has no mark of its own: the same words may mean a second stop, after a START."""
    more: dict[str, Any] = {"repeats": WebhookEvent.repeats + 1}
    if source is WebhookSource.APP:
        return more
    waits = {"state": WebhookState.WAITING, "tries": 0, "cause": None, "facts": {}, "handled_at": None}
    return more | waits | {"received_at": func.now(), "due_at": func.now()}


def keep(
    database: Database, church_id: UUID, source: WebhookSource, event: Event, body: bytes, *, signed_by: str
) -> Outcome:
    """Keeps the event for its church, or notes that it came once more. Raises what the database raises."""
    added = upsert(WebhookEvent).values(
        church_id=church_id,
        source=source,
        dedupe_key=event.key,
        type=event.type,
        body=body,
        signed_by=signed_by,
        occurred_at=event.occurred_at,
        state=WebhookState.WAITING if event.type in KNOWN else WebhookState.UNKNOWN,
        handled_at=None if event.type in KNOWN else func.now(),
    )
    once = added.on_conflict_do_nothing(index_elements=["church_id", "source", "dedupe_key"])
    try:
        with database.church(church_id) as session:
            if session.scalar(once.returning(WebhookEvent.id)) is not None:
                return Outcome.KEPT
            session.execute(SHORTLY)
            session.execute(
                update(WebhookEvent)
                .where(
                    WebhookEvent.church_id == church_id,
                    WebhookEvent.source == source,
                    WebhookEvent.dedupe_key == event.key,
                )
                .values(_again(source))
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        # The church was taken away since its location was looked up.
        return Outcome.UNKNOWN_LOCATION
    except SQLAlchemyError as error:
        # The event itself is kept: only that it came once more goes uncounted. A hint has to be noted, and comes again.
        if source is not WebhookSource.APP or not is_conflict(error):
            raise
    return Outcome.REPEATED
