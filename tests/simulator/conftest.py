"""A simulator of its own for each test, and a plain client with the headers that GoHighLevel wants."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ghl.simulator.server import SimulatorServer


class ManualClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def go_on(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sim(clock: ManualClock) -> Iterator[SimulatorServer]:
    """A simulator whose clock stands still; waits on the wire are real all the same."""
    with SimulatorServer(clock=clock) as server:
        yield server


@pytest.fixture
def api(sim: SimulatorServer) -> Iterator[httpx.Client]:
    """Dated version, right token."""
    headers = {
        "Authorization": f"Bearer {sim.token()}",
        "Version": "2021-07-28",
        "Accept": "application/json",
    }
    with httpx.Client(base_url=sim.url, headers=headers, trust_env=False, timeout=5) as client:
        yield client


@pytest.fixture
def location(sim: SimulatorServer) -> str:
    return sim.location_id
