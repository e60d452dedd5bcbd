"""The RQ side of a worker process: takes wake-ups from the queue and hands the church to the dispatcher.

One non-forking RQ worker in the calling thread. It delivers nothing, installs no signal handlers and starts no
threads; what it hands over to must return at once.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import redis
import structlog
from rq import Queue, SimpleWorker
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty
from rq.worker import WorkerStatus

from ghl.redis import connect_redis
from jobs.wake import QUEUE, marker

POLL_SECONDS = 1
"""How long one question to Redis waits for a wake-up, and so how soon `stop` is noticed."""

_PAUSE_SECONDS = 0.5
_WORKER_TTL = 30
_MAINTENANCE_SECONDS = 60

log = structlog.get_logger(__name__)


def wake_church(church_id: str) -> None:
    """The name wake-ups are queued under. A `Listener` performs them itself; any other RQ worker must not."""
    raise RuntimeError(f"The wake-up of church {church_id} was taken by an RQ worker that is no Listener.")


class Listener:
    """Takes wake-ups until it is stopped, also across restarts of Redis."""

    def __init__(self, redis_url: str, *, name: str, on_wake: Callable[[UUID], None]) -> None:
        """`on_wake` is called in the thread of `run`. `name` (letters, digits, - and _) is shown in RQ's tools.

        It takes a URL and not a client because RQ changes the time-outs of the client it is given.
        """
        self._url = redis_url
        self._name = name
        self._on_wake = on_wake
        self._stopping = threading.Event()

    def run(self) -> None:
        """Listens in the calling thread, which need not be the main one, until `stop`."""
        lost = False
        while not self._stopping.is_set():
            client = connect_redis(self._url, timeout=POLL_SECONDS + 2.0)
            try:
                # A name of its own each time: after a restart of Redis the old one may still be registered.
                name = f"{self._name}-{secrets.token_hex(3)}"
                worker = _WakeWorker(client, name, self._woken, self._stopping)
                lost = False
                worker.work()
            except redis.RedisError as error:
                if not lost:
                    log.warning("listener waits for Redis", error=type(error).__name__)
                lost = True
            finally:
                client.close()
            self._stopping.wait(_PAUSE_SECONDS)

    def stop(self) -> None:
        """Ends `run` within about `POLL_SECONDS`, from any other thread."""
        self._stopping.set()

    def _woken(self, connection: redis.Redis, church_id: UUID) -> None:
        # First the marker, then the look for work: a save between the two queues a wake-up of its own.
        connection.delete(marker(church_id))
        try:
            self._on_wake(church_id)
        except Exception:
            # One church must not end the listener of all; the sweep wakes this one again. Not left to RQ, which
            # would keep the traceback in Redis.
            log.exception("wake-up failed", church_id=str(church_id))


class _WakeJob(Job):
    """A wake-up that is performed by a function of this process instead of the one it is named after."""

    woken: Callable[[redis.Redis, UUID], None]

    def perform(self) -> None:
        self.woken(self.connection, UUID(self.args[0]))


class _NoDeathPenalty(BaseDeathPenalty):
    """RQ limits jobs by a signal (main thread only) or a thread each; a wake-up returns at once and needs neither."""

    def setup_death_penalty(self) -> None:
        """Nothing."""

    def cancel_death_penalty(self) -> None:
        """Nothing."""


class _WakeWorker(SimpleWorker):
    """RQ's worker loop without signals, threads and log handlers, that ends when told or when Redis goes."""

    death_penalty_class = _NoDeathPenalty
    log_result_lifespan = False

    def __init__(
        self,
        connection: redis.Redis,
        name: str,
        woken: Callable[[redis.Redis, UUID], None],
        stopping: threading.Event,
    ) -> None:
        super().__init__(
            [QUEUE],
            name=name,
            connection=connection,
            job_class=_WakeJob,
            serializer=JSONSerializer,
            worker_ttl=_WORKER_TTL,
            maintenance_interval=_MAINTENANCE_SECONDS,
            log_job_description=False,
        )
        # Not RQ's own, which tells three lines a wake-up; this one follows the level set for "rq".
        self.log = logging.getLogger("rq.wake")
        self._woken = woken
        self._stopping = stopping

    @property
    def connection_timeout(self) -> int:
        """RQ raises the client's time-out to this: enough for one poll, so that a hanging Redis is noticed."""
        return POLL_SECONDS + 2

    def bootstrap(self, *_: Any, **__: Any) -> None:
        """RQ's, without its log handlers and its thread for commands by name ("kill horse"), which has no use here."""
        self.register_birth()  # type: ignore[no-untyped-call]
        self.set_state(WorkerStatus.STARTED)

    def _install_signal_handlers(self) -> None:
        """Nothing: signals belong to the process, which calls `Listener.stop`."""

    def unsubscribe(self) -> None:
        """Nothing: `bootstrap` did not subscribe."""

    def dequeue_job_and_maintain_ttl(self, *_: Any, **__: Any) -> tuple[Job, Queue]:
        """The next wake-up. RQ's own loop looks for a stop only between jobs and never gives Redis up."""
        self.set_state(WorkerStatus.IDLE)
        while not self._stopping.is_set():
            self.heartbeat()
            if self.should_run_maintenance_tasks:
                self.run_maintenance_tasks()  # type: ignore[no-untyped-call]
            try:
                found = self.queue_class.dequeue_any(
                    self.queues,
                    POLL_SECONDS,
                    connection=self.connection,
                    job_class=self.job_class,
                    serializer=self.serializer,
                    death_penalty_class=self.death_penalty_class,
                )
            except DequeueTimeout:
                continue
            except redis.RedisError as error:
                # Out of RQ's loop without its traceback; its farewell to Redis then tells the listener.
                raise StopRequested from error
            if found is not None:
                found[0].redis_server_version = self.get_redis_server_version()  # type: ignore[no-untyped-call]
                return found
        raise StopRequested

    def perform_job(self, job: Job, *args: Any) -> bool:
        if isinstance(job, _WakeJob):
            job.woken = self._woken
        return bool(super().perform_job(job, *args))
