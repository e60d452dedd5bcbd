"""Wake-ups through a real Valkey and a real RQ worker: none lost, none in the way."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
import redis
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer

from ghl.redis import connect_redis
from jobs.listener import Listener
from jobs.wake import QUEUE, BackgroundWaker, Waker, marker
from tests.support.servers import restartable_valkey


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


@contextmanager
def listening(url: str, on_wake: Callable[[UUID], None], name: str = "worker-1") -> Iterator[Listener]:
    """A listener in a thread that is not the main one, as in a worker process."""
    listener = Listener(url, name=name, on_wake=on_wake)
    thread = threading.Thread(target=listener.run)
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join(15)
        assert not thread.is_alive()


class Saves:
    """Cards of a few churches: a save counts up, a wake-up delivers all that was saved before it looked."""

    def __init__(self, churches: int) -> None:
        self.churches = [uuid4() for _ in range(churches)]
        self.saved: Counter[UUID] = Counter()
        self.delivered: Counter[UUID] = Counter()
        self._lock = threading.Lock()

    def save(self, church: UUID) -> None:
        with self._lock:
            self.saved[church] += 1

    def deliver(self, church: UUID) -> None:
        with self._lock:
            self.delivered[church] = self.saved[church]

    def all_delivered(self) -> bool:
        with self._lock:
            return self.delivered == self.saved


def test_a_wake_up_reaches_the_listener(redis_url: str, redis_client: redis.Redis) -> None:
    woken: list[UUID] = []
    church = uuid4()
    with listening(redis_url, woken.append):
        assert Waker(redis_client).wake(church)
        until(lambda: woken == [church])


def test_wake_ups_that_wait_already_are_not_queued_twice(redis_client: redis.Redis) -> None:
    waker, church = Waker(redis_client), uuid4()
    assert waker.wake(church)
    assert not waker.wake(church)
    assert waker.wake(uuid4())
    assert len(Queue(QUEUE, connection=redis_client, serializer=JSONSerializer)) == 2


def test_the_marker_is_gone_before_the_look_for_work(redis_url: str, redis_client: redis.Redis) -> None:
    church, seen = uuid4(), []

    def look(found: UUID) -> None:
        # A save that comes now must be able to queue a wake-up of its own.
        seen.append(
            (redis_client.exists(marker(found)), Waker(redis_client).wake(found) if not seen else None)
        )

    with listening(redis_url, look):
        Waker(redis_client).wake(church)
        until(lambda: len(seen) == 2)
    assert seen == [(0, True), (0, None)]


def test_a_lost_wake_up_hides_later_ones_for_two_seconds_at_most(redis_client: redis.Redis) -> None:
    waker, church = Waker(redis_client), uuid4()
    waker.wake(church)
    assert 0 < redis_client.pttl(marker(church)) <= 2000
    Queue(QUEUE, connection=redis_client, serializer=JSONSerializer).empty()
    quick = Waker(redis_client, marker_ms=50)
    other = uuid4()
    quick.wake(other)
    until(lambda: quick.wake(other))


def test_800_wake_ups_at_once_and_none_is_lost(redis_url: str) -> None:
    saves = Saves(churches=10)
    start = threading.Barrier(16)

    def save_and_wake(number: int) -> None:
        with connect_redis(redis_url) as client:
            waker = Waker(client)
            start.wait()
            for turn in range(50):
                church = saves.churches[(number + turn) % 10]
                saves.save(church)
                waker.wake(church)

    with listening(redis_url, saves.deliver, "worker-1"), listening(redis_url, saves.deliver, "worker-2"):
        with ThreadPoolExecutor(16) as threads:
            for future in [threads.submit(save_and_wake, number) for number in range(16)]:
                future.result()
        assert sum(saves.saved.values()) == 800
        until(saves.all_delivered)


def _wake_from_process(url: str, church: UUID, saved, times: int) -> None:
    with connect_redis(url) as client:
        waker = Waker(client)
        for _ in range(times):
            with saved.get_lock():
                saved.value += 1
            waker.wake(church)


def test_wake_ups_of_several_processes_and_none_is_lost(redis_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    saved, church, delivered = context.Value("i", 0), uuid4(), []
    savers = [
        context.Process(target=_wake_from_process, args=(redis_url, church, saved, 100), daemon=True)
        for _ in range(2)
    ]
    with listening(redis_url, lambda _: delivered.append(saved.value)):
        for saver in savers:
            saver.start()
        for saver in savers:
            saver.join(30)
        until(lambda: bool(delivered) and delivered[-1] == 200)


def test_a_failing_wake_up_ends_nothing_and_leaves_nothing(redis_url: str, redis_client: redis.Redis) -> None:
    woken: list[UUID] = []
    bad, good = uuid4(), uuid4()

    def deliver(church: UUID) -> None:
        if church == bad:
            raise ValueError("Anna, +1 555 0100")
        woken.append(church)

    with listening(redis_url, deliver):
        Waker(redis_client).wake(bad)
        Waker(redis_client).wake(good)
        until(lambda: woken == [good])
    for key in redis_client.keys("*"):
        assert b"Anna" not in (redis_client.dump(key) or b"")


def test_nothing_leaks(redis_url: str, redis_client: redis.Redis) -> None:
    woken: list[UUID] = []
    with listening(redis_url, woken.append):
        for _ in range(30):
            Waker(redis_client).wake(uuid4())
        until(lambda: len(woken) == 30)
        until(lambda: not redis_client.keys("rq:job:*"))
        assert Worker.count(connection=redis_client) == 1
        forever = {key for key in redis_client.keys("*") if redis_client.ttl(key) == -1}
        # The names of queues and workers: as many as there are, whatever was sent.
        assert forever <= {b"rq:queues", b"rq:workers", b"rq:workers:wake"}
    assert Worker.count(connection=redis_client) == 0


def test_stop_ends_the_listener_soon(redis_url: str, redis_client: redis.Redis) -> None:
    with listening(redis_url, lambda _: None) as listener:
        until(lambda: Worker.count(connection=redis_client) == 1)
        before = time.monotonic()
        listener.stop()
        until(lambda: Worker.count(connection=redis_client) == 0)
        assert time.monotonic() - before < 2.5


def test_the_queue_is_bounded_when_nobody_listens(redis_client: redis.Redis) -> None:
    waker = Waker(redis_client, most_waiting=5)
    assert [waker.wake(uuid4()) for _ in range(7)] == [True] * 5 + [False] * 2
    jobs = redis_client.keys("rq:job:*")
    assert len(jobs) == 5
    assert all(0 < redis_client.ttl(job) <= 60 for job in jobs)


def test_another_rq_worker_does_not_pretend(redis_client: redis.Redis) -> None:
    Waker(redis_client).wake(uuid4())
    worker = SimpleWorker([QUEUE], connection=redis_client, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")
    failed = Queue(QUEUE, connection=redis_client, serializer=JSONSerializer).failed_job_registry
    assert len(failed) == 1


def test_the_listener_survives_redis_stopping_and_starting() -> None:
    woken: list[UUID] = []
    with (
        restartable_valkey() as server,
        listening(server.url, woken.append),
        connect_redis(server.url) as client,
    ):
        first = uuid4()
        Waker(client).wake(first)
        until(lambda: woken == [first])
        server.stop()
        with pytest.raises(redis.ConnectionError):
            Waker(client).wake(uuid4())
        server.start()
        second = uuid4()
        Waker(client).wake(second)
        until(lambda: woken[-1] == second)


def test_the_listener_stops_while_redis_is_away() -> None:
    with restartable_valkey() as server, listening(server.url, lambda _: None) as listener:
        with connect_redis(server.url) as client:
            until(lambda: Worker.count(connection=client) == 1)
        server.stop()
        before = time.monotonic()
        listener.stop()
    assert time.monotonic() - before < 3


def test_the_listener_survives_a_redis_that_hangs() -> None:
    woken: list[UUID] = []
    with (
        restartable_valkey() as server,
        listening(server.url, woken.append),
        connect_redis(server.url) as client,
    ):
        until(lambda: Worker.count(connection=client) == 1)
        server.freeze()
        time.sleep(4)  # longer than the listener's time-out; there is nothing to poll
        server.thaw()
        church = uuid4()
        Waker(client).wake(church)
        until(lambda: church in woken)


# In the background


def test_a_save_never_waits_for_redis() -> None:
    with restartable_valkey() as server, connect_redis(server.url) as client:
        waker = BackgroundWaker(Waker(client))
        server.freeze()
        before = time.monotonic()
        for _ in range(500):
            waker.wake(uuid4())
        assert time.monotonic() - before < 0.5
        server.thaw()
        waker.close()


def test_background_wake_ups_arrive_and_those_without_redis_are_dropped() -> None:
    with restartable_valkey() as server, connect_redis(server.url) as client:
        queue = Queue(QUEUE, connection=client, serializer=JSONSerializer)
        waker = BackgroundWaker(Waker(client))
        waker.wake(uuid4())
        until(lambda: len(queue) == 1)
        server.stop()
        waker.wake(uuid4())
        waker.wake(uuid4())
        time.sleep(0.3)  # it has tried and dropped them; nothing tells so from outside
        server.start()
        waker.wake(uuid4())
        until(lambda: len(queue) == 1)
        waker.close()
        waker.close()


def test_closing_tells_what_is_noted(redis_client: redis.Redis) -> None:
    waker = BackgroundWaker(Waker(redis_client))
    for _ in range(20):
        waker.wake(uuid4())
    waker.close()
    queue = Queue(QUEUE, connection=redis_client, serializer=JSONSerializer)
    assert len(queue) == 20
    waker.wake(uuid4())
    assert len(queue) == 20
