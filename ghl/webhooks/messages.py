"""Events about messages: what people write back, and what became of what we sent."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from ghl.consent.dnd import email_of, phone_of
from ghl.consent.keywords import Heard, read_reply
from ghl.messages.heard import heard_status
from ghl.questions import ask as questions
from ghl.questions.contact_dnd import there_read
from ghl.questions.kinds import CONTACT_DND
from ghl.statuses import Channel
from ghl.webhooks import stops
from ghl.webhooks.event import id_in
from ghl.webhooks.results import Done, NobodyError, NotNowError, Place, Told, Waits
from ghl.webhooks.said import Said, said_in

ACTOR = "system"

EMAIL_STATES = {
    "accepted": "sent",
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "failed": "failed",
    "permanent_fail": "failed",
    "bounced": "failed",
    "rejected": "failed",
}
"""GoHighLevel's words for what became of an e-mail, as it says them of messages."""

EMAIL_STOPS = frozenset({"unsubscribed", "complained", "spam", "spamreport"})


def came_in(session: Session, place: Place, told: Told) -> Done | Waits:
    """`InboundMessage`: STOP stops at once, START lifts, a sentence that may be a stop waits for a person."""
    said = said_in(told.values)
    if said is None:
        return Done({"heard": "no_message"})
    heard = read_reply(said.words)
    if heard is Heard.START and not said.sms:
        # START is a word of texts; GoHighLevel lifts nothing by e-mail either.
        heard = Heard.NOTHING
    if heard not in {Heard.STOP, Heard.START, Heard.DOUBT}:
        return Done({"heard": str(heard)})
    contact_id = id_in(told.values, "contactId")
    addresses = stops.addresses_of(session, place, contact_id, said.channel)
    if (given := _address(said, place, told)) is not None:
        addresses.add(given)
    if not addresses:
        if told.answer is None or told.answer.answer is None:
            return _ask_who(session, place, contact_id) if contact_id else _nobody(heard)
        there = there_read(told.answer.answer["contacts"][0])
        if (named := there.addresses.get(said.channel)) is None:
            return _nobody(heard)
        addresses = {named}
    pairs = {(said.channel, address) for address in addresses}
    how: dict[str, Any] = {"contact_id": contact_id, "at": told.at}
    if heard is Heard.START:
        lifted = stops.start(session, place.church_id, pairs, **how)
        return Done({"heard": "start", "lifted": lifted})
    if heard is Heard.DOUBT:
        opened = stops.doubt(session, place.church_id, pairs, words=said.words, **how)
        return Done({"heard": "doubt", "doubts": opened})
    recorded = stops.stop(session, place.church_id, pairs, source=stops.KEYWORD, note=said.words[:100], **how)
    return Done({"heard": "stop", "stops": recorded}, wake=bool(recorded))


def went_out(session: Session, place: Place, told: Told) -> Done:
    """`OutboundMessage`: how a message stands, where it is one of ours."""
    status = told.values.get("status")
    message_id = id_in(told.values, "messageId", "id")
    email_id = id_in(told.values, "emailMessageId")
    if not isinstance(status, str) or not (message_id or email_id):
        return Done({"message": "no_status"})
    ours = heard_status(
        session,
        place.church_id,
        ghl_message_id=message_id,
        ghl_email_message_id=email_id,
        status=status,
        at=told.at,
    )
    return Done({"message": "ours" if ours else "other", "status": status[:40]})


def mail_fared(session: Session, place: Place, told: Told) -> Done:
    """`LCEmailStats`: delivered, failed, opened; who unsubscribes or complains has stopped e-mails."""
    payload = told.values.get("webhookPayload")
    if not isinstance(payload, dict) or not isinstance(payload.get("event"), str):
        return Done({"message": "no_status"})
    event = payload["event"].lower()
    at = min(_seconds(payload.get("timestamp")) or told.at, told.now)
    facts: dict[str, Any] = {"status": event[:40]}
    address = email_of(payload.get("recipient") if isinstance(payload.get("recipient"), str) else None)
    stopped = 0
    if event in EMAIL_STOPS and address is not None:
        stopped = stops.stop(
            session,
            place.church_id,
            {(Channel.EMAIL, address)},
            source=stops.GHL,
            contact_id=None,
            at=at,
            note=event[:40],
        )
        facts["stops"] = stopped
    if (status := EMAIL_STATES.get(event)) is not None and not _may_recover(payload):
        known = [
            heard_status(session, place.church_id, ghl_email_message_id=one, status=status, at=at)
            for one in _ids(payload)
        ]
        facts["message"] = "ours" if any(known) else "other"
    return Done(facts, wake=bool(stopped))


def _nobody(heard: Heard) -> Done:
    """A START of nobody lifts nothing. A stop of nobody must not pass unseen."""
    if heard is Heard.START:
        return Done({"heard": "start", "address": "none"})
    raise NobodyError


def _ask_who(session: Session, place: Place, contact_id: str) -> Waits:
    asked = questions.ask(session, place.church_id, CONTACT_DND.name, {"ids": [contact_id]}, actor=ACTOR)
    if asked is None:
        raise NotNowError("not_connected")
    return Waits(asked.id)


def _address(said: Said, place: Place, told: Told) -> str | None:
    """From where it was written; else the contact's, where the event names it."""
    named = told.values.get("phone" if said.channel is Channel.SMS else "email")
    for given in (said.address, named):
        if not isinstance(given, str):
            continue
        sms = said.channel is Channel.SMS
        if found := phone_of(given, region=place.region) if sms else email_of(given):
            return found
    return None


def _may_recover(payload: dict[str, Any]) -> bool:
    """A failure that the mail server tries again by itself."""
    status = payload.get("delivery-status")
    code = status.get("code") if isinstance(status, dict) else None
    later = isinstance(code, int) and 400 <= code < 500
    return payload["event"].lower() == "failed" and (later or payload.get("severity") == "temporary")


def _ids(payload: dict[str, Any]) -> list[str]:
    """By what the e-mail may be known: the id of the event's message, and that of its headers."""
    message = payload.get("message")
    headers = message.get("headers") if isinstance(message, dict) else None
    named = headers.get("message-id") if isinstance(headers, dict) else None
    given = (payload.get("id"), named.strip("<>") if isinstance(named, str) else None)
    return [one for one in given if isinstance(one, str) and one][:2]


def _seconds(value: object) -> datetime | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
