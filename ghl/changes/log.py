"""Entries of the change log, newest first, by filter and page. It only reads.

Each page is read from an index in its order, however long the log is. A transaction of the church shows its own log;
one of the system shows the installation's, in which no card is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, tuple_, union_all
from sqlalchemy.orm import Session

from ghl.db.models import AuditEntry, Card

PAGE = 25
MOST_ACTIONS = 12
"""Actions behind one choice of the filter."""


@dataclass(frozen=True)
class Place:
    """Where an entry stands in the order of the log."""

    at: datetime
    id: int


@dataclass(frozen=True)
class Wanted:
    """What to leave of the log. `subject` is what it was done to, such as a card's id."""

    actions: tuple[str, ...] = ()
    actor: str = ""
    subject: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Change:
    """One entry. `number` is the card's, where the subject is a card that is still there."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str | None
    origin: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    number: int | None = None

    @property
    def place(self) -> Place:
        """Where it stands in the log."""
        return Place(self.at, self.id)


@dataclass(frozen=True)
class Page:
    """Entries in their order; `more`: there are older ones."""

    entries: Sequence[Change]
    more: bool


def read(
    session: Session,
    church_id: UUID | None,
    wanted: Wanted,
    *,
    after: Place | None = None,
    limit: int = PAGE,
) -> Page:
    """The entries that are left, behind `after`. `church_id` is None for the installation's log."""
    rows = session.execute(_query(church_id, wanted, after, limit + 1)).all()
    numbers = _numbers(session, church_id, {row.subject for row in rows[:limit] if row.subject})
    return Page(
        [
            Change(
                row.id,
                row.at,
                row.actor,
                row.action,
                row.subject,
                row.origin,
                row.facts,
                numbers.get(row.subject),
            )
            for row in rows[:limit]
        ],
        len(rows) > limit,
    )


def actors(session: Session, church_id: UUID | None, *, most: int = 200) -> list[str]:
    """Who stands in the log, for the filter: one probe of an index each, however long the log is."""
    found: list[str] = []
    while len(found) < most:
        query = select(AuditEntry.actor).where(_own(church_id)).order_by(AuditEntry.actor).limit(1)
        if found:
            query = query.where(AuditEntry.actor > found[-1])
        actor = session.scalar(query)
        if actor is None:
            break
        found.append(actor)
    return found


def card_subject(session: Session, church_id: UUID, number: int) -> str | None:
    """What the log calls the card with this number; None where the church has none."""
    card_id = session.scalar(select(Card.id).where(Card.church_id == church_id, Card.number == number))
    return None if card_id is None else str(card_id)


def _query(
    church_id: UUID | None, wanted: Wanted, after: Place | None, most: int
) -> Select[*tuple[Any, ...]]:
    """One walk of an index for each action; with OR it would be a walk of everything."""
    actions = wanted.actions[:MOST_ACTIONS] if not (wanted.subject or wanted.actor) else ()
    # Of one person or one card everything is walked along their own index, which holds the action as well.
    narrowed = [AuditEntry.action.in_(wanted.actions)] if wanted.actions and not actions else []
    columns = (
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.actor,
        AuditEntry.action,
        AuditEntry.subject,
        AuditEntry.origin,
        AuditEntry.facts,
    )
    limits = [*_limits(church_id, wanted, after), *narrowed]

    def walk(*more: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
        order = (AuditEntry.at.desc(), AuditEntry.id.desc())
        return select(*columns).where(*limits, *more).order_by(*order).limit(most)

    if len(actions) <= 1:
        return walk(*(AuditEntry.action == action for action in actions))
    found = union_all(
        *(select(walk(AuditEntry.action == action).subquery()) for action in actions)
    ).subquery()
    return select(found).order_by(found.c.at.desc(), found.c.id.desc()).limit(most)


def _limits(church_id: UUID | None, wanted: Wanted, after: Place | None) -> Iterator[ColumnElement[bool]]:
    yield _own(church_id)
    if wanted.actor:
        yield AuditEntry.actor == wanted.actor
    if wanted.subject:
        yield AuditEntry.subject == wanted.subject
    if wanted.since:
        yield AuditEntry.at >= wanted.since
    if wanted.before:
        yield AuditEntry.at < wanted.before
    if after:
        yield tuple_(AuditEntry.at, AuditEntry.id) < tuple_(after.at, after.id)


def _own(church_id: UUID | None) -> ColumnElement[bool]:
    return AuditEntry.church_id.is_(None) if church_id is None else AuditEntry.church_id == church_id


def _numbers(session: Session, church_id: UUID | None, subjects: set[str]) -> dict[str | None, int]:
    ids = [card_id for subject in subjects if (card_id := _card_id(subject))]
    if church_id is None or not ids:
        return {}
    rows = session.execute(select(Card.id, Card.number).where(Card.church_id == church_id, Card.id.in_(ids)))
    return {str(row.id): row.number for row in rows}


def _card_id(subject: str) -> UUID | None:
    try:
        return UUID(subject)
    except ValueError:
        return None
