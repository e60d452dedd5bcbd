"""What is said about churches to who runs them all. Pure; spans of time and no clock, for they live in many zones."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from dashboard.components.badges import Colour
from dashboard.components.notices import in_about
from dashboard.formatting import cards, number
from ghl.delivery.drain import Budget, time_to_drain
from ghl.ops.read import ChurchLine
from ghl.ops.setup import SetUp, Step
from ghl.ops.state import State

STATES: Mapping[State, tuple[str, Colour]] = {
    State.STOPPED: ("Stopped", "red"),
    State.SLOW: ("Slow", "orange"),
    State.SETTING_UP: ("Setting up", "blue"),
    State.PAUSED: ("Paused", "gray"),
    State.WELL: ("Well", "green"),
}
"""Each state in a word and a colour, worst first."""

STEPS: Mapping[Step, tuple[str, str]] = {
    Step.ADMIN: ("An admin is invited", "invite the church's first admin"),
    Step.CONNECTED: ("Connected to GoHighLevel", "paste your GoHighLevel token"),
    Step.FORM: ("The card form has its words", "look at the words of your card form and save them"),
    Step.WORDS: ("The welcome text is published", "publish your welcome text"),
    Step.TEAM: ("A second person is in the team", "invite somebody who helps you"),
    Step.FIRST_CARD: ("The first card has come", "add your first card"),
}
"""Each step as it is told when it is done, and as what comes next for an admin of the church."""


def summary(lines: Sequence[ChurchLine]) -> str:
    """`50 churches. 47 well, 2 slow, 1 stopped. 73 cards wait; all caught up in about 10 minutes.`"""
    if not lines:
        return "No church yet."
    states = [line.standing.state for line in lines]
    found = [(state, states.count(state)) for state in reversed(State) if state in states]
    counted = ", ".join(f"{number(count)} {STATES[state][0].lower()}" for state, count in found)
    many = f"{number(len(lines))} {'church' if len(lines) == 1 else 'churches'}"
    return f"{many}. {counted[0].upper()}{counted[1:]}. {_waiting(lines)}"


def in_short(line: ChurchLine) -> str:
    """`12 waiting, the oldest 3 hours · 2 need people · last card 5 minutes ago`: what a telephone shows of a church."""
    oldest = f", the oldest {span(line.oldest_waiting)}" if line.waiting and line.oldest_waiting else ""
    last = f"last card {ago(line.last_card)}" if line.last_card is not None else "no card yet"
    need = f"{number(line.need_people)} {'needs' if line.need_people == 1 else 'need'} people"
    parts = [f"{number(line.waiting)} waiting{oldest}", need if line.need_people else "", last]
    return " · ".join(part for part in parts if part)


def _waiting(lines: Sequence[ChurchLine]) -> str:
    going = [line.waiting for line in lines if line.goes]
    stuck = sum(line.waiting for line in lines) - sum(going)
    # Each church has a budget of its own, so the longest queue decides.
    takes = time_to_drain(max(going, default=0), Budget())
    caught_up = f"; all caught up {in_about(takes)}" if takes is not None else ""
    said = []
    if sum(going):
        said.append(f"{_wait(sum(going))}{caught_up}.")
    if stuck:
        said.append(f"{_wait(stuck)} until {'its church goes' if stuck == 1 else 'their churches go'} on.")
    return " ".join(said) or "No card waits."


def _wait(count: int) -> str:
    return f"{cards(count)} {'waits' if count == 1 else 'wait'}"


def span(length: timedelta | None) -> str:
    """How long something lasts or is ago: `4 minutes`, `3 hours`, `12 days`; empty where it never was."""
    if length is None:
        return ""
    for unit, size in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        if length >= (size * 2 if unit != "minute" else size):
            count = length // size
            return f"{number(count)} {unit}{'' if count == 1 else 's'}"
    return "under a minute"


def short(length: timedelta | None) -> str:
    """The same for a table, where each letter takes room: `4 min`, `3 h`, `12 days`, `now`."""
    said = span(length).replace(" minutes", " min").replace(" minute", " min").replace(" hours", " h")
    return "now" if said.startswith("under") else said


def ago(length: timedelta | None) -> str:
    """How long ago, or never."""
    return f"{span(length)} ago" if length is not None else "never"


def how_far(ready: SetUp) -> str:
    """`Set up: 2 of 6 done. Next: paste your GoHighLevel token.`"""
    said = f"Set up: {ready.done} of {len(ready.steps)} done."
    return f"{said} Next: {STEPS[ready.next][1]}." if ready.next else said
