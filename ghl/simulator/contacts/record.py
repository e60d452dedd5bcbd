"""A contact as it is kept, in no dialect of the API. It never changes: a change makes a new one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TEXT_FIELDS = (
    "firstName",
    "lastName",
    "address1",
    "city",
    "state",
    "postalCode",
    "country",
    "website",
    "timezone",
    "source",
    "companyName",
    "assignedTo",
    "dateOfBirth",
)
"""Properties that are plain text. `dateOfBirth` is kept as YYYY-MM-DD. `gender` is taken and dropped, as GHL does."""

CHANNELS = {"Call": "call", "Email": "email", "SMS": "sms", "WhatsApp": "whatsApp", "GMB": "gmb", "FB": "fb"}
"""Do-not-disturb channels: their names in dated versions, and in v3."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact. `text` has the plain properties by their names in the API, without the empty ones."""

    id: str
    location_id: str
    added_at: datetime
    updated_at: datetime
    text: dict[str, str] = field(default_factory=dict)
    email: str | None = None
    phone: str | None = None
    additional_emails: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    custom: dict[str, Any] = field(default_factory=dict)
    dnd: bool | None = None
    dnd_settings: dict[str, dict[str, str]] = field(default_factory=dict)
    inbound_dnd: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """First and last name, as far as known."""
        return f"{self.text.get('firstName', '')} {self.text.get('lastName', '')}".strip()


def from_json(record: dict[str, Any]) -> Contact:
    """The record back from the journal. Raises KeyError, TypeError or ValueError when it is not one."""
    values = dict(record)
    for name in ("added_at", "updated_at"):
        values[name] = datetime.fromisoformat(values[name]).astimezone(UTC)
    for name in ("tags", "additional_emails"):
        values[name] = tuple(values[name])
    return Contact(**values)
