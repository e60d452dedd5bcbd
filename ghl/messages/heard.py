"""What GoHighLevel says of a message that it has: only forward, so a late or repeated word changes nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from ghl.consent import ledger
from ghl.db.models import Message, Outbox
from ghl.messages.facts import what
from ghl.messages.plan import Next, heard
from ghl.messages.tries import end_open
from ghl.statuses import Channel, MessageState, OutboxState

FORWARD = {
    MessageState.DELIVERED: frozenset({MessageState.SENT}),
    MessageState.FAILED: frozenset({MessageState.SENT}),
    MessageState.NOT_SENT: frozenset({MessageState.SENT}),
}
"""From where a message may come to each state by what GoHighLevel says; what was delivered stays delivered."""


def heard_status(
    session: Session,
    church_id: UUID,
    *,
    ghl_message_id: str | None = None,
    ghl_email_message_id: str | None = None,
    status: str,
    at: datetime,
) -> bool:
    """Takes in the state that GoHighLevel names; whether it is a message of ours. A transaction of the church.

    `opt_out` is recorded as a stop of the address, also where it comes late: of then, when the message went out.
    """
    ids = [
        column == value
        for column, value in (
            (Message.ghl_message_id, ghl_message_id),
            (Message.ghl_email_message_id, ghl_email_message_id),
        )
        if value
    ]
    if not ids:
        return False
    message = session.execute(
        select(Message.id, Message.channel, Message.address, Message.contact_id, Message.sent_at)
        .where(Message.church_id == church_id, or_(*ids))
        .order_by(Message.id)
        .limit(1)
    ).one_or_none()
    if message is None:
        return False
    channel = Channel(message.channel)
    step = heard(status, channel)
    if step is None:
        return True
    if step.stop:
        # Before the rows: whoever sends to the address takes turns on it with whoever stops it.
        ledger.lock(session, church_id, channel, message.address)
    _forward(session, message.id, channel, step, at=at)
    if step.stop:
        ledger.stop_at(
            session,
            church_id,
            channel=channel,
            address=message.address,
            source="ghl",
            recorded_by="GoHighLevel",
            contact_id=message.contact_id,
            at=min(at, message.sent_at or at),
        )
    return True


def _forward(session: Session, message_id: UUID, channel: Channel, step: Next, *, at: datetime) -> None:
    session.execute(select(Outbox.id).where(Outbox.message_id == message_id).with_for_update())
    state = session.scalars(select(Message.state).where(Message.id == message_id).with_for_update()).one()
    if state not in FORWARD[step.state]:
        return
    values = {
        "state": step.state,
        "cause": step.cause,
        "facts": {"what": what(channel)} if step.cause else {},
        "status_changed_at": at,
    }
    if step.state is MessageState.DELIVERED:
        values["delivered_at"] = at
    session.execute(update(Message).where(Message.id == message_id).values(values))
    # A worker that asks at this moment how it fares lets go: its row is not its own any more.
    session.execute(
        update(Outbox)
        .where(Outbox.message_id == message_id)
        .values(
            state=OutboxState.PARKED if step.work is OutboxState.PARKED else OutboxState.DONE,
            due_at=func.now(),
            lease_token=None,
            leased_until=None,
        )
    )
    end_open(session, [message_id])
