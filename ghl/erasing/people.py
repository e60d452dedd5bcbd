"""Which cards are of the person who is to be erased, and which only share a phone or an e-mail. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from ghl.cards.person import Person, Verdict, plain_name, same_person


@dataclass(frozen=True)
class PersonCard:
    """A card as far as it says whose it is."""

    id: UUID
    number: int
    person: Person = field(repr=False)

    @property
    def name(self) -> str:
        """The whole name, as it was written."""
        return f"{self.person.first_name} {self.person.last_name}".strip()


@dataclass(frozen=True)
class Sorted:
    """`theirs` go. `others` share an address under another name: they stay, and are shown."""

    theirs: tuple[PersonCard, ...]
    others: tuple[PersonCard, ...]


def sort_out(first: PersonCard, cards: Iterable[PersonCard]) -> Sorted:
    """Whose cards these are, from the one that somebody chose.

    A card is theirs where it is plain that it is the same person as a card that is theirs already: two cards that
    share nothing may both be tied to a third. In doubt it stays; whoever knows better erases it from its own page.
    """
    theirs = {first.id: first}
    rest = {card.id: card for card in cards if card.id != first.id}
    found = True
    while found:
        same = [card for card in rest.values() if _is_one_of(card, theirs.values())]
        found = bool(same)
        for card in same:
            theirs[card.id] = rest.pop(card.id)
    others = [
        card for card in rest.values() if any(shares(card.person, one.person) for one in theirs.values())
    ]
    return Sorted(_by_number(theirs.values()), _by_number(others))


def shares(one: Person, other: Person) -> bool:
    """Whether they have a phone or an e-mail in common."""
    phones = one.phone is not None and one.phone == other.phone
    return phones or (one.email is not None and one.email == other.email)


def same_name(typed: str, name: str) -> bool:
    """Whether somebody typed this name; capitals, accents and spaces do not matter."""
    return bool(plain_name(name)) and plain_name(typed) == plain_name(name)


def _is_one_of(card: PersonCard, theirs: Iterable[PersonCard]) -> bool:
    return any(same_person(card.person, one.person) is Verdict.SAME for one in theirs)


def _by_number(cards: Iterable[PersonCard]) -> tuple[PersonCard, ...]:
    return tuple(sorted(cards, key=lambda card: card.number))
