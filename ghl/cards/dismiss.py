"""Setting a card aside: it is kept, and nothing is sent, until somebody takes it up again."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import Card, Outbox
from ghl.statuses import CardStatus, OutboxState

LONGEST_REASON = 500

OPEN = (CardStatus.TO_REVIEW, CardStatus.WAITING, CardStatus.NEEDS_ATTENTION, CardStatus.HELD)
"""Where a card may be set aside: not once it is in GoHighLevel, nor while it is on its way there."""


class DismissError(ValueError):
    """The card cannot be set aside; the message says why in one sentence."""


def dismiss(session: Session, card_id: UUID, *, reason: str, actor: str) -> None:
    """Sets a card aside with the reason staff gave. A transaction of the church. Raises `DismissError`.

    The row that would deliver it is locked first, in the order in which deliveries lock: a card that a worker
    has just taken is told, not torn away.
    """
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if not reason:
        raise DismissError("Say why this card is set aside: somebody will ask one day.")
    row = session.execute(
        select(Outbox.id, Outbox.church_id, Outbox.state).where(Outbox.card_id == card_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise DismissError("There is no such card.")
    if row.state == OutboxState.LEASED:
        raise DismissError("This card is being sent at this moment. Look again in a minute.")
    changed = session.execute(
        update(Card)
        .where(Card.id == card_id, Card.status.in_(OPEN))
        .values(
            status=CardStatus.DISMISSED, cause=None, facts={"reason": reason}, status_changed_at=func.now()
        )
        .returning(Card.id)
    ).one_or_none()
    if changed is None:
        raise DismissError("This card is in GoHighLevel or set aside already.")
    session.execute(update(Outbox).where(Outbox.id == row.id).values(state=OutboxState.PARKED))
    # The reason may name a person, so it stands with the card and not in the change log.
    audit.record(session, church_id=row.church_id, actor=actor, action="card.dismissed", subject=str(card_id))
