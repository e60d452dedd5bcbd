import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ghl.client import errors
from ghl.client.cache import AgedCache, LocationCache
from ghl.client.client import GHLClient
from tests.support.clients import LOCATION, outcome
from tests.support.nasty_server import Exchange, NastyServer


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def test_a_value_is_asked_for_once_until_it_is_old() -> None:
    clock = HandClock()
    cache: AgedCache[int] = AgedCache(clock=clock, max_age=60)
    answers = iter([1, 2])
    first = cache.get("key", lambda: next(answers))
    clock.seconds += 60
    assert cache.get("key", lambda: next(answers)) == first
    assert cache.peek("key") == first
    clock.seconds += 0.1
    assert cache.peek("key") is None
    second = cache.get("key", lambda: next(answers))
    assert second.value == 2
    assert second.fetched_at - first.fetched_at == timedelta(seconds=60.1)
    cache.forget("key")
    assert cache.peek("key") is None


def test_it_keeps_no_more_than_it_may_and_drops_what_was_used_least() -> None:
    cache: AgedCache[int] = AgedCache(clock=HandClock(), max_age=60, max_entries=2)
    for key in ("a", "b"):
        cache.get(key, lambda: 1)
    cache.get("a", lambda: 1)
    cache.get("c", lambda: 1)
    assert cache.peek("b") is None
    assert cache.peek("a")
    assert cache.peek("c")


@pytest.mark.parametrize("fails", [True, False])
def test_many_threads_ask_once_and_share_the_outcome(*, fails: bool) -> None:
    cache: AgedCache[int] = AgedCache(clock=HandClock(), max_age=60)
    release, asked, outcomes = threading.Event(), [], []

    def load() -> int:
        asked.append(1)
        release.wait(5)
        if fails:
            raise errors.ServerError("away", status=503)
        return 7

    threads = [
        threading.Thread(target=lambda: outcomes.append(outcome(lambda: cache.get("key", load))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    waiting = cache._asking["key"]._condition
    while len(waiting._waiters) < 7:  # type: ignore[attr-defined]
        release.wait(0.005)
    release.set()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    if fails:
        assert [type(result) for result in outcomes] == [errors.ServerError] * 8
        assert cache.get("key", lambda: 9).value == 9
    else:
        assert [result.value for result in outcomes] == [7] * 8


def test_location_and_fields_cost_one_call_each(connect: Callable[..., GHLClient]) -> None:
    def behave(exchange: Exchange) -> None:
        exchange.answer({"location": {"id": LOCATION}, "customFields": [{"id": "f1"}]})

    clock = HandClock()
    cache = LocationCache(clock=clock)
    with NastyServer(behave) as server:
        client, again = connect(server.url), connect(server.url)
        assert cache.known_location(client) is None
        for asking in (client, again):
            assert cache.location(asking).value.id == LOCATION
            assert cache.custom_fields(asking).value[0].id == "f1"
        assert cache.known_location(client) is not None
        assert len(server.requests) == 2
        cache.forget(client)
        cache.location(client)
        assert len(server.requests) == 3
        other = connect(server.url, location_id="other")
        cache.location(other)
        assert len(server.requests) == 4
