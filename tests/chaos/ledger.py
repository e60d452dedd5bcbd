"""What was done in a run and what the doors said to it: the driver's own book, kept apart from the hub's."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.chaos.people import ChurchPlan, Person, WrittenCard


@dataclass
class Told:
    """A card that was handed in. `ids` are those of the answers 202; a list names none and counts as `imported`."""

    card: WrittenCard
    ids: list[str] = field(default_factory=list)
    imported: bool = False
    gave_up: bool = False
    corrections: list[WrittenCard] = field(default_factory=list)
    """Those that were saved, in their order."""

    @property
    def accepted(self) -> bool:
        return self.imported or bool(self.ids)

    @property
    def newest(self) -> WrittenCard:
        return self.corrections[-1] if self.corrections else self.card


@dataclass(frozen=True)
class Pressed:
    """A press of *Send onboarding materials* that was answered: what came of each message, by its id."""

    marker: str
    outcomes: tuple[tuple[str | None, str], ...]
    ended: float = 0.0


@dataclass(frozen=True)
class Undone:
    """Staff were told that this message was taken back, at `ended` in seconds since 1970."""

    message_id: str
    ended: float


@dataclass(frozen=True)
class Renumbered:
    """A card's phone was corrected from `old` to `new`: saved at `saved`; `confirmed` is when staff said that it is so."""

    marker: str
    church: ChurchPlan
    old: str
    new: str
    saved: float
    confirmed: float | None = None


@dataclass(frozen=True)
class Stop:
    """A person wants no texts, or no e-mails. `began` and `ended` are when it was written down, in seconds since 1970.

    `how` is staff, keyword, sentence, screen or link. `on_its_way`: staff were told that a message had already left.
    """

    person: Person
    how: str
    began: float
    ended: float
    on_its_way: bool = False
    contact_id: str | None = None
    channel: str = "sms"

    @property
    def address(self) -> str:
        return self.person.phones[0] if self.channel == "sms" else self.person.emails[0]


@dataclass(frozen=True)
class Night:
    """A church had night, and the comparison with GoHighLevel, from when to when."""

    church: ChurchPlan
    began: float
    ended: float


@dataclass(frozen=True)
class Wrong:
    """An answer that no door should give."""

    what: str
    detail: dict[str, Any]


class Ledger:
    """May be written from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.cards: dict[str, Told] = {}
        self.wrong: list[Wrong] = []
        self.decisions: list[str] = []
        """Ids of cards that staff decided about, and that the hub took."""

        self.retries: list[str] = []
        """Ids of cards that staff sent again."""

        self.pressed: list[Pressed] = []
        self.stops: list[Stop] = []
        self.started: list[tuple[Person, float]] = []
        """Who wrote START, and when."""

        self.forged: list[Person] = []
        """For whom somebody else said START."""

        self.undone: list[Undone] = []
        self.renumbered: dict[str, Renumbered] = {}
        """By the card's marker."""

        self.nights: list[Night] = []
        self.many: list[tuple[ChurchPlan, float, float]] = []
        """When staff asked for all volunteers of a church at once, from when to when."""
        self.forgotten: list[tuple[float, float]] = []
        """From when to when Redis may have known less than was true, in seconds since 1970."""

        self.busy: list[tuple[float, float]] = []
        """When a process was frozen: what it was about to send may leave late."""

        self.refused_tokens: list[tuple[str, float, float]] = []
        """Locations whose token was refused, from when to when."""

    def told(self, card: WrittenCard) -> Told:
        """The entry of a card, made when it is first handed in."""
        with self._lock:
            return self.cards.setdefault(card.marker, Told(card))

    def confirm(self, marker: str, at: float) -> None:
        """Staff begin to say that the corrected number is the one on the card; the first time counts."""
        with self._lock:
            known = self.renumbered[marker]
            if known.confirmed is None:
                self.renumbered[marker] = replace(known, confirmed=at)

    def note_wrong(self, what: str, **detail: Any) -> None:
        with self._lock:
            self.wrong.append(Wrong(what, detail))

    @contextmanager
    def forgetting(self) -> Iterator[None]:
        """While Redis loses what it knew."""
        began = time.time()
        try:
            yield
        finally:
            with self._lock:
                self.forgotten.append((began, time.time()))
