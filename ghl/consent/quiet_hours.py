"""The hours in which texts may leave: those of the church, and of the person, whichever is narrower. Pure.

Never before 8 am or after 9 pm (47 CFR 64.1200(c)(1)), whatever a church sets. A text outside them is later, not lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

EARLIEST, LATEST = time(8), time(21)
LOOK_AHEAD = timedelta(days=8)
SUNDAY = 6


@dataclass(frozen=True)
class Window:
    """From when until when texts leave, in local time. `sunday_from` is a later start on Sundays."""

    texts_from: time = time(8)
    texts_until: time = time(20)
    sunday_from: time | None = None

    def on(self, day: date) -> tuple[time, time]:
        """The hours of a day. The end is no longer one of them."""
        start, end = max(self.texts_from, EARLIEST), min(self.texts_until, LATEST)
        if day.weekday() == SUNDAY and self.sunday_from is not None:
            start = max(start, self.sunday_from)
        return start, end


def next_allowed(now: datetime, window: Window, zones: Sequence[tzinfo]) -> datetime:
    """The first moment from `now` on that lies within the hours at every one of these places; `now` where it does.

    `zones` begins with the church's and ends with the person's. Where their days have no hour in common, the person's
    place counts alone: the law asks for theirs.
    """
    if not zones:
        raise ValueError("There is no place whose hours could count.")
    moment = now
    while moment - now <= LOOK_AHEAD:
        latest = max(_next_at(moment, window, zone) for zone in zones)
        if latest == moment:
            return moment
        moment = latest
    return next_allowed(now, window, zones[-1:]) if len(zones) > 1 else moment


def _next_at(now: datetime, window: Window, zone: tzinfo) -> datetime:
    """The first moment from `now` on that lies within the hours at one place."""
    if _within(now, window, zone):
        return now
    for begin in _beginnings(now, window, zone):
        if begin >= now and _within(begin, window, zone):
            return begin
    raise ValueError("The window has no hours.")


def _within(moment: datetime, window: Window, zone: tzinfo) -> bool:
    local = moment.astimezone(zone)
    start, end = window.on(local.date())
    return start <= local.time() < end


def _beginnings(now: datetime, window: Window, zone: tzinfo) -> Iterator[datetime]:
    today = now.astimezone(zone).date()
    for days in range(LOOK_AHEAD.days + 1):
        day = today + timedelta(days=days)
        start, _ = window.on(day)
        yield datetime.combine(day, start, zone).astimezone(UTC)
