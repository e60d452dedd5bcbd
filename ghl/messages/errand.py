"""A claimed message on its way: one look at its contact, its send, a look whether it went out, or how it fares.

Between the look at the contact and the send stands a transaction: `ghl.messages.prepare`.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from ghl.client.client import GHLClient
from ghl.client.errors import DuplicateContactError, InvalidRequestError, NotFoundError
from ghl.client.messages import (
    Channel as GHLChannel,
)
from ghl.client.messages import (
    Conversation,
    Message,
    MessagePage,
    MessageWrite,
    SentMessage,
)
from ghl.client.models import Contact
from ghl.delivery.errand import Errand
from ghl.delivery.steps import CreateContact, FindDuplicate, GetContact
from ghl.messages.claim import ClaimedMessage
from ghl.messages.look import Sought, candidates, unread
from ghl.statuses import Channel, MessageTry

CHANNELS: dict[Channel, GHLChannel] = {Channel.SMS: "SMS", Channel.EMAIL: "Email"}

MOST_PAGES = 5
"""Pages of an export that a look reads; it is of one contact and a few minutes."""

MOST_CONVERSATIONS = 3
MOST_EMAILS = 3
"""E-mails of one subject whose words a look asks for."""


@dataclass(frozen=True)
class SendMessage:
    """Answered with what GoHighLevel took in. Never to be repeated by itself."""

    write: MessageWrite


@dataclass(frozen=True)
class ExportMessages:
    """Answered with a page of what went to and came from a contact."""

    contact_id: str
    channel: Channel
    start: datetime
    end: datetime
    cursor: str | None = None


@dataclass(frozen=True)
class FindConversations:
    """Answered with the conversations with a contact."""

    contact_id: str


@dataclass(frozen=True)
class ReadConversation:
    """Answered with the newest messages of a conversation."""

    conversation_id: str


@dataclass(frozen=True)
class ReadMessage:
    """Answered with the message and its state."""

    message_id: str


@dataclass(frozen=True)
class ReadEmail:
    """Answered with the e-mail and its state."""

    email_message_id: str


Call = (
    GetContact
    | FindDuplicate
    | CreateContact
    | SendMessage
    | ExportMessages
    | FindConversations
    | ReadConversation
    | ReadMessage
    | ReadEmail
)
Reply = Contact | SentMessage | MessagePage | Message | tuple[Conversation, ...] | tuple[Message, ...] | None


@dataclass(frozen=True)
class Seen:
    """Who the message goes to, as GoHighLevel just showed it; None where nobody there has the address.

    `made`: we just made the contact.
    """

    contact: Contact | None
    made: bool = False


@dataclass(frozen=True)
class TakenIn:
    """GoHighLevel has the message."""

    sent: SentMessage


@dataclass(frozen=True, repr=False)
class Hits:
    """What may be the message that was sent. `unread`: e-mails of its subject whose words nobody told."""

    messages: tuple[Message, ...]
    unread: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Fared:
    """How GoHighLevel says the message fares."""

    message: Message


Outcome = Seen | TakenIn | Hits | Fared
Steps = Generator[Call, Reply, Outcome]


@dataclass(eq=False)
class MessageErrand(Errand[Call, Reply, Outcome]):
    """A message's row and the plan of its calls. `sending`: it is marked, and its request may leave any moment.

    `seen_at` is when the contact's answer came, on the process's monotonic clock.
    """

    row: ClaimedMessage = field(kw_only=True)
    sending: bool = False
    seen_at: float = 0.0

    @property
    def subject(self) -> dict[str, str]:
        """The message."""
        return {"message_id": str(self.row.message_id)}

    def perform(self, client: GHLClient, call: Call) -> Reply:
        """Makes one call of the plan."""
        return perform(client, call)


def perform(client: GHLClient, call: Call) -> Reply:
    """What GoHighLevel answered. Raises `ghl.client.errors.GHLError`."""
    match call:
        case GetContact(contact_id):
            return client.contacts.get(contact_id)
        case FindDuplicate(phone, email):
            return client.contacts.find_duplicate(phone=phone, email=email)
        case CreateContact(write):
            return client.contacts.create(write)
        case SendMessage(write):
            return client.conversations.send(write)
        case ExportMessages(contact_id, channel, start, end, cursor):
            return client.conversations.export(
                contact_id=contact_id, channel=CHANNELS[channel], start=start, end=end, cursor=cursor
            )
        case FindConversations(contact_id):
            return client.conversations.search(contact_id)
        case ReadConversation(conversation_id):
            return client.conversations.messages(conversation_id)
        case ReadMessage(message_id):
            return client.conversations.get(message_id)
        case ReadEmail(email_message_id):
            return client.conversations.get_email(email_message_id)
        case _:
            assert_never(call)


def steps(row: ClaimedMessage, *, now: datetime) -> Steps:
    """The calls that a claimed message takes now; what is to be sent first has its contact looked at."""
    match row.kind:
        case MessageTry.SEND:
            return see_contact(row)
        case MessageTry.LOOK:
            return look_for(row, now=now)
        case MessageTry.STATUS:
            return ask_how_it_fares(row)


def see_contact(row: ClaimedMessage) -> Steps:
    """The contact that the message goes to. One that was merged or removed is looked up by its address."""
    if row.contact_id is not None:
        try:
            contact = yield GetContact(row.contact_id)
        except NotFoundError:
            pass
        else:
            assert isinstance(contact, Contact)
            return Seen(contact)
    return Seen((yield from _look_up(row)))


def make_contact(row: ClaimedMessage, create: CreateContact) -> Steps:
    """The contact of somebody who was looked up a moment ago, and is not there: made, and looked at as everybody is.

    Where the location forbids a second one, GoHighLevel names the one that is there after all. An answer that is lost
    comes out as an error: the next try looks up first, as each one does.
    """
    try:
        reply = yield create
    except DuplicateContactError as error:
        contact_id, made = error.contact_id, False
        if contact_id is None:
            found = yield from _look_up(row)
            if found is None:
                raise
            contact_id = found.id
    except InvalidRequestError:
        # GoHighLevel has been seen to refuse a contact and keep it all the same: look before judging.
        found = yield from _look_up(row)
        if found is None:
            raise
        contact_id, made = found.id, False
    else:
        assert isinstance(reply, Contact)
        contact_id, made = reply.id, True
    contact = yield GetContact(contact_id)
    assert isinstance(contact, Contact)
    return Seen(contact, made)


def send(write: MessageWrite) -> Steps:
    """The one request that sends."""
    sent = yield SendMessage(write)
    assert isinstance(sent, SentMessage)
    return TakenIn(sent)


def _look_up(row: ClaimedMessage) -> Generator[Call, Reply, Contact | None]:
    found = yield (
        FindDuplicate(phone=row.address) if row.channel is Channel.SMS else FindDuplicate(email=row.address)
    )
    assert found is None or isinstance(found, Contact)
    return found


def look_for(row: ClaimedMessage, *, now: datetime) -> Steps:
    """Whether it went out. A contact that was merged into another took its messages along: where its own look brings
    nothing, or is refused, the one that has the address now is looked at.
    """
    sought, contact_id = row.sought, row.contact_id
    assert sought is not None
    assert contact_id is not None
    refused: InvalidRequestError | NotFoundError | None = None
    hits = Hits(())
    try:
        hits = yield from _look_at(contact_id, sought, now=now)
    except (InvalidRequestError, NotFoundError) as error:
        refused = error
    if hits.messages:
        return hits
    other = yield from _look_up(row)
    if other is not None and other.id != contact_id:
        return (yield from _look_at(other.id, sought, now=now))
    if refused is not None:
        raise refused
    return hits


def _look_at(contact_id: str, sought: Sought, *, now: datetime) -> Generator[Call, Reply, Hits]:
    """In the export of a contact, and where that shows nothing, in the conversation."""
    seen: list[Message] = []
    cursor: str | None = None
    cursors: set[str] = set()
    for _ in range(MOST_PAGES):
        page = yield ExportMessages(contact_id, sought.channel, sought.since, now, cursor)
        assert isinstance(page, MessagePage)
        seen += page.messages
        cursor = page.next_cursor
        if cursor is None or cursor in cursors:
            break
        cursors.add(cursor)
    hits = candidates(seen, sought)
    if hits:
        return Hits(hits)
    conversations = yield FindConversations(contact_id)
    assert isinstance(conversations, tuple)
    for conversation in conversations[:MOST_CONVERSATIONS]:
        messages = yield ReadConversation(conversation.id)
        assert isinstance(messages, tuple)
        seen += [message for message in messages if isinstance(message, Message)]
    seen += yield from _read_words(unread(seen, sought)[:MOST_EMAILS])
    hits = candidates(seen, sought)
    read = {message.id for message in seen if (message.body or "").strip()}
    return Hits(hits, tuple(one for one in unread(seen, sought) if one.id not in read))


def _read_words(emails: tuple[Message, ...]) -> Generator[Call, Reply, list[Message]]:
    """The same e-mails with their words, as far as GoHighLevel tells them."""
    found = []
    for email in emails:
        try:
            said = yield ReadEmail(email.email_message_id or email.id)
        except (InvalidRequestError, NotFoundError):
            continue
        assert isinstance(said, Message)
        found.append(email.model_copy(update={"body": said.body}))
    return found


def ask_how_it_fares(row: ClaimedMessage) -> Steps:
    """The state that GoHighLevel gives it now."""
    if row.channel is Channel.EMAIL and row.ghl_email_message_id:
        said = yield ReadEmail(row.ghl_email_message_id)
    else:
        assert row.ghl_message_id is not None
        said = yield ReadMessage(row.ghl_message_id)
    assert isinstance(said, Message)
    return Fared(said)
