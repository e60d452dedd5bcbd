"""What *News from GoHighLevel* says. Constants, and sentences that follow from values. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboard.formatting import ago, number, one_line, when
from ghl.consent.differences import Listed, Which
from ghl.consent.dnd_check import Checked
from ghl.consent.opt_outs import Standing
from ghl.statuses import Channel, DifferenceKind, OptOutState, WebhookSource, WebhookState
from ghl.webhooks.counts import Count, Outcome
from ghl.webhooks.kinds import EventType
from ghl.webhooks.reading import SEEN, Health, Shown

NOTHING_YET = (
    "Nothing has come from GoHighLevel yet. Stops are still caught: we look before each text and every night."
)
NOTHING_MATCHES = "No news matches."
NOTHING_MATTERS = "Nothing of what came needs you. The rest is under “Everything”."
NOT_AGAIN = "It cannot be handled again: it is being handled already, or what it said was erased."
MARKED = "Marked as seen. You find it again under “Seen”."
KEPT = "News is kept for 30 days. What needs attention is kept for a year."
ALL_BROUGHT = "Every stop is in GoHighLevel."
NO_DIFFERENCE = "GoHighLevel and we say the same about everybody we looked at."

TYPES: Mapping[str, str] = {
    EventType.CONTACT_UPDATE: "A contact was changed",
    EventType.CONTACT_TAG_UPDATE: "Tags of a contact were changed",
    EventType.CONTACT_DND_UPDATE: "“Do not text” of a contact was changed",
    EventType.CONTACT_DELETE: "A contact was removed or merged",
    EventType.INBOUND_MESSAGE: "Somebody wrote back",
    EventType.OUTBOUND_MESSAGE: "A message went out",
    EventType.EMAIL_STATS: "What became of an e-mail",
    EventType.WORKFLOW: "Your workflow told us something",
}

STATES: Mapping[WebhookState, tuple[str, str, str]] = {
    WebhookState.WAITING: ("Waiting", ":material/schedule:", "blue"),
    WebhookState.DONE: ("Done", ":material/check_circle:", "green"),
    WebhookState.FAILED: ("Needs attention", ":material/build:", "red"),
    WebhookState.UNKNOWN: ("Nothing to do", ":material/do_not_disturb_on:", "gray"),
}

MATTERS = "matters"
FILTERS: Mapping[str, str] = {
    MATTERS: "What matters",
    "": "Everything",
    **{str(state): label for state, (label, _icon, _colour) in STATES.items()},
    SEEN: "Seen",
}

WHICH: Mapping[Which, str] = {
    Which.OPEN: "To look at",
    Which.SEEN: "Seen",
    Which.ALL: "All, mended ones too",
}

CAUSES: Mapping[str, str] = {
    "broken": "We could not read it.",
    "crashed": "Something we have not seen before came in the way.",
    "not_connected": "Your church is not connected to GoHighLevel.",
    "no_address": "Somebody asked for no more messages, and nothing says who it was. Look at the conversations in "
    "GoHighLevel, and record the stop here by hand.",
    "no_answer": "GoHighLevel did not answer when we looked the contact up.",
    "no_start_found": "We do not see their START in GoHighLevel's conversation yet, so nothing is sent there.",
    "scope_missing": "The token may not read the contact or its messages in GoHighLevel. Tick every box that the "
    "Connection page names. Until then what is stopped stays stopped.",
}

STILL_STOPPED: Mapping[str, str] = {
    "no_start_found": "There is no START after their stop in GoHighLevel's conversation. What was stopped stays stopped.",
    "still_blocked": "GoHighLevel still has “do not disturb” on for them. What was stopped stays stopped.",
    "no_phone": "The contact has no phone in GoHighLevel. What was stopped stays stopped.",
}
"""Why texts were not allowed again, though a workflow told of it."""

CHANNELS: Mapping[Channel, str] = {Channel.SMS: "texts", Channel.EMAIL: "e-mails"}

DIFFERENCES: Mapping[DifferenceKind, str] = {
    DifferenceKind.STOPPED_HERE: "asked us for no more {what}, and GoHighLevel did not say so. We tell it again.",
    DifferenceKind.STOPPED_THERE: "asked for no more {what} in GoHighLevel. We recorded it here.",
    DifferenceKind.OTHER_NUMBER: "has another {address} in GoHighLevel than on the card. No {what} go there until "
    "somebody corrects one of them.",
    DifferenceKind.GONE: "is no longer in GoHighLevel under the contact that we know.",
}

OUTCOMES: Mapping[str, str] = {
    Outcome.WRONG_SIGNATURE: "without GoHighLevel's signature",
    Outcome.WRONG_SECRET: "with a wrong secret",
    Outcome.TOO_LARGE: "too large",
    Outcome.MALFORMED: "not readable",
    Outcome.OTHER_LOCATION: "for another location than the church's own",
    Outcome.UNKNOWN_LOCATION: "for a location that no church here is connected to",
}


def what(event: Shown) -> str:
    """What happened in GoHighLevel."""
    return TYPES.get(event.type, f"Something else: {one_line(event.type, 80)}")


def came_of(event: Shown, *, now: datetime, zone: ZoneInfo) -> str:
    """What followed from it."""
    if event.state is WebhookState.UNKNOWN:
        return "We keep it, and do nothing about it."
    if event.state is WebhookState.FAILED:
        why = CAUSES.get(event.cause or "", "GoHighLevel did not answer as expected.")
        return f"{why} {_tried(event.tries)} You can have it handled again."
    if event.state is WebhookState.WAITING:
        if not event.tries:
            return "It is handled in a moment."
        why = CAUSES.get(event.cause or "", "")
        return f"{why} Next try {when(event.due_at, now=now, zone=zone)}. Nothing to do.".strip()
    return _done(event.facts)


def _tried(tries: int) -> str:
    return "Tried once." if tries <= 1 else f"Tried {number(tries)} times."


def _done(facts: Mapping[str, Any]) -> str:
    said: list[str] = []
    if facts.get("stops"):
        said.append("They asked for no more messages. Nothing more is sent there.")
    if facts.get("lifted"):
        said.append("They wrote START. They may be written to again.")
    if facts.get("why") in STILL_STOPPED:
        said.append(STILL_STOPPED[facts["why"]])
    if facts.get("doubts"):
        said.append("It may be a stop. Nothing is sent there until somebody has read it.")
    match facts.get("contact"):
        case "updated":
            said.append("We know the contact as it is now.")
        case "moved":
            said.append("We found the contact that it was merged into.")
        case "gone":
            said.append("Nobody in GoHighLevel has that phone or e-mail any more.")
        case "still_there":
            said.append("The contact is still there. Nothing changed.")
    if facts.get("message") == "ours":
        said.append("It was one of our messages.")
    return " ".join(said) or "Nothing follows from it."


def moment(event: Shown, *, now: datetime, zone: ZoneInfo) -> str:
    """When it came, and how often."""
    at = when(event.received_at, now=now, zone=zone)
    again = f", came {event.repeats + 1} times" if event.repeats else ""
    return f"{at}{again}"


def health_line(health: Health, *, now: datetime) -> str:
    """The line that says whether news comes at all."""
    if health.last is None:
        return NOTHING_YET
    whose = "workflow" if health.source is WebhookSource.WORKFLOW else "app"
    line = f"Last news {ago(health.last, now=now)}, from your {whose}."
    if health.failed:
        line += f" {number(health.failed)} {'needs' if health.failed == 1 else 'need'} attention."
    return line


def brought(one: Standing, *, shown: str, now: datetime, zone: ZoneInfo) -> str:
    """A stop that is not in GoHighLevel yet. `shown` is its phone or e-mail as people write it."""
    how = "told to GoHighLevel, and not seen there yet" if one.state is OptOutState.SENT else "not there yet"
    tries = (
        f", {_tried(one.tries).lower()[:-1]}, next try {when(one.due_at, now=now, zone=zone)}"
        if one.tries
        else ""
    )
    late = "overdue since" if one.overdue else "due by"
    return (
        f"{shown}: no more {CHANNELS[one.channel]}, asked {when(one.asked_at, now=now, zone=zone)}."
        f" In GoHighLevel: {how}{tries}. {late.capitalize()} {one.due_on:%b} {one.due_on.day}."
    )


def differs(one: Listed, *, shown: str) -> str:
    """Where GoHighLevel and we differ about one contact."""
    address = "phone number" if one.channel is Channel.SMS else "e-mail address"
    words = DIFFERENCES[one.kind].format(what=CHANNELS[one.channel], address=address)
    return f"{shown or 'Somebody'} {words}{' It is mended.' if one.settled_at else ''}"


def no_difference(which: Which, checked: Checked) -> str:
    """Where the list of differences is empty."""
    if which is Which.SEEN:
        return "Nobody has marked one as seen."
    return NO_DIFFERENCE if checked.finished_at else "Nothing is known yet."


def to_see(event: Shown) -> bool:
    """Whether somebody has to see it: it failed, or may be a stop."""
    doubt = event.state is WebhookState.DONE and bool(event.facts.get("doubts"))
    return event.seen_at is None and (event.state is WebhookState.FAILED or doubt)


def seen_by(name: str, at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """Who marked it as seen, and when."""
    return f"Seen by {one_line(name, 80)}, {when(at, now=now, zone=zone)}."


def checked_line(checked: Checked, *, now: datetime, zone: ZoneInfo) -> str:
    """How far the nightly comparison is."""
    if checked.started_at is not None:
        return f"We compare at night: {number(checked.checked)} contacts so far."
    if checked.finished_at is None:
        return "We compare every night, the first time in the coming one."
    at = when(checked.finished_at, now=now, zone=zone)
    return f"Last compared: {at}. {number(checked.checked)} contacts."


def refused(counts: Sequence[Count]) -> str:
    """What was not taken, of the whole installation; empty where nothing was."""
    parts = [
        f"{number(one.requests)} {OUTCOMES[one.outcome]} ({SOURCES[one.source]})"
        for one in counts
        if one.outcome in OUTCOMES
    ]
    return f"Not taken in the last 7 days: {', '.join(parts)}." if parts else ""


SOURCES: Mapping[WebhookSource, str] = {WebhookSource.APP: "app", WebhookSource.WORKFLOW: "workflow"}
