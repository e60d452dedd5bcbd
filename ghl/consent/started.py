"""Whether somebody allowed texts again by writing START, by what they wrote and what stands in the log. Pure.

A hint of a workflow says neither who wrote it nor when, so what counts is what GoHighLevel shows: its conversation, with
its own times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ghl.consent.keywords import Heard
from ghl.consent.standing import KEYWORD, Entry, blocks

GHL = "ghl"

HINT_LATE = timedelta(minutes=2)
"""So much later than it was written may a stop stand in the log that a workflow told of: its time is when it came."""


@dataclass(frozen=True)
class Word:
    """A text of the person that is a stop, a start, or may be a stop. `at` is when they wrote it, where that is told."""

    heard: Heard
    at: datetime | None


def since(log: Sequence[Entry], *, hinted_at: datetime) -> datetime:
    """From when on the conversation is to be read: before the last stop was written, or before the hint."""
    stops = [entry.recorded_at for entry in log if blocks(entry)]
    return min(max(stops, default=hinted_at), hinted_at) - HINT_LATE


def started_at(words: Sequence[Word], log: Sequence[Entry], *, hinted_at: datetime) -> datetime | None:
    """When the person wrote the START that is their last word, later than every stop; None where they did not.

    Of two at the same moment the stop wins, and so does a stop that tells no time.
    """
    starts = [word.at for word in words if word.heard is Heard.START and word.at is not None]
    if not starts:
        return None
    start = max(starts)
    against = [word.at for word in words if word.heard is not Heard.START]
    if any(at is None or at >= start for at in against) or start < since(log, hinted_at=hinted_at):
        return None
    stopped = [word.at for word in words if word.heard is Heard.STOP and word.at is not None]
    return start if _all_before(start, stopped, [entry for entry in log if blocks(entry)]) else None


def _all_before(start: datetime, stopped: Sequence[datetime], stops: Sequence[Entry]) -> bool:
    """Whether every stop of the log was before. One that stands there later may be that of a text from before the START,
    told late: as many as there are such texts, and what GoHighLevel set because of one.
    """
    late = [entry for entry in stops if entry.recorded_at >= start]
    if not all(entry.source in {KEYWORD, GHL} and _told_late(entry, stopped) for entry in late):
        return False
    if not any(entry.source == KEYWORD for entry in late):
        return True
    first = min(stopped)
    return sum(entry.source == KEYWORD and entry.recorded_at >= first for entry in stops) <= len(stopped)


def _told_late(entry: Entry, stopped: Sequence[datetime]) -> bool:
    return any(entry.recorded_at - at <= HINT_LATE for at in stopped)
