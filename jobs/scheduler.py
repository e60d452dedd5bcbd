"""The housekeeper: every second it runs its tasks, one scheduler in the installation at a time.

Tasks come in as functions and must be short and harmless when run twice: the lock keeps two schedulers from doing
the same work, and nothing's correctness rests on it.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
import redis
import structlog
from sqlalchemy import make_url

from ghl.clock import Clock
from jobs.wake import Wakes

TICK_SECONDS = 1.0

LOCK_KEY = 0x43_43_48_01
"""Of the advisory lock; any number that nothing else in the hub's database uses ("CCH", 1)."""

_SERVER_OPTIONS = "-c statement_timeout=3000 -c lock_timeout=1000 -c timezone=UTC"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do every so often. It raises what it likes: that is logged, and the next turn tries again."""

    name: str
    run: Callable[[], object]
    every_seconds: float = TICK_SECONDS


def sweep(due_churches: Callable[[], Iterable[UUID]], waker: Wakes) -> Task:
    """Wakes every church with due work that nobody does, so that a lost wake-up costs a second or two.

    `due_churches` is one short question to PostgreSQL. Without Redis there is nobody to wake: it ends quietly.
    """

    def run() -> None:
        for church_id in due_churches():
            try:
                waker.wake(church_id)
            except redis.RedisError as error:
                log.warning("sweep without Redis", error=type(error).__name__)
                return

    return Task("sweep", run)


class LeaderLock:
    """A PostgreSQL advisory lock on a connection of its own: whoever holds it is the scheduler.

    PostgreSQL frees it with the connection, so a dead scheduler blocks nobody. Through a pooler that shares
    connections it would not hold; then several schedulers run, which is harmless.
    """

    def __init__(self, url: str, *, key: int = LOCK_KEY) -> None:
        """`url` is the application's database URL, in SQLAlchemy's or libpq's form."""
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._key = key
        self._connection: psycopg.Connection[tuple[bool]] | None = None
        self._held = False

    def held(self) -> bool:
        """Whether this process holds the lock now, asked of the server; takes it when it is free. Never raises.

        One round trip. False as well while the database does not answer.
        """
        try:
            connection = self._connection or self._connect()
            if self._held:
                connection.execute("SELECT true")
            else:
                row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._key,)).fetchone()
                self._held = bool(row and row[0])
                if self._held:
                    log.info("scheduler is active")
        except psycopg.Error as error:
            if self._held or self._connection:
                log.warning("scheduler lost its lock", error=type(error).__name__)
            self.close()
        return self._held

    def close(self) -> None:
        """Gives the lock up, by ending its connection."""
        connection, self._connection, self._held = self._connection, None, False
        if connection is not None:
            connection.close()

    def _connect(self) -> psycopg.Connection[tuple[bool]]:
        # The time-outs of the network: a server that vanished without a word is noticed within seconds.
        self._connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=3,
            application_name="hub-scheduler-lock",
            options=_SERVER_OPTIONS,
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=2,
            tcp_user_timeout=8000,
        )
        return self._connection


class Scheduler:
    """Runs tasks while it holds the lock, and waits for the lock while another does."""

    def __init__(
        self, *, tasks: Sequence[Task], lock: LeaderLock, clock: Clock, tick_seconds: float = TICK_SECONDS
    ) -> None:
        self._tasks = tasks
        self._lock = lock
        self._clock = clock
        self._tick = tick_seconds
        self._next = {task.name: 0.0 for task in tasks}
        if len(self._next) != len(tasks):
            raise ValueError("Two tasks have the same name.")

    def run(self, stop: threading.Event) -> None:
        """Runs until `stop` is set; what runs then is finished first. Raises nothing that a task raises."""
        try:
            while not stop.is_set():
                began = self._clock.monotonic()
                self._turn(stop)
                stop.wait(max(began + self._tick - self._clock.monotonic(), 0.0))
        finally:
            self._lock.close()

    def _turn(self, stop: threading.Event) -> None:
        for task in self._tasks:
            # The lock is looked at before each task: the one before may have taken long, or the database gone.
            if stop.is_set() or not self._lock.held():
                return
            if self._clock.monotonic() >= self._next[task.name]:
                self._run(task)

    def _run(self, task: Task) -> None:
        # What was missed is not made up for: each task does all there is to do at its turn.
        began = self._clock.monotonic()
        self._next[task.name] = began + task.every_seconds - self._tick / 2
        try:
            task.run()
        except Exception:
            log.exception("task failed", task=task.name)
        seconds = self._clock.monotonic() - began
        if seconds > self._tick:
            log.warning("task was slow", task=task.name, seconds=round(seconds, 2))
