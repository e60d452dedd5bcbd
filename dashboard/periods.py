"""The periods that Home and the list of cards speak of, in the church's own days. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
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


def begins(code: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The midnight, on the church's wall, with which the period begins. Raises `KeyError` for an unknown code.

    *This Sunday* begins with Sunday and goes on through the week: cards of Sunday are often typed on Monday.
    """
    today = now.astimezone(zone).date()
    days = PERIODS[code].days
    back = (today.weekday() - SUNDAY) % 7 if days is None else days
    return datetime.combine(today - timedelta(days=back), time.min, zone)
