"""A hub with a simulator, and an admin who pastes tokens as the page does."""

from collections.abc import Iterator

import pytest

from ghl.churches import add_church
from ghl.connection.asking import ask_about, ask_again, still_wanted
from ghl.connection.paste import read_paste
from ghl.connection.switch import switch
from ghl.connection.trials import open_trial
from ghl.simulator.server import SimulatorServer
from ghl.statuses import TrialState
from tests.support.hub import TestHub, running_hub, wait_for

ADMIN = "user:pat"


@pytest.fixture
def sim() -> Iterator[SimulatorServer]:
    with SimulatorServer() as server:
        yield server


@pytest.fixture
def hub(database_urls, redis_url, sim) -> Iterator[TestHub]:
    with running_hub(database_urls, redis_url, sim) as hub:
        yield hub


@pytest.fixture
def bare(hub):
    """A church that is not connected yet."""
    return add_church(hub.database, slug="hope", name="Hope Church", timezone="UTC", actor="test")


class Admin:
    """What an admin does on the page, and what they see."""

    def __init__(self, hub: TestHub, church_id) -> None:
        self.hub, self.church_id = hub, church_id

    def paste(self, token, location=None):
        """Pastes and presses *Test*."""
        pasted = read_paste(location or self.hub.sim.location_id, token)
        wait_for(self._keys, what="the workers' public key")
        with self.hub.database.church(self.church_id) as session:
            trial_id = ask_about(session, self.church_id, pasted, actor=ADMIN)
        self.hub.container.waker.wake(self.church_id)
        return trial_id

    def again(self, trial_id):
        with self.hub.database.church(self.church_id) as session:
            done = ask_again(session, self.church_id, trial_id, actor=ADMIN)
        self.hub.container.waker.wake(self.church_id)
        return done

    def trial(self):
        with self.hub.database.church(self.church_id) as session:
            return open_trial(session, self.church_id)

    def tested(self):
        """The trial once it is over; an open page keeps its questions wanted."""

        def over():
            with self.hub.database.church(self.church_id) as session:
                trial = open_trial(session, self.church_id)
                still_wanted(session, self.church_id, trial, actor=ADMIN)
            return trial if trial.state is not TrialState.TESTING else None

        return wait_for(over, what="the test of the token")

    def switch(self, trial_id, **how):
        with self.hub.database.church(self.church_id) as session:
            done = switch(session, self.church_id, trial_id, actor=ADMIN, **how)
        self.hub.container.waker.wake(self.church_id)
        return done

    def actions(self):
        return [
            row[0]
            for row in self.hub.query(
                self.church_id,
                "SELECT action FROM audit_entries WHERE action LIKE 'connection.%' ORDER BY id",
            )
        ]

    def _keys(self):
        return self.hub.query(self.church_id, "SELECT version FROM sealing_keys")


@pytest.fixture
def admin(hub):
    return lambda church_id: Admin(hub, church_id)
