"""A contact after a request: pure, from the record before and what was sent."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from ghl.simulator.contacts.dnd import merge_dnd
from ghl.simulator.contacts.reading import Sent
from ghl.simulator.contacts.record import Contact


def apply(contact: Contact, sent: Sent, *, now: datetime, permanent_dnd_clearable: bool = False) -> Contact:
    """`contact` with everything that was sent. Tags replace all tags; custom fields change one by one."""
    text = {**contact.text, **sent.text}
    changes: dict[str, Any] = {
        "text": {name: value for name, value in text.items() if value is not None},
        "updated_at": now,
    }
    for name in ("email", "phone", "tags", "dnd", "inbound_dnd"):
        if name in sent.values:
            changes[name] = sent.values[name]
    if "dnd_settings" in sent.values:
        sent_dnd = sent.values["dnd_settings"]
        changes["dnd_settings"] = merge_dnd(contact.dnd_settings, sent_dnd, clearable=permanent_dnd_clearable)
    if "custom" in sent.values:
        custom = {**contact.custom, **sent.values["custom"]}
        changes["custom"] = {field_id: value for field_id, value in custom.items() if value is not None}
    return replace(contact, **changes)
