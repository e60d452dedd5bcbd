"""A clock that stands until it is told otherwise, and two churches."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.churches import add_church


class StandingClock:
    def __init__(self):
        self.time = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    def pass_by(self, **duration):
        self.time += timedelta(**duration)


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace Church", timezone="America/Chicago", actor="test")


@pytest.fixture
def other_church(database):
    return add_church(database, slug="hope", name="Hope Church", timezone="America/New_York", actor="test")
