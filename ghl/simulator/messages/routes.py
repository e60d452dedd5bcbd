"""Endpoints of conversations and messages (apps/conversations.json)."""

from typing import Any

from ghl.simulator.answers import (
    bad_request,
    contact_not_found,
    conversation_not_found,
    message_not_found,
    unprocessable,
)
from ghl.simulator.messages.listing import export, read_export
from ghl.simulator.messages.reading import read_send
from ghl.simulator.messages.record import Channel, Direction, Message, Status
from ghl.simulator.messages.sending import take_in
from ghl.simulator.messages.showing import show_conversation, show_email, show_message
from ghl.simulator.routing import Call, Names, Route

Answer = tuple[int, dict[str, Any]]


def send(call: Call) -> Answer:
    sent = read_send(call.body)
    contact = call.state.find(sent.contact_id)
    if contact is None or contact.location_id != call.location.id:
        raise contact_not_found(call.location.settings.not_found_status)
    message = take_in(call.state, call.location, contact, sent)
    answer: dict[str, Any] = {
        "conversationId": message.conversation_id,
        "messageId": message.id,
        "msg": "Message queued successfully.",
    }
    if message.email_message_id:
        answer |= {"emailMessageId": message.email_message_id}
    return call.location.settings.send_status, answer


def cancel(call: Call) -> Answer:
    """Takes back a message that is scheduled for later."""
    message = _message(call)
    if message.status is not Status.SCHEDULED:
        raise bad_request("Message is not scheduled")
    call.state.drop_message(message)
    return 200, {"status": 200, "message": "Scheduled message cancelled successfully"}


def get(call: Call) -> Answer:
    shown = show_message(_message(call))
    return 200, {"message": shown} if call.location.settings.wraps_message else shown


def get_email(call: Call) -> Answer:
    message = call.state.mail[call.location.id].by_email_id(call.params["emailMessageId"])
    if message is None:
        raise message_not_found(call.location.settings.not_found_status)
    return 200, show_email(message)


def in_conversation(call: Call) -> Answer:
    """Newest first. The file says the list is flat; the real answer is nested (highlevel-api-docs issue 54)."""
    query = call.request.query
    known = call.state.mail[call.location.id].in_conversation(call.params["conversationId"])
    if not known:
        raise conversation_not_found(call.location.settings.not_found_status)
    limit = query.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise unprocessable("limit must not be greater than 100")
    types = set(query["type"].split(",")) if query.get("type") else None
    newest = [message for message in reversed(known) if types is None or _type(message) in types]
    ids = [message.id for message in newest]
    start = ids.index(query["lastMessageId"]) + 1 if query.get("lastMessageId") in ids else 0
    shown = newest[start : start + int(limit)]
    page: dict[str, Any] = {
        "lastMessageId": shown[-1].id if shown else "",
        "nextPage": len(newest) > start + len(shown),
        "messages": [show_message(message) for message in shown],
    }
    return 200, page if call.location.settings.flat_lists else {"messages": page}


def export_messages(call: Call) -> Answer:
    wanted = read_export(call.request.query)
    page = export(call.state.mail[call.location.id], wanted, call.state.clock.now())
    cursor = page.cursor
    if cursor is None and page.messages and call.location.settings.repeats_cursor:
        cursor = call.request.query.get("cursor")
    return 200, {
        "messages": [show_message(message) for message in page.messages],
        "nextCursor": cursor,
        "total": page.total,
    }


def search(call: Call) -> Answer:
    query = call.request.query
    limit = query.get("limit", "20")
    if not limit.isdecimal() or not 1 <= int(limit) <= 100:
        raise unprocessable("limit must not be greater than 100")
    store, shown = call.state.mail[call.location.id], []
    for contact_id, conversation_id in store.conversations().items():
        contact = call.state.find(contact_id)
        if contact is None or query.get("contactId", contact_id) != contact_id:
            continue
        if query.get("id", conversation_id) != conversation_id:
            continue
        messages = store.in_conversation(conversation_id)
        if not messages or not _in_days(query, messages[0]):
            continue
        unread = 0
        for message in reversed(messages):
            if message.direction is Direction.OUT and not message.automatic:
                break
            unread += message.direction is Direction.IN
        shown.append((messages[-1], show_conversation(conversation_id, contact, messages[-1], unread)))
    shown.sort(key=lambda pair: (pair[0].added_at, pair[0].id), reverse=query.get("sort", "desc") == "desc")
    return 200, {"conversations": [one for _, one in shown[: int(limit)]], "total": len(shown)}


def _in_days(query: dict[str, str], first: Message) -> bool:
    """Whether a conversation was begun between the two dates, which are milliseconds here."""
    begun = first.added_at.timestamp() * 1000
    for name in ("startDate", "endDate"):
        text = query.get(name)
        if text is not None and not text.isdecimal():
            raise unprocessable(f"{name} must be a number conforming to the specified constraints")
    return int(query.get("startDate", "0")) <= begun <= int(query.get("endDate", "9" * 15))


def _type(message: Message) -> str:
    return "TYPE_EMAIL" if message.channel is Channel.EMAIL else "TYPE_SMS"


def _message(call: Call) -> Message:
    found = call.state.mail[call.location.id].get(call.params["messageId"])
    if found is None:
        raise message_not_found(call.location.settings.not_found_status)
    return found


_READ, _WRITE = "conversations/message.readonly", "conversations/message.write"

ROUTES = (
    Route(
        "POST", "/conversations/messages", "conversations.send", _WRITE, Names.TOKEN, send, reads_body=True
    ),
    Route(
        "GET",
        "/conversations/messages/export",
        "conversations.export",
        _READ,
        Names.QUERY,
        export_messages,
    ),
    Route("GET", "/conversations/messages/{messageId}", "conversations.get", _READ, Names.TOKEN, get),
    Route(
        "GET",
        "/conversations/messages/email/{emailMessageId}",
        "conversations.get_email",
        _READ,
        Names.TOKEN,
        get_email,
    ),
    Route(
        "DELETE",
        "/conversations/messages/{messageId}/schedule",
        "conversations.cancel",
        _WRITE,
        Names.TOKEN,
        cancel,
    ),
    Route(
        "GET",
        "/conversations/{conversationId}/messages",
        "conversations.list",
        _READ,
        Names.TOKEN,
        in_conversation,
    ),
    Route(
        "GET",
        "/conversations/search",
        "conversations.search",
        "conversations.readonly",
        Names.QUERY,
        search,
    ),
)
