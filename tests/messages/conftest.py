"""A church that sends messages, with a simulator."""

from collections.abc import Iterator

import pytest

from ghl.simulator.server import SimulatorServer
from tests.support.hub import TestHub, running_hub
from tests.support.messages import Sender


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture
def hub(database_urls, redis_url, sim) -> Iterator[TestHub]:
    with running_hub(database_urls, redis_url, sim) as hub:
        yield hub


@pytest.fixture
def sender(hub) -> Iterator[Sender]:
    sender = Sender(hub)
    yield sender
    sender.close()
