"""How many texts and e-mails stand where, and why some did not leave: figures that add up. It only reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select, union_all
from sqlalchemy.orm import Session
from sqlalchemy.types import Boolean

from ghl.db.models import Message, MessageCount, MessageCountDelta, Outbox
from ghl.messages.shown import BadgeCode, badge_code
from ghl.statuses import MessageState

WAITS_FOR_PEOPLE: ColumnElement[bool] = literal_column(
    "(messages.state IN ('failed', 'held') OR (messages.state = 'unsure' AND messages.cause IS NOT NULL))",
    Boolean,
)
"""The condition of the index behind the groups of *Needs attention*, so that PostgreSQL may use it."""

MOST_COUNTED = 10_000
MOST_TOLD = 1_000
"""Messages whose reasons are counted; of more a page tells the number alone."""

TOLD = (MessageState.WAITING, MessageState.NOT_SENT, MessageState.FAILED, MessageState.UNSURE)


@dataclass(frozen=True)
class Together:
    """Texts and e-mails of a time by state. `causes` tells those that wait, did not leave, failed or are unsure apart.

    A state with more messages than are told apart has no causes. `quiet_until` is when the first of those leaves that
    wait for the day.
    """

    states: Mapping[MessageState, int]
    causes: Mapping[tuple[MessageState, str], int] = field(default_factory=dict)
    quiet_until: datetime | None = None

    @property
    def all(self) -> int:
        """How many there are."""
        return sum(self.states.values())

    def of(self, badge: BadgeCode) -> int:
        """How many stand under this badge. Those that are unsure are counted where they are told apart, else as waiting."""
        unsure = self.states[MessageState.UNSURE]
        decided = min(unsure, sum(n for (state, why), n in self.causes.items() if state == "unsure" and why))
        plain = sum(
            n
            for state, n in self.states.items()
            if state is not MessageState.UNSURE and badge_code(state, None) is badge
        )
        if badge is BadgeCode.WAITING:
            return plain + unsure - decided
        return plain + decided if badge is BadgeCode.NEEDS_DECISION else plain


def counts(session: Session, church_id: UUID) -> Mapping[MessageState, int]:
    """Messages of the church by state, every state named, without tests. One statement, so a fold is seen whole."""
    parts = union_all(
        select(MessageCount.state, MessageCount.messages.label("n")).where(
            MessageCount.church_id == church_id
        ),
        select(MessageCountDelta.state, MessageCountDelta.delta).where(
            MessageCountDelta.church_id == church_id
        ),
    ).subquery()
    found = session.execute(select(parts.c.state, func.sum(parts.c.n)).group_by(parts.c.state))
    by_state = {state: int(n) for state, n in found}
    return {state: max(0, by_state.get(state, 0)) for state in MessageState}


def together(session: Session, church_id: UUID, since: datetime | None) -> Together:
    """The messages that were asked for since then; all, where no time is given."""
    states = counts(session, church_id) if since is None else _since(session, church_id, since)
    causes: dict[tuple[MessageState, str], int] = {}
    for state in TOLD:
        if 0 < states[state] <= MOST_TOLD:
            causes |= _causes(session, church_id, state, since)
    quiet = (MessageState.WAITING, "quiet_hours") in causes
    until = _quiet_until(session, church_id, since) if quiet else None
    return Together(states, causes, until)


def for_people(session: Session, church_id: UUID) -> int:
    """How many messages wait for a person, counted up to `MOST_COUNTED + 1`."""
    some = (
        select(Message.id)
        .where(Message.church_id == church_id, WAITS_FOR_PEOPLE, Message.is_test.is_(False))
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    return session.scalars(select(func.count()).select_from(some)).one()


def _since(session: Session, church_id: UUID, since: datetime) -> Mapping[MessageState, int]:
    found = session.execute(
        select(Message.state, func.count().label("n"))
        .where(Message.church_id == church_id, Message.requested_at >= since, Message.is_test.is_(False))
        .group_by(Message.state)
    )
    by_state = {row.state: row.n for row in found}
    return {state: by_state.get(state, 0) for state in MessageState}


def _of(church_id: UUID, state: MessageState, since: datetime | None) -> list[ColumnElement[bool]]:
    of = [Message.church_id == church_id, Message.state == state, Message.is_test.is_(False)]
    return [*of, Message.requested_at >= since] if since is not None else of


def _causes(
    session: Session, church_id: UUID, state: MessageState, since: datetime | None
) -> dict[tuple[MessageState, str], int]:
    cause = func.coalesce(Message.cause, "")
    some = select(cause.label("cause")).where(*_of(church_id, state, since)).limit(MOST_TOLD).subquery()
    found = session.execute(select(some.c.cause, func.count().label("n")).group_by(some.c.cause))
    return {(state, row.cause): row.n for row in found}


def _quiet_until(session: Session, church_id: UUID, since: datetime | None) -> datetime | None:
    return session.scalar(
        select(func.min(Outbox.due_at))
        .join(Message, Message.id == Outbox.message_id)
        .where(*_of(church_id, MessageState.WAITING, since), Message.cause == "quiet_hours")
    )
