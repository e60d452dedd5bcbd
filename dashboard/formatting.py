"""Times, numbers and visitors' text as the screens write them. Pure: every answer follows from the arguments."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MOST = 10_000
"""Above this a list says `10,000+`."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$&])")
_JOINERS = {"\u200c", "\u200d"}
"""Invisible, but part of Persian words and of many emoji."""


def clock_time(at: datetime, zone: ZoneInfo, *, seconds: bool = False) -> str:
    """The time of day on the church's wall: `9:14 am`, `12:00 pm`, or `9:14:05 am`."""
    local = at.astimezone(zone)
    second = f":{local.second:02}" if seconds else ""
    return f"{local.hour % 12 or 12}:{local.minute:02}{second} {'am' if local.hour < 12 else 'pm'}"


def when(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """A moment as the church speaks of it: `9:14 am` today, `yesterday 4:12 pm`, `Nov 8, 4:12 pm`."""
    local, today = at.astimezone(zone), now.astimezone(zone)
    days = (local.date() - today.date()).days
    time = clock_time(at, zone)
    if days == 0:
        return time
    if days in {-1, 1}:
        return f"{'yesterday' if days < 0 else 'tomorrow'} {time}"
    year = f" {local.year}," if local.year != today.year else ""
    return f"{local:%b} {local.day},{year} {time}"


def day_of(moment: str, *, now: datetime, zone: ZoneInfo) -> str:
    """The day of a moment as another program writes it (ISO 8601): `Nov 8`, `Nov 8, 2024`; empty for what is none."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    local = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone)
    year = f", {local.year}" if local.year != now.astimezone(zone).year else ""
    return f"{local:%b} {local.day}{year}"


def ago(at: datetime, *, now: datetime) -> str:
    """How long ago, in one word of measure: `just now`, `5 minutes ago`; empty after a day."""
    passed = now - at
    if passed < timedelta(minutes=1):
        return "just now"
    if passed < timedelta(hours=1):
        return f"{_many(passed // timedelta(minutes=1), 'minute')} ago"
    if passed < timedelta(days=1):
        return f"{_many(passed // timedelta(hours=1), 'hour')} ago"
    return ""


def number(count: int) -> str:
    """A count with its thousands apart, such as `1,042`."""
    return f"{count:,}"


def capped(count: int) -> str:
    """A count as lists say it: exact up to ten thousand, then `10,000+`."""
    return number(count) if count <= MOST else f"{MOST:,}+"


def capped_cards(count: int) -> str:
    """`1 card`, `212 cards`, `10,000+ cards`."""
    return f"{capped(count)} {'card' if count == 1 else 'cards'}"


def cards(count: int) -> str:
    """`1 card`, `23 cards`."""
    return _many(count, "card")


def one_line(text: str, limit: int = 80) -> str:
    """Visitors' text on one line and bounded, without signs that nobody sees or that turn the line round.

    It still is any text: show it with `st.text`, or through `esc` in a label.
    """
    seen = "".join(
        sign if sign in _JOINERS or unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cs"} else " "
        for sign in text[: limit * 8]
    )
    line = " ".join(seen.split())
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def esc(text: str, limit: int = 80) -> str:
    """Visitors' text for the label of a button or page link, where Streamlit reads Markdown. Nowhere else."""
    return _MARKDOWN.sub(r"\\\1", one_line(text, limit))


def _many(count: int, thing: str) -> str:
    return f"{number(count)} {thing}{'' if count == 1 else 's'}"
