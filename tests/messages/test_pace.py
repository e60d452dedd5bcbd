"""GoHighLevel's ramp for new numbers."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ghl.messages.pace import DAY, RAMP, TOP_LEVEL, Ramp, pace

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


def ago(**span):
    return NOW - timedelta(**span)


def test_a_new_number_sends_a_hundred():
    assert pace(Ramp(), [], NOW).room == 100


def test_after_a_hundred_the_rest_leaves_when_the_day_is_over():
    since = ago(hours=3)
    found = pace(Ramp(1, since), [since] * 100, NOW)
    assert found.room == 0
    assert found.next_at == since + DAY


def test_a_level_that_was_used_up_gives_way_to_the_next_after_24_hours():
    since = ago(hours=25)
    found = pace(Ramp(1, since), [since] * 100, NOW)
    assert found.ramp == Ramp(2, NOW)
    assert found.room == 250


def test_a_level_that_was_not_used_up_stays():
    since = ago(days=9)
    assert pace(Ramp(1, since), [since] * 99, NOW).ramp == Ramp(1, since)


def test_the_last_level_has_no_end():
    assert pace(Ramp(TOP_LEVEL, ago(days=9)), [ago(minutes=1)] * 9000, NOW).room is None


@st.composite
def numbers(draw):
    level = draw(st.integers(1, TOP_LEVEL))
    since = draw(st.none() | st.integers(0, 72 * 60).map(lambda minutes: ago(minutes=minutes)))
    sent = draw(st.lists(st.integers(0, 72 * 60).map(lambda minutes: ago(minutes=minutes)), max_size=400))
    return Ramp(level, since), sent


@given(numbers())
def test_no_day_ever_has_more_than_its_level_allows(number):
    ramp, sent = number
    found = pace(ramp, sent, NOW)
    assert ramp.level <= found.ramp.level <= ramp.level + 1
    if found.room is None:
        assert found.ramp.level == TOP_LEVEL
        return
    lately = sum(1 for at in sent if at > NOW - DAY)
    assert found.room == max(RAMP[found.ramp.level - 1] - lately, 0)
    assert (found.next_at is None) == (found.room > 0)
    if found.next_at is not None:
        assert NOW < found.next_at <= NOW + DAY + timedelta(minutes=1)
