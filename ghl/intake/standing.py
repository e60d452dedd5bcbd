"""Where a card stands, as the system that sent it may know: status and why, never what is on other cards.

A source key may write cards, so it must not become a way to read people: names and numbers that GoHighLevel
holds (whose phone is it already?) are worded around here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl import causes
from ghl.causes import CauseCode
from ghl.db.models import Card, Church, Outbox
from ghl.statuses import CardStatus, OutboxState

TELLABLE = frozenset(
    {"phone", "email", "name", "problem", "answer", "day", "field", "choice", "when", "reason"}
)
"""Facts that come from the card itself, from GoHighLevel's answer about it, or from the church's own settings."""

PLAIN = {
    CardStatus.TO_REVIEW: "The church looks at this card before it goes to GoHighLevel.",
    CardStatus.WAITING: "The card is saved. It goes to GoHighLevel by itself.",
    CardStatus.SENDING: "The card is on its way to GoHighLevel.",
    CardStatus.SYNCED: "The person is in GoHighLevel.",
    CardStatus.NEEDS_ATTENTION: "Somebody at the church has to look at this card. It is safe.",
    CardStatus.HELD: "Somebody at the church has to decide about this card. It is safe.",
    CardStatus.DISMISSED: "The church set this card aside.",
}
"""Why, where no cause is noted. Every status has a sentence; a test proves it."""


@dataclass(frozen=True)
class Standing:
    """Where a card stands; `why` is a sentence for people, `next_try_at` is set while the card waits."""

    id: UUID
    number: int
    status: CardStatus
    why: str
    tries: int
    received_at: datetime
    next_try_at: datetime | None
    synced_at: datetime | None


def standing_of(session: Session, church_id: UUID, card_id: UUID) -> Standing | None:
    """The card's standing, or None: no such card, or another church's. A church's transaction."""
    columns = (Card.id, Card.number, Card.status, Card.cause, Card.facts, Card.received_at, Card.synced_at)
    row = session.execute(
        select(
            *columns,
            Outbox.tries,
            Outbox.state,
            Outbox.due_at,
            Church.paused_at,
            Church.paused_reason,
            Church.hold_cause,
            Church.hold_facts,
        )
        .join(Church, Church.id == Card.church_id)
        .outerjoin(Outbox, Outbox.card_id == Card.id)
        .where(Card.church_id == church_id, Card.id == card_id)
    ).one_or_none()
    if row is None:
        return None
    status = CardStatus(row.status)
    return Standing(
        id=row.id,
        number=row.number,
        status=status,
        why=_why(status, row),
        tries=row.tries or 0,
        received_at=row.received_at,
        next_try_at=row.due_at if status is CardStatus.WAITING and row.state == OutboxState.DUE else None,
        synced_at=row.synced_at,
    )


def _why(status: CardStatus, row: Any) -> str:
    if status is CardStatus.WAITING and row.paused_at is not None:
        return _sentence(CauseCode.CHURCH_PAUSED, {"reason": row.paused_reason})
    if status is CardStatus.WAITING and row.hold_cause is not None:
        return _sentence(row.hold_cause, row.hold_facts)
    if status in {CardStatus.TO_REVIEW, CardStatus.DISMISSED} or row.cause is None:
        return PLAIN[status]
    return _sentence(row.cause, row.facts)


def _sentence(code: str, facts: dict[str, Any]) -> str:
    told = {name: str(value) for name, value in facts.items() if name in TELLABLE and value is not None}
    return causes.sentence(code, told)
