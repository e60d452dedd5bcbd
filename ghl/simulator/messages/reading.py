"""What a client asks to send, checked as GoHighLevel checks it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ghl.simulator.answers import Refusal, bad_request, no_content, unprocessable
from ghl.simulator.messages.record import Channel

TYPES = ("SMS", "RCS", "Email", "WhatsApp", "IG", "FB", "Custom", "Live_Chat", "TIKTOK")
_STRINGS = (
    *("contactId", "message", "html", "subject", "emailFrom", "emailTo", "replyMessageId", "templateId"),
    *("threadId", "conversationProviderId", "fromNumber", "toNumber", "appointmentId", "emailReplyMode"),
    "customSubtypeId",
)
_LISTS = ("emailCc", "emailBcc", "attachments")
_OTHERS = (
    *("type", "subType", "status", "scheduledTimestamp", "forward"),
    *("usesNativeSchedulingAi", "optimizationPeriod"),
)
KNOWN = frozenset({*_STRINGS, *_LISTS, *_OTHERS})
"""Properties of SendMessageBodyDto; any other is a 422."""


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A checked request. `body` is the text of a text message, or the HTML of an e-mail."""

    channel: Channel
    contact_id: str
    body: str
    subject: str | None
    sender: str | None
    email_to: str | None
    to_number: str | None
    scheduled: datetime | None


def read_send(body: dict[str, Any]) -> SendRequest:
    """The request's message.

    Raises Refusal: 422 with every complaint about shape, or for a message without content; 400 for a channel that the
    church has not connected; 401 for a provider that is another app's.
    """
    _check_shape(body)
    if body.get("conversationProviderId"):
        raise Refusal(
            401,
            "The token does not have access to this conversation provider.",
            "Unauthorized",
            canonicalCode="CONVERSATIONS_MSG_PROVIDER_NO_ACCESS",
        )
    kind = body["type"]
    if kind not in {"SMS", "Email"}:
        raise bad_request(f"{kind} is not connected for this location.")
    channel = Channel(kind)
    # An e-mail needs HTML: with `message` alone GoHighLevel finds no content in it.
    text = (body.get("html") if channel is Channel.EMAIL else body.get("message")) or ""
    if not text.strip() and not body.get("attachments"):
        raise no_content()
    scheduled = body.get("scheduledTimestamp")
    return SendRequest(
        channel=channel,
        contact_id=body["contactId"],
        body=text,
        subject=body.get("subject"),
        sender=body.get("fromNumber" if channel is Channel.SMS else "emailFrom"),
        email_to=body.get("emailTo"),
        to_number=body.get("toNumber"),
        scheduled=None if scheduled is None else datetime.fromtimestamp(scheduled, UTC),
    )


def _check_shape(body: dict[str, Any]) -> None:
    complaints = [f"property {name} should not exist" for name in body if name not in KNOWN]
    if body.get("type") not in TYPES:
        complaints.append(f"type must be one of the following values: {', '.join(TYPES)}")
    if not isinstance(body.get("contactId"), str) or not body["contactId"]:
        complaints.append("contactId must be a string")
    complaints += [
        f"{name} must be a string"
        for name in _STRINGS
        if body.get(name) is not None and not isinstance(body[name], str)
    ]
    for name in _LISTS:
        given = body.get(name)
        if given is not None and not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
            complaints.append(f"each value in {name} must be a string")
    when = body.get("scheduledTimestamp")
    # Seconds: a time in milliseconds would lie far beyond what any calendar has.
    if when is not None and not (
        isinstance(when, int | float) and not isinstance(when, bool) and 0 < when < 1e11
    ):
        complaints.append("scheduledTimestamp must be a number conforming to the specified constraints")
    if complaints:
        raise unprocessable(*dict.fromkeys(complaints))
