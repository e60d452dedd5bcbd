"""The housekeeper's tasks that take people, churches and old rows away; `ghl.erasing` does the work."""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.crypto import KeyRing, KeyRingError
from ghl.erasing import church, contacts, erase, retention
from ghl.keys.check import check_keys
from jobs.container import Container
from jobs.scheduler import Task

REMOVE_STEPS = 5
"""Batches of a church a turn, so that other tasks have theirs."""

RETENTION_SECONDS = 60.0
ASK_SECONDS = 5.0

log = structlog.get_logger(__name__)


def erasing(container: Container) -> Sequence[Task]:
    """What is done over and over. Each may run twice at once without harm."""
    return (
        Task("erase people", lambda: _each_with_keys(container, erase.churches_waiting, _carry_out)),
        Task("remove contacts", lambda: _each(container, contacts.churches_due, _follow), ASK_SECONDS),
        Task("remove churches", lambda: _each_with_keys(container, church.being_removed, _remove)),
        Task("let old rows go", lambda: _retain(container), RETENTION_SECONDS),
    )


def _each(
    container: Container,
    churches: Callable[[Session], Iterable[UUID]],
    work: Callable[[Container, UUID], object],
) -> None:
    with container.database.system() as session:
        found = list(churches(session))
    _work(container, found, work)


def _each_with_keys(
    container: Container,
    churches: Callable[[Session], Iterable[UUID]],
    work: Callable[[Container, KeyRing, UUID], object],
) -> None:
    """As `_each`. The keys are looked at where there is something to do, and once for all churches."""
    with container.database.system() as session:
        found = list(churches(session))
    if not found:
        return
    try:
        ring = _right_keys(container)
    except KeyRingError as error:
        log.warning("erasing put off", churches=len(found), why=str(error))
        return
    _work(container, found, lambda container, church_id: work(container, ring, church_id))


def _work(container: Container, churches: Iterable[UUID], work: Callable[[Container, UUID], object]) -> None:
    """What goes wrong in one church keeps no other one waiting."""
    for church_id in churches:
        try:
            work(container, church_id)
        except redis.RedisError as error:
            # What was asked stays asked: the sweep tells a worker of it when Redis is back.
            log.warning("erasing without Redis", error=type(error).__name__)
        except SQLAlchemyError as error:
            log.warning("erasing put off", church_id=str(church_id), error=type(error).__name__)
        except KeyRingError as error:
            log.warning("erasing put off", church_id=str(church_id), why=str(error))


def _carry_out(container: Container, ring: KeyRing, church_id: UUID) -> None:
    erase.carry_out(container.database, ring, church_id, now=container.clock.now())


def _follow(container: Container, church_id: UUID) -> None:
    with container.database.church(church_id) as session:
        asked = contacts.follow(session, church_id)
    if asked:
        container.waker.wake(church_id)


def _remove(container: Container, ring: KeyRing, church_id: UUID) -> None:
    for _ in range(REMOVE_STEPS):
        if church.step(container.database, ring, church_id, now=container.clock.now()):
            return


def _right_keys(container: Container) -> KeyRing:
    """The keys, once they are known to be the hub's own: a proof made with any other could never be found again.

    Raises `KeyRingError`.
    """
    check_keys(container.database, container.key_ring)
    return container.key_ring


def _retain(container: Container) -> None:
    database, now = container.database, container.clock.now()
    for prune in (
        retention.prune_attempts,
        retention.prune_message_attempts,
        retention.prune_proofs,
        retention.prune_requests,
    ):
        with database.system() as session:
            prune(session, now=now)
    with database.system() as session:
        forgetful = retention.churches_that_forget(session)
    for church_id, years in forgetful:
        retention.expire_cards(database, church_id, years, now=now)
