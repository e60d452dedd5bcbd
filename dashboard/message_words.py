"""Texts and e-mails in words: why one stands where it stands, and what came of asking for some. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from dashboard.formatting import one_line, when
from ghl.causes import CauseCode, advice, sentence
from ghl.consent import reasons
from ghl.consent.reasons import Reason
from ghl.messages.asked import Asked, AskedOutcome
from ghl.messages.shown import BadgeCode, Shown
from ghl.people.names import name_of
from ghl.statuses import Channel, MessageState

IN_A_MOMENT = timedelta(seconds=10)
"""Sooner than this nobody needs a time of day."""

_NAME = "\x00"
"""Stands for the name while a sentence is cut, because a name may have a full stop."""

_STOPPED_HERE = {CauseCode.ASKED_FOR_NO_TEXTS}


def thing(channel: Channel) -> str:
    """What a message is called in a sentence."""
    return "text" if channel is Channel.SMS else "e-mail"


def why(shown: Shown, *, name: str, names: Mapping[str, str], now: datetime, zone: ZoneInfo) -> str:
    """Why it stands where it stands, in one sentence or two. `name` is of the person, `names` of the team."""
    at = partial(when, now=now, zone=zone)
    what = thing(shown.channel)
    match shown.state:
        case MessageState.WAITING:
            return _waits(shown, name, names, now, zone)
        case MessageState.SENDING:
            return "On its way now."
        case MessageState.UNSURE if shown.cause is None:
            return f"We got no answer, and look in GoHighLevel whether this {what} went out. Nothing to do."
        case MessageState.SENT if shown.cause == CauseCode.SAID_ARRIVED:
            return _because(shown, name, names, zone)
        case MessageState.SENT:
            sent = f" since {at(shown.sent_at)}" if shown.sent_at else ""
            by = "the phone company" if shown.channel is Channel.SMS else "the mail server"
            return f"GoHighLevel has it{sent}. Not confirmed by {by} yet."
        case MessageState.DELIVERED:
            return f"Delivered {at(shown.delivered_at or shown.changed_at)}."
    return _because(shown, name, names, zone)


def in_short(shown: Shown, *, name: str, names: Mapping[str, str], now: datetime, zone: ZoneInfo) -> str:
    """The first sentence of it, for a row of a list; whose it is, where a channel has several."""
    said = why(shown, name=_NAME, names=names, now=now, zone=zone)
    first = said.split(". ", 1)[0].rstrip(".").replace(_NAME, name.strip() or "this person") + "."
    behind = f" And {shown.others} more." if shown.others else ""
    return one_line(first[:1].upper() + first[1:], 200) + behind


def to_do(shown: Shown) -> str:
    """What can be done about it, in words; empty where nothing has to be."""
    if shown.cause is None or shown.code not in {BadgeCode.NEEDS_ATTENTION, BadgeCode.NEEDS_DECISION}:
        return ""
    # The sentences of the consent rule say it themselves.
    return "" if _is_reason(shown.cause) else advice(shown.cause, shown.facts)


def _waits(shown: Shown, name: str, names: Mapping[str, str], now: datetime, zone: ZoneInfo) -> str:
    leaves = when(shown.leaves_at, now=now, zone=zone) if shown.leaves_at else ""
    if shown.cause == CauseCode.QUIET_HOURS:
        return f"Waits until {leaves or 'the morning'} (quiet hours)."
    if shown.cause == CauseCode.RAMP_TOMORROW:
        return f"Leaves {leaves or 'tomorrow'}. Today's number of texts is used up."
    if shown.waits_for_card or shown.cause == CauseCode.WAITS_FOR_CARD:
        return "Waits for the card. It leaves once the card is in GoHighLevel."
    if shown.cause and shown.cause != CauseCode.SAID_NOT_SENT:
        return _because(shown, name, names, zone)
    if shown.leaves_at is None or shown.leaves_at - now < IN_A_MOMENT:
        return "Leaves in a moment."
    return f"Leaves at {leaves}." if leaves[:1].isdigit() else f"Leaves {leaves}."


def _because(shown: Shown, name: str, names: Mapping[str, str], zone: ZoneInfo) -> str:
    what = thing(shown.channel)
    if shown.cause is None:
        return f"This {what} was not sent."
    if shown.cause in _STOPPED_HERE:
        # The catalogue's words are about a card that went; here it is about a message.
        return reasons.sentence(Reason.STOPPED, {"what": what, **shown.facts}, name=name, zone=zone)
    if _is_reason(shown.cause):
        return reasons.sentence(shown.cause, {"what": what, **shown.facts}, name=name, zone=zone)
    known = {"what": what, "name": name, **{key: str(value) for key, value in shown.facts.items()}}
    if "by" in known:
        known["by"] = name_of(known["by"], names)
    return sentence(shown.cause, known)


def _is_reason(code: str) -> bool:
    return code in set(Reason)


# -- what came of asking ----------------------------------------------------------------------------------


def asked_in_words(
    asked: Sequence[Asked], *, name: str, now: datetime, zone: ZoneInfo
) -> tuple[bool, list[str]]:
    """What came of one press of *Send onboarding materials*, a sentence a message; whether anything is on its way."""
    leaving = Counter((one.channel, _leaves(one, now, zone)) for one in asked if _queued(one))
    lines = [
        _some_leave(one, leaving[one.channel, _leaves(one, now, zone)], now, zone)
        if _queued(one)
        else _asked(one, name, now, zone)
        for one in asked
    ]
    return bool(leaving), list(dict.fromkeys(lines))


def _queued(one: Asked) -> bool:
    return one.outcome is AskedOutcome.QUEUED


def _leaves(one: Asked, now: datetime, zone: ZoneInfo) -> str:
    return _at(when(one.at, now=now, zone=zone)) if one.at else "in a moment"


def _some_leave(one: Asked, count: int, now: datetime, zone: ZoneInfo) -> str:
    what, at = thing(one.channel) if one.channel else "message", _leaves(one, now, zone)
    return f"{count} {what}s leave {at}." if count > 1 else f"The {what} leaves {at}."


def _asked(one: Asked, name: str, now: datetime, zone: ZoneInfo) -> str:
    what = thing(one.channel) if one.channel else "message"
    at = when(one.at, now=now, zone=zone) if one.at else ""
    match one.outcome:
        case AskedOutcome.QUEUED:
            return _some_leave(one, 1, now, zone)
        case AskedOutcome.ALREADY_SENT if one.state in {MessageState.SENDING, MessageState.UNSURE}:
            return _maybe_gone(one, what)
        case AskedOutcome.ALREADY_SENT if one.state is MessageState.FAILED or one.reason not in {
            None,
            CauseCode.SAID_ARRIVED,
        }:
            # It failed, or nobody knows: to say that it was sent would not be true.
            return (
                f"The {what} was asked for before. What came of it stands beside it. It was not sent again."
            )
        case AskedOutcome.ALREADY_SENT:
            return f"The {what} was already sent{f' {_at(at)}' if at else ''}. It was not sent again."
        case AskedOutcome.ALREADY_WAITING:
            # When it leaves, and what it waits for, stands beside its badge.
            return f"The {what} is already on its way. Nothing goes twice."
        case AskedOutcome.NO_ADDRESS:
            lacking = "phone number" if one.channel is Channel.SMS else "e-mail address"
            return f"No {what}: the card has no {lacking} that works."
        case AskedOutcome.NO_TEMPLATE:
            return "Nothing was sent: your church has no published words for it. An admin publishes them on Messages."
        case AskedOutcome.TOO_OLD:
            return f"No {what}: it is meant for the first days after a visit, and they are over."
        case AskedOutcome.NOT_ALLOWED:
            reason = one.reason or Reason.NOT_ASKED
            said = (
                reasons.sentence(reason, {"what": what}, name=name, zone=zone)
                if _is_reason(str(reason))
                else sentence(str(reason), {"what": what, "name": name})
            )
            return f"No {what}: {said}"


def _maybe_gone(one: Asked, what: str) -> str:
    """Of one that is leaving, or of which nobody knows whether it left."""
    if one.state is MessageState.SENDING:
        return f"The {what} is being sent right now. Nothing goes twice."
    if one.reason is None:
        return (
            f"We do not know yet whether the {what} went out, and look in GoHighLevel. It was not sent again."
        )
    return (
        f"Nobody knows yet whether the {what} went out. Answer that beside it first. It was not sent again."
    )


def _at(moment: str) -> str:
    return f"at {moment}" if moment[:1].isdigit() else moment
