"""Which of what waits for a person is meant: all of it, or what a filter leaves. Pure, and written down as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, literal_column, or_
from sqlalchemy.sql.elements import SQLCoreOperations

from ghl.db.models import Card
from ghl.statuses import CardSource

WAITS_FOR_PEOPLE: ColumnElement[bool] = literal_column("cards.status IN ('needs_attention', 'held')", Boolean)
"""The condition of the index behind the groups, word by word, so that PostgreSQL may use it for any question."""


@dataclass(frozen=True)
class Wanted:
    """Of these causes, sources and services (empty: any), stopped from `since` on and before `before`."""

    causes: tuple[str, ...] = ()
    sources: tuple[CardSource, ...] = ()
    services: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None

    @property
    def causes_only(self) -> bool:
        """Whether the counts by cause know the answer."""
        return not (self.sources or self.services or self.since or self.before)

    def conditions(self) -> list[SQLCoreOperations[Any]]:
        """What a card has to be, its cause and church aside."""
        found: list[SQLCoreOperations[Any]] = [WAITS_FOR_PEOPLE]
        if self.sources:
            found.append(Card.source.in_([str(source) for source in self.sources]))
        if self.services:
            found.append(Card.service.in_(self.services))
        if self.since is not None:
            found.append(Card.status_changed_at >= self.since)
        if self.before is not None:
            found.append(Card.status_changed_at < self.before)
        return found

    def as_json(self) -> dict[str, Any]:
        """The form in which a request keeps it; it names nobody."""
        return {
            "causes": list(self.causes),
            "sources": [str(source) for source in self.sources],
            "services": list(self.services),
            "since": self.since.isoformat() if self.since else None,
            "before": self.before.isoformat() if self.before else None,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Wanted":
        """What `as_json` wrote; sources that a newer version knows are left out."""
        since, before = kept.get("since"), kept.get("before")
        return cls(
            causes=tuple(kept.get("causes", ())),
            sources=tuple(source for source in CardSource if source in kept.get("sources", ())),
            services=tuple(kept.get("services", ())),
            since=datetime.fromisoformat(since) if since else None,
            before=datetime.fromisoformat(before) if before else None,
        )


def of_cause(cause: str) -> ColumnElement[bool]:
    """The cards of one cause; the empty one is a cause that was not noted."""
    return Card.cause.is_(None) if not cause else Card.cause == cause


def of_causes(causes: tuple[str, ...]) -> ColumnElement[bool]:
    """The cards of any of these causes."""
    named = Card.cause.in_([cause for cause in causes if cause])
    return or_(named, Card.cause.is_(None)) if "" in causes else and_(named)
