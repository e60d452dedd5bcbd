"""Actions on many cards in this process: once each, one at a time, and no result hides another."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from dashboard.bulk import KEPT, Runs, outcome
from ghl.cards.actions import Action, Done

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def key():
    return uuid4(), uuid4()


def begin(runs, key, token, *, now=NOW, work=None):
    done = Done(done=1, left={}, ids=())
    return runs.start(
        key, token, Action.SET_ASIDE, work or (lambda *, progress, stop: done), total=1, now=now
    )


def finished(runs, key, token, **rest):
    run = begin(runs, key, token, **rest)
    assert run.wait(10)
    return run


def test_the_results_of_two_windows_stand_side_by_side_until_read(key):
    runs = Runs()
    first, second = finished(runs, key, "one"), finished(runs, key, "other")
    assert runs.of(key) == (second, first)
    runs.read(key, "other")
    assert runs.of(key) == (first,)
    runs.read(key, "one")
    assert runs.of(key) == ()


def test_a_second_press_finds_the_first(key):
    runs = Runs()
    first = finished(runs, key, "one")
    finished(runs, key, "other")
    assert begin(runs, key, "one") is first


def test_one_at_a_time_for_a_person_and_what_runs_is_never_taken_for_read(key):
    runs, go_on = Runs(), threading.Event()

    def work(*, progress, stop):
        go_on.wait(10)
        return Done(done=1, left={}, ids=())

    busy = begin(runs, key, "long", work=work)
    assert begin(runs, key, "other") is busy
    runs.read(key, "long")
    assert runs.of(key) == (busy,)
    somebody = finished(runs, (key[0], uuid4()), "theirs")
    assert somebody.over
    go_on.set()
    assert busy.wait(10)


def test_few_results_are_kept_and_old_ones_go(key):
    runs = Runs()
    for number in range(5):
        last = finished(runs, key, str(number))
    assert len(runs.of(key)) == 2
    assert runs.of(key)[0] is last
    later = NOW + KEPT + timedelta(minutes=1)
    finished(runs, (key[0], uuid4()), "somebody else's", now=later)
    assert runs.of(key) == ()


def test_what_was_done_is_told_where_it_broke_off(key):
    def work(*, progress, stop):
        progress(200, 430)
        return Done(done=200, left={}, ids=(), broken=True)

    run = finished(Runs(), key, "one", work=work)
    assert outcome(run) == [
        "200 cards were set aside.",
        "It ended after 200 of 430 cards; the others are as they were. Try again.",
    ]
