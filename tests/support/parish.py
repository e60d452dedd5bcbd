"""Families who hand in cards, a delivery that carries out plans through faults, and what must hold after it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any, Protocol

from ghl.cards.fingerprint import person_key
from ghl.cards.person import Person, Verdict, same_person
from ghl.causes import CauseCode
from ghl.client.errors import GHLError
from ghl.client.models import Contact
from ghl.delivery.backoff import Counters, next_step
from ghl.delivery.plan import (
    Attention,
    Call,
    Decide,
    Decision,
    Delivered,
    KnownContact,
    LocationFacts,
    OutgoingCard,
    Reply,
    Resume,
    plan,
)
from ghl.statuses import CardStatus
from tests.support.contacts_model import carry_out

START = datetime(2026, 11, 1, tzinfo=UTC)
MOST_TRIES = 40
NAMES = (("Ann", "Lee"), ("Bob", "Lee"), ("Kim", "Lee"), ("Mary", "O'Brien"), ("Jo", "O'Brien"))
"""Two households; nobody's name is another's initial or nickname."""


def family_phone(name: tuple[str, str]) -> str:
    return "+16155550100" if name[1] == "Lee" else "+16155550200"


def addresses(name: tuple[str, str]) -> list[tuple[str | None, str | None]]:
    """The phones and e-mails this person may write, the household's among them, never both of those at once."""
    number = NAMES.index(name)
    phones = [None, f"+1615555030{number}", family_phone(name)]
    emails = [
        None,
        f"own{number}@example.org",
        f"work{number}@example.org",
        f"{family_phone(name)[-3:]}@example.org",
    ]
    pairs = [(phone, email) for phone in phones for email in emails]
    return [pair for pair in pairs if any(pair) and not (pair[0] == phones[-1] and pair[1] == emails[-1])]


def card(name: tuple[str, str], pair: tuple[str | None, str | None], number: int, day: int) -> OutgoingCard:
    """Card `number`, written on `day`. Its city tells whose it is, its postal code which one."""
    return OutgoingCard(
        START + timedelta(days=day, seconds=number),
        *name,
        *pair,
        city=f"Home of {' '.join(name)}",
        postal_code=f"{number:05d}",
        tags=("connect-card", f"card {number}"),
    )


class GHL(Protocol):
    """Where the calls go: a model, or a server behind the client."""

    def answer(self, call: Call) -> Reply: ...
    def shown(self) -> Iterable[Contact]: ...


@dataclass
class Delivery:
    """One church's cards, one after the other, as an executor delivers them."""

    ghl: GHL
    allow_duplicates: bool
    remembers: bool = True
    links: dict[str, KnownContact] = field(default_factory=dict)
    decisions: dict[tuple[str, str], Decision] = field(default_factory=dict)
    first_seen: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    arrived: dict[str, list[OutgoingCard]] = field(default_factory=dict)

    def deliver(
        self, card: OutgoingCard, fault: Callable[[Call], GHLError | None] = lambda _call: None
    ) -> Any:
        """Tries until the card is where it stays; people's decisions follow the names on the contacts."""
        counters = Counters()
        for _ in range(MOST_TRIES):
            seen = _Seen(fault)
            try:
                result = carry_out(self._plan(card, counters), seen.answered_by(self.ghl.answer), seen.fault)
            except GHLError as error:
                result = error
            after = next_step(result, counters, now=START, jitter=0.0, unsure=seen.unsure)
            assert after.hold_church is None
            self.check()
            counters = after.counters
            if after.state == CardStatus.HELD:
                self._decide(card, result)
            elif after.state != CardStatus.WAITING:
                return self._settle(card, result)
        raise AssertionError(f"The card never came to rest: {result!r}")

    def check(self) -> None:
        """Nobody is there twice, no name was written over, nobody has another's home."""
        contacts = {one.id: one for one in self.ghl.shown()}
        for one in contacts.values():
            name = (one.first_name, one.last_name)
            assert self.first_seen.setdefault(one.id, name) == name, "a name was written over"
            assert one.city in {None, f"Home of {one.first_name} {one.last_name}"}, "another's data"
        for one, other in combinations(contacts.values(), 2):
            assert same_person(_person(one), _person(other)) != Verdict.SAME, "the same person twice"
        if not self.allow_duplicates:
            keys = [key for one in contacts.values() for key in (one.phone, one.email) if key]
            assert len(keys) == len(set(keys))

    def check_arrived(self) -> None:
        """Each contact says what the newest of its cards says, and has the tags of all of them."""
        contacts = {one.id: one for one in self.ghl.shown()}
        for contact_id, cards in self.arrived.items():
            newest = max(cards, key=lambda one: one.written_at)
            assert contacts[contact_id].postal_code == newest.postal_code
            assert {tag for one in cards for tag in one.tags} <= set(contacts[contact_id].tags)

    def _plan(self, card: OutgoingCard, counters: Counters) -> Any:
        known = [
            link
            for link in self.links.values()
            if self.remembers
            and ((card.phone and link.phone == card.phone) or (card.email and link.email == card.email))
        ]
        person = person_key(card.person)
        decisions = {contact: verdict for (who, contact), verdict in self.decisions.items() if who == person}
        location = LocationFacts(self.allow_duplicates)
        return plan(card, known, location, decisions, Resume(counters.must_look_up))

    def _decide(self, card: OutgoingCard, question: Decide) -> None:
        names = {one.id: f"{one.first_name} {one.last_name}" for one in self.ghl.shown()}
        for fact in ("contact_id", "other_id"):
            if contact_id := question.facts.get(fact):
                verdict: Decision = "same" if names[contact_id] == card.name else "different"
                self.decisions[person_key(card.person), contact_id] = verdict

    def _settle(self, card: OutgoingCard, result: Any) -> Any:
        if isinstance(result, Attention):
            assert result.cause == CauseCode.NO_ADDRESS_OF_ITS_OWN, result
            return result
        assert isinstance(result, Delivered), result
        assert self.first_seen[result.contact_id] == (card.first_name, card.last_name), "the wrong person"
        shown = result.contact
        before = self.links.get(result.contact_id)
        newest = max(card.written_at, before.newest_applied_at) if before else card.written_at
        self.links[shown.id] = KnownContact(
            shown.id, newest, shown.first_name or "", shown.last_name or "", shown.phone, shown.email
        )
        self.arrived.setdefault(shown.id, []).append(card)
        return result


class _Seen:
    """Notes whether any error of a try was unsure, also those that the plan handles."""

    def __init__(self, fault: Callable[[Call], GHLError | None]) -> None:
        self._fault = fault
        self.unsure = False

    def fault(self, call: Call) -> GHLError | None:
        error = self._fault(call)
        self.unsure |= error is not None and error.unsure
        return error

    def answered_by(self, answer: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
        def answered(call: Call) -> Reply:
            try:
                return answer(call)
            except GHLError as error:
                self.unsure |= error.unsure
                raise

        return answered


def _person(contact: Contact) -> Person:
    return Person(contact.first_name or "", contact.last_name or "", contact.phone, contact.email)


def in_turn(faults: Iterable[GHLError | None]) -> Callable[[Call], GHLError | None]:
    """One fault after the other, then none."""
    left = iter(faults)
    return lambda _call: next(left, None)
