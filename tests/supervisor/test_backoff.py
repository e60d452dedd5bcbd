"""A part that dies starts again soon, one that dies again and again later, and a good minute is remembered."""

from hypothesis import given
from hypothesis import strategies as st

from jobs.supervisor.backoff import Backoff


def test_doubles_up_to_half_a_minute():
    waits, backoff = [], Backoff()
    for _ in range(9):
        backoff = backoff.after_death(ran_for=1)
        waits.append(backoff.wait)
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_minute_of_health_forgets():
    assert Backoff(deaths=7).after_death(ran_for=60).wait == 0.5
    assert Backoff(deaths=7).after_death(ran_for=59).wait == 30


@given(st.integers(min_value=1, max_value=10**9))
def test_is_always_between_half_a_second_and_half_a_minute(deaths):
    assert 0.5 <= Backoff(deaths).wait <= 30
