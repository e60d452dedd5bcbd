"""What must hold of stops and of what lifts them, whatever went wrong in a run. Pure.

When a stop was known is the driver's own word: when the function that records it came back, or when it was first seen
in the log. What left is GoHighLevel's: each request it saw, taken or not, and each message it took.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tests.chaos.case import Case, Check, Violation
from tests.chaos.evidence import Call, Row
from tests.chaos.ledger import Stop
from tests.chaos.message_checks import (
    CHANNELS,
    ON_ITS_WAY,
    SEND,
    STOPS,
    held_up,
    is_text,
    row_of,
)

BLOCKED = frozenset({"active", "permanent"})
STARTS = frozenset({"start", "unstop"})
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})

LEFT = 6.0
"""Seconds between the mark and the request at the latest: with its connection, on a machine that many share."""

BREATH = 1.0
"""Seconds between what a person wrote and what the simulator makes of it."""

SETTLED = 5.0
"""So many seconds a stop was in GoHighLevel before a START of which only a workflow tells is sure to lift it."""

Address = tuple[str, str, str]
"""Church, channel and address."""


@dataclass(frozen=True)
class Silence:
    """From when to when nothing may leave for an address. `told`: that something was on its way was said, or nobody asked."""

    begin: float
    end: float
    told: bool


def nobody_is_written_to_after_a_stop(case: Case) -> Iterator[Violation]:
    """Once a stop is written down no text and no e-mail is begun, and none arrives that had not left before.

    The message that had been marked as on its way before is no harm, as long as it arrives in time.
    """
    silences, slugs = _silences(case), _slugs(case)
    rows = {one["ghl_message_id"]: one for one in case.evidence.messages if one["ghl_message_id"]}
    for one in case.evidence.outbox:
        message = rows.get(one["id"]) or row_of(case, one)
        begun = message["sending_at"].timestamp() if message and message["sending_at"] else one["at"]
        about = (slugs[one["location_id"]], CHANNELS[one["channel"]], one["address"])
        for silence in silences.get(about, ()):
            if not silence.begin < one["at"] < silence.end:
                continue
            known = silence.begin
            in_time = one["at"] - begun <= ON_ITS_WAY + held_up(case, begun)
            if begun > known or not in_time or not (silence.told or _had_ended(case, message, known)):
                what = f"{about[1]} {one['at'] - known:.1f} s after a stop, begun {begun - known:+.1f} s"
                yield Violation("after a stop", what, (str(message["card_id"]),) if message else ())
                break


def nothing_is_asked_of_ghl_after_a_stop(case: Case) -> Iterator[Violation]:
    """GoHighLevel sees no request for a message whose person had stopped, whether it takes it or not."""
    silences, slugs = _silences(case), _slugs(case)
    for call in case.evidence.calls:
        if call.operation != SEND:
            continue
        addresses = _addresses(case, call)
        channel = "sms" if is_text(call) else "email"
        broken = [
            silence
            for address in addresses
            for silence in silences.get((slugs[call.location], channel, address), ())
            if silence.begin + LEFT + held_up(case, silence.begin) < call.at < silence.end
        ]
        if broken and len(addresses) == 1:
            late = call.at - broken[0].begin
            yield Violation("after a stop", f"call {call.number} ({channel}) {late:.1f} s after a stop")


def no_consent_is_lost(case: Case) -> Iterator[Violation]:
    """Each yes, each no and each stop that the hub took is in its log; each stop is in GoHighLevel as well."""
    said: defaultdict[Address, set[str]] = defaultdict(set)
    started = {
        (location, phone): [at for at, word, _ in words if word in STARTS]
        for (location, phone), words in _words_by_phone(case).items()
    }
    for one in case.evidence.said:
        said[one["church"], one["channel"], one["address"]].add(one["kind"])
    doubted = {(one["church"], one["address"]) for one in case.evidence.doubts}
    for marker, told in case.ledger.cards.items():
        person, values = told.card.person, told.card.values
        for channel, name in (("sms", "phone"), ("email", "email")):
            answer = values.get(f"{channel}_consent")
            kind = "yes" if answer else "no"
            if not told.accepted or answer is None or not values.get(name):
                continue
            if kind not in said[person.church.slug, channel, values[name]]:
                yield Violation("lost consents", f"{marker}: its {kind} ({channel}) is not in the log")
    for stop in case.ledger.stops:
        church = stop.person.church.slug
        if stop.how == "staff" or (stop.how != "screen" and _heard(case, stop)):
            about = (church, stop.channel, stop.address)
            # Of a STOP and a START within a moment a hub that reads the contact afterwards sees nothing to note.
            starts = started.get((stop.person.church.location, stop.address), [])
            over = stop.how == "keyword" and any(at > stop.began for at in starts)
            known = over or bool(said[about] & STOPS)
            if not known and not (stop.how == "sentence" and (church, stop.address) in doubted):
                yield Violation("lost consents", f"a stop ({stop.how}) is not in the log")


def both_say_the_same_of_a_stop(case: Case) -> Iterator[Violation]:
    """Where the log has a stop in force GoHighLevel has it, and where GoHighLevel has one the log has it.

    A card that was signed later lifts it here alone. Where nobody had the number when the stop was brought there, the
    next night brings it to whoever has it.
    """
    stopped, lifted_by, slugs = _in_force(case), _lifted_by(case), _slugs(case)
    nobody = {
        (one["church"], one["channel"], one["address"])
        for one in case.evidence.opt_outs
        if one["state"] == "no_contact"
    }
    known = {(one["church"], one["channel"], one["address"]) for one in case.evidence.said}
    for location, contacts in case.evidence.contacts.items():
        for contact in contacts:
            for channel, name, field in (("sms", "SMS", "phone"), ("email", "Email", "email")):
                about = (slugs[location], channel, contact.get(field) or "")
                status = (contact.get("dndSettings") or {}).get(name, {}).get("status")
                there = status in BLOCKED or bool(contact.get("dnd"))
                if about in stopped and not there and about not in nobody:
                    yield Violation(
                        "lost consents", f"{location}: GoHighLevel would write ({channel}) after a stop"
                    )
                if there and about in known and about not in stopped and lifted_by.get(about) != "card":
                    yield Violation(
                        "lost consents",
                        f"{location}: GoHighLevel has a stop ({channel}) that is not in the log",
                    )


def a_start_lifts(case: Case) -> Iterator[Violation]:
    """Whose last word is START, of which the hub was told in its turn, is stopped neither here nor there."""
    stopped, slugs = _in_force(case), _slugs(case)
    for (location, phone), words in _words_by_phone(case).items():
        about = (slugs[location], "sms", phone)
        at, last, contact_id = words[-1]
        if last not in STARTS or about not in stopped or _stopped_otherwise(case, about, at):
            continue
        if _told_of_start(case, location, contact_id, at, about):
            yield Violation("lost consents", f"{location}: a START was told and lifted nothing")


def only_a_start_lifts(case: Case) -> Iterator[Violation]:
    """A START stands in the log only where the person wrote it, and GoHighLevel shows that they did."""
    written: defaultdict[Address, list[float]] = defaultdict(list)
    slugs = _slugs(case)
    for (location, phone), words in _words_by_phone(case).items():
        written[slugs[location], "sms", phone] += [at for at, word, _ in words if word in STARTS]
    for one in case.evidence.said:
        if one["kind"] != "yes" or one["source"] != "keyword":
            continue
        seen = case.evidence.seen.get(one["id"])
        starts = written[one["church"], one["channel"], one["address"]]
        if not any(seen is None or at <= seen.by + BREATH for at in starts):
            yield Violation("lost consents", f"{one['church']}: a START that nobody wrote lifted a stop")


# Silences


def _silences(case: Case) -> dict[Address, list[Silence]]:
    """For each address the times in which nothing may leave: after a stop, and while it is doubted whether it is one."""
    found: defaultdict[Address, list[Silence]] = defaultdict(list)
    logs = _logs(case)
    for about, log in logs.items():
        found[about] += _of_log(case, log)
    for stop in case.ledger.stops:
        if stop.how == "staff":
            about = (stop.person.church.slug, stop.channel, stop.address)
            end = _next_lift(case, logs.get(about, []), stop.began)
            found[about].append(Silence(stop.ended, end, told=stop.on_its_way))
    for doubt in case.evidence.doubts:
        seen, decided = (
            case.evidence.doubted.get(str(doubt["id"])),
            case.evidence.decided.get(str(doubt["id"])),
        )
        if seen is not None:
            end = decided.after if decided else float("inf")
            about = (doubt["church"], doubt["channel"], doubt["address"])
            found[about].append(Silence(seen.by, end, told=True))
    return dict(found)


def _of_log(case: Case, log: list[Row]) -> Iterator[Silence]:
    begin: float | None = None
    for entry, lifts in _read(log):
        seen = case.evidence.seen.get(entry["id"])
        if seen is None:
            continue
        if entry["kind"] in STOPS and begin is None:
            begin = seen.by
        elif lifts and begin is not None:
            yield Silence(begin, max(seen.after, begin), told=True)
            begin = None
    if begin is not None:
        yield Silence(begin, float("inf"), told=True)


def _next_lift(case: Case, log: list[Row], since: float) -> float:
    for entry, lifts in _read(log):
        seen = case.evidence.seen.get(entry["id"])
        if lifts and seen is not None and seen.by >= since:
            return seen.after
    return float("inf")


def _logs(case: Case) -> dict[Address, list[Row]]:
    found: defaultdict[Address, list[Row]] = defaultdict(list)
    for one in case.evidence.said:
        found[one["church"], one["channel"], one["address"]].append(one)
    return dict(found)


def _read(log: list[Row]) -> Iterator[tuple[Row, bool]]:
    """Each entry, and whether it lifts what was said before it. The rule is written down once more, by itself."""
    stopped_on: date | None = None
    for entry in log:
        day = entry["recorded_at"].astimezone(UTC).date()
        signed = entry["signed_at"].astimezone(UTC).date() if entry["signed_at"] else None
        lifts = False
        if entry["kind"] in STOPS:
            stopped_on = max(one for one in (stopped_on, day, signed) if one is not None)
        elif stopped_on is not None and entry["kind"] == "yes":
            by_card = entry["source"] in {"form", "typed"} and signed is not None and signed > stopped_on
            lifts = entry["source"] == "keyword" or by_card
            stopped_on = None if lifts else stopped_on
        yield entry, lifts


def _in_force(case: Case) -> set[Address]:
    """Addresses whose stop holds when the run is over."""
    found = set()
    for about, log in _logs(case).items():
        stopped = False
        for entry, lifts in _read(log):
            stopped = (stopped or entry["kind"] in STOPS) and not lifts
        if stopped:
            found.add(about)
    return found


def _lifted_by(case: Case) -> dict[Address, str]:
    """What lifted the last stop of an address: START, or a card."""
    return {
        about: "start" if entry["source"] == "keyword" else "card"
        for about, log in _logs(case).items()
        for entry, lifts in _read(log)
        if lifts
    }


# What people wrote, and what was told of it


def _words_by_phone(case: Case) -> dict[tuple[str, str], list[tuple[float, str, str]]]:
    """What each phone wrote that is one of the words, in its order: when, which, and as which contact."""
    found: defaultdict[tuple[str, str], list[tuple[float, str, str]]] = defaultdict(list)
    for one in case.evidence.inbound:
        word = one["body"].strip().lower()
        if one["channel"] == "SMS" and word in STARTS | STOP_WORDS:
            found[one["location_id"], one["address"]].append((one["at"], word, one["contact_id"]))
    return {key: sorted(words) for key, words in found.items()}


def _stopped_otherwise(case: Case, about: Address, at: float) -> bool:
    """Whether something other than a word of the phone stopped it after that moment, or in it."""
    stops = (
        stop.ended
        for stop in case.ledger.stops
        if (stop.person.church.slug, stop.channel, stop.address) == about and stop.how != "keyword"
    )
    written = (
        entry["recorded_at"].timestamp()
        for entry in _logs(case).get(about, ())
        if entry["kind"] == "no" or entry["source"] in {"spoken", "e-mail"}
    )
    return any(moment >= at - BREATH for moment in (*stops, *written))


def _told_of_start(case: Case, location: str, contact_id: str, at: float, about: Address) -> bool:
    """Whether the hub has to have lifted it: an app told of it; or a workflow did, when the stop had long been there.

    A workflow's word of the stop that came after it stops once more, as nobody signed when it was.
    """
    taken = [
        one
        for one in case.evidence.deliveries
        if one["location"] == location and 200 in one["answered"] and _about(one["event"]) == contact_id
    ]
    if any(not _is_app(one) and _word(one["event"]) in STOP_WORDS for one in taken):
        return False
    starts = [one for one in taken if _word(one["event"]) in STARTS and _made(one) >= at - BREATH]
    if any(_is_app(one) for one in starts):
        return True
    there = [
        one
        for one in case.evidence.opt_outs
        if (one["church"], one["channel"], one["address"]) == about and one["asked_at"].timestamp() <= at
    ]
    confirmed = [one["confirmed_at"].timestamp() for one in there if one["confirmed_at"] is not None]
    long_there = bool(there) and len(confirmed) == len(there) and max(confirmed) < at - SETTLED
    return bool(starts) and long_there


def _heard(case: Case, stop: Stop) -> bool:
    """Whether the hub answered 200 when it was told of what the person wrote."""
    for delivery in case.evidence.deliveries:
        event = delivery["event"]
        payload = event.get("webhookPayload") or {}
        about = (
            payload.get("recipient") == stop.address and payload.get("event") == "unsubscribed"
            if stop.how == "link"
            else _about(event) == stop.contact_id
        )
        if not about or 200 not in delivery["answered"]:
            continue
        if _made(delivery) >= stop.began - BREATH:
            return True
    return False


def _about(event: Row) -> str | None:
    return event.get("contact_id") or event.get("contactId") or event.get("id")


def _word(event: Row) -> str:
    message = event.get("message")
    said = message.get("body") if isinstance(message, dict) else event.get("body")
    return str(said or "").strip().lower()


def _is_app(delivery: Row) -> bool:
    return delivery["kind"] != "Workflow"


def _made(delivery: Row) -> float:
    return datetime.fromisoformat(delivery["made_at"]).timestamp()


def _addresses(case: Case, call: Call) -> set[str]:
    """To whom a request for a message would go: the hub's rows with that contact and those words, else the contact's own."""
    try:
        asked = json.loads(call.body)
    except ValueError:
        return set()
    text, channel = is_text(call), "sms" if is_text(call) else "email"
    words = asked.get("message") if text else asked.get("subject")
    found = {
        str(one["address"])
        for one in case.evidence.messages
        if one["location"] == call.location
        and one["channel"] == channel
        and one["contact_id"] == asked.get("contactId")
        and (one["body"] if text else one["subject"]) == words
    }
    if found:
        return found
    contacts = {one["id"]: one for one in case.evidence.contacts.get(call.location, ())}
    own = contacts.get(asked.get("contactId"), {}).get("phone" if text else "email")
    return {own} if own else set()


def _had_ended(case: Case, message: Row | None, known: float) -> bool:
    """Whether the request had been made and given up before: then it was unsure, and no longer on its way."""
    return message is not None and any(
        one["message_id"] == message["id"]
        and one["kind"] == "send"
        and one["ended_at"] is not None
        and one["ended_at"].timestamp() <= known
        for one in case.evidence.message_attempts
    )


def _slugs(case: Case) -> dict[str, str]:
    return {church.location: church.slug for church in case.churches}


STOP_CHECKS: tuple[Check, ...] = (
    nobody_is_written_to_after_a_stop,
    nothing_is_asked_of_ghl_after_a_stop,
    no_consent_is_lost,
    both_say_the_same_of_a_stop,
    a_start_lifts,
    only_a_start_lifts,
)
