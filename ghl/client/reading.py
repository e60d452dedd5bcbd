"""Reads single values out of GHL's JSON: what is odd or of the wrong type counts as absent. Raises nothing."""

import re
from datetime import UTC, date, datetime
from typing import Any

_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def as_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def as_date(value: object) -> date | None:
    """A date from `1990-09-25`, an ISO time that begins so, or milliseconds since 1970; else None."""
    try:
        if isinstance(value, str) and (found := _DATE.match(value)):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def as_moment(value: object) -> datetime | None:
    """A time from ISO text or milliseconds since 1970, aware; else None."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def as_flag(value: object) -> bool:
    """Whether a switch is on; GHL sends true, some integrations store the word."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def as_custom_values(value: object) -> dict[str, Any]:
    """`[{id, value}]` (GHL also says `field_value` and `fieldValue`) as one mapping by id."""
    found: dict[str, Any] = {}
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict) and isinstance(item.get("id"), str):
            known = (item[name] for name in ("value", "field_value", "fieldValue") if name in item)
            found[item["id"]] = next(known, None)
    return found


def as_channels(value: object) -> dict[str, dict[str, Any]]:
    """Do-not-disturb by channel in lower case, whichever casing the version uses."""
    if not isinstance(value, dict):
        return {}
    return {str(name).lower(): item for name, item in value.items() if isinstance(item, dict)}


def as_options(value: object) -> tuple[str, ...]:
    """Pick-list choices; GHL sends texts, some answers wrap each in an object."""
    items = value if isinstance(value, list) else ()
    return tuple(option for item in items if (option := _first_text(item, "label", "name", "value", "key")))


def as_emails(value: object) -> tuple[str, ...]:
    """Further addresses; GHL sends `[{"email": …}]`, older answers plain texts."""
    items = value if isinstance(value, list) else ()
    return tuple(email for item in items if (email := _first_text(item, "email")))


def _first_text(item: object, *names: str) -> str | None:
    """The item itself where it is a text; of an object the first of `names` that holds one."""
    candidates = [item.get(name) for name in names] if isinstance(item, dict) else [item]
    return next((text for text in candidates if isinstance(text, str)), None)
