"""The one banner above a church's pages, only while something is wrong. Constant words: alerts read Markdown."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.formatting import cards, clock_time
from dashboard.situation import Situation
from ghl.causes import CauseCode, cause, who_acts
from ghl.statuses import Role

CARDS_A_MINUTE = 400
"""What a minute carries at 100 calls in 10 seconds, one or two calls a card, with some room left."""


@dataclass(frozen=True)
class Notice:
    """What the banner says."""

    title: str
    text: str
    icon: str


def notice(now: Situation, *, role: Role, zone: ZoneInfo) -> Notice | None:
    """The most important thing that is wrong now, or None. Pure."""
    waiting = now.waiting
    go_on = "" if role is Role.VIEWER else "You can go on adding cards."
    safe = f"**{cards(waiting)} {'is' if waiting == 1 else 'are'} safe and waiting.**" if waiting else ""
    if now.state.held_by:
        entry = cause(now.state.held_by[0])
        return Notice(
            entry.title,
            _told(safe, _who_acts(entry.code, role), "" if _acts(entry.code, role) else go_on),
            _icon(entry.code),
        )
    if not now.workers:
        return Notice(
            "Nothing is being sent right now",
            _told(
                safe,
                go_on,
                "The sender is not running: whoever looks after this hub has to start it again.",
                "Then the cards go out by themselves.",
            ),
            ":material/power_off:",
        )
    if now.outage:
        at = now.outage.next_test_at
        return Notice(
            "GoHighLevel isn't answering",
            _told(
                safe,
                go_on,
                f"We test again at {clock_time(at, zone)}." if at else "",
                f"When it is back, they go out {in_about(waiting)}." if waiting else "",
            ),
            ":material/cloud_off:",
        )
    if not now.schedulers:
        return Notice(
            "Cards may wait longer than they have to",
            _told(
                "New cards go out as always.",
                "Cards that are to be tried again wait: the clock of this hub is not running,",
                "and whoever looks after this hub has to start it again.",
            ),
            ":material/timer_off:",
        )
    return None


def in_about(waiting: int) -> str:
    """How long so many cards take, as people say it: GoHighLevel takes 100 requests in 10 seconds."""
    minutes = -(-waiting // CARDS_A_MINUTE)
    if minutes <= 1:
        return "within a minute"
    if minutes < 90:
        return f"in about {minutes} minutes"
    return f"in about {round(minutes / 60)} hours"


def _told(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def draw(shown: Notice | None) -> None:
    """Draws the banner, or nothing. Its place is always there, so that what follows keeps its own."""
    place = st.empty()
    if shown:
        place.warning(shown.text, title=shown.title, icon=shown.icon)


def _acts(code: CauseCode, role: Role) -> bool:
    return cause(code).who == "admin" and role is Role.ADMIN


def _who_acts(code: CauseCode, role: Role) -> str:
    entry = cause(code)
    if _acts(code, role):
        return entry.what_to_do
    return who_acts(entry.who, role)


def _icon(code: CauseCode) -> str:
    return ":material/pause_circle:" if code is CauseCode.CHURCH_PAUSED else ":material/key_off:"
