"""The limits: exactly 100 in any rolling 10 s, a budget a day, headers on every answer, and a count of it all."""

import asyncio
from datetime import UTC, datetime

import httpx
from hypothesis import given
from hypothesis import strategies as st

from ghl.simulator.limits import RateLimit
from ghl.simulator.server import SimulatorServer

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def burst(sim, count):
    headers = {"Authorization": f"Bearer {sim.token()}", "Version": "2021-07-28"}
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=sim.url, headers=headers, trust_env=False, limits=limits) as client:
        path = f"/locations/{sim.location_id}"
        answers = await asyncio.gather(*(client.get(path) for _ in range(count)))
    return [answer.status_code for answer in answers]


def test_of_150_arrivals_at_once_exactly_100_pass(sim, location):
    statuses = asyncio.run(burst(sim, 150))
    assert (statuses.count(200), statuses.count(429)) == (100, 50)
    assert sim.stats.answered_429 == 50
    assert sim.stats.max_in_window(location) == 150
    assert len(sim.stats.arrivals(location)) == 150
    assert sim.stats.requests("locations.get") == 150
    assert sim.stats.statuses() == {200: 100, 429: 50}


def test_the_window_rolls(api, location, clock):
    path = f"/locations/{location}"
    for _ in range(60):
        assert api.get(path).status_code == 200
    clock.go_on(6)
    for _ in range(40):
        assert api.get(path).status_code == 200
    refused = api.get(path)
    assert refused.status_code == 429
    assert refused.json()["message"] == "Too many requests"
    clock.go_on(3.999)
    assert api.get(path).status_code == 429
    clock.go_on(0.001)
    assert [api.get(path).status_code for _ in range(61)] == [200] * 60 + [429]


def test_each_location_has_its_own_budget(api, sim):
    token = sim.state.add_location("otherLocation0000001", burst_limit=1)
    other = {"Authorization": f"Bearer {token}"}
    statuses = [api.get("/locations/otherLocation0000001", headers=other).status_code for _ in range(2)]
    assert statuses == [200, 429]
    assert api.get(f"/locations/{sim.location_id}").status_code == 200


def test_the_headers(api, location, sim, clock):
    clock.go_on(60)
    answer = api.get(f"/locations/{location}")
    wanted = {
        "X-RateLimit-Limit-Daily": "200000",
        "X-RateLimit-Daily-Remaining": "199999",
        "X-RateLimit-Interval-Milliseconds": "10000",
        "X-RateLimit-Max": "100",
        "X-RateLimit-Remaining": "99",
        "X-RateLimit-Daily-Reset": str((12 * 3600 - 60) * 1000),
    }
    assert {name: answer.headers[name] for name in wanted} == wanted
    assert api.get("/contacts/none").headers["X-RateLimit-Remaining"] == "98"
    assert api.get("/nowhere").headers["X-RateLimit-Remaining"] == "97"
    stranger = api.get(f"/locations/{location}", headers={"Authorization": "Bearer x"})
    assert stranger.headers["X-RateLimit-Remaining"] == "97"


def test_the_day(api, location, sim, clock):
    path = f"/locations/{location}"
    sim.state.limits[location].spend_today(199_999, clock.now())
    assert api.get(path).headers["X-RateLimit-Daily-Remaining"] == "0"
    clock.go_on(11)
    refused = api.get(path)
    assert refused.status_code == 429
    assert refused.headers["X-RateLimit-Remaining"] == "100"
    assert refused.headers["X-RateLimit-Daily-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    sim.state.change_location(location, retry_after_header=True)
    assert int(api.get(path).headers["Retry-After"]) >= 12 * 3600 - 11
    clock.go_on(12 * 3600)
    assert api.get(path).status_code == 200


def test_a_sandbox_has_less(api, location, sim):
    sim.state.change_location(location, burst_limit=25, daily_limit=10_000)
    answers = [api.get(f"/locations/{location}") for _ in range(26)]
    assert [answer.status_code for answer in answers] == [200] * 25 + [429]
    assert answers[0].headers["X-RateLimit-Max"] == "25"
    assert answers[0].headers["X-RateLimit-Limit-Daily"] == "10000"


@given(st.lists(st.floats(0, 3), max_size=200), st.integers(1, 20), st.booleans())
def test_never_more_than_the_limit_in_any_window(gaps, limit, count_refused):
    rate = RateLimit(burst=limit, count_refused=count_refused)
    now, passed = 100.0, []
    for gap in gaps:
        now += gap
        if rate.take(now, NOON).allowed:
            passed.append(now)
    for start in passed:
        assert sum(start <= at < start + 10 for at in passed) <= limit


@given(st.lists(st.floats(0.01, 3), max_size=100))
def test_nothing_is_refused_while_there_is_budget(gaps):
    rate = RateLimit(burst=5)
    now, passed = 100.0, []
    for gap in gaps:
        now += gap
        verdict = rate.take(now, NOON)
        in_window = sum(at > now - 10 for at in passed)
        assert verdict.allowed == (in_window < 5)
        if verdict.allowed:
            passed.append(now)


def test_many_at_once_are_counted():
    with SimulatorServer(latency="0.15") as sim:
        asyncio.run(burst(sim, 20))
        assert sim.stats.max_in_flight == 20
        assert sim.stats.snapshot()["locations"][sim.location_id]["max_in_flight"] == 20
        assert sim.stats.snapshot()["in_flight"] == 0
