"""Texts and e-mails through GHL: send, read one, list what went out. Whether one may be sent is decided elsewhere."""

from datetime import datetime
from typing import Any

from ghl.client import operations as op
from ghl.client.messages import Channel, Conversation, Message, MessagePage, MessageWrite, SentMessage, iso
from ghl.client.transport import Transport


class ConversationsResource:
    """`client.conversations`"""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, message: MessageWrite) -> SentMessage:
        """What GHL queued. There is no idempotency key: after an unsure outcome look with `export` first.

        Raises `MessageRefusedError` when GHL will not send it to this person.
        """
        answer = self._transport.send(op.SEND_MESSAGE, body=message.to_send())
        return self._transport.parsed(op.SEND_MESSAGE, lambda: SentMessage.model_validate(answer))

    def get(self, message_id: str) -> Message:
        """One message with its state. Raises `NotFoundError`."""
        answer = self._transport.send(op.GET_MESSAGE, id=message_id)
        found = answer.get("message")
        inner = found if isinstance(found, dict) else answer
        return self._transport.parsed(op.GET_MESSAGE, lambda: Message.model_validate(inner))

    def get_email(self, email_message_id: str) -> Message:
        """One e-mail with its state, by the id that GHL has for the e-mail itself. Raises `NotFoundError`."""
        answer = self._transport.send(op.GET_EMAIL, id=email_message_id)
        found = answer.get("emailMessage")
        inner = found if isinstance(found, dict) else answer
        return self._transport.parsed(op.GET_EMAIL, lambda: Message.model_validate(inner))

    def messages(self, conversation_id: str, *, limit: int = 100) -> tuple[Message, ...]:
        """The newest messages of a conversation, newest first, as far as they have an id."""
        answer = self._transport.send(
            op.CONVERSATION_MESSAGES, id=conversation_id, query={"limit": str(min(max(limit, 1), 100))}
        )
        rows = [row for row in _messages(answer) if row.get("id")]
        return self._transport.parsed(
            op.CONVERSATION_MESSAGES, lambda: tuple(Message.model_validate(row) for row in rows)
        )

    def export(
        self,
        *,
        contact_id: str,
        channel: Channel,
        start: datetime,
        end: datetime,
        limit: int = 100,
        cursor: str | None = None,
    ) -> MessagePage:
        """Messages of a contact on a channel between two times, newest first. `limit` 10 to 500.

        A caller that pages on stops at a cursor it has seen: GHL has been seen to repeat one.
        """
        query = {
            "locationId": self._transport.location_id,
            "contactId": op.checked_id(contact_id),
            "channel": channel,
            "startDate": iso(start),
            "endDate": iso(end),
            "limit": str(min(max(limit, 10), 500)),
            "sortBy": "createdAt",
            "sortOrder": "desc",
        }
        if cursor:
            query["cursor"] = cursor
        answer = self._transport.send(op.EXPORT_MESSAGES, query=query)
        page = {"messages": _messages(answer), "nextCursor": answer.get("nextCursor")}
        return self._transport.parsed(op.EXPORT_MESSAGES, lambda: MessagePage.model_validate(page))

    def search(self, contact_id: str, *, limit: int = 20) -> tuple[Conversation, ...]:
        """The conversations with a contact."""
        query = {
            "locationId": self._transport.location_id,
            "contactId": op.checked_id(contact_id),
            "limit": str(limit),
        }
        answer = self._transport.send(op.SEARCH_CONVERSATIONS, query=query)
        rows = answer.get("conversations")
        found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return self._transport.parsed(
            op.SEARCH_CONVERSATIONS, lambda: tuple(Conversation.model_validate(row) for row in found)
        )


def _messages(answer: dict[str, Any]) -> list[Any]:
    """The list, flat as documented or nested as measured (highlevel-api-docs #54)."""
    found = answer.get("messages")
    if isinstance(found, dict):
        found = found.get("messages")
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
