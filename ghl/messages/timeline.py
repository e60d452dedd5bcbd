"""What happened to the messages of a card, as steps of the card's timeline: asked for, tried, sent, delivered. Pure."""

from collections.abc import Iterator, Mapping

from ghl.cards.story import Try
from ghl.cards.timeline import Event, EventKind, seconds
from ghl.causes import cause
from ghl.consent.reasons import Reason
from ghl.messages.facts import what
from ghl.messages.shown import Shown
from ghl.messages.story import Deed, MessageStory, TryOfMessage
from ghl.people.names import name_of
from ghl.statuses import MessageState, MessageTry

_DONE: Mapping[str, str] = {
    "message.undone": "taken back before it left",
    "message.sent_now": "let go at once",
    "message.sent_again": "sent again",
    "message.arrived": "found in GoHighLevel: it arrived",
}

_TRIED: Mapping[tuple[MessageTry, str | None], str] = {
    (MessageTry.SEND, "sent"): "sent, and GoHighLevel took it",
    (MessageTry.SEND, "unsure"): "sent, and no answer came",
    (MessageTry.SEND, "refused"): "not sent",
    (MessageTry.SEND, "held"): "not sent: a person has to look",
    (MessageTry.SEND, "waits"): "put off before it was sent",
    (MessageTry.SEND, "not_sent"): "put off before it was sent",
    (MessageTry.LOOK, "found"): "looked for, and found in GoHighLevel",
    (MessageTry.LOOK, "none_found"): "looked for in GoHighLevel, and not found",
    (MessageTry.LOOK, "two_found"): "looked for in GoHighLevel, and found twice",
    (MessageTry.STATUS, "delivered"): "asked about: it is delivered",
    (MessageTry.STATUS, "failed"): "asked about: it was not delivered",
    (MessageTry.STATUS, "refused"): "asked about: the person asked for no more",
}
_OTHERWISE: Mapping[MessageTry, str] = {
    MessageTry.SEND: "tried",
    MessageTry.LOOK: "looked for in GoHighLevel",
    MessageTry.STATUS: "asked about, no news",
}


def message_events(story: MessageStory, *, names: Mapping[str, str]) -> tuple[Event, ...]:
    """The steps, oldest first; `names` turns actors into names."""
    by_id = {one.message_id: one for one in story.messages}
    numbers = _numbers(story.tries)
    events = [
        *(_asked(one, story.reasons.get(one.message_id, ""), names) for one in story.messages),
        *(event for one in story.messages for event in _ends(one, story)),
        *(_deed(one, by_id[one.message_id], names) for one in story.deeds if one.action in _DONE),
        *(
            _tried(one, by_id[one.message_id], numbers[id(one)], names)
            for one in story.tries
            if not _quiet(one)
        ),
    ]
    return tuple(sorted(events, key=lambda event: event.at))


def _numbers(tries: tuple[TryOfMessage, ...]) -> dict[int, int]:
    """Which try of its message each is, counted from the first."""
    count: dict[object, int] = {}
    numbers = {}
    for one in reversed(tries):
        count[one.message_id] = numbers[id(one)] = count.get(one.message_id, 0) + 1
    return numbers


def _quiet(one: TryOfMessage) -> bool:
    """Whether it has nothing to tell: it was asked how a message fares, and there was no news."""
    return one.kind is MessageTry.STATUS and one.outcome == "no_news"


def _named(one: Shown) -> str:
    kind = what(one.channel)
    return f"{kind[:1].upper()}{kind[1:]}"


def _asked(one: Shown, reason: str, names: Mapping[str, str]) -> Event:
    details = (f"Words: {one.template}.",) if one.template else ()
    if reason:
        details = (*details, f"Why once more: {reason}")
    title = f"{_named(one)} asked for{' once more' if one.again else ''}"
    return Event(EventKind.MESSAGE_ASKED, one.requested_at, title, details, name_of(one.requested_by, names))


def _ends(one: Shown, story: MessageStory) -> Iterator[Event]:
    if one.sent_at:
        words = story.said.get(one.message_id, "")
        yield Event(
            EventKind.MESSAGE_SENT,
            one.sent_at,
            f"{_named(one)} is with GoHighLevel",
            (f"What it said: {words}",) if words else (),
        )
    if one.delivered_at:
        yield Event(EventKind.MESSAGE_DELIVERED, one.delivered_at, f"{_named(one)} delivered")
    if one.state is MessageState.NOT_SENT and not any(
        deed.message_id == one.message_id and deed.action == "message.undone" for deed in story.deeds
    ):
        yield Event(EventKind.MESSAGE_NOT_SENT, one.changed_at, f"{_named(one)} not sent", _why(one.cause))


def _deed(deed: Deed, one: Shown, names: Mapping[str, str]) -> Event:
    return Event(
        EventKind.MESSAGE_DONE, deed.at, f"{_named(one)} {_DONE[deed.action]}", by=name_of(deed.by, names)
    )


def _tried(one: TryOfMessage, message: Shown, number: int, names: Mapping[str, str]) -> Event:
    title = f"{_named(message)} {_TRIED.get((one.kind, one.outcome), _OTHERWISE[one.kind])}"
    if one.outcome is None and one.ended_at is None:
        title = f"{_named(message)}: being tried now"
    parts = [f"Try {number}", "asked for by hand" if one.requested_by else "by itself"]
    if one.ended_at:
        parts.append(f"took {seconds((one.ended_at - one.started_at).total_seconds())}")
    status = one.http_status or next((call.status for call in reversed(one.calls) if call.status), None)
    if status:
        parts.append(f"GoHighLevel answered {status}")
    shown = Try(number, one.started_at, one.ended_at, trace_id=one.trace_id, calls=one.calls)
    return Event(
        EventKind.MESSAGE_TRIED,
        one.started_at,
        title,
        (" · ".join(parts), *_why(one.cause)),
        name_of(one.requested_by, names) if one.requested_by else "",
        tried=shown,
    )


_REASONS: Mapping[str, str] = {
    Reason.STOPPED: "The person asked for no more.",
    Reason.SAID_NO: "The person said no on a card.",
    Reason.NOT_ASKED: "There is no yes from this person.",
    Reason.QUIET_HOURS: "Nobody is texted at this hour.",
    Reason.DND_IN_GHL: "GoHighLevel has “do not disturb” on for this person.",
    Reason.OTHER_NUMBER: "GoHighLevel has another number or address for this person.",
}


def _why(code: str | None) -> tuple[str, ...]:
    """The cause in a few words: its whole sentence stands with the badge."""
    if code is None:
        return ()
    if code in _REASONS:
        return (_REASONS[code],)
    return () if code in set(Reason) else (f"{cause(code).title}.".replace("?.", "?"),)
