"""The messages of one location, by id, by contact and by conversation."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ghl.simulator.messages.life import Outcome
from ghl.simulator.messages.record import Channel, Direction, Message, Status

DAY = timedelta(hours=24)
_NOT_OUT = frozenset({Status.SCHEDULED, Status.PENDING, Status.FAILED})


class MessageStore:
    """It keeps whatever it is given; whether something may be sent is decided by `sending`."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        """Phone or e-mail to what becomes of a message there; everything else is delivered."""

        self.unsubscribed: set[str] = set()
        """Phones and e-mails that nothing may go to, whatever the contact says: the carrier's own list."""

        self._by_id: dict[str, Message] = {}
        self._by_email_id: dict[str, str] = {}
        self._by_conversation: dict[str, list[str]] = {}
        self._conversations: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Message]:
        """In the order they were added."""
        return iter(self._by_id.values())

    def get(self, message_id: str) -> Message | None:
        return self._by_id.get(message_id)

    def by_email_id(self, email_message_id: str) -> Message | None:
        """The message whose e-mail has that id."""
        return self._by_id.get(self._by_email_id.get(email_message_id, ""))

    def put(self, message: Message) -> Message:
        """Keeps a new or changed message."""
        if message.id not in self._by_id:
            self._by_conversation.setdefault(message.conversation_id, []).append(message.id)
            self._conversations.setdefault(message.contact_id, message.conversation_id)
            if message.email_message_id:
                self._by_email_id[message.email_message_id] = message.id
        self._by_id[message.id] = message
        return message

    def remove(self, message: Message) -> None:
        """Forgets a message."""
        del self._by_id[message.id]
        self._by_conversation[message.conversation_id].remove(message.id)
        if message.email_message_id:
            del self._by_email_id[message.email_message_id]

    def conversation_of(self, contact_id: str) -> str | None:
        """The id of the conversation with a contact; None before the first message."""
        return self._conversations.get(contact_id)

    def conversations(self) -> dict[str, str]:
        """Contact to conversation."""
        return self._conversations

    def in_conversation(self, conversation_id: str) -> list[Message]:
        """The messages of a conversation, oldest first; none when there is no such conversation."""
        return [self._by_id[one] for one in self._by_conversation.get(conversation_id, ())]

    def last_footer(self, contact_id: str) -> datetime | None:
        """When a contact last got a text that says how to stop because GoHighLevel put it there."""
        conversation = self._conversations.get(contact_id, "")
        times = [message.added_at for message in self.in_conversation(conversation) if message.has_footer]
        return max(times, default=None)

    def texts_that_left(self, since: datetime) -> int:
        """Texts that left the church's number after `since`, automatic answers included."""
        return sum(
            1
            for message in self._by_id.values()
            if message.direction is Direction.OUT
            and message.channel is Channel.SMS
            and message.status not in _NOT_OUT
            and message.updated_at > since
        )
