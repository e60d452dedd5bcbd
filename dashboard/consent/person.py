"""Where somebody is on a person's page, and what it says at one moment."""

from dataclasses import dataclass, field

from ghl.consent.ask import Person
from ghl.consent.lines import Said


@dataclass
class Place:
    """One tab's visit of a card's person: the pages gone through, each by the last line of the one before."""

    number: int
    trail: list[int] = field(default_factory=list)

    @property
    def before(self) -> int | None:
        """Behind which line the page that is open begins."""
        return self.trail[-1] if self.trail else None


@dataclass(frozen=True, repr=False)
class History:
    """The person, and a page of all that was said, the newest first."""

    person: Person
    said: tuple[Said, ...]
    more: bool
    region: str
