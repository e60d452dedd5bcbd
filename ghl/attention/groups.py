"""The groups of *Needs attention*: what waits for a person by its cause, and the pages of one group.

A group says how many, since when, and names one card. It reads; it changes nothing. A church's transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Row, func, select, tuple_
from sqlalchemy.orm import Session

from ghl.attention.wanted import Wanted, of_cause, of_causes
from ghl.cards.counts import counts_by_cause
from ghl.cards.view import CardPage, Cursor
from ghl.db.models import Card
from ghl.statuses import CardStatus

GROUP_PAGE = 10
MOST_COUNTED = 10_000
"""What a filter leaves is counted up to here; without a filter the counts are exact."""

Counts = Mapping[tuple[CardStatus, str], int]


class Kind(StrEnum):
    """What a group is made of. Messages come beside the cards as a kind of their own."""

    CARD = "card"


@dataclass(frozen=True)
class Sample:
    """One card of a group, to know what it is about. The name is a visitor's text."""

    id: UUID
    number: int
    name: str = field(repr=False)


@dataclass(frozen=True)
class Group:
    """What waits for one reason. `cause` is a code as it is stored, so it may be unknown here, or empty."""

    kind: Kind
    cause: str
    count: int
    held: int = 0
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    sample: Sample | None = None

    @property
    def key(self) -> str:
        """What names the group on a page."""
        return f"{self.kind}-{self.cause or 'none'}"


def count(session: Session, church_id: UUID, wanted: Wanted) -> Counts:
    """How many are wanted, by status and cause: exact without a filter, else of each cause up to `MOST_COUNTED`."""
    every = {
        (status, cause): n
        for (status, cause), n in counts_by_cause(session, church_id).items()
        if not wanted.causes or cause in wanted.causes
    }
    if wanted.causes_only:
        return every
    found: Counter[tuple[CardStatus, str]] = Counter()
    for cause in {cause for _, cause in every}:
        some = (
            select(Card.status)
            .where(Card.church_id == church_id, of_cause(cause), *wanted.conditions())
            .limit(MOST_COUNTED + 1)
            .subquery()
        )
        for row in session.execute(select(some.c.status, func.count().label("n")).group_by(some.c.status)):
            found[CardStatus(row.status), cause] += row.n
    return found


def count_all(session: Session, church_id: UUID, wanted: Wanted, *, until: datetime) -> Counts:
    """All that are wanted and had stopped by then, however many: for work that takes each in its turn."""
    if wanted.causes_only:
        return count(session, church_id, wanted)
    query = (
        select(Card.status, func.coalesce(Card.cause, "").label("cause"), func.count().label("n"))
        .where(Card.church_id == church_id, Card.status_changed_at <= until, *wanted.conditions())
        .group_by(Card.status, Card.cause)
    )
    if wanted.causes:
        query = query.where(of_causes(wanted.causes))
    return {(CardStatus(row.status), row.cause): row.n for row in session.execute(query)}


def groups(session: Session, church_id: UUID, wanted: Wanted) -> list[Group]:
    """The groups that have anybody in them, in no order. Two probes of an index a group, however big it is."""
    counted = count(session, church_id, wanted)
    found = []
    for cause in dict.fromkeys(cause for _, cause in counted):
        ends = [_end(session, church_id, cause, wanted, newest=newest) for newest in (True, False)]
        newest, oldest = ends
        held = counted.get((CardStatus.HELD, cause), 0)
        found.append(
            Group(
                kind=Kind.CARD,
                cause=cause,
                count=held + counted.get((CardStatus.NEEDS_ATTENTION, cause), 0),
                held=held,
                oldest_at=oldest.status_changed_at if oldest else None,
                newest_at=newest.status_changed_at if newest else None,
                sample=_sample(newest) if newest else None,
            )
        )
    return [group for group in found if group.count and group.sample]


def page(
    session: Session,
    church_id: UUID,
    cause: str,
    wanted: Wanted,
    *,
    after: Cursor | None = None,
    limit: int = GROUP_PAGE,
) -> CardPage:
    """The page of a group that follows the place `after`, the one that stopped last first."""
    place = tuple_(Card.status_changed_at, Card.id)
    query = (
        select(Card.status_changed_at, Card.id)
        .where(Card.church_id == church_id, of_cause(cause), *wanted.conditions())
        .order_by(Card.status_changed_at.desc(), Card.id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(place < after)
    found: list[Cursor] = [(row.status_changed_at, row.id) for row in session.execute(query)]
    shown = found[:limit]
    if not shown:
        return CardPage()
    return CardPage(tuple(id_ for _, id_ in shown), shown[0], shown[-1], more=len(found) > limit)


def oldest_first(
    session: Session,
    church_id: UUID,
    cause: str,
    wanted: Wanted,
    *,
    until: datetime,
    after: Cursor | None,
    limit: int,
) -> Sequence[Cursor]:
    """The next cards of a cause that had stopped by then, the one that waits longest first."""
    query = (
        select(Card.status_changed_at, Card.id)
        .where(
            Card.church_id == church_id,
            of_cause(cause),
            Card.status_changed_at <= until,
            *wanted.conditions(),
        )
        .order_by(Card.status_changed_at, Card.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(Card.status_changed_at, Card.id) > after)
    return [(row.status_changed_at, row.id) for row in session.execute(query)]


def _end(
    session: Session, church_id: UUID, cause: str, wanted: Wanted, *, newest: bool
) -> Row[datetime, UUID, int, str, str] | None:
    order = (Card.status_changed_at, Card.id)
    return session.execute(
        select(Card.status_changed_at, Card.id, Card.number, Card.first_name, Card.last_name)
        .where(Card.church_id == church_id, of_cause(cause), *wanted.conditions())
        .order_by(*((one.desc() for one in order) if newest else order))
        .limit(1)
    ).one_or_none()


def _sample(row: Row[datetime, UUID, int, str, str]) -> Sample:
    return Sample(row.id, row.number, f"{row.first_name} {row.last_name}".strip())
