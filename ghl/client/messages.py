"""Messages and conversations of GHL as values; the same forgiving reading as `models`."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field

from ghl.client import reading
from ghl.client.models import Id, Model, Moment, Text, Texts

Channel = Literal["SMS", "Email"]


class MessageWrite(Model):
    """A text (`message`) or an e-mail (`subject` and `html`; with plain text alone GHL answers 422)."""

    model_config = ConfigDict(extra="forbid")

    type: Channel
    contact_id: str
    message: str | None = None
    subject: str | None = None
    html: str | None = None
    email_from: str | None = None
    from_number: str | None = None

    def to_send(self) -> dict[str, Any]:
        """The body of `POST /conversations/messages`."""
        body = {
            "type": self.type,
            "contactId": self.contact_id,
            "message": self.message,
            "subject": self.subject,
            "html": self.html,
            "emailFrom": self.email_from,
            "fromNumber": self.from_number,
        }
        return {name: value for name, value in body.items() if value is not None}


class SentMessage(Model):
    """What GHL took in; it is queued, not delivered."""

    message_id: Id = Field(validation_alias=AliasChoices("messageId", "message_id"))
    conversation_id: Text = Field(None, validation_alias=AliasChoices("conversationId", "conversation_id"))
    email_message_id: Text = Field(None, validation_alias=AliasChoices("emailMessageId", "email_message_id"))
    message_ids: Texts = Field((), validation_alias=AliasChoices("messageIds", "message_ids"))


class Message(Model):
    """One message of a conversation. Unknown states are kept as they come."""

    id: Id
    contact_id: Text = Field(None, validation_alias=AliasChoices("contactId", "contact_id"))
    conversation_id: Text = Field(None, validation_alias=AliasChoices("conversationId", "conversation_id"))
    email_message_id: Text = Field(None, validation_alias=AliasChoices("emailMessageId", "email_message_id"))
    message_type: Text = Field(None, validation_alias=AliasChoices("messageType", "message_type"))
    direction: Text = None
    status: Text = None
    source: Text = None
    body: Text = None
    subject: Text = None
    date_added: Moment = Field(None, validation_alias=AliasChoices("dateAdded", "date_added"))


class MessagePage(Model):
    """A page of an export and the cursor of the next one; None ends it."""

    messages: tuple[Message, ...] = ()
    next_cursor: Annotated[str | None, BeforeValidator(reading.as_text)] = Field(
        None, validation_alias=AliasChoices("nextCursor", "next_cursor")
    )


class Conversation(Model):
    """A thread with one contact."""

    id: Id
    contact_id: Text = Field(None, validation_alias=AliasChoices("contactId", "contact_id"))
    last_message_type: Text = Field(
        None, validation_alias=AliasChoices("lastMessageType", "last_message_type")
    )


def iso(moment: datetime) -> str:
    """The form the export wants; milliseconds get a 400. Raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("A time without a zone says nothing.")
    return moment.isoformat(timespec="milliseconds")
