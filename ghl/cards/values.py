"""One value of a card, read leniently and exactly: text, yes or no, a date, a list.

Values come from JSON, CSV and spreadsheets, so each reader takes text, numbers, dates and booleans, and
raises `ValueProblemError` with a sentence that says what a right value looks like.
"""

import re
import unicodedata
from datetime import date, datetime

_BIG = 10**18
"""Numbers beyond this are no phone number or postal code, and too long to write out (CPython's own limit)."""

_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_YES = frozenset({"yes", "y", "true", "t", "1", "x", "✓", "✔", "☑", "on", "checked", "ticked"})
_NO = frozenset({"no", "n", "false", "f", "0", "off", "☐"})
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}\S*)?")
_AMERICAN = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{2,4})(?: \d{1,2}:\d{2}\S*(?: [AP]M)?)?", re.IGNORECASE)

DATE_FORM = "Write the date as 2026-11-22 or 11/22/2026."


class ValueProblemError(ValueError):
    """A value of the wrong type, length or form; the message is a sentence for people, without the value."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def clean(text: str, *, lines: bool = False) -> str:
    """The text in Unicode NFC, trimmed, without what nobody can see.

    Stripped, never refused: NUL and all other control signs, halves of surrogate pairs (PostgreSQL stores
    neither), zero-width spaces and signs that turn the writing direction. With `lines` the line ends and
    tabs stay, else they become one space.
    """
    if text.isascii() and text.isprintable():  # most text: nothing in it that nobody can see
        return text.strip() if lines else " ".join(text.split())
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(sign for sign in text if unicodedata.category(sign) != "Cc" or sign in "\n\t")
    if not lines:
        kept = " ".join(kept.split())
    return unicodedata.normalize("NFC", kept).strip()


def read_text(value: object, *, most: int, lines: bool = False) -> str:
    """Text of at most `most` characters; blank is `""`. A whole number is written without a point."""
    match value:
        case None:
            return ""
        case str():
            pass
        case bool():
            raise ValueProblemError("Text is expected here, not yes or no.")
        case int() | float():
            value = _number(value)
        case datetime():
            value = value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat(" ")
        case date():
            value = value.isoformat()
        case _:
            raise ValueProblemError("Text is expected here.")
    text = clean(value[: most * 4 + 1000], lines=lines)
    if len(text) > most:
        longer = "more than" if len(value) > most * 4 + 1000 else ""
        raise ValueProblemError(
            f"This is {longer} {len(text)} characters long; {most} fit.".replace("  ", " ")
        )
    return text


def read_yes_no(value: object) -> bool | None:
    """True, False, or None for a blank: a blank is not a no."""
    match value:
        case None:
            return None
        case bool():
            return value
        case int() | float():
            word = _number(value)
        case str():
            word = clean(value[:1000]).lower()
        case _:
            word = "?"
    if not word:
        return None
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueProblemError("Write yes or no, or leave it blank.")


def read_date(value: object, *, earliest: date, latest: date) -> date | None:
    """A day between `earliest` and `latest`, both included; blank is None. A time of day is dropped."""
    match value:
        case None:
            return None
        case datetime():
            day = value.date()
        case date():
            day = value
        case str():
            text = clean(value[:1000])
            if not text:
                return None
            day = _day(text)
        case _:
            raise ValueProblemError(DATE_FORM)
    if day < earliest:
        raise ValueProblemError(f"This date is before {_american(earliest)}.")
    if day > latest:
        raise ValueProblemError(f"This date is after {_american(latest)}.")
    return day


def read_list(value: object, *, most: int, each: int) -> tuple[str, ...]:
    """At most `most` entries of at most `each` characters, from a list or from text split by `;`.

    An entry that repeats another, whatever its capitals, is left out.
    """
    if isinstance(value, str):
        value = value.split(";")
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ValueProblemError("A list is expected here, or text with ; between the entries.")
    if len(value) > 10 * most:
        raise ValueProblemError(f"There are {len(value)} entries; {most} fit.")
    entries: dict[str, str] = {}
    for entry in value:
        text = read_text(entry, most=each)
        if text:
            entries.setdefault(text.casefold(), text)
    if len(entries) > most:
        raise ValueProblemError(f"There are {len(entries)} entries; {most} fit.")
    return tuple(entries.values())


def read_answer(value: object, *, most: int) -> str:
    """The answer to a church's own question, as text: yes or no for a boolean, a list joined by `; `."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return read_text("; ".join(read_list(value, most=most, each=most)), most=most)
    return read_text(value, most=most, lines=True)


def _number(value: float) -> str:
    if not -_BIG <= value <= _BIG:  # NaN is neither
        raise ValueProblemError("This number is too large.")
    return str(int(value)) if value == int(value) else repr(value)


def _day(text: str) -> date:
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _AMERICAN.fullmatch(text):
        month, day, year = (int(part) for part in found.groups())
        if len(found[3]) != 4:
            raise ValueProblemError("Write the year with four digits, such as 11/22/2026.")
        if month > 12 and day <= 12:
            raise ValueProblemError("The month comes first, such as 11/22/2026.")
    else:
        raise ValueProblemError(DATE_FORM)
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueProblemError("This day is not in the calendar.") from None


def _american(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"
