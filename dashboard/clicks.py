"""A double click is one click; and what the buttons of rows did, so that a pressed button says what came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ghl.clock import Clock

ONE_CLICK = timedelta(seconds=1)
"""Two clicks within this time are one: nobody reads what the first one did and clicks again."""


@dataclass
class OneClick:
    """Tells the second half of a double click: it may hit another button than the first, which nobody has seen yet."""

    clock: Clock = field(repr=False)
    _since: float | None = None

    def counts(self) -> None:
        """A button did something just now, or something else came up: from now on it is looked at."""
        self._since = self.clock.monotonic()

    def second(self) -> bool:
        """Whether a click at this moment is the second half of the one that counted."""
        return self._since is not None and self.clock.monotonic() - self._since < ONE_CLICK.total_seconds()

    def second_of_any(self) -> bool:
        """The same, where each click counts, whatever came of it."""
        second = self.second()
        self.counts()
        return second


@dataclass(frozen=True)
class Said:
    """What the button of a row did, and when."""

    at: datetime
    words: str


@dataclass
class Clicked:
    """The part of a list that remembers clicks; it forgets them when another view is shown."""

    said: dict[UUID, Said] = field(default_factory=dict)

    def click(self, card_id: UUID, words: str, *, now: datetime) -> bool:
        """Notes what the button of a row is about to say; False for the second half of a double click."""
        before = self.said.get(card_id)
        if before and now - before.at < ONE_CLICK:
            return False
        self.said[card_id] = Said(now, words)
        return True

    def say(self, card_id: UUID, words: str) -> None:
        """What the button of a row says from now on."""
        if before := self.said.get(card_id):
            self.said[card_id] = Said(before.at, words)
