"""The groups of *Needs attention*: what waits for a person by its cause, and the pages of one group.

A group says how many, since when, and names one card. It reads; it changes nothing. A church's transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Select, Text, bindparam, func, literal, select, true, tuple_
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
    causes = {cause for _, cause in every}
    some = _of_each(church_id, wanted, Card.status).limit(MOST_COUNTED + 1).lateral("some_of_it")
    of_named = (
        select(ASKED.c.cause, some.c.status, func.count().label("n"))
        .select_from(ASKED)
        .join(some, true())
        .group_by(ASKED.c.cause, some.c.status)
    )
    rows = list(session.execute(of_named, {"causes": [cause for cause in causes if cause]}))
    if "" in causes:
        none = _of_none(church_id, wanted, Card.status).limit(MOST_COUNTED + 1).subquery()
        of_none = select(literal("").label("cause"), none.c.status, func.count().label("n"))
        rows += session.execute(of_none.group_by(none.c.status))
    for row in rows:
        found[CardStatus(row.status), row.cause] += row.n
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
    ends = _ends(session, church_id, {cause for _, cause in counted}, wanted)
    found = []
    for cause, end in ends.items():
        held = counted.get((CardStatus.HELD, cause), 0)
        found.append(
            Group(
                kind=Kind.CARD,
                cause=cause,
                count=held + counted.get((CardStatus.NEEDS_ATTENTION, cause), 0),
                held=held,
                oldest_at=end.oldest_at,
                newest_at=end.status_changed_at,
                sample=Sample(end.id, end.number, f"{end.first_name} {end.last_name}".strip()),
            )
        )
    return [group for group in found if group.count]


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


ASKED = func.unnest(bindparam("causes", type_=ARRAY(Text))).table_valued("cause").render_derived(name="asked")
"""The causes of a statement, each asked about in its turn."""

NEWEST = (Card.status_changed_at, Card.id, Card.number, Card.first_name, Card.last_name)


def _of_each(church_id: UUID, wanted: Wanted, *columns: Any) -> Select[Any]:
    """The cards of each of the causes of a statement."""
    return select(*columns).where(
        Card.church_id == church_id, Card.cause == ASKED.c.cause, *wanted.conditions()
    )


def _of_none(church_id: UUID, wanted: Wanted, *columns: Any) -> Select[Any]:
    """The cards whose cause was not noted."""
    return select(*columns).where(Card.church_id == church_id, of_cause(""), *wanted.conditions())


def _ends(session: Session, church_id: UUID, causes: set[str], wanted: Wanted) -> dict[str, Row[Any]]:
    """The card that stopped last and the time of the one that stopped first, by cause."""
    newest_first, oldest_first_ = (
        (Card.status_changed_at.desc(), Card.id.desc()),
        (Card.status_changed_at, Card.id),
    )
    named = [cause for cause in causes if cause]
    newest = _of_each(church_id, wanted, *NEWEST).order_by(*newest_first).limit(1).lateral("newest")
    oldest = (
        _of_each(church_id, wanted, Card.status_changed_at)
        .order_by(*oldest_first_)
        .limit(1)
        .lateral("oldest")
    )
    both = (
        select(ASKED.c.cause, newest, oldest.c.status_changed_at.label("oldest_at"))
        .select_from(ASKED)
        .join(newest, true())
        .join(oldest, true())
    )
    found = {row.cause: row for row in session.execute(both, {"causes": named})} if named else {}
    if "" in causes:
        first = _of_none(church_id, wanted, Card.status_changed_at).order_by(*oldest_first_).limit(1)
        last = _of_none(church_id, wanted, *NEWEST, first.scalar_subquery().label("oldest_at"))
        if row := session.execute(last.order_by(*newest_first).limit(1)).one_or_none():
            found[""] = row
    return found
