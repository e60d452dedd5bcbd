"""What a stop does to the messages of its address: those that wait never leave, and one that is leaving is told."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl.db.models import Message, Outbox
from ghl.messages.facts import what
from ghl.messages.tries import end_open
from ghl.statuses import MessageState, OutboxState

WAITS = (MessageState.WAITING, MessageState.HELD)


def call_off(
    session: Session, church_id: UUID, channel: str, address: str, *, cause: str, now: datetime
) -> datetime | None:
    """Ends what waits for the address, whose lock is held; returns when a message left that is on its way just now.

    Also where a worker holds one: it asks for its row once more before it sends anything. Rows of the outbox are locked
    before messages, as everywhere.
    """
    to_it = (Message.church_id == church_id, Message.channel == channel, Message.address == address)
    rows = session.execute(
        select(Outbox.id, Outbox.message_id)
        .join(Message, Message.id == Outbox.message_id)
        .where(*to_it, Message.state.in_(WAITS))
        .order_by(Outbox.id)
        .with_for_update(of=Outbox)
    ).all()
    if rows:
        ended = session.scalars(
            update(Message)
            .where(Message.id.in_([row.message_id for row in rows]), Message.state.in_(WAITS))
            .values(
                state=MessageState.NOT_SENT, cause=cause, facts={"what": what(channel)}, status_changed_at=now
            )
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        ).all()
        session.execute(
            update(Outbox)
            .where(Outbox.message_id.in_(ended))
            .values(state=OutboxState.DONE, lease_token=None, leased_until=None)
            .execution_options(synchronize_session=False)
        )
        end_open(session, ended)
    return session.scalar(
        select(func.max(Message.sending_at)).where(*to_it, Message.state == MessageState.SENDING)
    )
