"""Where somebody is on a person's page, and what it says at one moment."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from dashboard.asker import Asker
from dashboard.card.work import Told
from dashboard.clicks import ONE_CLICK
from dashboard.consent.asking import Told as AskedTold
from ghl.consent.ask import Person
from ghl.consent.lines import Said


@dataclass
class Place:
    """One tab's visit of a card's person: the pages gone through, each by the last line of the one before."""

    number: int
    trail: list[int] = field(default_factory=list)
    told: Told | None = None
    pressed_at: datetime | None = None
    askers: dict[UUID, Asker] = field(default_factory=dict, repr=False)

    @property
    def before(self) -> int | None:
        """Behind which line the page that is open begins."""
        return self.trail[-1] if self.trail else None

    def double(self, now: datetime) -> bool:
        """Whether a press now is the second half of a double click."""
        before, self.pressed_at = self.pressed_at, now
        return before is not None and timedelta() <= now - before < ONE_CLICK


@dataclass(frozen=True, repr=False)
class History:
    """The person, and a page of all that was said, the newest first."""

    person: Person
    said: tuple[Said, ...]
    more: bool
    region: str
    asked: AskedTold | None = None
