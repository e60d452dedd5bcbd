"""The lines that GoHighLevel puts under a text by itself. Pure.

Source: GoHighLevel help 48001213941, 48001214536, 155000004684: the first text to a contact, and again after 30 days,
unless the text says how to opt out already.
"""

import re
from datetime import datetime, timedelta

_OPT_OUT = re.compile(
    r"\b(?:reply|text|send|write)\b[^.!?\n]{0,20}\b(?:stop|unsubscribe|cancel|end|quit)\b"
    r"|\bunsubscribe\b|\bopt[ -]?out\b",
    re.IGNORECASE,
)


def says_how_to_stop(text: str) -> bool:
    """Whether there is a phrase about opting out in it."""
    return _OPT_OUT.search(text) is not None


def with_footer(
    text: str, location_name: str, *, last: datetime | None, now: datetime, days: int
) -> tuple[str, bool]:
    """The text as it goes out, and whether something was put under it. `last`: when the contact last got those lines."""
    if says_how_to_stop(text) or (last is not None and now - last < timedelta(days=days)):
        return text, False
    return f"{text}\n\nThanks, {location_name}\nReply STOP to unsubscribe", True
