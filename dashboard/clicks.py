"""What the buttons of rows did, by card: so that a double click acts once, and a pressed button says what came of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

ONE_CLICK = timedelta(seconds=1)
"""Two clicks on a row's button within this time are one: nobody reads what the first one did and clicks again."""


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
