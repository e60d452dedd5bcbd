"""Wake-ups: "church C has something due", told to the workers through RQ after the work is saved in PostgreSQL.

A wake-up carries an id and nothing else, and may be lost: the sweep finds what is due. It must never hold up a save.
"""

import threading
from typing import Protocol
from uuid import UUID, uuid4

import redis
import structlog
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "wake"
JOB = "jobs.listener.wake_church"

log = structlog.get_logger(__name__)


class Wakes(Protocol):
    """Anything that can be told of a church with something due."""

    def wake(self, church_id: UUID) -> object:
        """Tells the workers, now or soon."""
        ...


def marker(church_id: UUID) -> str:
    """The key that says a wake-up of this church is under way. The job deletes it before it looks for work."""
    return f"wake:{church_id}"


class Waker:
    """Tells the workers at once, in two or three round trips."""

    def __init__(self, redis: redis.Redis, *, marker_ms: int = 2000, most_waiting: int = 1000) -> None:
        """`marker_ms` is how long a wake-up that was lost on its way can hide later ones.

        With `most_waiting` in the queue nobody is listening: more would only be waded through later.
        """
        self._redis = redis
        self._marker_ms = marker_ms
        self._most_waiting = most_waiting
        self._queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)

    def wake(self, church_id: UUID) -> bool:
        """False when a wake-up of this church is under way already, or nobody listens and the queue is full.

        Raises `redis.RedisError` when Redis does not answer.
        """
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.llen(self._queue.key)
            pipeline.set(marker(church_id), 1, nx=True, px=self._marker_ms)
            waiting, first = pipeline.execute()
        if not first or waiting >= self._most_waiting:
            return False
        # A random id: one id per church would lose wake-ups, and lock the church out after a kill. A job that nobody
        # took for a minute vanishes; the sweep goes on telling as long as something is due.
        self._queue.enqueue(
            JOB, str(church_id), job_id=uuid4().hex, description="wake", ttl=60, result_ttl=0, failure_ttl=60
        )
        return True


class BackgroundWaker:
    """Tells the workers from a thread of its own: `wake` returns at once, also while Redis is away or hangs."""

    def __init__(self, waker: Wakes) -> None:
        self._waker = waker
        self._lock = threading.Lock()
        self._due: dict[UUID, None] = {}
        self._news = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    def wake(self, church_id: UUID) -> None:
        """Notes the church for the thread. Never waits, never raises; a church noted twice is told once."""
        with self._lock:
            if self._closed:
                return
            self._due[church_id] = None
            if self._thread is None:
                # Started with the first wake-up, so that a process may still fork before it.
                self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                self._thread.start()
        self._news.set()

    def close(self, timeout: float = 2.0) -> None:
        """Tells what is noted and ends the thread, waiting at most `timeout` seconds."""
        with self._lock:
            self._closed = True
            thread = self._thread
        self._news.set()
        if thread is not None:
            thread.join(timeout)

    def _run(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            with self._lock:
                due, self._due, closed = list(self._due), {}, self._closed
            for church_id in due:
                try:
                    self._waker.wake(church_id)
                except Exception as error:  # noqa: BLE001 (the thread must outlive whatever it meets)
                    # Dropped: the sweep tells of everything that is still due once Redis is back.
                    log.warning("wake-ups dropped", count=len(due), error=type(error).__name__)
                    break
            if closed:
                return
