"""The log of texts and e-mails: which ones a filter means, newest first, page by page, and what each says. It only reads.

Every page is read along an index in its order, however long the log is. Tests of a church's words are not in it. A
church's transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, select, tuple_, union_all
from sqlalchemy.orm import Session

from ghl.cards.find import CardFilter, found_cards
from ghl.cards.view import Cursor
from ghl.db.models import Card, Church, Message, MessageTemplate, Outbox
from ghl.messages.shown import BadgeCode, Shown, shown_of
from ghl.statuses import Channel, MessageState

PAGE = 25
MOST_PEOPLE = 200
"""Cards that words may mean: more are no answer to the question what became of one person's text."""

MOST_COUNTED = 10_000
MOST_NEW = 100

STATES: Mapping[BadgeCode, tuple[MessageState, ...]] = {
    BadgeCode.WAITING: (MessageState.WAITING, MessageState.SENDING, MessageState.UNSURE),
    BadgeCode.SENT: (MessageState.SENT,),
    BadgeCode.DELIVERED: (MessageState.DELIVERED,),
    BadgeCode.NOT_SENT: (MessageState.NOT_SENT,),
    BadgeCode.NEEDS_ATTENTION: (MessageState.FAILED,),
    BadgeCode.NEEDS_DECISION: (MessageState.HELD, MessageState.UNSURE),
}
"""The states behind a badge. An unsure one is looked for at first, and waits for a person once it has a cause."""


@dataclass(frozen=True)
class LogFilter:
    """Which messages are wanted: all of these together, and any of the badges. An empty part asks nothing.

    `requested_from` is part of the time, `requested_before` is not. `words` are as somebody typed them: a name, a phone
    number, an e-mail address or a card's number.
    """

    badges: frozenset[BadgeCode] = frozenset()
    channel: Channel | None = None
    template_id: UUID | None = None
    requested_from: datetime | None = None
    requested_before: datetime | None = None
    words: str = field(default="", repr=False)

    @property
    def states(self) -> frozenset[MessageState]:
        """The states behind its badges; none where it does not ask for any."""
        return frozenset(state for badge in self.badges for state in STATES[badge])


@dataclass(frozen=True)
class LogPage:
    """Messages of one page in their order; `more`: older ones follow."""

    ids: tuple[UUID, ...] = ()
    first: Cursor | None = None
    last: Cursor | None = None
    more: bool = False


@dataclass(frozen=True)
class LogRow:
    """One message: where it stands, and whose it is. `region` is the church's. Name and address are a visitor's text."""

    told: Shown
    number: int
    contact_id: str | None = None
    region: str = "US"
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)

    @property
    def id(self) -> UUID:
        """The message's."""
        return self.told.message_id


def find(
    session: Session, church_id: UUID, wanted: LogFilter, *, after: Cursor | None = None, limit: int = PAGE
) -> LogPage:
    """The page of the messages wanted that follows the place `after`; the first without one."""
    found: list[Cursor] = [
        (row.requested_at, row.id)
        for row in session.execute(found_messages(church_id, wanted, older_than=after, most=limit + 1))
    ]
    shown = found[:limit]
    if not shown:
        return LogPage()
    return LogPage(tuple(id_ for _, id_ in shown), shown[0], shown[-1], more=len(found) > limit)


def count_found(session: Session, church_id: UUID, wanted: LogFilter, *, most: int = MOST_COUNTED) -> int:
    """How many messages are wanted, counted up to `most`; `most + 1` means more than that."""
    return _count(session, found_messages(church_id, wanted, most=most + 1))


def count_newer(session: Session, church_id: UUID, wanted: LogFilter, than: Cursor) -> int:
    """How many of the messages wanted were asked for since this place, counted up to `MOST_NEW`."""
    return _count(session, found_messages(church_id, wanted, newer_than=than, most=MOST_NEW))


def found_messages(
    church_id: UUID,
    wanted: LogFilter,
    *,
    most: int,
    older_than: Cursor | None = None,
    newer_than: Cursor | None = None,
) -> Select[Any]:
    """The statement whose rows are the messages wanted (`requested_at`, `id`), newest first, at most `most`."""
    limits = _limits(church_id, wanted, older_than, newer_than)
    states = sorted(wanted.states)
    if wanted.words.strip():
        people = found_cards(church_id, CardFilter(words=wanted.words), most=MOST_PEOPLE).subquery("people")
        limits.append(Message.card_id.in_(select(people.c.id)))
        if states:
            limits.append(Message.state.in_(states))
        return _walk(limits, most)
    if len(states) <= 1:
        return _walk([*limits, *(Message.state == state for state in states)], most)
    # One walk of the index by state for each; with IN it would be a walk of everything, or a sort.
    parts = [select(_walk([*limits, Message.state == state], most).subquery()) for state in states]
    found = union_all(*parts).subquery("found")
    return (
        select(found.c.requested_at, found.c.id)
        .order_by(found.c.requested_at.desc(), found.c.id.desc())
        .limit(most)
    )


def rows(session: Session, church_id: UUID, ids: Sequence[UUID]) -> dict[UUID, LogRow]:
    """What these messages of the church say now; those that are gone are left out."""
    if not ids:
        return {}
    columns: list[Any] = [
        *Message.__table__.columns,
        MessageTemplate.name.label("template"),
        Outbox.state.label("work"),
        Outbox.due_at,
        Card.status.label("card_status"),
        Card.number,
        Card.first_name,
        Card.last_name,
        Church.region,
    ]
    query: Select[Any] = (
        select(*columns)
        .join(
            MessageTemplate,
            (MessageTemplate.church_id == Message.church_id) & (MessageTemplate.id == Message.template_id),
        )
        .join(Card, (Card.id == Message.card_id) & (Card.church_id == Message.church_id))
        .join(Church, Church.id == Message.church_id)
        .outerjoin(Outbox, Outbox.message_id == Message.id)
        .where(Message.church_id == church_id, Message.id.in_(list(ids)))
    )
    return {
        row.id: LogRow(
            told=shown_of(row),
            number=row.number,
            contact_id=row.contact_id,
            region=row.region,
            name=f"{row.first_name} {row.last_name}".strip(),
            address=row.address,
        )
        for row in session.execute(query)
    }


def templates_in(session: Session, church_id: UUID) -> dict[UUID, str]:
    """The names of the church's templates, for the filter, also of those that were put away."""
    found = session.execute(
        select(MessageTemplate.id, MessageTemplate.name)
        .where(MessageTemplate.church_id == church_id)
        .order_by(case((MessageTemplate.archived_at.is_(None), 0), else_=1), MessageTemplate.name)
        .limit(100)
    )
    return {row.id: row.name for row in found}


def _limits(
    church_id: UUID, wanted: LogFilter, older_than: Cursor | None, newer_than: Cursor | None
) -> list[ColumnElement[bool]]:
    """What a message has to be, its state aside."""
    place = tuple_(Message.requested_at, Message.id)
    limits: list[ColumnElement[bool]] = [Message.church_id == church_id, Message.is_test.is_(False)]
    if wanted.channel is not None:
        limits.append(Message.channel == wanted.channel)
    if wanted.template_id is not None:
        limits.append(Message.template_id == wanted.template_id)
    if wanted.requested_from is not None:
        limits.append(Message.requested_at >= wanted.requested_from)
    if wanted.requested_before is not None:
        limits.append(Message.requested_at < wanted.requested_before)
    if older_than is not None:
        limits.append(place < older_than)
    if newer_than is not None:
        limits.append(place > newer_than)
    return limits + (_unsure(wanted) if MessageState.UNSURE in wanted.states else [])


def _unsure(wanted: LogFilter) -> list[ColumnElement[bool]]:
    """Of those that are unsure, the ones under a badge that is wanted."""
    looked_for, decided = BadgeCode.WAITING in wanted.badges, BadgeCode.NEEDS_DECISION in wanted.badges
    if looked_for and decided:
        return []
    cause = Message.cause.is_(None) if looked_for else Message.cause.is_not(None)
    return [(Message.state != MessageState.UNSURE) | cause]


def _walk(limits: Sequence[ColumnElement[bool]], most: int) -> Select[Any]:
    order = (Message.requested_at.desc(), Message.id.desc())
    columns: tuple[Any, ...] = (Message.requested_at, Message.id)
    return select(*columns).where(*limits).order_by(*order).limit(most)


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalars(select(func.count()).select_from(query.subquery())).one()
