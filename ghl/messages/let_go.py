"""What a person's answer does to the messages that were held for it: they go on, and are asked about once more."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl.db.models import Message, Outbox
from ghl.statuses import MessageState, OutboxState


def let_go(
    session: Session, church_id: UUID, channel: str, address: str, *, cause: str, now: datetime
) -> int:
    """Lets go what is held for this cause, of an address whose lock is held; returns how many messages.

    Whether each may leave is decided when it is sent, as ever. Rows of the outbox are locked before messages.
    """
    held = (
        Message.church_id == church_id,
        Message.channel == channel,
        Message.address == address,
        Message.state == MessageState.HELD,
        Message.cause == cause,
    )
    rows = session.execute(
        select(Outbox.id, Outbox.message_id)
        .join(Message, Message.id == Outbox.message_id)
        .where(*held)
        .order_by(Outbox.id)
        .with_for_update(of=Outbox)
    ).all()
    if not rows:
        return 0
    waiting = session.scalars(
        update(Message)
        .where(*held, Message.id.in_([row.message_id for row in rows]))
        .values(state=MessageState.WAITING, cause=None, facts={}, status_changed_at=now)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    session.execute(
        update(Outbox)
        .where(Outbox.message_id.in_(waiting), Outbox.state == OutboxState.PARKED)
        .values(state=OutboxState.DUE, due_at=func.greatest(func.now(), Outbox.due_at))
        .execution_options(synchronize_session=False)
    )
    return len(waiting)
