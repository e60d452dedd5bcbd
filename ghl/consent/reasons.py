"""Why a message may not leave, or not now, in a volunteer's words: what is so, and who can do what about it. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any

from ghl.statuses import Channel


class Reason(StrEnum):
    """The code that is stored. A code is never renamed or given another meaning once it was released."""

    STOPPED = "stopped"
    SAID_NO = "said_no"
    DND_IN_GHL = "dnd_in_ghl"
    STILL_BLOCKED = "still_blocked"
    DOUBT = "doubt"
    NOT_ASKED = "not_asked"
    TAKEN_BACK = "taken_back"
    OTHER_PURPOSE = "other_purpose"
    NO_WORDING = "no_wording"
    NUMBER_UNCHECKED = "number_unchecked"
    UNDER_AGE = "under_age"
    GUARDIAN_UNKNOWN = "guardian_unknown"
    ADDRESS_CHANGED = "address_changed"
    CARD_UNREADABLE = "card_unreadable"
    OTHER_NUMBER = "other_number"
    QUIET_HOURS = "quiet_hours"


_SENTENCES: Mapping[Reason, str] = {
    Reason.STOPPED: (
        "{who} asked for no more {messages}{on}. Nobody here can undo that. "
        "{Who} can allow {messages} again: {again}"
    ),
    Reason.SAID_NO: (
        "{who} said no to {messages} on a card{on}. Nobody here can undo that. "
        "{Who} can allow {messages} again: {again}"
    ),
    Reason.DND_IN_GHL: "GoHighLevel has “do not disturb” on for {who}. {Who} can lift it: {again}",
    Reason.STILL_BLOCKED: (
        "{who} said yes again{on}, but GoHighLevel still blocks {messages} since the earlier stop. {lift}"
    ),
    Reason.DOUBT: (
        "{who} wrote something that may be a stop{on}. Nothing is sent until somebody has read it. "
        "Read it and say what was meant."
    ),
    Reason.NOT_ASKED: (
        "We have no yes from {who} for {messages}. A blank box is not a yes. Ask {who} to tick the box on a card or "
        "the form."
    ),
    Reason.TAKEN_BACK: (
        "The yes of {who} for {messages} was taken back when the card was corrected{on}. Ask {who} to say it on a new "
        "card."
    ),
    Reason.OTHER_PURPOSE: (
        "{who} said yes to {messages} about something else than {purpose}. Ask {who} first, with words that name it."
    ),
    Reason.NO_WORDING: (
        "The card says yes, but not to which words, so it proves nothing. Put the words beside the box on the card, "
        "or ask {who} to fill in the form."
    ),
    Reason.NUMBER_UNCHECKED: (
        "The number was corrected after {who} signed the card. Is this the number on the card? "
        "Look at the card and say so; then the {message} can leave."
    ),
    Reason.UNDER_AGE: (
        "{who} is under 18 and no parent or guardian has said yes. Ask the parent or guardian, and note their answer "
        "and phone on the card."
    ),
    Reason.GUARDIAN_UNKNOWN: (
        "{who} is under 18. A parent or guardian said yes, but the card has no phone number of theirs that works. "
        "Add it to the card."
    ),
    Reason.ADDRESS_CHANGED: (
        "The card has another {address} now than when this {message} was asked for. Send it again from the card."
    ),
    Reason.CARD_UNREADABLE: "This card was saved by a newer version of the hub. Update the hub, then send it again.",
    Reason.OTHER_NUMBER: (
        "GoHighLevel has another {address} for {who} than the card. Somebody has to look which one is right, "
        "and correct the card or the contact."
    ),
    Reason.QUIET_HOURS: "No text leaves at this hour. It leaves {when}, by itself.",
}

_AGAIN = {
    Channel.SMS: (
        "text START to your church's number from the same phone, or sign a new card or the form on a later day."
    ),
    Channel.EMAIL: "sign a new card or the form on a later day.",
}
_LIFT = {
    Channel.SMS: "Ask {who} to text START to your church's number from this phone.",
    Channel.EMAIL: "An admin can look at “do not disturb” of this contact in GoHighLevel.",
}


def sentence(
    reason: Reason | str, facts: Mapping[str, Any], *, name: str = "", zone: tzinfo | None = None
) -> str:
    """The reason in words. `facts` are those of the verdict, also as they are stored: as text.

    `name` is of the person; without one it says *this person*. `zone` is the church's place, for days and hours.
    """
    channel = _channel(facts)
    who = name.strip() or "this person"
    text = channel is Channel.SMS
    words = {
        "who": who,
        "Who": who[:1].upper() + who[1:] if name.strip() else "They",
        "message": "text" if text else "e-mail",
        "messages": "texts" if text else "e-mails",
        "address": "phone number" if text else "e-mail address",
        "again": _AGAIN[channel],
        "lift": _LIFT[channel].format(who=who),
        "on": f" on {day}" if (day := _day(facts.get("at"), zone)) else "",
        "purpose": str(facts.get("purpose") or "this"),
        "when": _when(facts.get("later_at"), zone),
    }
    said = _SENTENCES[Reason(reason)].format_map(words)
    return said[:1].upper() + said[1:]


def _channel(facts: Mapping[str, Any]) -> Channel:
    if "channel" in facts:
        return Channel(str(facts["channel"]))
    return Channel.EMAIL if facts.get("what") == "e-mail" else Channel.SMS


def _moment(value: object, zone: tzinfo | None) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.astimezone(zone) if zone is not None and value.tzinfo is not None else value


def _day(value: object, zone: tzinfo | None) -> str:
    """A moment as the day it was at the church; a day as it is, because it was written so."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return _written(value)
    moment = _moment(value, zone)
    return _written(moment.date()) if moment else ""


def _written(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def _when(value: object, zone: tzinfo | None) -> str:
    moment = _moment(value, zone)
    if moment is None:
        return "when the hours for texts begin"
    hour = moment.hour % 12 or 12
    minute = f":{moment.minute:02}" if moment.minute else ""
    return f"on {moment:%A}, {_written(moment.date())} at {hour}{minute} {'am' if moment.hour < 12 else 'pm'}"
