"""The bodies of events, as GoHighLevel's files on webhook events and measured ones have them. Pure."""

from datetime import datetime
from typing import Any

from ghl.simulator.contacts.dnd import show_dnd
from ghl.simulator.contacts.record import Contact
from ghl.simulator.contacts.showing import timestamp
from ghl.simulator.locations import Location
from ghl.simulator.messages.record import Channel, Direction, Message, Status

Body = dict[str, Any]


def contact_body(kind: str, contact: Contact) -> Body:
    """ContactUpdate and its kin: flat, tags whole, custom fields by id."""
    body: Body = {
        "type": kind,
        "locationId": contact.location_id,
        "id": contact.id,
        **{name: value for name, value in contact.text.items() if name != "timezone"},
        "name": contact.name,
        "dateAdded": timestamp(contact.added_at),
        "tags": list(contact.tags),
        "attachments": [],
        "customFields": [{"id": one, "value": value} for one, value in contact.custom.items()],
    }
    if contact.email:
        body["email"] = contact.email
    if contact.phone:
        body["phone"] = contact.phone
    if contact.dnd is not None:
        body["dnd"] = contact.dnd
    if kind == "ContactDndUpdate":
        body["dndSettings"] = show_dnd(contact.dnd_settings, v3=False)
        body["dateUpdated"] = timestamp(contact.updated_at)
    return body


def message_body(message: Message) -> Body:
    """InboundMessage or OutboundMessage."""
    out = message.direction is Direction.OUT
    body: Body = {
        "type": "OutboundMessage" if out else "InboundMessage",
        "locationId": message.location_id,
        "attachments": [],
        "body": message.body,
        "contactId": message.contact_id,
        "conversationId": message.conversation_id,
        "dateAdded": timestamp(message.added_at),
        "direction": message.direction.value,
        "messageType": message.channel.value,
        "messageId": message.id,
        "status": message.status.value,
    }
    if out:
        body["source"] = message.source
    if message.channel is Channel.SMS:
        church = message.sender or ""
        return body | {
            "contentType": "text/plain",
            "from": church if out else message.address,
            "to": message.address if out else church,
        }
    return body | {
        "emailMessageId": message.email_message_id,
        "threadId": message.email_message_id,
        "subject": message.subject or "",
        "from": message.sender if out else message.address,
        "to": [message.address if out else message.sender],
    }


_EMAIL_EVENTS = {
    Status.DELIVERED: ("delivered", 250, "OK"),
    Status.OPENED: ("opened", 250, "OK"),
    Status.FAILED: ("failed", 550, "5.1.1 The email account that you tried to reach does not exist"),
    Status.UNDELIVERED: ("failed", 450, "4.2.1 Mailbox busy"),
}


def email_stats_body(message: Message, location: Location, *, event: str | None = None) -> Body | None:
    """LCEmailStats for an e-mail that came to an end, or for what its reader did; None before that."""
    known = _EMAIL_EVENTS.get(message.status)
    if event is None and known is None:
        return None
    name, code, said = known or ("delivered", 250, "OK")
    return {
        "type": "LCEmailStats",
        "locationId": location.id,
        "companyId": location.company_id,
        "webhookPayload": {
            "event": event or name,
            "id": message.email_message_id,
            "timestamp": int(message.updated_at.timestamp()),
            "recipient": message.address,
            "recipient-domain": message.address.rpartition("@")[2],
            "log-level": "info",
            "tags": [f"loc_{location.id}", f"com_{location.company_id}"],
            "message": {
                "attachments": [],
                "headers": {"message-id": f"{message.email_message_id}@simulator", "to": message.address},
                "size": len(message.body),
            },
            "delivery-status": {"attempt-no": 1, "code": code, "message": said, "description": ""},
        },
    }


def workflow_body(
    contact: Contact, location: Location, trigger: str, *, message: Message | None, now: datetime
) -> Body:
    """What the action *Webhook* of a workflow sends: its fixed keys, and what the church's admin put into customData."""
    text, settings = contact.text, location.settings
    names = {custom.id: custom.name for custom in location.custom_fields.values()}
    body: Body = {
        **{names[one]: value for one, value in contact.custom.items() if one in names},
        "contact_id": contact.id,
        "first_name": text.get("firstName", ""),
        "last_name": text.get("lastName", ""),
        "full_name": contact.name,
        "email": contact.email or "",
        "phone": contact.phone or "",
        "tags": ",".join(contact.tags),
        "address1": text.get("address1", ""),
        "city": text.get("city", ""),
        "state": text.get("state", ""),
        "country": text.get("country", settings.country),
        "timezone": text.get("timezone", settings.timezone),
        "date_created": timestamp(contact.added_at),
        "postal_code": text.get("postalCode", ""),
        "full_address": " ".join(text[name] for name in ("address1", "city", "state") if name in text),
        "contact_type": "lead",
        "contact_source": text.get("source", ""),
        "location": {
            "name": settings.name,
            "address": "100 Church Street",
            "city": "Nashville",
            "state": "TN",
            "country": settings.country,
            "postalCode": "37201",
            "fullAddress": "100 Church Street, Nashville TN 37201",
            "id": location.id,
        },
        "user": {},
        "workflow": {"id": f"simulatorWorkflow{trigger}", "name": f"Church Connect Hub: {trigger}"},
        "triggerData": {},
        "contact": {"attributionSource": {}, "lastAttributionSource": {}},
        "attributionSource": {},
        "customData": {},
    }
    if message is not None:
        body["message"] = {"type": 2 if message.channel is Channel.SMS else 3, "body": message.body}
        body["customData"] = {"message": message.body, "sent_at": timestamp(now)}
    return body
