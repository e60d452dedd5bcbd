"""A run as the checks see it, and what a check finds."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.evidence import Evidence, Row
from tests.chaos.ledger import Ledger
from tests.chaos.people import ChurchPlan, Feed


@dataclass(frozen=True)
class Violation:
    """One thing that must not be. `kind` is the column of the table."""

    kind: str
    what: str
    cards: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """All that a check may look at."""

    churches: tuple[ChurchPlan, ...]
    feed: Feed
    ledger: Ledger
    evidence: Evidence
    tokens: tuple[str, ...] = ()

    def cards_of(self, marker: str) -> list[Row]:
        return [card for card in self.evidence.cards if card["marker"] == marker]


Check = Callable[[Case], Iterator[Violation]]
