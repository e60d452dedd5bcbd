"""What must hold after a run, whatever went wrong in it. Pure: from the driver's ledger and the evidence to violations.

Each check is shown to fail by `test_checks`. Those of messages stand in `message_checks`, those of stops in `stop_checks`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from ghl.causes import CauseCode
from ghl.simulator.faults import AT_THE_EDGE
from tests.chaos.case import Case, Check, Violation
from tests.chaos.evidence import Call, Row, by_card, kept_open, secrets_in
from tests.chaos.ledger import Told
from tests.chaos.message_checks import MESSAGE_CHECKS, looked_up_for_a_message, stopped_address, stopped_there
from tests.chaos.people import Person
from tests.chaos.stop_checks import STOP_CHECKS

WINDOW = 10.3
"""Seconds after Redis forgot in which a 429 of our own making is understood (ADR 3), and a breath."""

BURST, INTERVAL = 100, 10.0
"""GoHighLevel's limit: so many calls in so many seconds."""

SLACK = 0.5
"""Seconds by which clocks and queues may shift a call against its attempt."""

NOBODY = "connectionTest00Nobody"
"""The contact that a test of a token asks for."""

WRITES = {
    "contacts.create": "CreateContact",
    "contacts.update": "UpdateContact",
    "contacts.add_tags": "AddTags",
}


def every_card_is_there_once(case: Case) -> Iterator[Violation]:
    """Each accepted card is one row with the id that was told; what nobody sent is not there."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for card in case.evidence.cards:
        rows[card["marker"] or ""].append(card)
    for marker, told in case.ledger.cards.items():
        found = rows.pop(marker, [])
        ids = {str(card["id"]) for card in found}
        if told.accepted and not found:
            yield Violation("lost", f"the accepted card {marker} is not there", tuple(told.ids))
        elif len(found) > 1:
            yield Violation("duplicates", f"the card {marker} is there {len(found)} times", tuple(ids))
        if set(told.ids) - ids:
            yield Violation("lost", f"the id that was told for {marker} is not there", tuple(told.ids))
    for marker, found in rows.items():
        yield Violation("wrong", f"nobody sent {marker!r}", tuple(str(card["id"]) for card in found))


def every_feed_was_taken(case: Case) -> Iterator[Violation]:
    """Senders that did not give up were heard in the end, and no door gave an answer that it should not."""
    for marker, told in case.ledger.cards.items():
        if not told.accepted and not told.gave_up:
            yield Violation("lost", f"the card {marker} was never accepted")
    for wrong in case.ledger.wrong:
        yield Violation("wrong", wrong.what, detail=wrong.detail)


def every_card_rests_where_it_belongs(case: Case) -> Iterator[Violation]:
    """Good cards are in GoHighLevel; those that were written wrongly wait for a person, for the right reason."""
    told = case.ledger.cards
    for card in case.evidence.cards:
        if card["marker"] not in told:
            continue
        expected = told[card["marker"]].newest.bad
        stands, where = (card["status"], card["cause"]), (str(card["id"]),)
        if expected:
            if stands != ("needs_attention", expected):
                yield Violation("wrong", f"{card['marker']} stands as {stands}, not as {expected}", where)
        elif stands == ("needs_attention", CauseCode.NO_ADDRESS_OF_ITS_OWN):
            # A child with the family's phone alone, which is on somebody else: right so.
            if not told[card["marker"]].card.person.own_address:
                continue
            yield Violation("wrong", f"{card['marker']} has an address of its own", where)
        elif card["status"] != "synced":
            yield Violation("stuck", f"{card['marker']} stands as {stands}", where)
        elif card["state"] != "done":
            yield Violation("stuck", f"{card['marker']} is synced and its row is {card['state']}", where)
        elif card["synced_revision"] != card["revision"]:
            yield Violation("wrong", f"{card['marker']}: not its newest revision went out", where)


def nothing_is_held_on_to(case: Case) -> Iterator[Violation]:
    """No lease, no open attempt, no key of a person is left."""
    evidence = case.evidence
    leased = tuple(str(card["id"]) for card in evidence.cards if card["state"] == "leased")
    if leased:
        yield Violation("stuck", f"{len(leased)} rows are leased", leased)
    open_ones = tuple(str(one["card_id"]) for one in evidence.attempts if one["outcome"] is None)
    if open_ones:
        yield Violation("stuck", f"{len(open_ones)} attempts have no outcome", open_ones)
    if evidence.person_keys:
        yield Violation("stuck", f"{evidence.person_keys} keys of persons are left")
    if evidence.held_leases:
        yield Violation("stuck", f"{evidence.held_leases} churches are still held by a worker")


def counts_equal_rows(case: Case) -> Iterator[Violation]:
    """The tiles say what there is."""
    there: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for card in case.evidence.cards:
        there[card["church"]][card["status"]] += 1
    for church in {*there, *case.evidence.counted}:
        counted = {status: n for status, n in case.evidence.counted.get(church, {}).items() if n}
        if counted != dict(there[church]):
            yield Violation("wrong", f"{church} counts {counted}, there are {dict(there[church])}")


def every_person_is_there_once(case: Case) -> Iterator[Violation]:
    """One contact for each person of whom a card arrived, and none for anybody else."""
    arrived = _arrived(case)
    already = {(one.church.location, one.name.casefold()) for one in case.feed.already_there}
    for location, contacts in case.evidence.contacts.items():
        seen = Counter(_name(contact) for contact in contacts)
        people = {name for where, name in arrived if where == location}
        for name in sorted(people | {name for where, name in already if where == location}):
            cards = tuple(str(card["id"]) for card, _ in arrived.get((location, name), ()))
            if not seen[name]:
                yield Violation("lost", f"a person is not in {location}", cards)
            elif seen[name] > 1:
                yield Violation("duplicates", f"a person is {seen[name]} times in {location}", cards)
        maybe = {
            told.card.person.name.casefold()
            for told in case.ledger.cards.values()
            if told.card.person.church.location == location
        }
        for name in seen:
            if name not in people | maybe and (location, name) not in already:
                yield Violation("wrong", f"{location} has a contact that nobody asked for")


def every_contact_says_what_its_newest_card_says(case: Case) -> Iterator[Violation]:
    """The newest revision wins, tags are only added, and nobody has anything of another."""
    tags_of = {told.card.tag: told.card.person for told in case.ledger.cards.values()}
    arrived = _arrived(case)
    already = {(one.church.location, one.name.casefold()) for one in case.feed.already_there}
    for location, contacts in case.evidence.contacts.items():
        for contact in contacts:
            name = _name(contact)
            cards = arrived.get((location, name))
            if not cards:
                continue
            person = cards[0][1].card.person
            ids = tuple(str(card["id"]) for card, _ in cards)
            newest = max(cards, key=lambda one: (one[0]["received_at"], one[0]["position"]))
            yield from _says(contact, person, newest, ids)
            tags = {tag.casefold() for tag in contact.get("tags") or ()}
            missing = {told.card.tag for _, told in cards} - tags
            if missing:
                yield Violation("wrong", f"the contact lacks {sorted(missing)}", ids)
            if (location, name) in already and "member" not in tags:
                yield Violation("wrong", "a tag that was there before is gone", ids)
            foreign = {tag for tag in tags if tag in tags_of and tags_of[tag] != person}
            if foreign:
                yield Violation("wrong", f"the contact has tags of somebody else: {sorted(foreign)}", ids)


def _says(
    contact: Row, person: Person, newest: tuple[Row, Told], ids: tuple[str, ...]
) -> Iterator[Violation]:
    card, _ = newest
    fields = card["fields"]
    if contact.get("address1") != fields.get("address"):
        yield Violation(
            "wrong",
            f"the contact says {contact.get('address1')!r}, its newest card {fields.get('address')!r}",
            ids,
        )
    if contact.get("city") != f"Home of {person.name}":
        yield Violation("wrong", "the contact has somebody else's home", ids)
    email = contact.get("email")
    if email and email not in person.emails:
        yield Violation("wrong", "the contact has an e-mail address that is not the person's", ids)
    elif email != fields.get("email"):
        yield Violation("wrong", "the contact has an older e-mail address", ids)
    phone = contact.get("phone")
    if person.household:
        if phone not in (None, "", person.household):
            yield Violation("wrong", "the contact has a phone that is not the family's", ids)
    elif phone and phone not in person.phones:
        yield Violation("wrong", "the contact has a phone that is not the person's", ids)
    elif phone != fields.get("phone"):
        yield Violation("wrong", "the contact has an older phone", ids)


def attempts_are_numbered_and_end(case: Case) -> Iterator[Violation]:
    """The tries of a card are 1, 2, 3 …, as many as its row says; a card in GoHighLevel has one that delivered."""
    attempts = by_card(list(case.evidence.attempts))
    for card in case.evidence.cards:
        own, where = attempts.get(str(card["id"]), []), (str(card["id"]),)
        numbers = [one["number"] for one in own if one["outcome"] != "not_sent"]
        if sorted(numbers) != list(range(1, (card["tries"] or 0) + 1)):
            yield Violation(
                "wrong", f"{card['marker']} has tries {numbers}, its row says {card['tries']}", where
            )
        delivered = [one for one in own if one["outcome"] == "delivered"]
        if card["status"] == "synced" and not any(one["revision"] == card["revision"] for one in delivered):
            yield Violation(
                "wrong", f"{card['marker']} is synced, and no attempt delivered its revision", where
            )


def only_answers_about_a_card_spend_attempts(case: Case) -> Iterator[Violation]:
    """Outages, 429 and refused tokens cost a card none of its eight attempts."""
    attempts = by_card(list(case.evidence.attempts))
    for card in case.evidence.cards:
        if not card["attempts"]:
            continue
        own = attempts.get(str(card["id"]), [])
        answers = [one for one in own if one["outcome"] == "needs_attention" or _was_answered(one)]
        if card["attempts"] > len(answers):
            yield Violation(
                "wrong",
                f"{card['marker']} spent {card['attempts']} attempts on {len(answers)} answers about it",
                (str(card["id"]),),
            )


def every_call_belongs_to_an_attempt(case: Case) -> Iterator[Violation]:
    """What the simulator saw about a card happened within an attempt of this card that was written before."""
    spans: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in case.evidence.attempts:
        ended = one["ended_at"].timestamp() if one["ended_at"] else float("inf")
        spans[str(one["card_id"])].append((one["started_at"].timestamp(), ended))
    whose = _Whose(case)
    for call in case.evidence.calls:
        if call.operation not in {*WRITES, "contacts.find_duplicate", "contacts.get"}:
            continue
        if whose.is_about_messages(call):
            # A look at a contact before a text leaves, or because GoHighLevel told of it; a stop that is brought there.
            if call.operation == "contacts.update" and not stopped_there(case, call.location, call.contact):
                yield Violation(
                    "wrong", f"call {call.number} stops texts that nobody stopped", detail={"call": call}
                )
            continue
        if call.operation == "contacts.find_duplicate" and (
            stopped_address(case, call) or looked_up_for_a_message(case, call)
        ):
            # Whoever has the number is looked up, to bring the stop there, or because a text is for it.
            continue
        cards = whose.of(call)
        if not cards:
            if not whose.is_a_test(call):
                yield Violation(
                    "wrong", f"call {call.number} ({call.operation}) is no card's", detail={"call": call}
                )
            continue
        held_up = any(begin <= call.at <= end + 12 for begin, end in case.ledger.busy)
        slack = 12.0 if held_up else SLACK
        if not any(begin - SLACK <= call.at <= end + slack for card in cards for begin, end in spans[card]):
            yield Violation(
                "wrong",
                f"call {call.number} ({call.operation}) is in no attempt",
                tuple(sorted(cards)),
                {"call": call},
            )


def attempts_claim_only_what_was_seen(case: Case) -> Iterator[Violation]:
    """A write that an attempt says was answered is one that the simulator answered, and made what it says."""
    seen, made = _seen_writes(case)
    claimed: Counter[tuple[str, str]] = Counter()
    for one in case.evidence.attempts:
        card = str(one["card_id"])
        for noted in one["calls"]:
            if noted["error"] is None and noted["call"] in WRITES.values():
                claimed[card, noted["call"]] += 1
            if noted.get("contact_id") and noted["contact_id"] not in made[card]:
                yield Violation("wrong", "an attempt names a contact that it did not make", (card,))
    for (card, call), count in claimed.items():
        if count > seen[card, call]:
            yield Violation(
                "wrong", f"attempts tell of {count} {call}, {seen[card, call]} were seen", (card,)
            )


def _seen_writes(case: Case) -> tuple[Counter[tuple[str, str]], defaultdict[str, set[str]]]:
    """By card and kind how many writes took effect, and by card which contacts were made."""
    whose = _Whose(case)
    seen: Counter[tuple[str, str]] = Counter()
    made: defaultdict[str, set[str]] = defaultdict(set)
    for call in case.evidence.calls:
        if call.operation not in WRITES or call.done is None or call.done[0] >= 300:
            continue
        if whose.is_about_messages(call):
            continue
        for card in whose.of(call):
            seen[card, WRITES[call.operation]] += 1
            if call.operation == "contacts.create" and call.done[1]:
                made[card].add(call.done[1])
    return seen, made


def no_429_of_our_own_making(case: Case) -> Iterator[Violation]:
    """GoHighLevel's limit is never met, but right after Redis forgot what was sent, or the machine stood still."""
    for call in case.evidence.calls:
        if call.refused and not _forgotten(case, call) and not _stalled(case, call):
            yield Violation(
                "429", f"call {call.number} was one too many for {call.location}", detail={"call": call}
            )


def excused_429(case: Case) -> int:
    """Calls that were one too many only because the machine stood still: told beside the violations."""
    return sum(
        call.refused and not _forgotten(case, call) and _stalled(case, call) for call in case.evidence.calls
    )


def _forgotten(case: Case, call: Call) -> bool:
    return any(begin <= call.at <= end + WINDOW for begin, end in case.ledger.forgotten)


def _stalled(case: Case, call: Call) -> bool:
    """Whether the first of the hundred calls before it was counted so late that it had truly come earlier than 10 s.

    Only as much as the simulator was seen to be late at that moment excuses; a stall somewhere else does not.
    """
    before = [
        one.at
        for one in case.evidence.calls
        if one.location == call.location
        and one.number < call.number
        and not one.refused
        and one.fault not in AT_THE_EDGE
    ]
    if len(before) < BURST:
        return False
    first = before[-BURST]
    late = [by for begin, end, by in case.evidence.stalls if begin <= first <= end]
    return first - max(late, default=0.0) <= call.at - INTERVAL


def the_change_log_is_true(case: Case) -> Iterator[Violation]:
    """Each correction, decision and sending again has its entry, and no other has."""
    entries = Counter((entry["action"], entry["subject"]) for entry in case.evidence.audit)
    expected: Counter[tuple[str, str]] = Counter()
    for row in case.evidence.revisions:
        if row["no"] > 1:
            expected["card.corrected", str(row["card_id"])] += 1
    expected.update(("card.decided", card) for card in case.ledger.decisions)
    for (action, card), count in expected.items():
        if entries[action, card] < count:
            yield Violation("wrong", f"{action}: {count} done, {entries[action, card]} entries", (card,))
    again = Counter(case.ledger.retries)
    for card, count in again.items():
        if entries["card.sent_again", card] + entries["card.released", card] < count:
            yield Violation("wrong", f"sent again {count} times, entries are missing", (card,))
    for (action, subject), count in entries.items():
        if action == "card.corrected" and count > expected[action, subject]:
            yield Violation(
                "wrong", f"{count} entries of corrections, {expected[action, subject]} done", (subject,)
            )


def every_correction_is_kept(case: Case) -> Iterator[Violation]:
    """A correction that was saved is a revision, in its order."""
    revisions: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in case.evidence.revisions:
        revisions[str(row["card_id"])].append((row["no"], row["fields"].get("address", "")))
    for marker, told in case.ledger.cards.items():
        for card in case.cards_of(marker) if told.corrections else ():
            markers = [said for _, said in sorted(revisions[str(card["id"])])]
            if markers != [marker, *(one.marker for one in told.corrections)]:
                yield Violation("lost", f"{marker} has the revisions {markers}", (str(card["id"]),))


def nothing_tells_of_people(case: Case) -> Iterator[Violation]:
    """No log, nothing in Redis, no text of an error, no metric and no entry of the change log holds a name, a phone, an
    e-mail address, a prayer request or a token.
    """
    for where, found in case.evidence.texts.items():
        for kind in secrets_in(found, people=case.feed.people, tokens=case.tokens):
            yield Violation("secrets", f"{where} holds {kind}")


def no_token_is_kept_open(case: Case) -> Iterator[Violation]:
    """A dump of the database holds no token, no key of a source and no encryption key, in whatever form."""
    found = kept_open(case.evidence.dump, case.tokens)
    if found:
        yield Violation("secrets", f"the dump holds {found} tokens or keys")
    if not case.evidence.dump:
        yield Violation("secrets", "there is no dump to look into")


CHECKS: tuple[Check, ...] = (
    every_card_is_there_once,
    every_feed_was_taken,
    every_card_rests_where_it_belongs,
    nothing_is_held_on_to,
    counts_equal_rows,
    every_person_is_there_once,
    every_contact_says_what_its_newest_card_says,
    attempts_are_numbered_and_end,
    only_answers_about_a_card_spend_attempts,
    every_call_belongs_to_an_attempt,
    attempts_claim_only_what_was_seen,
    no_429_of_our_own_making,
    the_change_log_is_true,
    every_correction_is_kept,
    nothing_tells_of_people,
    no_token_is_kept_open,
    *MESSAGE_CHECKS,
    *STOP_CHECKS,
)


def check(case: Case) -> list[Violation]:
    """All that does not hold."""
    return [violation for one in CHECKS for violation in one(case)]


def _name(contact: Row) -> str:
    return f"{contact.get('firstName') or ''} {contact.get('lastName') or ''}".casefold().strip()


def _arrived(case: Case) -> dict[tuple[str, str], list[tuple[Row, Told]]]:
    """Cards that are in GoHighLevel, by location and the person's name."""
    found: defaultdict[tuple[str, str], list[tuple[Row, Told]]] = defaultdict(list)
    for card in case.evidence.cards:
        told = case.ledger.cards.get(card["marker"])
        if told is not None and card["status"] == "synced":
            person = told.card.person
            found[person.church.location, person.name.casefold()].append((card, told))
    return dict(found)


def _was_answered(attempt: Row) -> bool:
    """Whether GoHighLevel said something about the card itself."""
    statuses = [attempt["http_status"], *(call.get("status") for call in attempt["calls"])]
    return any(status and 400 <= status < 500 and status not in {401, 403, 408, 429} for status in statuses)


class _Whose:
    """Which cards a call may be about: by its marker, its contact, or the addresses it asks for."""

    def __init__(self, case: Case) -> None:
        self._by_marker: dict[str, str] = {}
        self._by_address: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._by_contact: defaultdict[str, set[str]] = defaultdict(set)
        for card in case.evidence.cards:
            told = case.ledger.cards.get(card["marker"])
            if told is None:
                continue
            card_id, location = str(card["id"]), told.card.person.church.location
            for said in (told.card, *told.corrections):
                self._by_marker[said.marker] = card_id
                for name in ("phone", "email"):
                    if said.values.get(name):
                        self._by_address[location, said.values[name]].add(card_id)
            if card["contact_id"]:
                self._by_contact[card["contact_id"]].add(card_id)
        self._name_contacts(case)

    def _name_contacts(self, case: Case) -> None:
        """A contact may be read for everybody who shares an address with it."""
        for location, contacts in case.evidence.contacts.items():
            for contact in contacts:
                for name in ("phone", "email"):
                    if contact.get(name):
                        self._by_contact[contact["id"]] |= self._by_address[location, contact[name]]

    def of(self, call: Call) -> set[str]:
        if call.operation in WRITES:
            found = {self._by_marker[word] for word in _words(call.body) if word in self._by_marker}
            if found:
                return found
        if call.operation == "contacts.find_duplicate":
            asked = (call.query.get("number", ""), call.query.get("email", ""))
            return set().union(*(self._by_address[call.location, one] for one in asked))
        return set(self._by_contact.get(call.contact or "", ()))

    @staticmethod
    def is_about_messages(call: Call) -> bool:
        """Whether it is none of a card's: a contact that is read, or only whose do-not-disturb is set."""
        if call.operation == "contacts.get":
            return True
        return call.operation == "contacts.update" and call.body.startswith('{"dndSettings"')

    @staticmethod
    def is_a_test(call: Call) -> bool:
        """A call that tests a token."""
        return call.contact == NOBODY or (
            call.operation == "contacts.find_duplicate" and "connection-test" in call.text
        )


def _words(body: str) -> Iterator[str]:
    """Markers in a body: in the address, or in a tag."""
    try:
        said = json.loads(body)
    except ValueError:
        return
    if said.get("address1"):
        yield said["address1"]
    for tag in said.get("tags") or ():
        if tag.startswith("tag "):
            yield tag.removeprefix("tag ")
