"""A contact as GoHighLevel shows it, in the dialect of the version that asked. Empty properties are left out."""

from datetime import datetime
from typing import Any

from ghl.simulator.contacts.dnd import show_dnd
from ghl.simulator.contacts.record import Contact


def timestamp(moment: datetime) -> str:
    """`2021-08-31T09:59:41.937Z`, the form of all times in answers."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def show_contact(contact: Contact, *, v3: bool) -> dict[str, Any]:
    """The contact of get, update and upsert (GetContectByIdSchema); custom fields as `{id, value}`."""
    text = contact.text
    shown: dict[str, Any] = {
        "id": contact.id,
        "locationId": contact.location_id,
        "dateAdded": timestamp(contact.added_at),
        "dateUpdated": timestamp(contact.updated_at),
        "type": "lead",
        **text,
        "tags": list(contact.tags),
        "customFields": [{"id": field_id, "value": value} for field_id, value in contact.custom.items()],
        "dndSettings": show_dnd(contact.dnd_settings, v3=v3),
        "inboundDndSettings": contact.inbound_dnd,
        "additionalEmails": [{"email": email} for email in contact.additional_emails],
    }
    if contact.name:
        shown |= {"name": contact.name, "fullNameLowerCase": contact.name.lower()}
    for name in ("firstName", "lastName"):
        if name in text:
            shown[f"{name}LowerCase"] = text[name].lower()
    if contact.email:
        shown |= {"email": contact.email, "emailLowerCase": contact.email}
    if contact.phone:
        shown["phone"] = contact.phone
    if contact.dnd is not None:
        shown["dnd"] = contact.dnd
    return shown


def show_created(contact: Contact, *, v3: bool) -> dict[str, Any]:
    """The contact of create (CreateContactSchema): the same and a few more, the birth date as a full time."""
    shown = {
        **show_contact(contact, v3=v3),
        "deleted": False,
        "bounceEmail": False,
        "unsubscribeEmail": False,
    }
    born = contact.text.get("dateOfBirth")
    if born:
        shown |= {
            "dateOfBirth": f"{born}T00:00:00.000Z",
            "birthMonth": int(born[5:7]),
            "birthDay": int(born[8:10]),
        }
    return shown


def show_found(contact: Contact, *, v3: bool) -> dict[str, Any]:
    """The contact of a search, with the place to go on from."""
    return {**show_contact(contact, v3=v3), "searchAfter": search_place(contact)}


def search_place(contact: Contact) -> list[Any]:
    """Where `searchAfter` goes on: the time added in milliseconds, then the id."""
    return [int(contact.added_at.timestamp() * 1000), contact.id]
