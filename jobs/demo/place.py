"""Where the demo church stands: where it is day when the demo is first started, so that its texts leave at once. Pure."""

from collections.abc import Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

PLACES: Sequence[str] = (
    "America/Chicago",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "Europe/Berlin",
)
"""In the order in which they are wanted. At every moment it is day in one of them."""

MORNING, AFTERNOON = time(8), time(18)
"""Texts leave from 8 am to 8 pm; whoever tries the demo has two hours at least."""


def where_it_is_day(now: datetime) -> str:
    """The first of the places in which it is day at this moment."""
    for name in PLACES:
        if MORNING <= now.astimezone(ZoneInfo(name)).time() < AFTERNOON:
            return name
    raise ValueError("It is day in none of the places.")
