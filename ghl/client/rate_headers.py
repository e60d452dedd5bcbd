"""GHL's rate headers as numbers. Header values are another system's text: what cannot be read is simply unknown,
and nothing here decides what to do with them (that is the throttle's business).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

# Whole numbers only, and short enough that no arithmetic later can leave the range of a double in Lua.
_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class RateHeaders:
    """What one answer said about the budget; a field is None when its header is missing or unreadable.

    The names are those of GHL's Authorization.md ("Rate limits"); the daily reset is sent by GHL in milliseconds
    and is not in that document, only in its own npm client.
    """

    limit: int | None = None
    remaining: int | None = None
    interval_ms: int | None = None
    daily_limit: int | None = None
    daily_remaining: int | None = None
    daily_reset_ms: int | None = None

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """The values in `headers`, whatever the case of their names; never raises on odd values."""
        values = {name.lower(): value for name, value in headers.items()}
        return cls(
            limit=_number(values.get("x-ratelimit-max")),
            remaining=_number(values.get("x-ratelimit-remaining")),
            interval_ms=_number(values.get("x-ratelimit-interval-milliseconds")),
            daily_limit=_number(values.get("x-ratelimit-limit-daily")),
            daily_remaining=_number(values.get("x-ratelimit-daily-remaining")),
            daily_reset_ms=_number(values.get("x-ratelimit-daily-reset")),
        )


def _number(text: str | None) -> int | None:
    """The whole number in `text`, or None: a sign, a fraction, or more than 15 digits is not one."""
    stripped = text.strip() if text is not None else ""
    return int(stripped) if _NUMBER.fullmatch(stripped) else None
