"""A hub with a simulator, and somebody who asks as a page does."""

from collections.abc import Iterator

import pytest

from ghl.questions.ask import ask, look
from ghl.simulator.server import SimulatorServer
from tests.support.hub import TestHub, running_hub, wait_for


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture
def hub(database_urls, redis_url, sim) -> Iterator[TestHub]:
    with running_hub(database_urls, redis_url, sim) as hub:
        yield hub


@pytest.fixture
def asking(hub):
    """Files a question and wakes a worker, as a page does."""

    def asking(church_id, kind="location", *, wake=True, **params):
        with hub.database.church(church_id) as session:
            asked = ask(session, church_id, kind, params, actor="user:1")
        if wake:
            hub.container.waker.wake(church_id)
        return asked

    return asking


@pytest.fixture
def seen(hub):
    """The question as it stands now."""

    def seen(church_id, asked):
        with hub.database.church(church_id) as session:
            return look(session, church_id, asked.id)

    return seen


@pytest.fixture
def came(hub, seen):
    """Waits until something came of a question."""

    def came(church_id, asked, within=15.0):
        def over():
            now = seen(church_id, asked)
            return now if now.over else None

        return wait_for(over, within=within, what=asked.kind)

    return came


@pytest.fixture
def mary(hub):
    """Somebody in GoHighLevel."""

    def mary(location=None, **values):
        known = {
            "firstName": "Mary",
            "lastName": "Smith",
            "phone": "+16155550188",
            "email": "mary@example.org",
            "city": "Nashville",
            "tags": ["choir"],
        }
        return hub.sim.state.add_contact(location or hub.sim.location_id, **known | values)

    return mary
