"""What must hold of messages and of what people said about them, whatever went wrong in a run. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from tests.chaos.case import Case, Check, Violation
from tests.chaos.evidence import Call, Row
from tests.chaos.ledger import Stop

CHANNELS = {"SMS": "sms", "Email": "email"}
RESTS = frozenset({"delivered", "failed", "held", "not_sent"})
OUR_FAULT = frozenset({"message_stops_program", "message_contact_gone", "words_gone", "words_incomplete"})
"""Reasons that no fault of a run explains."""

STOPS = frozenset({"stop", "no"})
BLOCKED = frozenset({"active", "permanent"})

ON_ITS_WAY = 14.0
"""Seconds after the mark until GoHighLevel has a message at the latest: the call's 5, and a fault's late effect."""

BREATH = 1.0
"""Seconds between what a person wrote and what the simulator makes of it."""


def nobody_is_messaged_twice(case: Case) -> Iterator[Violation]:
    """GoHighLevel has each message of the hub once, and none that the hub does not know."""
    asked: Counter[tuple[str, ...]] = Counter()
    cards: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for message in case.evidence.messages:
        if message["sending_at"] is None:
            continue
        asked[_words(message)] += 1
        cards[_words(message)].add(str(message["card_id"]))
    went_out = Counter(_words_there(one) for one in case.evidence.outbox)
    for words, count in went_out.items():
        if count > asked[words]:
            what = f"{words[1]} of {words[0]}: {asked[words]} wanted, {count} went out"
            yield Violation("doubled messages", what, tuple(sorted(cards[words])))
    ids = Counter(
        message["ghl_message_id"] for message in case.evidence.messages if message["ghl_message_id"]
    )
    for message_id, count in ids.items():
        if count > 1:
            yield Violation("wrong", f"{count} messages say that they are {message_id}")


def one_press_is_one_message(case: Case) -> Iterator[Violation]:
    """A message is there once for each card, template and person; who presses again is told so."""
    rows = Counter(
        (message["card_id"], message["template_id"], message["address"], message["again"])
        for message in case.evidence.messages
    )
    for (card, _, _, _), count in rows.items():
        if count > 1:
            yield Violation("doubled messages", f"{count} messages for one request", (str(card),))
    revived = {str(one["id"]) for one in case.evidence.messages if one["state"] == "not_sent"}
    queued = Counter(
        message_id
        for press in case.ledger.pressed
        for message_id, outcome in press.outcomes
        if outcome == "queued"
    )
    for message_id, count in queued.items():
        if count > 1 and message_id not in revived:
            yield Violation("wrong", f"{count} presses were told that they sent {message_id}")


def what_was_sent_is_there(case: Case) -> Iterator[Violation]:
    """A message that is said to be in GoHighLevel is there, and says and goes where the hub says."""
    there = {one["id"]: one for one in case.evidence.outbox}
    for message in case.evidence.messages:
        if message["state"] not in {"sent", "delivered"} or message["cause"] == "said_arrived":
            continue
        found = there.get(message["ghl_message_id"])
        where = (str(message["card_id"]),)
        if found is None:
            yield Violation("lost", f"message {message['id']} is {message['state']} and not there", where)
        elif _words_there(found) != _words(message):
            yield Violation("wrong", f"message {message['id']} is another one there", where)


def every_message_rests_where_it_belongs(case: Case) -> Iterator[Violation]:
    """Nothing is on its way any more, and what did not go has a reason."""
    for message in case.evidence.messages:
        state, where = message["state"], (str(message["card_id"]),)
        if state not in RESTS and not (state == "sent" and message["cause"] == "said_arrived"):
            yield Violation("stuck", f"message {message['id']} stands as {state} ({message['cause']})", where)
        elif message["cause"] in OUR_FAULT:
            yield Violation("wrong", f"message {message['id']} is {state}: {message['cause']}", where)
        elif state in {"not_sent", "held", "failed"} and not message["cause"]:
            yield Violation("wrong", f"message {message['id']} is {state} without a reason", where)
    open_ones = [one for one in case.evidence.message_attempts if one["outcome"] is None]
    if open_ones:
        yield Violation("stuck", f"{len(open_ones)} tries with messages have no outcome")


def nobody_is_texted_after_a_stop(case: Case) -> Iterator[Violation]:
    """Once a stop is written down no text is begun, and none arrives that had not left before.

    Staff's stop is known once the function that records it came back; what GoHighLevel told of, once its event was
    handled. Of both the text that had been marked as on its way before is no harm, as long as it arrives in time.
    """
    rows = {one["ghl_message_id"]: one for one in case.evidence.messages if one["ghl_message_id"]}
    for text in (one for one in case.evidence.outbox if one["channel"] == "SMS"):
        message = rows.get(text["id"]) or _row_of(case, text)
        begun = _seconds(message["sending_at"]) if message and message["sending_at"] else text["at"]
        for known, tells in _stops(case, text["location_id"], text["address"]):
            if text["at"] <= known:
                continue
            in_time = text["at"] - begun <= ON_ITS_WAY + _held_up(case, begun)
            if begun > known or not in_time or not (tells or _had_ended(case, message, known)):
                what = f"a text {text['at'] - known:.1f} s after a stop, begun {begun - known:+.1f} s"
                yield Violation("after a stop", what, (str(message["card_id"]),) if message else ())
                break


def no_consent_is_lost(case: Case) -> Iterator[Violation]:
    """Each yes and each stop that the hub took is in its log; each stop is in GoHighLevel as well."""
    said: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in case.evidence.said:
        said[one["church"], one["channel"], one["address"]].add(one["kind"])
    doubted = {(one["church"], one["address"]) for one in case.evidence.doubts}
    for marker, told in case.ledger.cards.items():
        person, values = told.card.person, told.card.values
        if not told.accepted or not values.get("sms_consent"):
            continue
        for channel, name in (("sms", "phone"), ("email", "email")):
            if values.get(name) and "yes" not in said[person.church.slug, channel, values[name]]:
                yield Violation("lost consents", f"{marker}: its yes ({channel}) is not in the log")
    for stop in case.ledger.stops:
        church, phone = stop.person.church.slug, stop.person.phones[0]
        if stop.how == "staff" or (stop.how != "screen" and _heard(case, stop)):
            known = bool(said[church, "sms", phone] & STOPS)
            if not known and not (stop.how == "sentence" and (church, phone) in doubted):
                yield Violation("lost consents", f"a stop ({stop.how}) is not in the log")
    yield from _stops_are_there(case)


def _stops_are_there(case: Case) -> Iterator[Violation]:
    """Where nobody had the number when the stop was brought there, the check of the night brings it to whoever has it."""
    locations = {church.slug: church.location for church in case.churches}
    waits = {
        (locations[one["church"]], one["address"])
        for one in case.evidence.opt_outs
        if one["state"] == "no_contact"
    }
    stopped = {
        (locations[one["church"]], one["address"])
        for one in case.evidence.said
        if one["kind"] == "stop" and one["channel"] == "sms"
    }
    for location, contacts in case.evidence.contacts.items():
        for contact in contacts:
            if (location, contact.get("phone")) not in stopped - waits:
                continue
            status = (contact.get("dndSettings") or {}).get("SMS", {}).get("status")
            if status not in BLOCKED and not contact.get("dnd"):
                yield Violation("lost consents", f"{location}: GoHighLevel would text somebody who said stop")


def _stops(case: Case, location: str, phone: str) -> Iterator[tuple[float, bool]]:
    """When each stop of a phone was known, and whether a text was said to have left, or nobody was asked."""
    for stop in case.ledger.stops:
        if stop.how == "staff" and stop.person.church.location == location and stop.person.phones[0] == phone:
            yield stop.ended, stop.on_its_way
    own = {one["id"] for one in case.evidence.contacts.get(location, ()) if one.get("phone") == phone}
    for event in case.evidence.heard:
        if event["contact_id"] in own:
            yield _seconds(event["handled_at"]), True


def _had_ended(case: Case, message: Row | None, known: float) -> bool:
    """Whether the request had been made and given up before: then it was unsure, and no longer on its way."""
    return message is not None and any(
        one["message_id"] == message["id"]
        and one["kind"] == "send"
        and one["ended_at"] is not None
        and _seconds(one["ended_at"]) <= known
        for one in case.evidence.message_attempts
    )


def _heard(case: Case, stop: Stop) -> bool:
    """Whether the hub answered 200 when it was told of what the person wrote."""
    for delivery in case.evidence.deliveries:
        event = delivery["event"]
        about = event.get("contact_id") or event.get("contactId") or event.get("id")
        if about != stop.contact_id or 200 not in delivery["answered"]:
            continue
        if _seconds(datetime.fromisoformat(delivery["made_at"])) >= stop.began - BREATH:
            return True
    return False


def stopped_there(case: Case, location: str, contact_id: str | None) -> bool:
    """Whether the contact has a phone or e-mail of somebody who said stop."""
    contacts = {one["id"]: one for one in case.evidence.contacts.get(location, ())}
    contact = contacts.get(contact_id or "", {})
    return bool(_stopped(case, location) & {contact.get("phone"), contact.get("email")} - {None})


def stopped_address(case: Case, call: Call) -> bool:
    """Whether a look-up is for a phone or e-mail of somebody who said stop."""
    return bool(_stopped(case, call.location) & {call.query.get("number"), call.query.get("email")} - {None})


def _stopped(case: Case, location: str) -> set[str]:
    slugs = {church.location: church.slug for church in case.churches}
    return {
        one["address"]
        for one in case.evidence.said
        if one["church"] == slugs.get(location) and one["kind"] in STOPS
    }


def _row_of(case: Case, text: Row) -> Row | None:
    same = [one for one in case.evidence.messages if _words(one) == _words_there(text) and one["sending_at"]]
    return min(same, key=lambda one: one["sending_at"], default=None)


def _held_up(case: Case, at: float) -> float:
    """Seconds by which something that was frozen may be late."""
    return sum(end - begin for begin, end in case.ledger.busy if begin <= at + ON_ITS_WAY and end >= at)


def _words(message: Row) -> tuple[str, ...]:
    """What a message is told by: church, channel, address and words."""
    words = message["body"] if message["channel"] == "sms" else message["subject"]
    return str(message["location"]), str(message["channel"]), str(message["address"]), str(words)


def _words_there(one: Row) -> tuple[str, ...]:
    channel = CHANNELS[one["channel"]]
    return (
        one["location_id"],
        channel,
        one["address"],
        str(one["asked"] if channel == "sms" else one["subject"]),
    )


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


MESSAGE_CHECKS: tuple[Check, ...] = (
    nobody_is_messaged_twice,
    one_press_is_one_message,
    what_was_sent_is_there,
    every_message_rests_where_it_belongs,
    nobody_is_texted_after_a_stop,
    no_consent_is_lost,
)
