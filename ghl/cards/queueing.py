"""A card and the row that delivers it, locked in the order in which deliveries lock, and put into the queue again.

Nothing here judges a card: who calls it says where the card goes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl.cards.addresses import Addresses
from ghl.db.models import Card, Outbox
from ghl.db.models.outbox import OUTBOX_POSITION
from ghl.statuses import CardSource, CardStatus, OutboxState, Priority


@dataclass(frozen=True, repr=False)
class LockedCard:
    """A card as it stands, and nobody else changes it before the transaction ends."""

    id: UUID
    outbox_id: int
    leased: bool
    status: CardStatus
    cause: str | None
    facts: dict[str, Any]
    revision: int
    source: CardSource


def lock(session: Session, church_id: UUID, card_id: UUID) -> LockedCard | None:
    """The card, locked; None where the church has no such card. First the row that delivers it, then the card."""
    row = session.execute(
        select(Outbox.id, Outbox.state)
        .where(Outbox.church_id == church_id, Outbox.card_id == card_id)
        .with_for_update()
    ).one_or_none()
    card = (
        row
        and session.execute(
            select(Card.status, Card.cause, Card.facts, Card.revision, Card.source)
            .where(Card.church_id == church_id, Card.id == card_id)
            .with_for_update()
        ).one_or_none()
    )
    if not (row and card):
        return None
    return LockedCard(
        id=card_id,
        outbox_id=row.id,
        leased=row.state == OutboxState.LEASED,
        status=CardStatus(card.status),
        cause=card.cause,
        facts=dict(card.facts),
        revision=card.revision,
        source=CardSource(card.source),
    )


def requeue(
    session: Session, card: LockedCard, *, addresses: Addresses | None = None, actor: str, now: datetime
) -> tuple[CardStatus, str | None, dict[str, Any]]:
    """Lets the card go out as soon as it can, with all its attempts; returns where it stands then.

    `addresses` are those of a new revision. One that is wrong stops the card for a person. A card that a worker
    holds stays with it and goes again right after: settling sees by the new position that it was changed. Whether
    an earlier try had an effect is not forgotten, so the next one looks first.
    """
    values: dict[str, Any] = {
        "attempts": 0,
        "system_errors": 0,
        "first_system_error_at": None,
        "deaths": 0,
        "priority": Priority.NEW,
        "requested_by": actor,
    }
    if addresses is not None:
        values |= {
            "position": OUTBOX_POSITION.next_value(),
            "phone": addresses.phone,
            "email": addresses.email,
        }
    cause = addresses.cause if addresses else None
    facts = dict(addresses.facts) if addresses else {}
    if card.leased:
        status, cause, facts = CardStatus.SENDING, None, {}
    else:
        status = CardStatus.NEEDS_ATTENTION if cause else CardStatus.WAITING
        values |= {"state": OutboxState.PARKED if cause else OutboxState.DUE, "due_at": func.now()}
    session.execute(update(Outbox).where(Outbox.id == card.outbox_id).values(values))
    put(session, card, status, cause, facts, now=now)
    return status, cause, facts


def put(
    session: Session,
    card: LockedCard,
    status: CardStatus,
    cause: str | None,
    facts: dict[str, Any],
    *,
    now: datetime,
) -> None:
    """Writes where the card stands; a status that stays keeps the time since when."""
    values: dict[str, Any] = {"status": status, "cause": cause, "facts": facts}
    if status is not card.status:
        values["status_changed_at"] = now
    session.execute(update(Card).where(Card.id == card.id).values(values))
