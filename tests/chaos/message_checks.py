"""What must hold of messages and of what people said about them, whatever went wrong in a run. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime

from tests.chaos.case import Case, Check, Violation
from tests.chaos.evidence import Call, Row

CHANNELS = {"SMS": "sms", "Email": "email"}
RESTS = frozenset({"delivered", "failed", "held", "not_sent"})
OUR_FAULT = frozenset({"message_stops_program", "message_contact_gone", "words_gone", "words_incomplete"})
"""Reasons that no fault of a run explains."""

STOPS = frozenset({"stop", "no"})

ON_ITS_WAY = 14.0
"""Seconds after the mark until GoHighLevel has a message at the latest: the call's 5, and a fault's late effect."""

SEND = "conversations.send"
"""The call that sends a message."""


def nobody_is_messaged_twice(case: Case) -> Iterator[Violation]:
    """GoHighLevel has each message of the hub once, and none that the hub does not know."""
    asked: Counter[tuple[str, ...]] = Counter()
    cards: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
    for message in case.evidence.messages:
        if message["sending_at"] is None:
            continue
        asked[words_of(message)] += 1
        cards[words_of(message)].add(str(message["card_id"]))
    went_out = Counter(words_there(one) for one in case.evidence.outbox)
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
    revived = {str(one["id"]) for one in case.evidence.messages if _may_be_asked_for_again(case, one)}
    queued = Counter(
        message_id
        for press in case.ledger.pressed
        for message_id, outcome in press.outcomes
        if outcome == "queued"
    )
    for message_id, count in queued.items():
        if count > 1 and message_id not in revived:
            yield Violation("wrong", f"{count} presses were told that they sent {message_id}")


def _may_be_asked_for_again(case: Case, message: Row) -> bool:
    """Whether it was taken back, or was stopped at some time: then the next press begins it anew."""
    about = (message["church"], message["channel"], message["address"])
    return (
        message["state"] == "not_sent"
        or any(one.message_id == str(message["id"]) for one in case.ledger.undone)
        or (message["channel"] == "sms" and message["marker"] in case.ledger.renumbered)
        or any(
            (one["church"], one["channel"], one["address"]) == about and one["kind"] in STOPS
            for one in case.evidence.said
        )
    )


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
        elif words_there(found) != words_of(message):
            yield Violation("wrong", f"message {message['id']} is another one there", where)


def every_message_rests_where_it_belongs(case: Case) -> Iterator[Violation]:
    """Nothing is on its way any more, and what did not go has a reason."""
    for message in case.evidence.messages:
        state, where = message["state"], (str(message["card_id"]),)
        if state not in RESTS and not (state == "sent" and message["cause"] == "said_arrived"):
            yield Violation("stuck", f"message {message['id']} stands as {state} ({message['cause']})", where)
        elif state == "held" and _was_answered(case, message):
            yield Violation("stuck", f"message {message['id']} is held for an answer that was given", where)
        elif message["cause"] in OUR_FAULT:
            yield Violation("wrong", f"message {message['id']} is {state}: {message['cause']}", where)
        elif state in {"not_sent", "held", "failed"} and not message["cause"]:
            yield Violation("wrong", f"message {message['id']} is {state} without a reason", where)
    open_ones = [one for one in case.evidence.message_attempts if one["outcome"] is None]
    if open_ones:
        yield Violation("stuck", f"{len(open_ones)} tries with messages have no outcome")


def what_was_taken_back_never_leaves(case: Case) -> Iterator[Violation]:
    """A message of which staff were told that it is undone is not there, unless they asked for it again."""
    rows = {str(one["id"]): one for one in case.evidence.messages}
    there = Counter(words_there(one) for one in case.evidence.outbox)
    for undone in case.ledger.undone:
        again = any(
            press.ended >= undone.ended and (undone.message_id, "queued") in press.outcomes
            for press in case.ledger.pressed
        )
        message = rows.get(undone.message_id)
        if message is not None and not again and there[words_of(message)]:
            yield Violation(
                "wrong", f"message {undone.message_id} was taken back and left", (str(message["card_id"]),)
            )


def no_text_goes_to_a_number_that_was_corrected(case: Case) -> Iterator[Violation]:
    """None is begun to the old number once the new one is saved, and none to the new one before staff said that it is so."""
    for known in case.ledger.renumbered.values():
        sent = [
            (one["address"], _seconds(one["sending_at"]))
            for one in case.evidence.messages
            if one["marker"] == known.marker and one["channel"] == "sms" and one["sending_at"]
        ]
        for address, begun in sent:
            if address == known.old and begun > known.saved:
                yield Violation(
                    "wrong", f"{known.marker}: a text to the old number, {begun - known.saved:.1f} s after"
                )
            if address == known.new and (known.confirmed is None or begun < known.confirmed):
                yield Violation("wrong", f"{known.marker}: a text to a number that nobody has looked at")


def no_text_leaves_at_night(case: Case) -> Iterator[Violation]:
    """GoHighLevel is asked for no text while the church has night."""
    for night in case.ledger.nights:
        for call in case.evidence.calls:
            if call.operation != SEND or call.location != night.church.location or not is_text(call):
                continue
            if night.began + ON_ITS_WAY + held_up(case, night.began) < call.at < night.ended:
                yield Violation("wrong", f"call {call.number} texts at night", detail={"call": call})


def _was_answered(case: Case, message: Row) -> bool:
    """Whether that for which it is held was decided: then nobody would ever let it go."""
    if message["cause"] == "doubt":
        return not any(
            (one["church"], one["channel"], one["address"], one["state"])
            == (message["church"], message["channel"], message["address"], "open")
            for one in case.evidence.doubts
        )
    known = case.ledger.renumbered.get(message["marker"])
    return (
        message["cause"] == "number_unchecked"
        and known is not None
        and known.confirmed is not None
        and message["address"] == known.new
    )


def stopped_there(case: Case, location: str, contact_id: str | None) -> bool:
    """Whether the contact has a phone or e-mail of somebody who said stop."""
    contacts = {one["id"]: one for one in case.evidence.contacts.get(location, ())}
    contact = contacts.get(contact_id or "", {})
    return bool(_stopped(case, location) & {contact.get("phone"), contact.get("email")} - {None})


def stopped_address(case: Case, call: Call) -> bool:
    """Whether a look-up is for a phone or e-mail of somebody who said stop."""
    return bool(_stopped(case, call.location) & {call.query.get("number"), call.query.get("email")} - {None})


def looked_up_for_a_message(case: Case, call: Call) -> bool:
    """Whether a look-up is for the address of a message that was being tried, of a card that has it no longer."""
    asked = {call.query.get("number"), call.query.get("email")}
    tried = {
        str(one["id"])
        for one in case.evidence.messages
        if one["location"] == call.location and one["address"] in asked
    }
    return any(
        one["message_id"] is not None
        and str(one["message_id"]) in tried
        and _seconds(one["started_at"]) - 1 <= call.at
        and (one["ended_at"] is None or call.at <= _seconds(one["ended_at"]) + ON_ITS_WAY)
        for one in case.evidence.message_attempts
    )


def _stopped(case: Case, location: str) -> set[str]:
    slugs = {church.location: church.slug for church in case.churches}
    return {
        one["address"]
        for one in case.evidence.said
        if one["church"] == slugs.get(location) and one["kind"] in STOPS
    }


def row_of(case: Case, text: Row) -> Row | None:
    same = [one for one in case.evidence.messages if words_of(one) == words_there(text) and one["sending_at"]]
    return min(same, key=lambda one: one["sending_at"], default=None)


def held_up(case: Case, at: float) -> float:
    """Seconds by which something that was frozen may be late."""
    return sum(end - begin for begin, end in case.ledger.busy if begin <= at + ON_ITS_WAY and end >= at)


def words_of(message: Row) -> tuple[str, ...]:
    """What a message is told by: church, channel, address and words."""
    words = message["body"] if message["channel"] == "sms" else message["subject"]
    return str(message["location"]), str(message["channel"]), str(message["address"]), str(words)


def words_there(one: Row) -> tuple[str, ...]:
    channel = CHANNELS[one["channel"]]
    return (
        one["location_id"],
        channel,
        one["address"],
        str(one["asked"] if channel == "sms" else one["subject"]),
    )


def is_text(call: Call) -> bool:
    """Whether it asks for a text, not for an e-mail."""
    return '"type":"SMS"' in call.body.replace(": ", ":")


def _seconds(moment: datetime) -> float:
    return moment.timestamp()


MESSAGE_CHECKS: tuple[Check, ...] = (
    nobody_is_messaged_twice,
    one_press_is_one_message,
    what_was_sent_is_there,
    every_message_rests_where_it_belongs,
    what_was_taken_back_never_leaves,
    no_text_goes_to_a_number_that_was_corrected,
    no_text_leaves_at_night,
)
