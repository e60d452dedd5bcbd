"""The age of a token, and when its admins are reminded of it."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.connection.age import days_old, reminder

MADE = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "urgency"),
    [
        (0, None),
        (74.99, None),
        (75, "soon"),
        (84.99, "soon"),
        (85, "this week"),
        (89.99, "this week"),
        (90, "now"),
        (400, "now"),
    ],
)
def test_the_reminders_come_at_75_85_and_90_days(days, urgency):
    told = reminder(MADE, MADE + timedelta(days=days))
    assert (told.urgency if told else None) == urgency


def test_what_it_says():
    assert reminder(MADE, MADE + timedelta(days=85)).text == (
        "Your GoHighLevel token is 85 days old. Change it this week: it takes 5 minutes and loses nothing."
    )


def test_a_clock_that_is_behind():
    assert days_old(MADE, MADE - timedelta(days=3)) == 0
    assert reminder(MADE, MADE - timedelta(days=3)) is None
