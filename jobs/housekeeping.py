"""The scheduler process: which tasks it runs and how often. The tasks' work stands in `ghl`."""

import signal
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

import redis
import structlog

from ghl import heartbeat, outages
from ghl.cards import drafts, imports
from ghl.cards.counts import fold
from ghl.chain.seal import seal
from ghl.chain.watch import watch
from ghl.config import Settings
from ghl.connection.switch import erase_old_tokens
from ghl.connection.trials import prune_trials
from ghl.delivery import answers
from ghl.delivery.claim import due_churches
from ghl.intake import idempotency
from ghl.logging import set_up_logging
from ghl.messages import folding
from ghl.people import identities, mails, sessions
from ghl.questions import ask as questions
from jobs.container import Container, build_container
from jobs.erasing import erasing
from jobs.heart import Heart
from jobs.retrying import retrying
from jobs.scheduler import LeaderLock, Scheduler, Task, sweep
from jobs.webhooks import telling

if TYPE_CHECKING:
    from uuid import UUID

FOLD_SECONDS = 2.0
SEAL_SECONDS = 2.0
PRUNE_SECONDS = 600.0
EMPTY_SECONDS = 60.0

log = structlog.get_logger(__name__)


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
        for each in (fold, folding.fold):
            with database.system() as session:
                each(session)

    def prune_idempotency_keys() -> None:
        with database.system() as session:
            idempotency.prune(session, now=clock.now())

    def prune_sessions() -> None:
        sessions.prune(database, clock=clock)
        with database.identity() as session:
            identities.prune(session, clock=clock)
            mails.prune(session, clock=clock)

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
        *_around_gohighlevel(container),
        *_around_the_change_log(container),
        *erasing(container),
        *telling(container),
        Task("forget dead processes", forget_the_dead, PRUNE_SECONDS),
    )


def _around_gohighlevel(container: Container) -> Sequence[Task]:
    """What is done about questions and outages."""
    database = container.database

    def follow_outages() -> None:
        try:
            states = container.breakers.states()
        except redis.RedisError as error:
            # Not knowing changes nothing: what is written stays so until Redis can be asked again.
            log.info("outages not known", error=type(error).__name__)
        else:
            with database.system() as session:
                outages.follow_breakers(session, states)
        with database.system() as session:
            over = outages.to_follow(session)
        for outage_id, church_id in over:
            with database.church(church_id) as session:
                outages.follow_cards(session, church_id, outage_id)

    def prune_questions() -> None:
        with database.system() as session:
            questions.prune(session)

    def forget_tokens() -> None:
        with database.system() as session:
            prune_trials(session)
            erase_old_tokens(session)

    def prune_outages() -> None:
        with database.system() as session:
            outages.prune(session)

    return (
        Task("follow outages", follow_outages),
        Task("prune questions", prune_questions, EMPTY_SECONDS),
        Task("forget tokens", forget_tokens, EMPTY_SECONDS),
        Task("prune outages", prune_outages, PRUNE_SECONDS),
    )


def _around_the_change_log(container: Container) -> Sequence[Task]:
    """Its entries get their place in a chain, and the chains are read again."""
    return (
        Task("seal the change log", lambda: seal(container.database), SEAL_SECONDS),
        Task("check the change log", lambda: watch(container.database), EMPTY_SECONDS),
    )
