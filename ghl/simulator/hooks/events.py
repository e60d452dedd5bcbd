"""What a change is worth telling. Pure: the record before and after come in."""

from dataclasses import dataclass, fields

from ghl.simulator.contacts.record import Contact
from ghl.simulator.hooks.bodies import Body, contact_body, email_stats_body, message_body
from ghl.simulator.locations import Location
from ghl.simulator.messages.keywords import STOP_WORDS
from ghl.simulator.messages.record import Channel, Direction, Message, Status

_DND = frozenset({"dnd", "dnd_settings", "inbound_dnd"})
_QUIET = frozenset({"updated_at"})
_ENDS = frozenset(
    {Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.OPT_OUT, Status.OPENED}
)
MEASURED_SILENT = frozenset({"STOP"})
"""*Customer Replied* does not start for this word; for the other stop words it was seen to (2026-07-01)."""


@dataclass(frozen=True, slots=True)
class Start:
    """A workflow starts: by its trigger, about a contact, because of a message."""

    trigger: str
    contact: Contact
    message: Message | None = None


def of_contact(before: Contact | None, after: Contact | None) -> list[Body]:
    """The app's events about a contact that was added, changed or removed."""
    if after is None:
        return [] if before is None else [contact_body("ContactDelete", before)]
    if before is None:
        return [contact_body("ContactCreate", after)]
    changed = _changed(before, after)
    kinds = []
    if changed - _DND - {"tags"}:
        kinds.append("ContactUpdate")
    if "tags" in changed:
        kinds.append("ContactTagUpdate")
    if changed & _DND:
        kinds.append("ContactDndUpdate")
    return [contact_body(kind, after) for kind in kinds]


def starts_of_contact(before: Contact | None, after: Contact | None) -> list[Start]:
    """The workflows that a change of a contact starts."""
    if before is None or after is None or not _changed(before, after) & _DND:
        return []
    return [Start("dnd", after)]


def of_message(before: Message | None, after: Message, location: Location) -> list[Body]:
    """The app's events about a message that came in, left, or came to an end."""
    if before is not None and before.status is after.status:
        return []
    if after.direction is Direction.IN:
        return [message_body(after)]
    if after.status not in _ENDS:
        return []
    told = [message_body(after)]
    if after.channel is Channel.EMAIL and (stats := email_stats_body(after, location)) is not None:
        told.append(stats)
    return told


def starts_of_message(before: Message | None, after: Message, contact: Contact) -> list[Start]:
    """The workflows that an answer starts."""
    if before is not None or after.direction is not Direction.IN:
        return []
    if after.channel is Channel.SMS and after.body.strip().upper() in MEASURED_SILENT & STOP_WORDS:
        return []
    return [Start("replied", contact, after)]


def _changed(before: Contact, after: Contact) -> set[str]:
    names = {field.name for field in fields(Contact)} - _QUIET
    return {name for name in names if getattr(before, name) != getattr(after, name)}
