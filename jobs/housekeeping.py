"""The scheduler process: which tasks it runs and how often. The tasks' work stands in `ghl`."""

import signal
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ghl import heartbeat
from ghl.cards import drafts, imports
from ghl.cards.counts import fold
from ghl.config import Settings
from ghl.delivery import answers
from ghl.delivery.claim import due_churches
from ghl.intake import idempotency
from ghl.logging import set_up_logging
from ghl.people import sessions
from jobs.container import Container, build_container
from jobs.heart import Heart
from jobs.retrying import retrying
from jobs.scheduler import LeaderLock, Scheduler, Task, sweep

if TYPE_CHECKING:
    from uuid import UUID

FOLD_SECONDS = 2.0
PRUNE_SECONDS = 600.0
EMPTY_SECONDS = 60.0


def run(settings: Settings) -> None:
    """Runs the scheduler in this process until SIGTERM or Ctrl-C."""
    set_up_logging("scheduler", level=settings.log_level)
    container = build_container(settings, name="scheduler", pool_size=3)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    heart = Heart(container.database, kind="scheduler")
    heart.start()
    try:
        scheduler(container).run(stop)
    finally:
        heart.stop()
        container.close()


def scheduler(container: Container) -> Scheduler:
    """The scheduler with all its tasks."""
    lock = LeaderLock(container.database_url)
    return Scheduler(tasks=tasks(container), lock=lock, clock=container.clock)


def tasks(container: Container) -> Sequence[Task]:
    """What is done over and over. Each may run twice at once without harm."""
    database, clock = container.database, container.clock

    def due() -> "Sequence[UUID]":
        with database.system() as session:
            return due_churches(session)

    def fold_counts() -> None:
        with database.system() as session:
            fold(session)

    def prune_idempotency_keys() -> None:
        with database.system() as session:
            idempotency.prune(session, now=clock.now())

    def prune_sessions() -> None:
        sessions.prune(database, clock=clock)

    def prune_drafts() -> None:
        with database.system() as session:
            drafts.prune(session, now=clock.now())

    def prune_refused_rows() -> None:
        with database.system() as session:
            imports.prune(session, now=clock.now())

    def empty_answers() -> None:
        with database.system() as session:
            answers.empty_old(session, now=clock.now())

    def forget_the_dead() -> None:
        with database.system() as session:
            heartbeat.forget_dead(session)

    return (
        sweep(due, container.waker),
        Task("fold counts", fold_counts, FOLD_SECONDS),
        retrying(database, clock, lambda: container.waker),
        Task("prune idempotency keys", prune_idempotency_keys, PRUNE_SECONDS),
        Task("prune sign-in links and sessions", prune_sessions, PRUNE_SECONDS),
        Task("prune drafts", prune_drafts, PRUNE_SECONDS),
        Task("prune refused rows", prune_refused_rows, PRUNE_SECONDS),
        Task("empty old answers", empty_answers, EMPTY_SECONDS),
        Task("forget dead processes", forget_the_dead, PRUNE_SECONDS),
    )
