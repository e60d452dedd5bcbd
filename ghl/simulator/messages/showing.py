"""A message and a conversation as GoHighLevel shows them (apps/conversations.json)."""

from typing import Any

from ghl.simulator.contacts.record import Contact
from ghl.simulator.contacts.showing import timestamp
from ghl.simulator.messages.record import Channel, Direction, Message, Status

_TYPES = {Channel.SMS: (2, "TYPE_SMS"), Channel.EMAIL: (3, "TYPE_EMAIL")}
_EMAIL_STATUS = {Status.OPT_OUT: Status.FAILED}


def show_message(message: Message) -> dict[str, Any]:
    """GetMessageResponseDto. Of an e-mail the body is in the e-mail object, not here."""
    number, name = _TYPES[message.channel]
    shown: dict[str, Any] = {
        "id": message.id,
        "type": number,
        "messageType": name,
        "locationId": message.location_id,
        "contactId": message.contact_id,
        "conversationId": message.conversation_id,
        "dateAdded": timestamp(message.added_at),
        "dateUpdated": timestamp(message.updated_at),
        "body": message.body,
        "direction": message.direction.value,
        "status": message.status.value,
        "contentType": "text/html" if message.channel is Channel.EMAIL else "text/plain",
        "attachments": [],
    }
    if message.source:
        shown["source"] = message.source
    if message.channel is Channel.EMAIL:
        shown["meta"] = {"email": {"messageIds": [message.email_message_id]}}
        shown["subject"] = message.subject or ""
    return shown


def show_email(message: Message) -> dict[str, Any]:
    """GetEmailMessageResponseDto."""
    out = message.direction is Direction.OUT
    church = message.sender or ""
    return {
        "id": message.email_message_id,
        "threadId": message.email_message_id,
        "locationId": message.location_id,
        "contactId": message.contact_id,
        "conversationId": message.conversation_id,
        "dateAdded": timestamp(message.added_at),
        "subject": message.subject or "",
        "body": message.body,
        "direction": message.direction.value,
        "status": _EMAIL_STATUS.get(message.status, message.status).value,
        "contentType": "text/html",
        "provider": "Leadconnector",
        "from": church if out else message.address,
        "to": [message.address if out else church],
        "source": message.source or "app",
    }


def show_conversation(conversation_id: str, contact: Contact, last: Message, unread: int) -> dict[str, Any]:
    """ConversationSchema."""
    return {
        "id": conversation_id,
        "contactId": contact.id,
        "locationId": contact.location_id,
        "lastMessageBody": last.body,
        "lastMessageType": _TYPES[last.channel][1],
        "lastMessageDirection": last.direction.value,
        "lastMessageDate": int(last.added_at.timestamp() * 1000),
        "type": "TYPE_PHONE",
        "unreadCount": unread,
        "fullName": contact.name,
        "contactName": contact.name,
        "email": contact.email or "",
        "phone": contact.phone or "",
    }
