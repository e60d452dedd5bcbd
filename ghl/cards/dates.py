"""Dates as people write them in lists, turned into `2026-11-22`; whether the day or the month comes first. Pure.

What is not understood comes back as it was, so that whoever reads the card says what a right date looks like.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum

from ghl.cards.values import clean

MAX_DATE = 60
"""Signs of a written date; longer text is none."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"(?:[ T,]+\d{1,2}:\d{2}\S*(?: ?[AaPp]\.?[Mm]\.?)?(?: \S{1,10})?)?"
_NUMBERS = re.compile(rf"(\d{{1,2}})\s?([/.\-])\s?(\d{{1,2}})\s?\2\s?(\d{{4}}|\d{{2}}){_TIME}")
_YEAR_FIRST = re.compile(rf"(\d{{4}})[/.](\d{{1,2}})[/.](\d{{1,2}}){_TIME}")
_WORDS = re.compile(
    rf"(?:[a-z]+day,? )?(?:([a-z]{{3,9}})\.? (\d{{1,2}})|(\d{{1,2}})\.?[ -]([a-z]{{3,9}}))"
    rf"(?:st|nd|rd|th)?\.?,?[ -](\d{{4}}){_TIME}",
    re.IGNORECASE,
)
_SERIAL_START = date(1899, 12, 30)
_SERIALS = range(7_000, 110_000)
"""Days since 1899 that a spreadsheet shows as a number where a cell has no date form: 1919 to 2201."""


class DateOrder(StrEnum):
    """What comes first in `3/4/2026`: the month (March 4) or the day (April 3)."""

    MONTH_FIRST = "month_first"
    DAY_FIRST = "day_first"


def date_order(values: Iterable[object]) -> tuple[DateOrder, bool]:
    """The order in a column of dates, and whether it is sure.

    A 13 or more in first place can be no month. Where both could be, months come first and nobody can be sure.
    """
    month_first = day_first = unclear = 0
    for value in values:
        found = (
            _NUMBERS.fullmatch(clean(value)) if isinstance(value, str) and len(value) <= MAX_DATE else None
        )
        if not found:
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            day_first += 1
        elif second > 12 >= first:
            month_first += 1
        elif first != second:
            unclear += 1
    if day_first and not month_first:
        return DateOrder.DAY_FIRST, True
    return DateOrder.MONTH_FIRST, bool(month_first and not day_first) or not (unclear or day_first)


def written_date(value: object, order: DateOrder, *, today: date, past: bool = False) -> object:
    """The value as `2026-11-22` where it is a date that people write; anything else as it was.

    With `past` (a birthday) a year of two digits is in the past: `85` is 1985, and `01` is 2001.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if not isinstance(value, str):
        return _from_serial(value)
    text = clean(value) if len(value) <= MAX_DATE else ""
    if found := _NUMBERS.fullmatch(text):
        first, second = int(found[1]), int(found[3])
        month, day = (second, first) if order is DateOrder.DAY_FIRST else (first, second)
        year = int(found[4]) if len(found[4]) == 4 else _year(int(found[4]), today, past=past)
    elif found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif (found := _WORDS.fullmatch(text)) and (name := (found[1] or found[4])[:3].lower()) in _MONTHS:
        year, month, day = int(found[5]), _MONTHS.index(name) + 1, int(found[2] or found[3])
    else:
        return value
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return value


def _year(short: int, today: date, *, past: bool) -> int:
    year = today.year // 100 * 100 + short
    latest = today.year if past else today.year + 1
    return year - 100 if year > latest else year


def _from_serial(value: float) -> object:
    if value != value or value in {float("inf"), float("-inf")} or int(value) not in _SERIALS:  # noqa: PLR0124
        return value
    return datetime.combine(_SERIAL_START + timedelta(days=int(value)), datetime.min.time()).date()
