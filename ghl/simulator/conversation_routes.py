"""Endpoints of conversations (apps/conversations.json), as far as a token's rights show there.

No message is kept and none goes out: who has a contact is told that it has no number, which GoHighLevel says too.
"""

from typing import Any

from ghl.simulator.answers import Refusal, bad_request, contact_not_found, unprocessable
from ghl.simulator.routing import Call, Names, Route

TYPES = ("SMS", "RCS", "Email", "WhatsApp", "IG", "FB", "Custom", "Live_Chat", "TIKTOK")


def send(call: Call) -> tuple[int, dict[str, Any]]:
    complaints = []
    if call.body.get("type") not in TYPES:
        complaints.append(f"type must be one of the following values: {', '.join(TYPES)}")
    contact_id = call.body.get("contactId")
    if not isinstance(contact_id, str) or not contact_id:
        complaints.append("contactId must be a string")
    if complaints:
        raise unprocessable(*complaints)
    contact = call.state.find(str(contact_id))
    if contact is None or contact.location_id != call.location.id:
        raise contact_not_found(call.location.settings.not_found_status)
    if not any(call.body.get(name) for name in ("message", "html", "attachments")):
        raise Refusal(
            422,
            "There is no message or attachments",
            "Unprocessable Entity",
            canonicalCode="CONVERSATIONS_MSG_NO_CONTENT",
        )
    raise bad_request("Missing phone number")


def search(call: Call) -> tuple[int, dict[str, Any]]:
    del call
    return 200, {"conversations": [], "total": 0}


def export(call: Call) -> tuple[int, dict[str, Any]]:
    del call
    return 200, {"messages": [], "total": 0}


ROUTES = (
    Route(
        "POST",
        "/conversations/messages",
        "conversations.send",
        "conversations/message.write",
        Names.TOKEN,
        send,
        reads_body=True,
    ),
    Route(
        "GET",
        "/conversations/messages/export",
        "conversations.export",
        "conversations/message.readonly",
        Names.QUERY,
        export,
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
