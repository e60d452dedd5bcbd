"""What a client sends about a contact, checked as GoHighLevel checks it, and brought to the form that is kept."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import phonenumbers

from ghl.simulator.answers import unprocessable
from ghl.simulator.contacts.custom_values import read_custom_fields
from ghl.simulator.contacts.dnd import read_dnd, read_inbound_dnd
from ghl.simulator.contacts.phones import to_e164
from ghl.simulator.contacts.record import TEXT_FIELDS
from ghl.simulator.locations import Location

_NULLABLE = frozenset(
    {
        *("firstName", "lastName", "name", "email", "phone", "address1", "city", "state", "website"),
        *("timezone", "companyName", "dateOfBirth"),
    }
)
_STRINGS = (*TEXT_FIELDS, "name", "email", "phone", "gender")
_OTHERS = frozenset({"dnd", "dndSettings", "inboundDndSettings", "tags", "customFields"})

UPDATE = (frozenset(_STRINGS) | _OTHERS) - {"gender", "companyName"}
CREATE = frozenset(_STRINGS) | _OTHERS | {"locationId"}
UPSERT = CREATE | {"createNewIfDuplicateAllowed"}
"""Properties each call takes (UpdateContactDto, CreateContactDto, UpsertContactDto); any other is a 422."""

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]{2,}\Z")
_YEAR_FIRST = re.compile(r"(\d{4})([-/._])(\d{1,2})\2(\d{1,2})\Z")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/._])(\d{1,2})\2(\d{4})\Z")


@dataclass(slots=True)
class Sent:
    """A checked request. In `text` and `values` only what was sent; None clears."""

    text: dict[str, str | None] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


def read_contact(body: dict[str, Any], allowed: frozenset[str], location: Location, *, v3: bool) -> Sent:
    """The request's contact.

    Raises Refusal: 422 with every complaint about shape, 400 for a phone number that cannot be one.
    """
    _check_shape(body, allowed)
    sent = Sent()
    _read_text(body, sent)
    if "email" in body:
        sent.values["email"] = (body["email"] or "").strip().lower() or None
    if "phone" in body:
        text = (body["phone"] or "").strip()
        settings = location.settings
        sent.values["phone"] = (
            to_e164(text, settings.country, strict=settings.strict_phones) if text else None
        )
    if "tags" in body:
        sent.values["tags"] = lower_tags(body["tags"])
    if "dnd" in body:
        sent.values["dnd"] = body["dnd"]
    if "dndSettings" in body:
        sent.values["dnd_settings"] = read_dnd(body["dndSettings"], v3=v3)
    if "inboundDndSettings" in body:
        sent.values["inbound_dnd"] = read_inbound_dnd(body["inboundDndSettings"])
    if body.get("customFields") is not None:
        sent.values["custom"] = read_custom_fields(body["customFields"], location)
    return sent


def lower_tags(tags: list[str]) -> tuple[str, ...]:
    """Tags as they are kept: in lower case, each once, in the order given."""
    return tuple(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip()))


def check_tags(tags: Any) -> list[str]:
    """Complaints about a value that should be a list of texts."""
    if not isinstance(tags, list):
        return ["each value in tags must be a string", "tags must be an array"]
    return [] if all(isinstance(tag, str) for tag in tags) else ["each value in tags must be a string"]


def _check_shape(body: dict[str, Any], allowed: frozenset[str]) -> None:
    complaints = [f"property {name} should not exist" for name in body if name not in allowed]
    for name in _STRINGS:
        if name not in body or name not in allowed:
            continue
        value = body[name]
        if not (isinstance(value, str) or (value is None and name in _NULLABLE)):
            complaints.append(f"{name} must be a string")
    email = body.get("email")
    if isinstance(email, str) and email.strip() and not _EMAIL.match(email.strip()):
        complaints.append("email must be an email")
    country = body.get("country")
    if isinstance(country, str) and country and country.upper() not in phonenumbers.SUPPORTED_REGIONS:
        complaints.append("country must be a valid enum value")
    if "dnd" in body and not isinstance(body["dnd"], bool):
        complaints.append("dnd must be a boolean value")
    if "tags" in body:
        complaints += check_tags(body["tags"])
    if complaints:
        raise unprocessable(*complaints)


def _read_text(body: dict[str, Any], sent: Sent) -> None:
    for name in TEXT_FIELDS:
        if name in body:
            sent.text[name] = (body[name] or "").strip() or None
    if body.get("name") and "firstName" not in body and "lastName" not in body:
        first, _, last = body["name"].strip().partition(" ")
        sent.text["firstName"], sent.text["lastName"] = first or None, last.strip() or None
    if sent.text.get("country"):
        sent.text["country"] = (sent.text["country"] or "").upper()
    born = sent.text.get("dateOfBirth")
    if born:
        sent.text["dateOfBirth"] = _read_date(born)


def _read_date(text: str) -> str:
    """YYYY-MM-DD from any of the eight formats that the description of `dateOfBirth` lists."""
    day_text = text[:10] if "T" in text else text
    try:
        if match := _YEAR_FIRST.match(day_text):
            return date(int(match[1]), int(match[3]), int(match[4])).isoformat()
        if match := _YEAR_LAST.match(day_text):
            return date(int(match[4]), int(match[1]), int(match[3])).isoformat()
    except ValueError as error:
        raise unprocessable("dateOfBirth must be a valid date") from error
    raise unprocessable("dateOfBirth must be a valid date")
