"""Where the demo church stands."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ghl.consent.quiet_hours import Window, next_allowed
from jobs.demo.place import where_it_is_day


@pytest.mark.parametrize("month", [1, 7])
def test_a_text_may_leave_at_every_hour_at_which_the_demo_is_started(month):
    start = datetime(2026, month, 3, tzinfo=UTC)
    for minutes in range(0, 24 * 60, 10):
        now = start + timedelta(minutes=minutes)
        zone = ZoneInfo(where_it_is_day(now))
        for later in (now, now + timedelta(minutes=110)):
            assert next_allowed(later, Window(), [zone]) == later


def test_by_day_it_is_in_texas():
    assert where_it_is_day(datetime(2026, 11, 22, 17, tzinfo=UTC)) == "America/Chicago"
