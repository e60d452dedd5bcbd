"""The periods that Home and the list of cards speak of, in the church's own days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SUNDAY = 6
"""As `date.weekday` counts."""


@dataclass(frozen=True)
class Period:
    """A period up to now: its words, and how many days before today it begins; None begins with the last Sunday."""

    label: str
    days: int | None


PERIODS: Mapping[str, Period] = {
    "sunday": Period("This Sunday", None),
    "7days": Period("Last 7 days", 6),
    "30days": Period("Last 30 days", 29),
}
"""By the code that stands in addresses. Everything, without a beginning, has none."""

RANGE = "range"
"""The choice *From … to …* of a filter. It stands in the address as its two dates."""


def begins(code: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The midnight, on the church's wall, with which the period begins. Raises `KeyError` for an unknown code.

    *This Sunday* begins with Sunday and goes on through the week: cards of Sunday are often typed on Monday.
    """
    today = now.astimezone(zone).date()
    days = PERIODS[code].days
    back = (today.weekday() - SUNDAY) % 7 if days is None else days
    return datetime.combine(today - timedelta(days=back), time.min, zone)


def midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    """The moment with which a day begins on the church's wall."""
    return datetime.combine(day, time.min, zone) if day else None


def named_day(values: Sequence[str]) -> date | None:
    """The day that an address names; None where it names none that a calendar of a church reaches."""
    try:
        day = date.fromisoformat(next(iter(values), ""))
    except ValueError:
        return None
    # Others would run over the edge of time when a day is added.
    return day if 1900 <= day.year <= 2200 else None


def written_day(day: date) -> str:
    """`Nov 8, 2026`."""
    return f"{day:%b} {day.day}, {day.year}"
