"""A hub with a simulator for the delivery's tests."""

from collections.abc import Iterator

import pytest

from ghl.simulator.server import SimulatorServer
from tests.support.hub import TestHub, running_hub


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture
def hub(database_urls, redis_url, sim) -> Iterator[TestHub]:
    with running_hub(database_urls, redis_url, sim) as hub:
        yield hub
