"""How a church stands: the truth table, and how far it is set up. No database."""

from datetime import timedelta

import pytest

from dashboard.churches.words import ago, how_far, short, span, summary
from ghl.ops.setup import SetUpFacts, Step, set_up
from ghl.ops.state import ChurchFacts, State, standing

OLD = timedelta(minutes=15)
YOUNG = OLD - timedelta(seconds=1)


@pytest.mark.parametrize(
    ("facts", "senders", "state", "why", "who"),
    [
        ({}, 1, State.WELL, "", ""),
        ({"need_people": 1}, 1, State.WELL, "1 card needs somebody.", "Their team"),
        ({"need_people": 1200}, 1, State.WELL, "1,200 cards need somebody.", "Their team"),
        ({"token_age": timedelta(days=74, hours=23)}, 1, State.WELL, "", ""),
        (
            {"token_age": timedelta(days=75)},
            1,
            State.WELL,
            "Its token is 75 days old.",
            "Their admin",
        ),
        ({"oldest_waiting": YOUNG, "waiting": 9}, 1, State.WELL, "", ""),
        (
            {"oldest_waiting": OLD, "waiting": 9},
            1,
            State.SLOW,
            "A card waits longer than usual.",
            "Nobody",
        ),
        (
            {"has_cards": False},
            1,
            State.SETTING_UP,
            "Connected. No card has come yet.",
            "Their team",
        ),
        ({"admins": 0}, 1, State.SETTING_UP, "No admin is invited yet.", "You"),
        (
            {"connected": False, "admins": 0, "has_cards": False},
            0,
            State.SETTING_UP,
            "No admin is invited yet.",
            "You",
        ),
        (
            {"connected": False, "oldest_waiting": OLD},
            1,
            State.SETTING_UP,
            "Not connected to GoHighLevel yet.",
            "Their admin",
        ),
        (
            {"hold_cause": "token_refused", "oldest_waiting": OLD, "unanswered": True},
            1,
            State.STOPPED,
            None,
            "Their admin",
        ),
        ({"hold_cause": "program_error"}, 1, State.STOPPED, None, "You"),
        ({"hold_cause": "a code of tomorrow"}, 1, State.STOPPED, None, "You"),
        ({}, 0, State.STOPPED, "No worker is running.", "You"),
        (
            {"unanswered": True, "oldest_waiting": OLD},
            1,
            State.STOPPED,
            "GoHighLevel isn't answering.",
            "Nobody",
        ),
        ({"admins": 0, "oldest_waiting": OLD}, 1, State.SLOW, None, None),
        (
            {"paused_reason": "Easter", "hold_cause": "token_refused", "connected": False},
            0,
            State.PAUSED,
            "Paused: Easter",
            "You",
        ),
    ],
)
def test_the_first_thing_that_is_true_counts(facts, senders, state, why, who):
    found = standing(ChurchFacts(**facts), senders=senders)
    assert found.state is state
    assert why is None or found.why == why
    assert who is None or found.who == who
    assert found.state is State.WELL or (found.why and found.who)


def facts(**changes):
    values = {
        "admins": 1,
        "members": 2,
        "connected": True,
        "form_saved": True,
        "words_published": True,
        "has_cards": True,
        "age": timedelta(),
    }
    return SetUpFacts(**values | changes)


@pytest.mark.parametrize(
    ("missing", "step"),
    [
        ({"admins": 0}, Step.ADMIN),
        ({"connected": False}, Step.CONNECTED),
        ({"form_saved": False}, Step.FORM),
        ({"words_published": False}, Step.WORDS),
        ({"members": 1}, Step.TEAM),
        ({"has_cards": False}, Step.FIRST_CARD),
    ],
)
def test_a_step_that_is_missing_comes_next(missing, step):
    found = set_up(facts(**missing))
    assert (found.done, found.next, found.over) == (5, step, False)
    later = set_up(facts(**missing, age=timedelta(days=30)))
    assert later.over is (step in {Step.FORM, Step.WORDS, Step.TEAM}), (
        "what one can do without is not asked for ever"
    )


def test_all_done_is_over():
    found = set_up(facts())
    assert (found.done, found.next, found.over) == (6, None, True)
    assert how_far(found) == "Set up: 6 of 6 done."
    begun = set_up(facts(connected=False, form_saved=False, members=1))
    assert how_far(begun) == "Set up: 3 of 6 done. Next: paste your GoHighLevel token."


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(), "under a minute"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=1100), "1,100 days"),
    ],
)
def test_spans_of_time(length, said):
    assert span(length) == said
    assert ago(length) == f"{said} ago"
    assert len(short(length)) <= 10


def test_no_span():
    assert (span(None), ago(None), short(None)) == ("", "never", "")
    assert short(timedelta(minutes=1)) == "1 min"
    assert short(timedelta(hours=5)) == "5 h"
    assert short(timedelta()) == "now"
    assert summary([]) == "No church yet."
