"""Lists of cards as screens show them: which cards, in which order, and what each row says.

Two questions on purpose: a list fixes who is on the page once, and afterwards asks only what they say. It
reads; it changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.why import CardState, ChurchState, Outage, next_try, tries_in_words, why
from ghl.db.models import Card, Church, Location, Outbox
from ghl.people.names import name_of
from ghl.statuses import CardSource, CardStatus, Role

Cursor: TypeAlias = tuple[datetime, UUID]
"""A place in a list, newest first: when a card was received, and its id."""

PAGE_SIZE = 25
MOST_NEW = 99
"""New cards are counted up to here; nobody needs to know whether it is 200 or 300."""


@dataclass(frozen=True)
class CardPage:
    """One page of a list: ids in order, the places of its first and last card, and whether older ones follow."""

    ids: tuple[UUID, ...] = ()
    first: Cursor | None = None
    last: Cursor | None = None
    more: bool = False


@dataclass(frozen=True)
class CardRow:
    """A card as a list shows it. `why` and `tried` are words; `name`, `service` and `campus` are as somebody wrote
    them, and `why` may hold such words too.
    """

    id: UUID
    number: int
    status: CardStatus
    why: str = field(repr=False)
    tried: str
    tries: int
    attempts: int
    next_try_at: datetime | None
    received_at: datetime
    source: CardSource
    cause: str | None
    name: str = field(repr=False)
    service: str | None = None
    campus: str | None = None
    visit_date: date | None = None
    first_time: bool | None = None
    stands_since: datetime | None = None


def church_state(session: Session, church_id: UUID) -> ChurchState:
    """What all cards of the church wait for, if they do."""
    row = session.execute(
        select(
            Church.paused_reason,
            Church.hold_cause,
            Church.hold_facts,
            Location.ghl_id,
        )
        .outerjoin(Location, (Location.church_id == Church.id) & Location.active)
        .where(Church.id == church_id)
    ).one_or_none()
    if row is None:
        return ChurchState()
    return ChurchState(
        location=row.ghl_id,
        paused_reason=row.paused_reason,
        hold_cause=row.hold_cause,
        hold_facts=row.hold_facts,
    )


def rows(
    session: Session,
    church_id: UUID,
    ids: Sequence[UUID],
    *,
    now: datetime,
    state: ChurchState | None = None,
    outage: Outage | None = None,
    when: Callable[[datetime], str] | None = None,
    names: Mapping[str, str] | None = None,
    reader: Role | None = None,
) -> list[CardRow]:
    """What the cards say now, in the order of `ids`; cards that are gone, or another church's, are left out.

    `when` writes a time as the reader does; without it the sentences hold no times. `names` are those of the team,
    by actor; without them nobody is named. `reader` is their role: nobody is told to do what they may not do.
    """
    if not ids:
        return []
    church = state or church_state(session, church_id)
    found = session.execute(
        select(Card, Outbox.due_at, Outbox.tries, Outbox.attempts)
        .outerjoin(Outbox, Outbox.card_id == Card.id)
        .where(Card.church_id == church_id, Card.id.in_(ids))
    )
    by_id = {}
    for card, due_at, tries, attempts in found:
        card_state = CardState(
            status=CardStatus(card.status),
            source=CardSource(card.source),
            cause=card.cause,
            facts=_named(card.facts, names),
            synced_at=card.synced_at,
            due_at=due_at,
            tries=tries or 0,
            attempts=attempts or 0,
        )
        by_id[card.id] = _row(card, card_state, church, now=now, outage=outage, when=when, reader=reader)
    return [by_id[id_] for id_ in ids if id_ in by_id]


def _named(facts: Mapping[str, str], names: Mapping[str, str] | None) -> Mapping[str, str]:
    """The facts with the name of who kept the card back or set it aside, where that is known."""
    if "by" not in facts:
        return facts
    return {**facts, "by": "" if names is None else name_of(str(facts["by"]), names)}


def _row(
    card: Card,
    state: CardState,
    church: ChurchState,
    *,
    now: datetime,
    outage: Outage | None,
    when: Callable[[datetime], str] | None,
    reader: Role | None,
) -> CardRow:
    return CardRow(
        id=card.id,
        number=card.number,
        status=state.status,
        why=why(state, church, now=now, outage=outage, when=when, reader=reader),
        tried=tries_in_words(state),
        tries=state.tries,
        attempts=state.attempts,
        next_try_at=next_try(state, church, now=now, outage=outage),
        received_at=card.received_at,
        source=state.source,
        cause=card.cause,
        name=f"{card.first_name} {card.last_name}".strip(),
        service=card.service,
        campus=card.campus,
        visit_date=card.visit_date,
        first_time=card.first_time,
        stands_since=card.status_changed_at,
    )
