"""The card that stands somewhere longest: what people ask for first when something seems to be stuck."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.db.models import Card
from ghl.statuses import CardStatus


def oldest(session: Session, church_id: UUID, status: CardStatus) -> UUID | None:
    """The card of this status that was received first; None where there is none. A transaction of the church."""
    return session.scalars(
        select(Card.id)
        .where(Card.church_id == church_id, Card.status == status)
        .order_by(Card.received_at, Card.id)
        .limit(1)
    ).one_or_none()
