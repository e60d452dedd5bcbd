"""Where a card stands, as the system that sent it may know: status and why, never what is on other cards.

A source key may write cards, so it must not become a way to read people: names and numbers that GoHighLevel
holds (whose phone is it already?) and what staff noted are worded around here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.view import church_state
from ghl.cards.why import CardState, next_try, why
from ghl.db.models import Card, Outbox
from ghl.statuses import CardSource, CardStatus

TELLABLE = frozenset({"phone", "email", "name", "problem", "answer", "day", "field", "choice", "when"})
"""Facts that come from the card itself, or from GoHighLevel's answer about it."""


@dataclass(frozen=True)
class Standing:
    """Where a card stands; `why` is a sentence for people. `tries` counts each try, `attempts` those answered."""

    id: UUID
    number: int
    status: CardStatus
    why: str
    tries: int
    attempts: int
    received_at: datetime
    next_try_at: datetime | None
    synced_at: datetime | None


def standing_of(session: Session, church_id: UUID, card_id: UUID, *, now: datetime) -> Standing | None:
    """The card's standing, or None: no such card, or another church's. A church's transaction."""
    row = session.execute(
        select(Card, Outbox.due_at, Outbox.tries, Outbox.attempts)
        .outerjoin(Outbox, Outbox.card_id == Card.id)
        .where(Card.church_id == church_id, Card.id == card_id)
    ).one_or_none()
    if row is None:
        return None
    card, due_at, tries, attempts = row
    church = church_state(session, church_id)
    church = replace(church, hold_facts=_tellable(church.hold_facts))
    state = CardState(
        status=CardStatus(card.status),
        source=CardSource(card.source),
        cause=card.cause,
        facts=_tellable(card.facts),
        synced_at=card.synced_at,
        due_at=due_at,
        tries=tries or 0,
        attempts=attempts or 0,
    )
    return Standing(
        id=card.id,
        number=card.number,
        status=state.status,
        why=why(state, church, now=now),
        tries=state.tries,
        attempts=state.attempts,
        received_at=card.received_at,
        next_try_at=next_try(state, church, now=now),
        synced_at=card.synced_at,
    )


def _tellable(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in facts.items() if name in TELLABLE and value is not None}
