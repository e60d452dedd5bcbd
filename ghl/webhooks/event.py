"""What an event says before anything is done about it: its type, its location, when it was, and what makes it one. Pure.

Reading is forgiving where GoHighLevel is: fields it adds are kept and ignored. What is no JSON object is refused.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ghl.client import reading
from ghl.client.operations import ID_PATTERN

MAX_BODY = 256 * 1024
"""GoHighLevel sends no more."""

WORKFLOW_TYPE = "Workflow"
NO_TYPE = "Other"
"""Some of GoHighLevel's events name no type."""

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,79}")
_MARK = re.compile(r"[!-~]{1,200}")
_ID = re.compile(ID_PATTERN)
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
MINUTE = 60


class BrokenEventError(ValueError):
    """The body is no event. `field` names what is wrong, where it is one field."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, repr=False)
class Event:
    """An event by its outside. `key` is the same however often it comes."""

    type: str
    location_id: str | None
    key: str
    occurred_at: datetime | None


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object, with nothing in it that no text can hold. Raises `BrokenEventError`.

    Half an emoji, as a text that was cut has it, becomes U+FFFD; NUL goes.
    """
    try:
        found = _clean(json.loads(body, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise BrokenEventError("The body is not valid JSON.") from None
    if not isinstance(found, dict):
        raise BrokenEventError("An event is a JSON object, in curly brackets.")
    return found


def read_app_event(body: bytes, *, delivery_id: str | None) -> Event:
    """An event of GoHighLevel's app webhooks. Raises `BrokenEventError`.

    `webhookId` stands in the signed body, so it goes before the header, which anybody may change.
    """
    values = read_object(body)
    kind = values.get("type")
    if kind is None:
        kind = NO_TYPE
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise BrokenEventError("The type of the event is no word.", "type")
    return Event(
        kind,
        id_in(values, "locationId"),
        _key(values, delivery_id, body),
        occurred(values),
    )


def read_workflow_event(body: bytes, *, now: datetime) -> Event:
    """What a church's workflow sent. Raises `BrokenEventError`.

    It has no mark of its own: the same words within one minute are one event, which is then handled again.
    """
    values = read_object(body)
    if contact_of(values) is None:
        raise BrokenEventError("The id of the contact is missing.", "contact_id")
    minute = int(now.timestamp()) // MINUTE
    return Event(
        WORKFLOW_TYPE,
        place_of(values),
        f"{hashlib.sha256(body).hexdigest()}:{minute}",
        occurred(values) or now,
    )


def id_in(values: Mapping[str, Any], *names: str) -> str | None:
    """The first of these that is an id of GoHighLevel's."""
    for name in names:
        found = values.get(name)
        if isinstance(found, str) and _ID.fullmatch(found):
            return found
    return None


def contact_of(values: Mapping[str, Any]) -> str | None:
    """The contact that a workflow speaks of."""
    return id_in(values, "contact_id", "contactId")


def place_of(values: Mapping[str, Any]) -> str | None:
    """The location that a workflow speaks of: in its standard form an object, in one's own words perhaps a name."""
    location = values.get("location")
    if isinstance(location, dict) and (found := id_in(location, "id")):
        return found
    return id_in(values, "location_id", "locationId")


def occurred(values: Mapping[str, Any]) -> datetime | None:
    """When it was in GoHighLevel, as far as it says: of what a person wrote when they did, else when the event was made."""
    wrote = values.get("type") == "InboundMessage"
    names = ("dateAdded", "timestamp") if wrote else ("timestamp", "dateUpdated")
    for name in names:
        moment = reading.as_moment(values.get(name))
        if moment is not None:
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _key(values: Mapping[str, Any], delivery_id: str | None, body: bytes) -> str:
    for kind, found in (
        ("w", values.get("webhookId")),
        ("d", values.get("deliveryId")),
        ("d", delivery_id),
    ):
        if isinstance(found, str) and _MARK.fullmatch(found):
            return f"{kind}:{found}"
    return f"h:{hashlib.sha256(body).hexdigest()}"


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _NO_TEXT.sub(lambda sign: "" if sign[0] == "\0" else "\ufffd", value)
    if isinstance(value, dict):
        return {_clean(name): _clean(one) for name, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _refuse(_constant: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON.")
