"""What the one banner above a church's pages says, only while something is wrong or was. Constant words: alerts read
Markdown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dashboard.formatting import cards, clock_time, number
from dashboard.navigation import WRITERS
from dashboard.situation import Situation
from ghl.causes import CauseCode, cause, who_acts
from ghl.delivery.drain import time_to_drain
from ghl.outages import Episode
from ghl.statuses import OutageEnd, Role

Kind = Literal["warning", "info", "success"]

TOLD_WITHIN = timedelta(hours=12)
"""Whoever comes in the next morning is not told of a night's outage."""

TOLD_WITHIN_IF_NONE_WAITED = timedelta(minutes=15)

TESTABLE = frozenset(
    {
        CauseCode.TOKEN_REFUSED,
        CauseCode.SCOPE_MISSING,
        CauseCode.AGENCY_TOKEN,
        CauseCode.WRONG_LOCATION,
        CauseCode.PROGRAM_ERROR,
    }
)
"""Causes that somebody may have mended in GoHighLevel itself, where a test shows it."""


MENDED_ON_CONNECTION = TESTABLE - {CauseCode.PROGRAM_ERROR} | {CauseCode.NOT_CONNECTED}
"""Causes that an admin mends on the page *Connection*."""


@dataclass(frozen=True)
class Notice:
    """What the banner says. `tests` says what *Test now* tests, for those who may. `opens`: *Open Connection*."""

    title: str
    text: str
    icon: str
    kind: Kind = "warning"
    tests: Literal["outage", "connection"] | None = None
    opens: bool = False


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
            tests="connection" if entry.code in TESTABLE else None,
            opens=role is Role.ADMIN and entry.code in MENDED_ON_CONNECTION,
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
        return _outage(now, safe, go_on, zone)
    if now.coordinator_away:
        return Notice(
            "Nothing is being sent right now",
            _told(
                safe,
                go_on,
                "A part of this hub is not answering: whoever looks after this hub has to start it again.",
                "Then the cards go out by themselves.",
            ),
            ":material/power_off:",
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
    return _catching_up(now, zone)


def _outage(now: Situation, safe: str, go_on: str, zone: ZoneInfo) -> Notice:
    """GoHighLevel does not answer: how many are safe, when it is tested, how long the backlog takes."""
    at = now.outage.next_test_at if now.outage else None
    return Notice(
        "GoHighLevel isn't answering",
        _told(
            safe,
            go_on,
            f"We test again at {clock_time(at, zone)}." if at else "We test again by ourselves.",
            backlog(now) if now.waiting else "",
        ),
        ":material/cloud_off:",
        # Without Redis nobody could be asked.
        tests=None if now.coordinator_away else "outage",
    )


def _catching_up(now: Situation, zone: ZoneInfo) -> Notice | None:
    """GoHighLevel is back, and the cards that waited are on their way."""
    over = now.episode
    if over is None or over.closed_at is None or over.finished_at or not over.remaining:
        return None
    if over.ended is not OutageEnd.ANSWERED and not over.arrived:
        return None
    takes = time_to_drain(over.remaining, now.budget)
    until = f"All caught up at about {clock_time(over.seen_at + takes, zone)}." if takes else ""
    here = f"**{number(over.arrived)} of {cards(over.waited)} that waited {'has' if over.arrived == 1 else 'have'} arrived.**"
    return Notice(
        "GoHighLevel is back", _told(here, until, "Nothing to do."), ":material/cloud_done:", kind="info"
    )


def recovered(now: Situation, *, role: Role, zone: ZoneInfo) -> Notice | None:
    """That an outage is over, and what became of the cards that waited: for whoever was not told yet. Pure."""
    over = now.episode
    if over is None or over.closed_at is None or over.finished_at is None or now.outage:
        return None
    if over.ended is not OutageEnd.ANSWERED and not over.arrived:
        return None
    within = TOLD_WITHIN if over.waited else TOLD_WITHIN_IF_NONE_WAITED
    if over.seen_at - over.closed_at > within:
        return None
    return Notice(
        "GoHighLevel is back",
        _told(*_what_became(over, role, zone)),
        ":material/cloud_done:",
        kind="success",
    )


def _what_became(over: Episode, role: Role, zone: ZoneInfo) -> Iterator[str]:
    if not over.waited:
        yield "No card had to wait for it."
        return
    if over.arrived and over.finished_at:
        waiting = f"{number(over.arrived)} waiting card{'' if over.arrived == 1 else 's'}"
        yield f"{waiting} arrived by {clock_time(over.finished_at, zone)}."
    if over.needing:
        who = "you" if role in WRITERS else "your team"
        yield f"{number(over.needing)} {'needs' if over.needing == 1 else 'need'} {who}."
    if over.remaining:
        yield f"{cards(over.remaining)} still {'waits' if over.remaining == 1 else 'wait'} for something else."


def backlog(now: Situation) -> str:
    """How long the waiting cards take once GoHighLevel answers."""
    takes = time_to_drain(now.waiting, now.budget)
    if takes is None:
        return "When it is back, they go out as far as GoHighLevel's limit for the day allows, the rest tomorrow."
    return f"When it is back, they go out {in_about(takes)}."


def in_about(takes: timedelta) -> str:
    """How long something takes, as people say it."""
    minutes = -(-takes // timedelta(minutes=1))
    if minutes <= 1:
        return "within a minute"
    if minutes < 90:
        return f"in about {minutes} minutes"
    return f"in about {round(minutes / 60)} hours"


def test_told(asked_at: datetime, now: Situation, *, at: datetime, zone: ZoneInfo) -> str:
    """What came of a test of GoHighLevel that somebody asked for. Pure."""
    episode = now.episode
    if not now.outage:
        return "GoHighLevel answers again. The waiting cards go out now."
    if episode and episode.tested_at and episode.tested_at >= asked_at and not episode.test_good:
        tested = clock_time(episode.tested_at, zone, seconds=True)
        return f"Tested at {tested}: GoHighLevel still isn't answering. Nothing is lost; we go on testing."
    if at - asked_at > TEST_TAKES:
        return "The test takes longer than usual. Nothing to do: we go on testing by ourselves."
    return "Asked. The answer comes in a few seconds."


TEST_TAKES = timedelta(seconds=20)


def _told(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _acts(code: CauseCode, role: Role) -> bool:
    return cause(code).who == "admin" and role is Role.ADMIN


def _who_acts(code: CauseCode, role: Role) -> str:
    entry = cause(code)
    if _acts(code, role):
        return entry.what_to_do
    return who_acts(entry.who, role)


def _icon(code: CauseCode) -> str:
    return ":material/pause_circle:" if code is CauseCode.CHURCH_PAUSED else ":material/key_off:"
