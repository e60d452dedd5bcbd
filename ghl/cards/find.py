"""Finding cards: which ones a filter means, newest first, and how many they are.

It says which cards, never what they say (`ghl.cards.view` does), and changes nothing. A church's transaction.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnExpressionArgument, Select, false, func, literal, or_, select, text, tuple_
from sqlalchemy.orm import Session

from ghl.cards.counts import counts
from ghl.cards.terms import read_terms
from ghl.cards.view import MOST_NEW, PAGE_SIZE, CardPage, Cursor
from ghl.db.models import Card
from ghl.statuses import CardSource, CardStatus

MOST_COUNTED = 10_000
"""Above this a list says `10,000+`; counting on would take longer than anybody's question is worth."""

MOST_CHOICES = 50
EVERY = 10_000_000
"""More cards than a church has."""

LAST_ID = UUID(int=2**128 - 1)
SMALLEST_STEP = timedelta(microseconds=1)
"""PostgreSQL's times have no smaller one."""


@dataclass(frozen=True)
class CardFilter:
    """Which cards are wanted: all of these together, and any of the values of one. An empty part asks nothing.

    `received_from` is part of the time, `received_before` is not. `words` is as somebody typed it. `import_id` is
    the list that brought the cards.
    """

    statuses: frozenset[CardStatus] = frozenset()
    words: str = field(default="", repr=False)
    services: frozenset[str] = frozenset()
    campuses: frozenset[str] = frozenset()
    sources: frozenset[CardSource] = frozenset()
    import_id: UUID | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    first_time: bool | None = None

    @property
    def statuses_only(self) -> bool:
        """Whether it asks for nothing but statuses, so that the folded counts know the answer."""
        return (
            not (self.words.strip() or self.services or self.campuses or self.sources)
            and self.import_id is None
            and self.received_from is None
            and self.received_before is None
            and self.first_time is None
        )

    @property
    def plain(self) -> bool:
        """Whether one index leads through these cards in their order, past few others: a list has a few thousand."""
        if self.import_id is not None:
            return True
        values = len(self.statuses) + len(self.services) + len(self.campuses)
        return not (self.words.strip() or self.sources) and self.first_time is None and values <= 1


@dataclass(frozen=True)
class Choices:
    """What stands on the church's cards as service and campus, in the order of the alphabet."""

    services: tuple[str, ...] = ()
    campuses: tuple[str, ...] = ()


def find(
    session: Session,
    church_id: UUID,
    wanted: CardFilter,
    *,
    after: Cursor | None = None,
    limit: int = PAGE_SIZE,
) -> CardPage:
    """The page of the cards wanted, newest first, that follows the place `after`; the first without one."""
    found: list[Cursor] = [
        (row.received_at, row.id)
        for row in session.execute(found_cards(church_id, wanted, older_than=after, most=limit + 1))
    ]
    shown = found[:limit]
    if not shown:
        return CardPage()
    return CardPage(tuple(id_ for _, id_ in shown), shown[0], shown[-1], more=len(found) > limit)


def count_found(session: Session, church_id: UUID, wanted: CardFilter, *, most: int = MOST_COUNTED) -> int:
    """How many cards are wanted, counted up to `most`; `most + 1` means more than that."""
    if wanted.statuses_only:
        by_status = counts(session, church_id)
        n = sum(
            number for status, number in by_status.items() if not wanted.statuses or status in wanted.statuses
        )
        return max(0, min(n, most + 1))
    return _count(session, found_cards(church_id, wanted, most=most + 1))


def count_newer_found(session: Session, church_id: UUID, wanted: CardFilter, than: Cursor) -> int:
    """How many of the cards wanted stand before this place by now, counted up to `MOST_NEW`."""
    return _count(session, found_cards(church_id, wanted, newer_than=than, most=MOST_NEW))


def count_every(
    session: Session, church_id: UUID, wanted: CardFilter, *, until: datetime | None = None
) -> Counter[CardStatus]:
    """All cards wanted that were received until then, by their status: for work that takes each in its turn."""
    if wanted.statuses_only:
        newer = period_counts(session, church_id, until + SMALLEST_STEP) if until else {}
        by_status = counts(session, church_id)
        return +Counter(
            {
                status: number - newer.get(status, 0)
                for status, number in by_status.items()
                if not wanted.statuses or status in wanted.statuses
            }
        )
    found = found_cards(church_id, wanted, older_than=until_then(until), most=EVERY).subquery("found")
    rows = session.execute(select(found.c.status, func.count().label("n")).group_by(found.c.status))
    return Counter({CardStatus(row.status): row.n for row in rows})


def until_then(until: datetime | None) -> Cursor | None:
    """The place in a list after which the cards stand that were received until then."""
    return None if until is None else (until, LAST_ID)


def found_cards(
    church_id: UUID,
    wanted: CardFilter,
    *,
    most: int,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
) -> Select[datetime, UUID, str]:
    """The statement whose rows are the cards wanted (`received_at`, `id`, `status`), newest first, at most `most`."""
    if wanted.plain:
        return _by_index(church_id, wanted, most, older_than, newer_than)
    return _by_function(wanted, most, older_than, newer_than)


def choices(session: Session, church_id: UUID) -> Choices:
    """The services and campuses of the church's cards, at most `MOST_CHOICES` of each."""
    values = {"church": church_id, "most": MOST_CHOICES}
    return Choices(
        services=tuple(session.scalars(SERVICES, values)), campuses=tuple(session.scalars(CAMPUSES, values))
    )


def period_counts(session: Session, church_id: UUID, since: datetime) -> Mapping[CardStatus, int]:
    """Cards received from `since` on by the status they have now, every status named."""
    values = {"church": church_id, "since": since, "statuses": [status.value for status in CardStatus]}
    found = {row.status: row.cards for row in session.execute(PERIOD, values)}
    return {status: found[status] for status in CardStatus}


# One probe of the index for each value, however many cards have it.
def _distinct(column: str) -> str:
    return f"""
    WITH RECURSIVE value (it, n) AS (
        (SELECT {column}, 1 FROM cards WHERE church_id = :church AND {column} IS NOT NULL ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT {column} FROM cards WHERE church_id = :church AND {column} > value.it
                ORDER BY {column} LIMIT 1), n + 1
        FROM value WHERE value.it IS NOT NULL AND n < :most
    )
    SELECT it FROM value WHERE it IS NOT NULL ORDER BY it
    """  # noqa: S608 (the column is one of two constants)


SERVICES = text(_distinct("service"))
CAMPUSES = text(_distinct("campus"))

# Status by status, because so the index alone has the answer.
PERIOD = text(
    """
    SELECT s.status, c.cards
    FROM unnest(CAST(:statuses AS text[])) AS s (status)
    CROSS JOIN LATERAL (
        SELECT count(*) AS cards FROM cards
        WHERE church_id = :church AND cards.status = s.status AND received_at >= :since
    ) AS c
    """
)

FIND = text(
    """
    SELECT received_at, id, status
    FROM hub.find_cards(CAST(:terms AS jsonb), CAST(:statuses AS text[]), CAST(:services AS text[]),
                        CAST(:campuses AS text[]), CAST(:sources AS text[]), CAST(:first_time AS boolean),
                        CAST(:received_from AS timestamptz), CAST(:received_before AS timestamptz),
                        CAST(:older_at AS timestamptz), CAST(:older_id AS uuid),
                        CAST(:newer_at AS timestamptz), CAST(:newer_id AS uuid), :most)
    """
)


def _by_index(
    church_id: UUID, wanted: CardFilter, most: int, older_than: Cursor | None, newer_than: Cursor | None
) -> Select[datetime, UUID, str]:
    conditions: list[ColumnExpressionArgument[Any]] = [Card.church_id == church_id]
    if wanted.import_id is not None:
        conditions += _of_import(wanted.import_id, wanted)
    else:
        conditions += [Card.status == value for value in wanted.statuses]
        conditions += [Card.service == value for value in wanted.services]
        conditions += [Card.campus == value for value in wanted.campuses]
    if wanted.received_from is not None:
        conditions.append(Card.received_at >= wanted.received_from)
    if wanted.received_before is not None:
        conditions.append(Card.received_at < wanted.received_before)
    place = tuple_(Card.received_at, Card.id)
    if older_than is not None:
        conditions.append(place < older_than)
    if newer_than is not None:
        conditions.append(place > newer_than)
    newest_first = (Card.received_at.desc(), Card.id.desc())
    return (
        select(Card.received_at, Card.id, Card.status).where(*conditions).order_by(*newest_first).limit(most)
    )


def _of_import(import_id: UUID, wanted: CardFilter) -> Iterator[ColumnExpressionArgument[Any]]:
    """What the cards of one list are asked as they are read: they are few, whatever else is wanted of them."""
    yield Card.import_id == import_id
    for column, values in (
        (Card.status, wanted.statuses),
        (Card.service, wanted.services),
        (Card.campus, wanted.campuses),
        (Card.source, wanted.sources),
    ):
        if values:
            yield column.in_(sorted(values))
    if wanted.first_time is not None:
        yield Card.first_time.is_(wanted.first_time)
    for term in read_terms(wanted.words):
        spelt: list[ColumnExpressionArgument[bool]] = [Card.search.like(pattern) for pattern in term.patterns]
        if term.number is not None:
            spelt.append(Card.number == term.number)
        yield or_(false(), *spelt)


def _by_function(
    wanted: CardFilter, most: int, older_than: Cursor | None, newer_than: Cursor | None
) -> Select[datetime, UUID, str]:
    terms = [{"like": term.patterns, "number": term.number} for term in read_terms(wanted.words)]
    values: dict[str, Any] = {
        "terms": orjson.dumps(terms).decode(),
        "statuses": sorted(status.value for status in wanted.statuses),
        "services": sorted(wanted.services),
        "campuses": sorted(wanted.campuses),
        "sources": sorted(source.value for source in wanted.sources),
        "first_time": wanted.first_time,
        "received_from": wanted.received_from,
        "received_before": wanted.received_before,
        "older_at": older_than and older_than[0],
        "older_id": older_than and older_than[1],
        "newer_at": newer_than and newer_than[0],
        "newer_id": newer_than and newer_than[1],
        "most": most,
    }
    found = FIND.bindparams(**values).columns(Card.received_at, Card.id, Card.status).subquery("found")
    return select(found.c.received_at, found.c.id, found.c.status)


def _count(session: Session, found: Select[datetime, UUID, str]) -> int:
    """How many rows the statement has. Their order does not matter then, and sorting them would."""
    each = found.order_by(None).with_only_columns(literal(1), maintain_column_froms=True)
    return session.execute(select(func.count()).select_from(each.subquery())).scalar_one()
