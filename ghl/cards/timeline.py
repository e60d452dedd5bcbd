"""What happened to a card, in order and in words: received, checked, queued, every try, what people did. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ghl.cards.addresses import read_addresses
from ghl.cards.correct import PRAYER, Change, changes_between
from ghl.cards.fields import CardFields
from ghl.cards.story import CardInFull, Entry, Revision, Try
from ghl.cards.why import Outage, next_try
from ghl.causes import CauseCode, cause, sentence
from ghl.people.names import name_of
from ghl.statuses import AttemptOutcome, CardSource, CardStatus


class EventKind(StrEnum):
    """What an event tells of. Of events at the same moment the one named first here comes first."""

    RECEIVED = "received"
    CHECKED = "checked"
    CORRECTED = "corrected"
    REVIEWED = "reviewed"
    DECIDED = "decided"
    PUT_BACK = "put_back"
    SENT_AGAIN = "sent_again"
    QUEUED = "queued"
    TRIED = "tried"
    ARRIVED = "arrived"
    HELD = "held"
    SET_ASIDE = "set_aside"
    MESSAGE_ASKED = "message_asked"
    MESSAGE_TRIED = "message_tried"
    MESSAGE_SENT = "message_sent"
    MESSAGE_DELIVERED = "message_delivered"
    MESSAGE_DONE = "message_done"
    MESSAGE_NOT_SENT = "message_not_sent"
    PRAYER_READ = "prayer_read"
    NEXT_TRY = "next_try"


@dataclass(frozen=True)
class Event:
    """One step. `title` is ours; `details` may hold what a visitor wrote. `by` names who did it, in words."""

    kind: EventKind
    at: datetime
    title: str
    details: tuple[str, ...] = field(default=(), repr=False)
    by: str = ""
    changes: tuple[Change, ...] = field(default=(), repr=False)
    tried: Try | None = None


CALLS: Mapping[str, str] = {
    "CreateContact": "Make the contact",
    "FindDuplicate": "Look whether the person is there",
    "GetContact": "Look at the contact",
    "UpdateContact": "Update the contact",
    "AddTags": "Add the tags",
    "RemoveTags": "Take tags off",
    "SendMessage": "Send it",
    "ExportMessages": "Look through what was sent",
    "FindConversations": "Find the conversation",
    "ReadConversation": "Read the conversation",
    "ReadMessage": "Ask how it fares",
    "ReadEmail": "Ask how it fares",
}
"""What a call is for, in words."""

_TRIED: Mapping[AttemptOutcome | None, str] = {
    None: "Being sent now",
    AttemptOutcome.DELIVERED: "Sent, and GoHighLevel took it",
    AttemptOutcome.WAITS: "Sent, but not through yet",
    AttemptOutcome.NEEDS_ATTENTION: "Sent, but not taken",
    AttemptOutcome.HELD: "Sent, and a question came up",
    AttemptOutcome.NOT_SENT: "Put off before anything was sent",
    AttemptOutcome.DIED: "Broken off in the middle",
}

_DONE: Mapping[str, tuple[EventKind, str]] = {
    "card.reviewed": (EventKind.REVIEWED, "Reviewed"),
    "card.held": (EventKind.HELD, "Kept back"),
    "card.released": (EventKind.SENT_AGAIN, "Sent on"),
    "card.sent_again": (EventKind.SENT_AGAIN, "Sent again"),
    "card.not_sure": (EventKind.DECIDED, "Looked at, and not sure: kept here"),
    "card.dismissed": (EventKind.SET_ASIDE, "Set aside"),
    "card.put_back": (EventKind.PUT_BACK, "Put back"),
    "prayer.read": (EventKind.PRAYER_READ, "Prayer request read"),
}
"""What the change log knows by these names; corrections are told by the revisions, notes stand apart."""

_VERDICTS: Mapping[str, str] = {
    "same": "Decided: it is the same person",
    "different": "Decided: it is someone else",
    "taken_back": "The decision was taken back",
}
_RANKS = {kind: rank for rank, kind in enumerate(EventKind)}


def timeline(
    card: CardInFull,
    *,
    now: datetime,
    names: Mapping[str, str],
    outage: Outage | None = None,
    besides: Iterable[Event] = (),
) -> tuple[Event, ...]:
    """What happened to the card, the oldest first, and the next try where its time is known.

    Of tries and entries there are as many as `card` has; `names` turns actors into names. `besides` are steps of
    something else that belongs among them, such as its messages.
    """
    events = [
        *_beginning(card, names),
        *_corrections(card, names),
        *_deeds(card, names),
        *(_tried(one, names, last=one is card.tries[0], card=card) for one in card.tries),
        *_arrivals(card),
        *_next(card, now, outage),
        *besides,
    ]
    return tuple(sorted(events, key=lambda event: (event.at, _RANKS[event.kind])))


def _beginning(card: CardInFull, names: Mapping[str, str]) -> Iterator[Event]:
    first = next((one for one in card.revisions if one.no == 1), None)
    yield Event(EventKind.RECEIVED, card.received_at, "Received", (_way_in(card),), _by(first, card, names))
    if first is None:
        return
    yield Event(EventKind.CHECKED, first.at, "Checked", (checked(first.fields, card.region),))
    if _went_at_once(card, first):
        yield Event(EventKind.QUEUED, first.at, "Put in line for GoHighLevel")


def _way_in(card: CardInFull) -> str:
    name = card.source_name or ""
    match card.state.source:
        case CardSource.TYPED:
            return "Typed in."
        case CardSource.IMPORT:
            return f"From the list {name}" if name else "From a list."
        case CardSource.API:
            return f"Sent by another program: {name}" if name else "Sent by another program."
        case CardSource.FORM:
            return "From the web form."


def _by(first: Revision | None, card: CardInFull, names: Mapping[str, str]) -> str:
    """Who typed or brought it; a program or the web form is named by the way in."""
    if first is None or not first.by or card.state.source in {CardSource.API, CardSource.FORM}:
        return ""
    return name_of(first.by, names)


def checked(fields: CardFields, region: str) -> str:
    """What the check of the addresses found, in a sentence."""
    addresses = read_addresses(fields, region)
    if addresses.cause:
        return sentence(addresses.cause, addresses.facts)
    if addresses.phone and addresses.email:
        return "The phone number and the e-mail address are in order."
    return f"The {'phone number' if addresses.phone else 'e-mail address'} is in order."


def _went_at_once(card: CardInFull, first: Revision) -> bool:
    """Whether it was queued as it came: not from the form, nothing to mend, and nobody had to review it first."""
    if card.state.source is CardSource.FORM or read_addresses(first.fields, card.region).cause:
        return False
    if any(entry.action == "card.reviewed" for entry in card.entries):
        return False
    moving = {CardStatus.WAITING, CardStatus.SENDING, CardStatus.SYNCED}
    return bool(card.tries) or card.state.status in moving


def _corrections(card: CardInFull, names: Mapping[str, str]) -> Iterator[Event]:
    for new, old in zip(card.revisions, card.revisions[1:], strict=False):
        changes = changes_between(old.fields, new.fields)
        if not changes:
            # Its prayer request alone was changed, and the change log tells of that.
            continue
        yield Event(
            EventKind.CORRECTED,
            new.at,
            "Corrected",
            (f"Checked again: {checked(new.fields, card.region)}",),
            name_of(new.by, names),
            changes,
        )


def _deeds(card: CardInFull, names: Mapping[str, str]) -> Iterator[Event]:
    """What the change log knows. The reason stands with the card alone, so only the last one is known."""
    last: Entry | None = next(
        (one for one in card.entries if one.action in {"card.held", "card.dismissed"}), None
    )
    kept = card.state.status is CardStatus.DISMISSED or card.state.cause == CauseCode.HELD_BY_STAFF
    for entry in card.entries:
        if entry.action == "card.decided":
            title = _VERDICTS.get(str(entry.facts.get("verdict")), "Decided")
            yield Event(EventKind.DECIDED, entry.at, title, by=name_of(entry.by, names))
        elif entry.action == "card.corrected" and PRAYER in entry.facts.get("fields", ()):
            yield Event(EventKind.CORRECTED, entry.at, "Prayer request changed", by=name_of(entry.by, names))
        elif entry.action in _DONE:
            kind, title = _DONE[entry.action]
            reason = str(card.state.facts.get("reason") or "") if kept and entry is last else ""
            yield Event(kind, entry.at, title, (reason,) if reason else (), name_of(entry.by, names))
            if entry.action == "card.reviewed" and card.state.status is not CardStatus.TO_REVIEW:
                yield from _queued_by_review(card, entry)


def _queued_by_review(card: CardInFull, entry: Entry) -> Iterator[Event]:
    """A reviewed card goes, unless something on it was still to mend."""
    reviewed = next((one for one in card.revisions if one.at <= entry.at), None)
    if reviewed and not read_addresses(reviewed.fields, card.region).cause:
        yield Event(EventKind.QUEUED, entry.at, "Put in line for GoHighLevel")


def _tried(one: Try, names: Mapping[str, str], *, last: bool, card: CardInFull) -> Event:
    details = [one_try(one)]
    if one.cause:
        # What was filled into the sentence is kept with the card, and so known of the last try alone.
        told = last and card.state.cause == one.cause
        details.append(
            sentence(one.cause, card.state.facts) if told else f"{cause(one.cause).title}.".replace("?.", "?")
        )
    if one.outcome is AttemptOutcome.DIED:
        details.append(
            "Nobody saw whether it arrived. The next try looks first, so that nobody is there twice."
        )
    by = name_of(one.requested_by, names) if one.requested_by else ""
    return Event(EventKind.TRIED, one.started_at, _TRIED[one.outcome], tuple(details), by, tried=one)


def one_try(one: Try) -> str:
    """`Try 3 · by itself · took 1.2 seconds · GoHighLevel answered 422`."""
    parts = [f"Try {one.number}", "asked for by hand" if one.requested_by else "by itself"]
    if one.ended_at:
        parts.append(f"took {seconds((one.ended_at - one.started_at).total_seconds())}")
    # What the delivery itself made sense of, such as "there already", stands with its call alone.
    status = one.http_status or next((call.status for call in reversed(one.calls) if call.status), None)
    if status:
        parts.append(f"GoHighLevel answered {status}")
    return " · ".join(parts)


def seconds(passed: float) -> str:
    """A duration as people say it: `0.3 seconds`, `12 seconds`, `3 minutes`."""
    if passed < 10:
        return f"{max(passed, 0.1):.1f} seconds"
    if passed < 90:
        return f"{passed:.0f} seconds"
    return f"{passed / 60:.0f} minutes"


def _arrivals(card: CardInFull) -> Iterator[Event]:
    arrived = [one for one in card.tries if one.outcome is AttemptOutcome.DELIVERED and one.ended_at]
    for one in arrived:
        left_out = card.state.facts.get("left_out") if one is card.tries[0] else ""
        details = (f"Left out: {left_out}.",) if left_out else ()
        yield Event(EventKind.ARRIVED, one.ended_at or one.started_at, "In GoHighLevel", details)
    if not arrived and card.state.synced_at:
        yield Event(EventKind.ARRIVED, card.state.synced_at, "In GoHighLevel")


def _next(card: CardInFull, now: datetime, outage: Outage | None) -> Iterator[Event]:
    at = next_try(card.state, card.church, now=now, outage=outage)
    if at is not None and at > now:
        yield Event(EventKind.NEXT_TRY, at, "Next try")
