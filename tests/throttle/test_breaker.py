"""Breakers on a real Valkey: when they open, who tests, when they close."""

import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import redis

from ghl.client.breaker import Breakers, Gate, StateChange
from ghl.client.breaker_rules import BreakerRules
from ghl.redis import connect_redis

HERE = "location-here"


class Recorder:
    def __init__(self) -> None:
        self.changes: list[StateChange] = []

    def __call__(self, change: StateChange) -> None:
        self.changes.append(change)


@pytest.fixture
def breakers(redis_client: redis.Redis) -> Breakers:
    return Breakers(redis_client)


def quick(client: redis.Redis, *, test_after: float = 0.1, claim: float = 0.3, **more) -> Breakers:
    return Breakers(client, rules=BreakerRules(test_after_seconds=test_after, claim_seconds=claim), **more)


def open_one(breakers: Breakers, location: str = HERE) -> None:
    breakers.record(location, successes=0, system_errors=5)


def wait_for_probes(breakers: Breakers, seconds: float = 5.0) -> list[str]:
    deadline = time.monotonic() + seconds
    while not (probes := breakers.due_probes()):
        assert time.monotonic() < deadline, "no test became due"
        time.sleep(0.01)
    return probes


# Opening


def test_a_location_nobody_called_is_closed(breakers: Breakers) -> None:
    assert breakers.gate(HERE) == Gate(closed=True)
    assert breakers.states() == ()
    assert breakers.due_probes() == []


@pytest.mark.parametrize(
    ("successes", "errors", "closed"),
    [(5, 5, False), (6, 4, True), (6, 5, True), (6, 6, False), (5, 4, True), (50, 49, True), (0, 4, True)],
)
def test_opens_at_half_of_ten_calls(breakers: Breakers, successes: int, errors: int, closed: bool) -> None:
    in_turn = [False, True] * min(successes, errors)
    rest = [successes > errors] * abs(successes - errors)
    breakers.record(HERE, successes=successes, system_errors=errors, in_order=in_turn + rest)
    assert breakers.gate(HERE).closed is closed


def test_batches_add_up(breakers: Breakers) -> None:
    for _ in range(4):
        breakers.record(HERE, successes=1, system_errors=1)
    assert breakers.gate(HERE).closed
    breakers.record(HERE, successes=1, system_errors=1)
    assert not breakers.gate(HERE).closed


def test_what_is_older_than_ten_seconds_counts_no_more(redis_client: redis.Redis, breakers: Breakers) -> None:
    second = redis_client.time()[0]
    tally = f"{{breaker}}:tally:{HERE}"
    redis_client.hset(tally, mapping={f"bad:{second - 10}": 50, f"good:{second - 11}": 50})
    breakers.record(HERE, successes=5, system_errors=4)
    assert breakers.gate(HERE).closed
    assert redis_client.hlen(tally) <= 4
    redis_client.hset(tally, f"bad:{second - 5}", 1)
    breakers.record(HERE, successes=0, system_errors=1)
    assert not breakers.gate(HERE).closed


def test_five_in_a_row_open_however_slow(redis_client: redis.Redis, breakers: Breakers) -> None:
    tally = f"{{breaker}}:tally:{HERE}"
    for number in range(5):
        assert breakers.gate(HERE).closed
        breakers.record(HERE, successes=0, system_errors=1)
        if number < 4:
            # Minutes pass: the ten seconds have forgotten the error, the row has not.
            redis_client.hdel(tally, *[f for f in redis_client.hkeys(tally) if f.startswith(b"bad")])
    assert not breakers.gate(HERE).closed


def test_a_success_breaks_the_row(breakers: Breakers) -> None:
    breakers.record(HERE, successes=0, system_errors=4)
    breakers.record(HERE, successes=1, system_errors=0)
    breakers.record(HERE, successes=0, system_errors=4)
    assert breakers.gate(HERE).closed


def test_the_order_within_a_batch_counts(breakers: Breakers) -> None:
    breakers.record(HERE, successes=1, system_errors=3, in_order=[True, False, False, False])
    breakers.record(HERE, successes=1, system_errors=2, in_order=[False, False, True])
    assert not breakers.gate(HERE).closed
    breakers.record("there", successes=3, system_errors=5, in_order=[True, *[False] * 5, True, True])
    assert not breakers.gate("there").closed


def test_nothing_recorded_changes_nothing(redis_client: redis.Redis, breakers: Breakers) -> None:
    breakers.record(HERE, successes=0, system_errors=0)
    assert redis_client.keys("*") == []


def test_twenty_lost_answers_at_once_are_twenty_outcomes(
    redis_client: redis.Redis, breakers: Breakers
) -> None:
    # The calls run outside the breaker: none of them is told "circuit open", which would read as never sent.
    start = threading.Barrier(20)

    def call() -> str:
        start.wait()
        breakers.record(HERE, successes=0, system_errors=1)
        return "answer lost"

    with ThreadPoolExecutor(20) as threads:
        outcomes = [future.result() for future in [threads.submit(call) for _ in range(20)]]
    assert outcomes == ["answer lost"] * 20
    tally = redis_client.hgetall(f"{{breaker}}:tally:{HERE}")
    assert sum(int(value) for field, value in tally.items() if field.startswith(b"bad")) == 20
    assert not breakers.gate(HERE).closed


def test_each_step_is_told_once(redis_client: redis.Redis) -> None:
    told = Recorder()
    start = threading.Barrier(8)

    def fail() -> None:
        breakers = quick(redis_client, on_change=told)
        start.wait()
        for _ in range(5):
            open_one(breakers)

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(fail) for _ in range(8)]:
            future.result()
    breakers = quick(redis_client, on_change=told)
    wait_for_probes(breakers)
    breakers.probed(HERE, healthy=False)
    wait_for_probes(breakers)
    breakers.probed(HERE, healthy=True)
    assert [(change.location_id, change.old, change.new) for change in told.changes] == [
        (HERE, "closed", "open"),
        (HERE, "open", "half-open"),
        (HERE, "half-open", "open"),
        (HERE, "open", "half-open"),
        (HERE, "half-open", "closed"),
    ]


def test_the_gate_says_when_the_next_test_is(breakers: Breakers) -> None:
    open_one(breakers)
    gate = breakers.gate(HERE)
    assert not gate.closed
    assert not gate.whole
    assert gate.retry_at is not None
    assert timedelta(seconds=25) < gate.retry_at - datetime.now(UTC) <= timedelta(seconds=31)
    assert breakers.gate("there").closed


# Testing


def test_a_healthy_test_closes_and_starts_a_new_count(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client)
    open_one(breakers)
    assert breakers.due_probes() == []
    assert wait_for_probes(breakers) == [HERE]
    (state,) = breakers.states()
    assert (state.location_id, state.state, state.testing) == (HERE, "half-open", True)
    assert not breakers.gate(HERE).closed
    breakers.probed(HERE, healthy=True)
    assert breakers.gate(HERE).closed
    assert breakers.states() == ()
    breakers.record(HERE, successes=0, system_errors=4)
    assert breakers.gate(HERE).closed


def test_a_failed_test_waits_for_the_next(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.3, claim=60)
    open_one(breakers)
    opened_at = breakers.states()[0].opened_at
    wait_for_probes(breakers)
    breakers.probed(HERE, healthy=False)
    assert breakers.due_probes() == []
    (state,) = breakers.states()
    assert (state.state, state.testing, state.opened_at) == ("open", False, opened_at)
    assert wait_for_probes(breakers) == [HERE]


def test_one_test_among_fifty_claimers_in_threads(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.0, claim=60)
    open_one(breakers)
    start = threading.Barrier(50)

    def claim() -> list[str]:
        start.wait()
        return breakers.due_probes()

    with ThreadPoolExecutor(50) as threads:
        claims = [future.result() for future in [threads.submit(claim) for _ in range(50)]]
    assert sorted(claims) == [[]] * 49 + [[HERE]]


def _claim_often(url: str, results: "multiprocessing.SimpleQueue") -> None:
    with connect_redis(url) as client:
        breakers = quick(client, test_after=0.0, claim=60, on_change=lambda _: None)
        results.put([location for _ in range(25) for location in breakers.due_probes()])


def test_one_test_among_claimers_in_processes(redis_url: str, redis_client: redis.Redis) -> None:
    open_one(quick(redis_client, test_after=0.0))
    context = multiprocessing.get_context("spawn")
    results = context.SimpleQueue()
    claimers = [
        context.Process(target=_claim_often, args=(redis_url, results), daemon=True) for _ in range(3)
    ]
    for claimer in claimers:
        claimer.start()
    claims = [results.get() for _ in claimers]
    for claimer in claimers:
        claimer.join(10)
    assert [location for claimed in claims for location in claimed] == [HERE]


def test_a_dead_prober_frees_the_test(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.0, claim=0.5)
    open_one(breakers)
    assert wait_for_probes(breakers) == [HERE]
    assert breakers.due_probes() == []
    assert wait_for_probes(breakers) == [HERE]
    # The first one was only slow: its late verdict after the other's changes nothing.
    breakers.probed(HERE, healthy=True)
    breakers.probed(HERE, healthy=False)
    assert breakers.gate(HERE).closed


def test_a_prober_that_died_between_claim_and_step_frees_it_too(redis_client: redis.Redis) -> None:
    def die(_: StateChange) -> None:
        raise SystemExit

    open_one(quick(redis_client))
    with pytest.raises(SystemExit):
        wait_for_probes(quick(redis_client, test_after=0.0, claim=0.2, on_change=die))
    assert wait_for_probes(quick(redis_client, claim=0.2)) == [HERE]


def test_closes_at_night_with_nothing_to_send(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.1, claim=1.0)
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    assert breakers.states()[0].location_id is None
    deadline = time.monotonic() + 10
    while breakers.states():
        assert time.monotonic() < deadline
        for location in breakers.due_probes():
            breakers.probed(location, healthy=True)
        time.sleep(0.01)
    assert all(breakers.gate(location).closed for location in ("a", "b", "c"))


def test_test_now_makes_the_test_due_at_once(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=3600, claim=60)
    assert not breakers.request_test(HERE)
    open_one(breakers)
    assert breakers.due_probes() == []
    assert breakers.request_test(HERE)
    assert breakers.due_probes() == [HERE]
    # While that test runs, another press starts no second one.
    assert breakers.request_test(HERE)
    assert breakers.due_probes() == []


def test_many_open_locations_are_handed_out_in_portions(redis_client: redis.Redis) -> None:
    rules = BreakerRules(test_after_seconds=0.0, tests_at_once=2, least_open_locations=99)
    breakers = Breakers(redis_client, rules=rules)
    for number in range(5):
        open_one(breakers, f"location-{number}")
    portions = [breakers.due_probes() for _ in range(4)]
    assert [len(portion) for portion in portions] == [2, 2, 1, 0]
    assert len({location for portion in portions for location in portion}) == 5


# GHL as a whole


def test_one_location_down_or_two_do_not_open_the_whole(breakers: Breakers) -> None:
    open_one(breakers, "a")
    open_one(breakers, "b")
    assert breakers.gate("c").closed


def test_three_locations_down_open_the_whole(breakers: Breakers) -> None:
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    gate = breakers.gate("d")
    assert (gate.closed, gate.whole) == (False, True)
    assert gate.retry_at is not None
    assert [state.location_id for state in breakers.states()] == [None, "a", "b", "c"]


def test_three_of_many_do_not_open_the_whole_and_half_do(breakers: Breakers) -> None:
    for number in range(4):
        breakers.record(f"healthy-{number}", successes=1, system_errors=0)
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    assert breakers.gate("healthy-0").closed
    open_one(breakers, "d")
    assert breakers.gate("healthy-0").whole


def test_who_called_long_ago_is_not_calling(redis_client: redis.Redis, breakers: Breakers) -> None:
    for number in range(9):
        breakers.record(f"yesterday-{number}", successes=1, system_errors=0)
        old = (redis_client.time()[0] - 61) * 1_000_000
        redis_client.zadd("{breaker}:calling", {f"yesterday-{number}": old})
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    assert breakers.gate(HERE).whole


def test_while_the_whole_is_open_there_is_one_test_in_the_fleet(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.0, claim=60)
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    seen = []
    for _ in range(6):
        (tester,) = wait_for_probes(breakers)
        assert breakers.due_probes() == []
        breakers.probed(tester, healthy=False)
        seen.append(tester)
    # They take turns, so that one broken location cannot keep the whole open.
    assert sorted(seen[:3]) == ["a", "b", "c"]
    assert seen[3:] == seen[:3]


def test_a_waiting_healthy_location_is_tested_next_and_heals_the_whole(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.05, claim=60)
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    for _ in range(3):
        (tester,) = wait_for_probes(breakers)
        breakers.probed(tester, healthy=False)
    assert not breakers.gate("morning").closed
    assert wait_for_probes(breakers) == ["morning"]
    breakers.probed("morning", healthy=True)
    assert breakers.gate("morning").closed
    # The three are tested at once, and stay open by themselves without opening the whole again.
    assert sorted(breakers.due_probes()) == ["a", "b", "c"]
    for location in ("a", "b", "c"):
        breakers.probed(location, healthy=False)
        breakers.record(location, successes=0, system_errors=5)
    assert breakers.gate("morning").closed
    assert not breakers.gate("a").closed
    # Three more would be news.
    for location in ("d", "e", "f"):
        open_one(breakers, location)
    assert breakers.gate("morning").whole


def test_test_now_while_the_whole_is_open_asks_by_that_location(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=3600, claim=60)
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    assert breakers.request_test("d")
    assert breakers.due_probes() == ["d"]


def test_the_whole_opens_even_when_its_opener_died(redis_client: redis.Redis) -> None:
    def die_at_third(change: StateChange) -> None:
        if change.location_id == "c":
            raise SystemExit

    breakers = quick(redis_client, on_change=die_at_third)
    open_one(breakers, "a")
    open_one(breakers, "b")
    with pytest.raises(SystemExit):
        open_one(breakers, "c")
    assert not breakers.gate("d").whole
    breakers.record("a", successes=0, system_errors=1)
    assert breakers.gate("d").whole


# Keeping


def test_a_forgotten_location_leaves_nothing(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.0)
    open_one(breakers)
    breakers.forget(HERE)
    assert breakers.due_probes() == []
    assert breakers.gate(HERE).closed
    assert redis_client.keys("*") == []


def test_every_key_expires_by_itself(redis_client: redis.Redis) -> None:
    breakers = quick(redis_client, test_after=0.0)
    for location in ("a", "b", "c"):
        open_one(breakers, location)
    (tester,) = wait_for_probes(breakers)
    breakers.gate("d")
    breakers.probed(tester, healthy=True)
    breakers.due_probes()
    keys = redis_client.keys("*")
    assert keys
    assert all(redis_client.ttl(key) > 0 for key in keys), [k for k in keys if redis_client.ttl(k) < 0]


def test_without_redis_the_gate_does_not_open_and_does_not_guess() -> None:
    client = connect_redis("redis://127.0.0.1:1/0", timeout=0.2)
    with pytest.raises(redis.ConnectionError):
        Breakers(client).gate(HERE)


def test_asking_and_recording_are_one_call_each(redis_client: redis.Redis, breakers: Breakers) -> None:
    def calls(action: Callable[[], object]) -> int:
        action()  # the script is loaded now
        redis_client.config_resetstat()
        action()
        return redis_client.info("commandstats")["cmdstat_evalsha"]["calls"]

    assert calls(lambda: breakers.gate(HERE)) == 1
    assert calls(lambda: breakers.record(HERE, successes=3, system_errors=1)) == 1
    assert calls(breakers.due_probes) == 1
