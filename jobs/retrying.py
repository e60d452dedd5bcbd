"""The housekeeper's task that carries on what people asked to send again; `ghl.attention.retries` does the work."""

from collections.abc import Callable

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ghl.attention import retries
from ghl.clock import Clock
from ghl.db.engine import Database
from jobs.scheduler import Task
from jobs.wake import Wakes

log = structlog.get_logger(__name__)


def retrying(database: Database, clock: Clock, waker: Callable[[], Wakes]) -> Task:
    """Takes one step of every request. What goes wrong in one church keeps no other one waiting."""

    def run() -> None:
        with database.system() as session:
            churches = retries.churches_under_way(session)
        for church_id in churches:
            try:
                queued = retries.advance(database, church_id, now=clock.now())
                if queued:
                    waker().wake(church_id)
            except redis.RedisError as error:
                # What is due stays due: the sweep tells of it when Redis is back.
                log.warning("retries without Redis", error=type(error).__name__)
            except SQLAlchemyError as error:
                log.warning("retry not advanced", church_id=str(church_id), error=type(error).__name__)

    return Task("advance retries", run)
