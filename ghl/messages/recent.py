"""Real cards of a church to try its words on, newest first. Transactions of the church."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.fields import CardFields
from ghl.cards.stored import read_known
from ghl.db.models import Card, CardRevision
from ghl.statuses import CardStatus

MOST_RECENT = 20


@dataclass(frozen=True, repr=False)
class RecentCard:
    """A card as a preview needs it."""

    number: int
    fields: CardFields


def recent_cards(session: Session, church_id: UUID) -> list[RecentCard]:
    """The newest cards of the church that were not set aside, at most `MOST_RECENT`."""
    newest = (
        select(Card.id, Card.number, Card.revision, Card.received_at, Card.status)
        .where(Card.church_id == church_id)
        .order_by(Card.received_at.desc(), Card.id.desc())
        .limit(2 * MOST_RECENT)
        .subquery()
    )
    rows = session.execute(
        select(newest.c.number, CardRevision.fields)
        .join(CardRevision, (CardRevision.card_id == newest.c.id) & (CardRevision.no == newest.c.revision))
        .where(newest.c.status != CardStatus.DISMISSED)
        .order_by(newest.c.received_at.desc(), newest.c.id.desc())
        .limit(MOST_RECENT)
    )
    return [RecentCard(row.number, read_known(row.fields)) for row in rows]
