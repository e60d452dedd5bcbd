"""A message as it is kept, in no dialect of the API. It never changes: a change makes a new one."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Channel(StrEnum):
    """How a message travels, by GoHighLevel's names."""

    SMS = "SMS"
    EMAIL = "Email"


class Direction(StrEnum):
    """Whether the church sent it or the person."""

    IN = "inbound"
    OUT = "outbound"


class Status(StrEnum):
    """Where a message stands, as far as the simulator brings one there."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    OPT_OUT = "opt_out"
    OPENED = "opened"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `address` is the other side's phone or e-mail, as it was when GoHighLevel took the message."""

    id: str
    location_id: str
    contact_id: str
    conversation_id: str
    channel: Channel
    direction: Direction
    status: Status
    address: str
    body: str
    """What goes out: with the line that GoHighLevel adds."""

    asked: str
    """What the client sent, without that line."""

    added_at: datetime
    updated_at: datetime
    visible_at: datetime
    """When the export knows of it."""

    source: str | None = None
    subject: str | None = None
    email_message_id: str | None = None
    sender: str | None = None
    next_at: datetime | None = None
    """When its status changes next; None when it is over."""

    has_footer: bool = False
    automatic: bool = False
    """GoHighLevel wrote it by itself: the answer to STOP, START or HELP."""


def message_from(record: dict[str, Any]) -> Message:
    """The record back from the journal. Raises KeyError, TypeError or ValueError when it is not one."""
    values = dict(record)
    for name in ("added_at", "updated_at", "visible_at", "next_at"):
        if values[name] is not None:
            values[name] = datetime.fromisoformat(values[name]).astimezone(UTC)
    values["channel"] = Channel(values["channel"])
    values["direction"] = Direction(values["direction"])
    values["status"] = Status(values["status"])
    return Message(**values)
