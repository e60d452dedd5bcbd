"""Who hands in cards in a run, what they write and when: all of it drawn from the seed before the run begins."""

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

FIRST_NAMES = ("Oskar", "Wilma", "Tabea", "Quentin", "Ursula", "Ivo", "Xenia", "Hedda")
"""Nobody's initial, and nobody's nickname for another of them."""

MAIL_DOMAIN = "chaosfolk.example"
LAST_NAME = "Chaosfolk"
"""Part of every last name, so that a log that names a person is found."""

PRAYER = "Nightingale-valley"
"""Part of every prayer request, for the same reason."""

KINDS: Mapping[str, int] = {
    "new": 34,
    "returning": 14,
    "pair": 10,
    "twice": 6,
    "family": 12,
    "corrected": 16,
    "known": 5,
    "bad": 8,
    "gives_up": 4,
    "welcomed": 10,
    "stops": 14,
    "starts": 12,
    "unsubscribes": 8,
    "signs_again": 6,
    "written_no": 5,
    "renumbered": 6,
    "undone": 5,
    "unclear": 5,
    "forged": 4,
}
"""How often each kind of visitor comes, of the sum."""

CONSENT = {
    "sms_consent": True,
    "email_consent": True,
    "consent_wording": "Yes, you may text and e-mail me. I can stop that at any time.",
}
"""What a card says that may be answered with texts and e-mails."""

STOP_WORDS = ("STOP", "stop", "Unsubscribe", "QUIT")
SENTENCES = ("please stop texting me", "Stop sending me these messages!", "don't text me any more please")
"""What people write instead: it is held for a person, and stops the texts meanwhile."""

UNCLEAR = ("Who is this?", "Sorry, wrong person?")
"""What may be a stop and is none: staff read it and say so."""

START = "START"
SIGNED_DAYS_AFTER = 3
"""So many days before their new card somebody said stop whose stop the card lifts."""

BAD = ("phone_invalid", "email_invalid", "no_usable_address")


@dataclass(frozen=True)
class ChurchPlan:
    """A church of a run and its location."""

    slug: str
    location: str
    allow_duplicates: bool


@dataclass(frozen=True)
class Person:
    """A person of one church. `phones` and `emails` are all that any of their cards says."""

    church: ChurchPlan
    first_name: str
    last_name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    household: str = ""
    """The phone that the family shares."""

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def own_address(self) -> bool:
        """Whether they have an address that nobody else writes."""
        return bool(self.emails) or not self.household


@dataclass(frozen=True)
class WrittenCard:
    """One card, or what a correction makes of it. The marker stands in the address and, of a new card, in a tag."""

    person: Person
    marker: str
    values: Mapping[str, Any]
    bad: str | None = None
    """The cause with which it has to wait for a person, where it was written wrongly on purpose."""

    @property
    def tag(self) -> str:
        return f"tag {self.marker}"


@dataclass(frozen=True)
class Send:
    """Cards that are sent at once, each by a sender of its own; of `twice`, one card by two of them."""

    cards: tuple[WrittenCard, ...]
    twice: bool = False
    gives_up: bool = False
    """The sender does not try again after an error."""


@dataclass(frozen=True)
class Correct:
    """A correction of the card with the marker `of`."""

    of: str
    card: WrittenCard


@dataclass(frozen=True)
class Welcome:
    """Staff press *Send onboarding materials* on the card with the marker `of`; of `twice`, two of them at once."""

    of: str
    twice: bool = False


@dataclass(frozen=True)
class Says:
    """The person writes this from their phone, once the church's GoHighLevel knows it."""

    person: Person
    text: str


@dataclass(frozen=True)
class Tells:
    """The person tells staff that they want no texts, or `by_email` no e-mails, and staff record it.

    `days_ago`: that was some days ago, and by what the clock said then.
    """

    person: Person
    by_email: bool = False
    days_ago: int = 0


@dataclass(frozen=True)
class Unsubscribes:
    """The person uses the link in an e-mail."""

    person: Person


@dataclass(frozen=True)
class Signs:
    """A card on paper that was signed today; staff type it in."""

    card: WrittenCard


@dataclass(frozen=True)
class Cleared:
    """Somebody takes *do not disturb* away on GoHighLevel's screen, once it is there: they have the signed card."""

    person: Person


@dataclass(frozen=True)
class Undo:
    """Staff take back what was asked for on the card with the marker `of`."""

    of: str


@dataclass(frozen=True)
class Confirm:
    """Staff looked: the corrected number is the one on the card with the marker `of`."""

    of: str


@dataclass(frozen=True)
class Forged:
    """Somebody tells the hub of a START that the person never wrote: by the workflow's address with its secret, and
    unsigned or with a wrong secret by every door."""

    person: Person


@dataclass(frozen=True)
class Blocked:
    """Somebody sets *do not disturb* for the person's texts on GoHighLevel's screen."""

    person: Person


Answer = Welcome | Says | Tells | Unsubscribes | Blocked | Cleared | Undo | Confirm | Forged
"""What is about messages and consent."""

Step = Send | Correct | Signs | Answer


@dataclass(frozen=True)
class Visit:
    """What one person or family does: steps one after the other, each `after` so many seconds of the run."""

    kind: str
    steps: tuple[tuple[float, Step], ...]


@dataclass(frozen=True)
class ListFile:
    """A list that is imported at a time of the run."""

    at: float
    church: ChurchPlan
    name: str
    cards: tuple[WrittenCard, ...]


@dataclass(frozen=True)
class Feed:
    """All that comes in during a run."""

    visits: tuple[Visit, ...]
    lists: tuple[ListFile, ...]
    already_there: tuple[Person, ...] = ()
    """People who are in GoHighLevel before the first card."""

    people: tuple[Person, ...] = field(default=(), repr=False)


def churches(count: int) -> tuple[ChurchPlan, ...]:
    """So many churches; every second one allows duplicates."""
    return tuple(ChurchPlan(f"church-{n}", f"CHAOS{n}", bool(n % 2)) for n in range(count))


def draw_feed(
    seed: int,
    *,
    seconds: float,
    a_second: float,
    churches: tuple[ChurchPlan, ...],
    lists: int,
    list_size: int,
) -> Feed:
    """The feed of a run: the same seed gives the same."""
    return _Drawing(random.Random(f"{seed}/feed"), seed, churches).draw(seconds, a_second, lists, list_size)


class _Drawing:
    def __init__(self, dice: random.Random, seed: int, churches: tuple[ChurchPlan, ...]) -> None:
        self._dice = dice
        self._churches = churches
        self._numbers = itertools.count(1)
        self._base = (seed % 97) * 50_000
        self._people: list[Person] = []
        self._there: list[Person] = []

    def draw(self, seconds: float, a_second: float, lists: int, list_size: int) -> Feed:
        visits = []
        at = 0.0
        kinds, weights = list(KINDS), list(KINDS.values())
        while (at := at + self._dice.expovariate(a_second)) < seconds:
            kind = self._dice.choices(kinds, weights)[0]
            visits.append(Visit(kind, tuple(getattr(self, f"_{kind}")(at))))
        files = tuple(self._list(n, seconds, list_size) for n in range(lists))
        return Feed(tuple(visits), files, tuple(self._there), tuple(self._people))

    # Kinds of visitors

    def _new(self, at: float) -> Iterator[tuple[float, Step]]:
        person = self._person()
        lacking = self._dice.choice((None, None, "phone", "email"))
        if lacking:
            self._people.remove(person)
            person = replace(person, **{f"{lacking}s": ()})
            self._people.append(person)
        yield at, Send((self._card(person),))

    def _returning(self, at: float) -> Iterator[tuple[float, Step]]:
        person = self._person()
        for _ in range(self._dice.randint(2, 3)):
            yield at, Send((self._card(person),))
            at += self._dice.expovariate(1 / 6)

    def _pair(self, at: float) -> Iterator[tuple[float, Step]]:
        person = self._person()
        yield at, Send((self._card(person), self._card(person)))

    def _twice(self, at: float) -> Iterator[tuple[float, Step]]:
        yield at, Send((self._card(self._person()),), twice=True)

    def _family(self, at: float) -> Iterator[tuple[float, Step]]:
        members = self._dice.randint(2, 3)
        number = next(self._numbers)
        household = self._phone(number)
        church = self._dice.choice(self._churches)
        last_name = self._last_name(number)
        cards = []
        for first_name in self._dice.sample(FIRST_NAMES, members):
            # A child has the family's phone and nothing else.
            child = bool(cards) and self._dice.random() < 0.25
            emails = () if child else (self._email(first_name, next(self._numbers)),)
            person = Person(church, first_name, last_name, (household,), emails, household)
            self._people.append(person)
            cards.append(self._card(person))
        if self._dice.random() < 0.5:
            yield at, Send(tuple(cards))
        else:
            for card in cards:
                yield at, Send((card,))
                at += self._dice.expovariate(1 / 3)

    def _corrected(self, at: float) -> Iterator[tuple[float, Step]]:
        dice = self._dice
        person = self._person(phones=2, emails=2)
        card = self._card(person)
        yield at, Send((card,))
        values = dict(card.values)
        for no in range(dice.randint(1, 2)):
            # Some at once, while the card is on its way; some when it has long arrived.
            at += dice.choice((0.3, 1.0, 3.0, 12.0))
            marker = f"{card.marker}r{no + 2}"
            values["address"] = marker
            if dice.random() < 0.3:
                # Nothing is left by which the first try would be found, should its answer be lost.
                values["phone"], values["email"] = person.phones[-1], person.emails[-1]
            if dice.random() < 0.4:
                values["phone"] = dice.choice(person.phones)
            if dice.random() < 0.3:
                values["email"] = dice.choice(person.emails)
            yield at, Correct(card.marker, WrittenCard(person, marker, dict(values)))

    def _known(self, at: float) -> Iterator[tuple[float, Step]]:
        person = self._person()
        self._there.append(person)
        yield at, Send((self._card(person),))

    def _bad(self, at: float) -> Iterator[tuple[float, Step]]:
        cause = self._dice.choice(BAD)
        person = self._person()
        good = self._card(person)
        wrong: dict[str, Any] = dict(good.values)
        if cause == "phone_invalid":
            wrong["phone"] = "12"
        elif cause == "email_invalid":
            wrong["email"] = "not-an-address"
        else:
            del wrong["phone"], wrong["email"]
        yield at, Send((WrittenCard(person, good.marker, wrong, cause),))
        if self._dice.random() < 0.5:
            marker = f"{good.marker}r2"
            mended = WrittenCard(person, marker, {**good.values, "address": marker})
            yield at + self._dice.uniform(1, 10), Correct(good.marker, mended)

    def _gives_up(self, at: float) -> Iterator[tuple[float, Step]]:
        yield at, Send((self._card(self._person()),), gives_up=True)

    def _welcomed(self, at: float) -> Iterator[tuple[float, Step]]:
        """A volunteer's card with the boxes ticked; the button is pressed, and pressed again."""
        card = self._card(self._person(), **CONSENT)
        yield at, Send((card,))
        yield at + self._dice.uniform(0, 4), Welcome(card.marker, twice=self._dice.random() < 0.5)
        if self._dice.random() < 0.6:
            yield at + self._dice.uniform(5, 25), Welcome(card.marker)

    def _stops(self, at: float) -> Iterator[tuple[float, Step]]:
        """The same, and the person wants no texts: before they leave, while they leave, or afterwards."""
        dice = self._dice
        person = self._person()
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker, twice=dice.random() < 0.3)
        # Texts leave ten seconds after the press in these churches.
        at += dice.choice((0.5, 5, 9, 9.8, 10.0, 10.3, 11, 14, 20)) * dice.uniform(0.97, 1.03)
        how = dice.random()
        if how < 0.4:
            yield at, Says(person, dice.choice(STOP_WORDS))
        elif how < 0.75:
            yield at, Tells(person, by_email=dice.random() < 0.3)
        elif how < 0.9:
            yield at, Says(person, dice.choice(SENTENCES))
        else:
            yield at, Blocked(person)
        yield at + dice.uniform(0.2, 6), Welcome(card.marker)
        if dice.random() < 0.4:
            # Another card of the same person: its boxes were ticked before the stop was known.
            again = self._card(person, **CONSENT)
            at += dice.uniform(4, 10)
            yield at, Send((again,))
            yield at + dice.uniform(0.5, 6), Welcome(again.marker)

    def _starts(self, at: float) -> Iterator[tuple[float, Step]]:
        """They say stop, and START afterwards: within seconds, or when the stop is everywhere. Some stop again."""
        dice = self._dice
        person = self._person()
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker)
        at += dice.choice((0.5, 4, 10, 12))
        yield at, Tells(person) if dice.random() < 0.25 else Says(person, dice.choice(STOP_WORDS))
        at += dice.choice((0.3, 1, 2.5, 8, 15)) * dice.uniform(0.8, 1.2)
        yield at, Says(person, START)
        at += dice.uniform(0.5, 8)
        yield at, Welcome(card.marker)
        if dice.random() < 0.25:
            yield at + dice.uniform(0.5, 9), Says(person, dice.choice(STOP_WORDS))

    def _unsubscribes(self, at: float) -> Iterator[tuple[float, Step]]:
        """By the link in an e-mail, before the next one leaves, in that moment or afterwards; texts go on."""
        dice = self._dice
        person = self._person()
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker)
        at += dice.choice((3, 9.8, 10.2, 12, 16))
        yield at, Unsubscribes(person)
        at += dice.uniform(0.2, 4)
        again = self._card(person, **CONSENT)
        yield at, Send((again,))
        yield at + dice.uniform(0.2, 4), Welcome(again.marker)

    def _signs_again(self, at: float) -> Iterator[tuple[float, Step]]:
        """Days ago they said stop; today they sign a card on paper, which lifts it here. In GoHighLevel it stays."""
        dice = self._dice
        person = self._person()
        yield at, Send((self._card(person, **CONSENT),))
        at += dice.uniform(0, 2)
        yield at, Tells(person, days_ago=SIGNED_DAYS_AFTER)
        at += dice.choice((0.5, 4, 10))
        signed = self._card(person, **CONSENT)
        yield at, Signs(signed)
        yield at + dice.uniform(0.2, 2), Welcome(signed.marker)
        if dice.random() < 0.6:
            at += dice.uniform(2, 8)
            yield at, Cleared(person)
            yield at + dice.uniform(1, 4), Welcome(signed.marker)

    def _written_no(self, at: float) -> Iterator[tuple[float, Step]]:
        """A second card on which the boxes are answered with no."""
        dice = self._dice
        person = self._person()
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker)
        at += dice.choice((1, 8, 10, 14))
        no = self._card(person, **{**CONSENT, "sms_consent": False, "email_consent": dice.random() < 0.5})
        yield at, Send((no,))
        at += dice.uniform(0.5, 4)
        yield at, Welcome(card.marker)
        yield at + 1, Welcome(no.marker)

    def _renumbered(self, at: float) -> Iterator[tuple[float, Step]]:
        """Staff correct the phone number; texts to the new one wait until somebody has looked at the card."""
        dice = self._dice
        person = self._person(phones=2)
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker)
        at += dice.choice((1, 9.7, 10.2, 14))
        marker = f"{card.marker}r2"
        values = {**card.values, "address": marker, "phone": person.phones[1]}
        yield at, Correct(card.marker, WrittenCard(person, marker, values))
        at += dice.uniform(0.2, 3)
        yield at, Welcome(card.marker)
        if dice.random() < 0.7:
            yield at + dice.uniform(1, 12), Confirm(card.marker)

    def _undone(self, at: float) -> Iterator[tuple[float, Step]]:
        """Staff take the messages back, in time or too late; for some they press again."""
        dice = self._dice
        card = self._card(self._person(), **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker)
        at += dice.choice((1, 6, 9.8, 10.1, 12))
        yield at, Undo(card.marker)
        if dice.random() < 0.5:
            yield at + dice.uniform(1, 6), Welcome(card.marker)

    def _unclear(self, at: float) -> Iterator[tuple[float, Step]]:
        """They ask something that may be a stop; staff read it, and say that it is none."""
        dice = self._dice
        person = self._person()
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 3)
        yield at, Welcome(card.marker)
        yield at + dice.choice((2, 9, 10, 13)), Says(person, dice.choice(UNCLEAR))

    def _forged(self, at: float) -> Iterator[tuple[float, Step]]:
        """They said stop, and somebody else says START for them."""
        dice = self._dice
        person = self._person()
        card = self._card(person, **CONSENT)
        yield at, Send((card,))
        at += dice.uniform(0, 2)
        yield at, Welcome(card.marker)
        at += dice.choice((2, 10, 13))
        yield at, Tells(person) if dice.random() < 0.5 else Says(person, dice.choice(STOP_WORDS))
        for _ in range(2):
            at += dice.choice((0.2, 1, 4)) * dice.uniform(0.8, 1.2)
            yield at, Forged(person)
        yield at + dice.uniform(0.5, 3), Welcome(card.marker)

    # Parts

    def _list(self, number: int, seconds: float, size: int) -> ListFile:
        church = self._dice.choice(self._churches)
        count = max(1, round(size * self._dice.uniform(0.5, 1.5)))
        cards = tuple(self._card(self._person(church)) for _ in range(count))
        return ListFile(self._dice.uniform(0, seconds * 0.8), church, f"list-{number}.csv", cards)

    def _person(self, church: ChurchPlan | None = None, *, phones: int = 1, emails: int = 1) -> Person:
        number = next(self._numbers)
        first_name = self._dice.choice(FIRST_NAMES)
        person = Person(
            church or self._dice.choice(self._churches),
            first_name,
            self._last_name(number),
            tuple(self._phone(next(self._numbers)) for _ in range(phones)),
            tuple(self._email(first_name, next(self._numbers)) for _ in range(emails)),
        )
        self._people.append(person)
        return person

    def _card(self, person: Person, **more: Any) -> WrittenCard:
        marker = f"c{next(self._numbers):05d}"
        return WrittenCard(
            person,
            marker,
            {
                "first_name": person.first_name,
                "last_name": person.last_name,
                **({"phone": person.phones[0]} if person.phones else {}),
                **({"email": person.emails[0]} if person.emails else {}),
                "address": marker,
                "city": f"Home of {person.name}",
                "interests": [f"tag {marker}"],
                "prayer_request": f"For my mother in {PRAYER}, {marker}",
                **more,
            },
        )

    def _last_name(self, number: int) -> str:
        letters = ""
        number += self._base
        while number:
            number, rest = divmod(number, 26)
            letters = chr(97 + rest) + letters
        return f"{LAST_NAME}{letters}"

    def _phone(self, number: int) -> str:
        return f"+1615{2_000_000 + self._base + number:07d}"

    def _email(self, first_name: str, number: int) -> str:
        return f"{first_name.lower()}{self._base + number}@{MAIL_DOMAIN}"
