"""Where somebody is on the page of a card: what is open there, and what their last click came to."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from dashboard.card.looking import Looker
from dashboard.card.work import Told
from dashboard.clicks import OneClick
from ghl.cards.story import CardInFull
from ghl.clock import Clock
from ghl.statuses import CardStatus

SHARED = timedelta(seconds=0.7)
"""The parts of the page that refresh themselves do so at about the same time, and share one reading."""

MOST_DIGITS = 18
"""A longer number is none that the database could hold."""


class Opened(StrEnum):
    """What can be open below the card's standing, one at a time."""

    CORRECTION = "correct"
    HOLD = "hold"
    ASIDE = "aside"


@dataclass
class Panel:
    """What is open. `serial` keys its fields anew each time, so that nothing of the last time stands in them.

    Of a correction: `base` is the revision it began with, `start` what the fields began with, `typed_at` when
    what was found again was typed, `newer` the revision that somebody else saved meanwhile. `prayer`: the prayer
    request is corrected too, by somebody who may read it; `prayer_was` is what they read.
    """

    kind: Opened
    base: int = 0
    start: Mapping[str, object] = field(default_factory=dict, repr=False)
    services: Sequence[str] = field(default=(), repr=False)
    campuses: Sequence[str] = field(default=(), repr=False)
    typed_at: datetime | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    newer: int | None = None
    complaint: str = ""
    prayer: bool = False
    prayer_was: str | None = field(default=None, repr=False)
    serial: str = field(default_factory=lambda: uuid4().hex[:8])

    @property
    def key(self) -> str:
        """What the keys of its fields begin with."""
        return f"{self.kind}_{self.serial}"

    def forget(self, state: MutableMapping[Any, Any]) -> None:
        """Takes what was typed out of the session's memory."""
        for name in [name for name in state if str(name).startswith(self.key)]:
            del state[name]


@dataclass
class Place:
    """One visit of one card's page."""

    number: int
    click: OneClick
    panel: Panel | None = None
    told: Told | None = None
    told_at: datetime | None = None
    note_told: Told | None = None
    note_typed_at: datetime | None = None
    note_new: bool = False
    note_serial: str = field(default_factory=lambda: uuid4().hex[:8])
    unfinished: bool = False
    drawn: int = 0
    drawn_as: CardStatus | None = None
    whole: bool = False
    anew: bool = False
    sent: bool = False
    prayer: str | None = field(default=None, repr=False)
    prayer_told: Told | None = None
    prayer_hidden_at: datetime | None = None
    doubtful: bool = False
    looker: Looker = field(default_factory=Looker)
    _seen: tuple[datetime, CardInFull | None] | None = field(default=None, repr=False)

    def say(self, told: Told, at: datetime) -> None:
        """Keeps what a click came to, until the next one."""
        self.told, self.told_at = told, at

    @property
    def note_key(self) -> str:
        """The key of the field for a note."""
        return f"note_{self.note_serial}"

    def new_note(self, state: MutableMapping[Any, Any]) -> None:
        """The field for a note begins anew, empty, under another key."""
        self.note_serial, self.note_typed_at = uuid4().hex[:8], None
        state[self.note_key] = ""

    def hide_prayer(self, at: datetime | None = None) -> None:
        """The prayer request stands on the page no more."""
        self.prayer, self.prayer_told, self.prayer_hidden_at = None, None, at

    def just_hidden(self, now: datetime) -> bool:
        """Whether the prayer request was hidden a moment ago: the second half of that click is no wish to read it."""
        return self.prayer_hidden_at is not None and now - self.prayer_hidden_at < SHARED

    def seen(self, now: datetime) -> tuple[CardInFull | None] | None:
        """What was read a moment ago, in a tuple, because no card is an answer too; None where that is too old."""
        if self._seen and timedelta() <= now - self._seen[0] < SHARED:
            return (self._seen[1],)
        return None

    def last(self) -> CardInFull | None:
        """The card as it was last read, however long ago: for a part whose own news is not the card."""
        return self._seen[1] if self._seen else None

    def saw(self, now: datetime, card: CardInFull | None) -> None:
        """Keeps what was just read."""
        self._seen = (now, card)

    def look_again(self) -> None:
        """Whatever was read is old: something was changed."""
        self._seen = None


def visited(
    state: MutableMapping[Any, Any], key: str, number: int, *, types: bool, clock: Clock
) -> tuple[Place, bool]:
    """The visit that goes on, or a new one, and whether it is new. `types`: the person has a field for a note.

    That field is drawn on each run of the page, so without it somebody was elsewhere meanwhile.
    """
    place: Place | None = state.get(key)
    if place and place.number == number and (place.note_key in state or not types):
        return place, False
    state[key] = place = Place(number, OneClick(clock))
    return place, True


def wanted_number(asked: str) -> int | None:
    """The card's number from the address; None where it is none."""
    asked = asked.strip().removeprefix("#")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) <= MOST_DIGITS else None
