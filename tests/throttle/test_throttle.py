"""The budget of one location, on a real Valkey with short windows."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghl.client.rate_headers import RateHeaders
from ghl.client.throttle import Throttle, limit_of
from ghl.clock import SystemClock
from ghl.redis import connect_redis
from tests.bench.throttle import OffClock, most_in

HERE = "location-here"


@pytest.fixture
def throttle(redis_client: redis.Redis) -> Throttle:
    return Throttle(redis_client, clock=SystemClock())


def short(client: redis.Redis, window: float = 0.3, **more: int) -> Throttle:
    return Throttle(client, clock=SystemClock(), window_seconds=window, **more)


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.005)


def test_grants_what_is_left_and_says_when_more_comes(throttle: Throttle) -> None:
    assert throttle.take(HERE, 60).granted == 60
    second = throttle.take(HERE, 60)
    assert second.granted == 40
    assert 10.0 < second.wait_seconds <= 10.25
    third = throttle.take(HERE, 1)
    assert (third.granted, third.daily_exhausted) == (0, False)
    assert throttle.take("another-location", 100).granted == 100


def test_waiting_as_told_brings_more(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, limit=5)
    throttle.take(HERE, 5)
    refused = throttle.take(HERE, 1)
    assert refused.granted == 0
    time.sleep(refused.wait_seconds)
    assert throttle.take(HERE, 9).granted == 5


def test_nothing_wanted_costs_nothing(throttle: Throttle) -> None:
    assert throttle.take(HERE, 0).granted == 0
    assert throttle.usage(HERE).ours == 0


def test_a_wrong_clock_changes_nothing(redis_client: redis.Redis) -> None:
    ahead, behind = (Throttle(redis_client, clock=OffClock(minutes)) for minutes in (5, -5))
    assert ahead.take(HERE, 70).granted == 70
    assert behind.take(HERE, 70).granted == 30
    assert ahead.take(HERE, 1).granted == 0
    assert behind.take(HERE, 1).wait_seconds > 10


def test_a_grant_ends_by_the_clock_of_the_process_that_took_it(redis_client: redis.Redis) -> None:
    clock = OffClock(5)
    before = clock.monotonic()
    grant = Throttle(redis_client, clock=clock, send_within=0.15).take(HERE, 1)
    assert before + 0.15 <= grant.expires_at <= clock.monotonic() + 0.15


def test_unsent_calls_return_exactly(throttle: Throttle) -> None:
    grant = throttle.take(HERE, 10)
    assert throttle.give_back(HERE, grant, 3) == 3
    usage = throttle.usage(HERE)
    assert (usage.ours, usage.today) == (7, 7)
    assert throttle.give_back(HERE, grant, 100) == 7
    assert throttle.give_back(HERE, grant, 1) == 0
    usage = throttle.usage(HERE)
    assert (usage.ours, usage.today, usage.free_today) == (0, 0, 200_000)


def test_one_grant_never_returns_the_calls_of_another(throttle: Throttle) -> None:
    first, second = throttle.take(HERE, 5), throttle.take(HERE, 5)
    assert throttle.give_back(HERE, first, 9) == 5
    assert throttle.usage(HERE).ours == 5
    assert throttle.give_back(HERE, second, 5) == 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "give_back", "renew"]), st.integers(0, 12), st.integers(0, 5)),
        max_size=25,
    )
)
def test_the_budget_is_always_what_a_plain_count_says(redis_url: str, steps) -> None:
    with connect_redis(redis_url) as client:
        client.flushall()
        throttle = Throttle(client, clock=SystemClock(), limit=20, daily_limit=50, window_seconds=60)
        held: list[list] = []  # each grant with the calls of it that the plain count still holds
        for step, count, which in steps:
            used = sum(calls for _, calls in held)
            if step == "take":
                grant = throttle.take(HERE, count)
                assert grant.granted == min(count, 20 - used)
                if grant.granted:
                    held.append([grant, grant.granted])
            elif held:
                entry = held[which % len(held)]
                if step == "give_back":
                    assert throttle.give_back(HERE, entry[0], count) == min(count, entry[1])
                    entry[1] -= min(count, entry[1])
                else:
                    renewed = throttle.renew(HERE, entry[0])
                    assert renewed.granted == min(entry[1], 1)
                    if renewed.granted:
                        entry[1] -= 1
                        held.append([renewed, 1])
            usage = throttle.usage(HERE)
            assert usage.ours == usage.today == sum(calls for _, calls in held)


def test_a_renewed_call_stays_longer_and_is_sent_within_the_budget(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=1.0, limit=2)
    grant = throttle.take(HERE, 2)
    time.sleep(0.4)
    assert throttle.renew(HERE, grant).granted == 1
    until(lambda: throttle.take(HERE, 1).granted == 1)
    # The call that was not renewed has made room, the renewed one has not.
    assert throttle.take(HERE, 1).granted == 0


def test_a_place_that_has_run_out_is_not_renewed(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=0.05)
    grant = throttle.take(HERE, 1)
    time.sleep(0.06)
    assert throttle.renew(HERE, grant).granted == 0
    assert throttle.usage(HERE).ours == 0


def test_never_more_than_the_limit_in_any_window(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=0.2, limit=10)
    times: list[float] = []
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        grant = throttle.take(HERE, 3)
        times += [time.monotonic()] * grant.granted
        time.sleep(min(grant.wait_seconds, 0.05))
    assert most_in(times, 0.18) <= 10
    assert len(times) >= 60


def test_headers_lower_the_budget_by_what_others_used(throttle: Throttle) -> None:
    throttle.take(HERE, 10)
    sent = time.monotonic()
    throttle.observe(HERE, RateHeaders(limit=100, remaining=60, interval_ms=10_000), sent)
    usage = throttle.usage(HERE)
    assert (usage.ours, usage.others) == (10, 30)
    assert throttle.take(HERE, 100).granted == 60


def test_headers_never_raise_the_budget(throttle: Throttle) -> None:
    throttle.take(HERE, 90)
    throttle.observe(HERE, RateHeaders(limit=500, remaining=499, daily_remaining=900_000), time.monotonic())
    assert throttle.take(HERE, 100).granted == 10


def test_our_own_calls_are_not_taken_for_those_of_others(throttle: Throttle) -> None:
    throttle.take(HERE, 80)
    # The first call of a burst and the last one: the server has counted 1, then all 80 of ours.
    throttle.observe(HERE, RateHeaders(limit=100, remaining=99), time.monotonic())
    throttle.observe(HERE, RateHeaders(limit=100, remaining=20), time.monotonic())
    assert throttle.usage(HERE).others == 0
    assert throttle.take(HERE, 100).granted == 20


def test_calls_granted_after_the_request_are_not_held_against_it(throttle: Throttle) -> None:
    throttle.take(HERE, 10)
    sent = time.monotonic()
    time.sleep(0.15)
    throttle.take(HERE, 50)
    throttle.observe(HERE, RateHeaders(limit=100, remaining=70), sent)
    assert throttle.usage(HERE).others == 20


def test_what_was_lowered_ends_with_the_window(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=0.3)
    throttle.observe(HERE, RateHeaders(limit=25, remaining=0), time.monotonic())
    assert throttle.take(HERE, 1).granted == 0
    assert throttle.usage(HERE).limit == 25
    until(lambda: throttle.take(HERE, 100).granted == 100)


def test_only_the_latest_sent_request_counts(redis_client: redis.Redis) -> None:
    throttle, other_process = short(redis_client, 10.25), short(redis_client, 10.25)
    now = time.monotonic()
    throttle.observe(HERE, RateHeaders(limit=100, remaining=90), now - 0.5)
    throttle.observe(HERE, RateHeaders(limit=100, remaining=5), now - 2)
    other_process.observe(HERE, RateHeaders(limit=100, remaining=5), now - 1)
    assert throttle.usage(HERE).others == 10
    other_process.observe(HERE, RateHeaders(limit=100, remaining=50), now - 0.1)
    assert throttle.usage(HERE).others == 50


def test_an_answer_older_than_any_deadline_says_nothing(throttle: Throttle) -> None:
    throttle.observe(HERE, RateHeaders(limit=100, remaining=0), time.monotonic() - 60)
    assert throttle.usage(HERE).others == 0


def test_limits_are_read_as_calls_in_ten_seconds() -> None:
    assert limit_of(RateHeaders()) is None
    assert limit_of(RateHeaders(limit=25)) == 25
    assert limit_of(RateHeaders(limit=100, interval_ms=10_000)) == 100
    assert limit_of(RateHeaders(limit=100, interval_ms=20_000)) == 50
    assert limit_of(RateHeaders(limit=100, interval_ms=1_000)) == 100
    assert limit_of(RateHeaders(limit=0)) == 1


def test_after_a_429_nobody_is_granted_before_its_time(redis_client: redis.Redis) -> None:
    throttle, other_process = short(redis_client, 0.3), short(redis_client, 0.3)
    grant = throttle.take(HERE, 2)
    throttle.rate_limited(HERE, 0.5, daily=False)
    throttle.rate_limited(HERE, 0.1, daily=False)
    refused = other_process.take(HERE, 1)
    assert (refused.granted, refused.daily_exhausted) == (0, False)
    assert 0.1 < refused.wait_seconds <= 0.5
    assert throttle.renew(HERE, grant).granted == 0
    assert throttle.take("another-location", 1).granted == 1
    time.sleep(refused.wait_seconds)
    assert other_process.take(HERE, 1).granted == 1


def test_a_429_that_does_not_say_how_long_waits_a_window(throttle: Throttle) -> None:
    throttle.rate_limited(HERE, None, daily=False)
    assert 10 < throttle.take(HERE, 1).wait_seconds <= 10.25


def test_nonsense_in_a_429_cannot_lock_a_church_out_for_ever(throttle: Throttle) -> None:
    throttle.rate_limited(HERE, 1e9, daily=False)
    assert throttle.take(HERE, 1).wait_seconds <= 86_400
    throttle.rate_limited("there", -5, daily=False)
    assert throttle.take("there", 1).wait_seconds < 0.1


def test_daily_exhaustion_waits_for_the_reset_that_headers_told(throttle: Throttle) -> None:
    throttle.observe(HERE, RateHeaders(daily_reset_ms=7_200_000), time.monotonic())
    throttle.rate_limited(HERE, None, daily=True)
    refused = throttle.take(HERE, 1)
    assert refused.daily_exhausted
    assert 7_190 < refused.wait_seconds <= 7_200
    assert throttle.usage(HERE).daily_exhausted


def test_daily_exhaustion_without_a_known_reset_asks_again_in_an_hour(throttle: Throttle) -> None:
    throttle.rate_limited(HERE, None, daily=True)
    assert 3_500 < throttle.take(HERE, 1).wait_seconds <= 3_600


def test_the_day_is_counted_and_given_back(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=0.05, daily_limit=12)
    first = throttle.take(HERE, 10)
    second = throttle.take(HERE, 10)
    assert (second.granted, second.daily_exhausted) == (2, True)
    assert second.wait_seconds > 23 * 3600
    throttle.give_back(HERE, first, 4)
    assert throttle.take(HERE, 10).granted == 4


def test_headers_lower_the_day(throttle: Throttle) -> None:
    throttle.observe(HERE, RateHeaders(daily_remaining=3, daily_reset_ms=60_000), time.monotonic())
    grant = throttle.take(HERE, 10)
    assert (grant.granted, grant.daily_exhausted) == (3, True)
    assert 55 < grant.wait_seconds <= 60
    throttle.give_back(HERE, grant, 1)
    assert throttle.take(HERE, 10).granted == 1


def test_the_day_begins_anew_at_the_reset_that_headers_told(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=0.2, daily_limit=5)
    throttle.take(HERE, 5)
    reset = datetime.now(UTC) + timedelta(seconds=0.4)
    headers = RateHeaders(daily_remaining=0, daily_reset_ms=int(reset.timestamp() * 1000))
    throttle.observe(HERE, headers, time.monotonic())
    refused = throttle.take(HERE, 5)
    assert refused.daily_exhausted
    assert refused.wait_seconds <= 0.4
    time.sleep(refused.wait_seconds)
    assert throttle.take(HERE, 5).granted == 5


def test_hours_before_the_last_day_do_not_count(redis_client: redis.Redis, throttle: Throttle) -> None:
    throttle.take(HERE, 1)
    hour = redis_client.time()[0] // 3600
    day = f"throttle:{{{HERE}}}:day"
    redis_client.hset(day, mapping={str(hour - 25): 199_999, str(hour - 24): 7, str(hour): 1})
    assert throttle.usage(HERE).today == 8


def test_keys_are_few_and_expire_by_themselves(redis_client: redis.Redis, throttle: Throttle) -> None:
    for number in range(200):
        throttle.take(HERE, 7)
        throttle.observe(HERE, RateHeaders(100, 0, 10_000, 200_000, number, 1000), time.monotonic())
    throttle.rate_limited(HERE, 5, daily=True)
    keys = redis_client.keys("*")
    assert len(keys) == 4
    assert all(0 < redis_client.ttl(key) <= 26 * 3600 for key in keys)
    assert sum(redis_client.memory_usage(key) for key in keys) < 64_000


def test_the_servers_clock_set_back_locks_nobody_out(redis_client: redis.Redis) -> None:
    throttle = short(redis_client, window=0.2, limit=5)
    throttle.take(HERE, 5)
    calls = f"throttle:{{{HERE}}}:calls"
    for member, score in redis_client.zrange(calls, 0, -1, withscores=True):
        redis_client.zadd(calls, {member: score + 300e6})
    assert throttle.take(HERE, 1).granted == 0
    until(lambda: throttle.take(HERE, 1).granted == 1)


def test_a_server_that_forgot_everything_is_given_the_scripts_again(redis_client: redis.Redis) -> None:
    throttle = short(redis_client)
    throttle.take(HERE, 1)
    redis_client.script_flush()
    redis_client.flushall()
    assert throttle.take(HERE, 1).granted == 1


def test_what_an_emptied_redis_forgot_comes_back_with_the_next_answer(
    redis_client: redis.Redis, throttle: Throttle
) -> None:
    throttle.take(HERE, 80)
    redis_client.flushall()
    throttle.take(HERE, 1)
    throttle.observe(HERE, RateHeaders(limit=100, remaining=19), time.monotonic())
    assert throttle.take(HERE, 100).granted == 19


def test_without_redis_nothing_is_granted() -> None:
    client = connect_redis("redis://127.0.0.1:1/0", timeout=0.2)
    with pytest.raises(redis.ConnectionError):
        Throttle(client, clock=SystemClock()).take(HERE, 1)
