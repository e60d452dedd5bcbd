"""The thread of a worker that handles events, and the housekeeper's tasks around them: stops on their way, the nights.

It looks twice a second, so that a stop is obeyed within a second also where Redis is away. Several share the work.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.clock import Clock
from ghl.consent import dnd_check, opt_outs
from ghl.db.engine import Database
from ghl.people import stop_mails
from ghl.webhooks import counts, handle, reading, secrets
from jobs.container import Container
from jobs.scheduler import Task
from jobs.wake import Wakes

EVERY_SECONDS = 0.5
AWAY_SECONDS = 2.0
MOST_OF_A_CHURCH = 50
"""Events of one church before the next church has its turn."""

CHECK_SECONDS = 2.0
PRUNE_SECONDS = 60.0
WARN_SECONDS = 300.0

log = structlog.get_logger(__name__)


class Ear:
    """Handles what GoHighLevel told us, until it is stopped."""

    def __init__(self, database: Database, waker: Wakes, *, clock: Clock) -> None:
        self._database = database
        self._waker = waker
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """Works in the calling thread until `stop` is set."""
        while not stop.wait(self._turn(stop)):
            pass

    def _turn(self, stop: threading.Event) -> float:
        """One look at all that is due; how many seconds the next one may wait."""
        try:
            more = self._handle_due(stop)
        except SQLAlchemyError as error:
            log.info("events wait for the database", error=type(error).__name__)
            return AWAY_SECONDS
        except Exception:
            # One event must not end the ear of all; what is due is found again.
            log.exception("ear failed")
            return AWAY_SECONDS
        return 0.0 if more else EVERY_SECONDS

    def _handle_due(self, stop: threading.Event) -> bool:
        with self._database.system() as session:
            churches = handle.churches_due(session)
        full = False
        for church_id in churches:
            handled = self._handle_church(church_id, stop)
            full |= handled == MOST_OF_A_CHURCH
        return full

    def _handle_church(self, church_id: UUID, stop: threading.Event) -> int:
        handled, wake = 0, False
        while handled < MOST_OF_A_CHURCH and not stop.is_set():
            result = handle.handle_next(self._database, church_id, now=self._clock.now())
            if result is None:
                break
            handled += 1
            wake |= result.wake
        if wake:
            try:
                self._waker.wake(church_id)
            except redis.RedisError as error:
                # What is asked is a row: the sweep finds it when Redis is back.
                log.info("events without Redis", error=type(error).__name__)
        return handled


def telling(container: Container) -> Sequence[Task]:
    """What is done over and over. Each may run twice at once without harm."""
    database, clock = container.database, container.clock

    def prune_events() -> None:
        with database.system() as session:
            reading.prune(session, now=clock.now())

    def prune_counts() -> None:
        with database.system() as session:
            counts.prune(session, now=clock.now())

    def forget_secrets() -> None:
        with database.system() as session:
            secrets.forget_ended(session)

    def warn_of_stops() -> None:
        # Who cannot be told is not noted as told: they are as soon as there is a mail server.
        if container.smtp is not None and container.settings.public_url:
            stop_mails.warn(database, clock=clock)

    return (
        Task("bring stops to GoHighLevel", lambda: _each(container, opt_outs.churches_due, opt_outs.follow)),
        Task(
            "compare stops with GoHighLevel",
            lambda: _each(
                container,
                dnd_check.churches_due,
                lambda session, church_id: dnd_check.follow(session, church_id, now=clock.now()),
            ),
            CHECK_SECONDS,
        ),
        Task("warn of stops", warn_of_stops, WARN_SECONDS),
        Task("let old events go", prune_events, PRUNE_SECONDS),
        Task("let old counts of events go", prune_counts, PRUNE_SECONDS),
        Task("forget ended secrets of workflows", forget_secrets, PRUNE_SECONDS),
    )


def _each(
    container: Container,
    churches: Callable[[Session], Iterable[UUID]],
    follow: Callable[[Session, UUID], bool],
) -> None:
    """What goes wrong in one church keeps no other one waiting."""
    with container.database.system() as session:
        found = list(churches(session))
    for church_id in found:
        try:
            with container.database.church(church_id) as session:
                asked = follow(session, church_id)
            if asked:
                container.waker.wake(church_id)
        except redis.RedisError as error:
            log.info("stops without Redis", error=type(error).__name__)
        except SQLAlchemyError as error:
            log.warning("stops put off", church_id=str(church_id), error=type(error).__name__)
        except Exception:
            log.exception("stops failed", church_id=str(church_id))
