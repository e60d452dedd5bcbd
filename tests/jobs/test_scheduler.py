"""The scheduler on a real PostgreSQL: one of several works, and a failing task stops nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from ghl.clock import SystemClock
from ghl.redis import connect_redis
from jobs.scheduler import LeaderLock, Scheduler, Task, sweep
from jobs.wake import Waker, marker
from tests.support.database import DatabaseUrls

TICK = 0.02


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


class Counted:
    """A task that notes when it ran, and whether another ran at the same moment."""

    def __init__(self) -> None:
        self.runs = 0
        self.by: list[str] = []

    def __call__(self, name: str) -> Callable[[], None]:
        def run() -> None:
            self.runs += 1
            self.by.append(name)

        return run


@contextmanager
def scheduling(urls: DatabaseUrls, *tasks: Task) -> Iterator[threading.Event]:
    lock = LeaderLock(urls.app)
    scheduler = Scheduler(tasks=tasks, lock=lock, clock=SystemClock(), tick_seconds=TICK)
    stop = threading.Event()
    thread = threading.Thread(target=scheduler.run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def cut_lock_connections(urls: DatabaseUrls) -> int:
    """Ends the connections that hold or want the lock, as a network failure or a restart would."""
    url = make_url(urls.admin).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as admin:
        return admin.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'hub-scheduler-lock' AND datname = current_database()"
        ).fetchone()[0]


def test_tasks_run_again_and_again_in_their_order(database_urls: DatabaseUrls) -> None:
    counted = Counted()
    with scheduling(database_urls, Task("a", counted("a"), TICK), Task("b", counted("b"), TICK)):
        until(lambda: min(counted.by.count("a"), counted.by.count("b")) >= 3)
    # Later turns hang on which of the two is due: each keeps its own time.
    assert counted.by[:2] == ["a", "b"]


def test_a_rare_task_runs_rarely(database_urls: DatabaseUrls) -> None:
    often, rarely = Counted(), Counted()
    with scheduling(database_urls, Task("often", often("o"), TICK), Task("rarely", rarely("r"), 3600)):
        until(lambda: often.runs >= 10)
    assert rarely.runs == 1


def test_a_failing_task_is_tried_again_and_the_others_go_on(database_urls: DatabaseUrls) -> None:
    failing, good = Counted(), Counted()

    def fail() -> None:
        failing("f")()
        raise RuntimeError("this task fails")

    with scheduling(database_urls, Task("bad", fail, TICK), Task("good", good("g"), TICK)):
        until(lambda: failing.runs >= 3 and good.runs >= 3)


def test_of_two_schedulers_one_works_and_the_other_takes_over(database_urls: DatabaseUrls) -> None:
    counted = Counted()
    with scheduling(database_urls, Task("task", counted("first"), TICK)) as stop_first:
        until(lambda: counted.runs >= 2)
        with scheduling(database_urls, Task("task", counted("second"), TICK)):
            before = counted.runs
            until(lambda: counted.runs >= before + 10)
            assert set(counted.by) == {"first"}
            stop_first.set()
            until(lambda: counted.by[-1] == "second")


def test_a_lost_connection_is_a_lost_lock_until_it_is_taken_again(database_urls: DatabaseUrls) -> None:
    first, second = LeaderLock(database_urls.app), LeaderLock(database_urls.app)
    assert first.held()
    assert first.held()
    assert not second.held()
    assert cut_lock_connections(database_urls) == 2
    # It learns of it before it acts again, and whoever comes first has the lock then.
    assert not first.held()
    assert not second.held()
    assert second.held()
    assert not first.held()
    second.close()
    until(first.held)
    first.close()


def test_a_scheduler_whose_connection_was_cut_goes_on(database_urls: DatabaseUrls) -> None:
    counted = Counted()
    with scheduling(database_urls, Task("task", counted("task"), TICK)):
        until(lambda: counted.runs >= 2)
        assert cut_lock_connections(database_urls) == 1
        before = counted.runs
        until(lambda: counted.runs >= before + 3)


def test_nothing_runs_without_the_database() -> None:
    counted = Counted()
    nowhere = DatabaseUrls(admin="", app="postgresql+psycopg://hub@127.0.0.1:1/hub")
    assert not LeaderLock(nowhere.app).held()
    with scheduling(nowhere, Task("task", counted("task"), TICK)):
        time.sleep(5 * TICK)
    assert counted.runs == 0


def test_stop_ends_it_soon_and_frees_the_lock(database_urls: DatabaseUrls) -> None:
    with scheduling(database_urls, Task("task", lambda: None, 3600)) as stop:
        until(lambda: cut_lock_connections(database_urls) == 1)
        stop.set()
    lock = LeaderLock(database_urls.app)
    until(lock.held)
    lock.close()


def test_the_password_stays_out_of_errors_and_reprs() -> None:
    lock = LeaderLock("postgresql+psycopg://hub:hunter2@127.0.0.1:1/hub")
    assert not lock.held()
    assert "hunter2" not in repr(lock)


def test_two_tasks_of_one_name_are_refused() -> None:
    tasks = [Task("same", lambda: None), Task("same", lambda: None)]
    with pytest.raises(ValueError, match="same name"):
        Scheduler(tasks=tasks, lock=LeaderLock("postgresql://hub@127.0.0.1:1/hub"), clock=SystemClock())


# The sweep


def test_the_sweep_wakes_every_church_with_due_work(redis_client: redis.Redis) -> None:
    churches = [uuid4() for _ in range(5)]
    sweep(lambda: churches, Waker(redis_client)).run()
    assert all(redis_client.exists(marker(church)) for church in churches)


def test_the_sweep_ends_quietly_without_redis() -> None:
    asked: list[UUID] = []

    def due() -> Iterator[UUID]:
        for _ in range(3):
            asked.append(uuid4())
            yield asked[-1]

    sweep(due, Waker(connect_redis("redis://127.0.0.1:1/0", timeout=0.2))).run()
    assert len(asked) == 1
