"""Where one message stands, for who just asked for it. Transactions of the church."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.db.models import Message
from ghl.statuses import Channel, MessageState


@dataclass(frozen=True)
class MessageStanding:
    """Its state, since when, and why: `cause` is a code, and `facts` fill its sentence."""

    channel: Channel
    state: MessageState
    cause: str | None
    facts: Mapping[str, str]
    since: datetime

    @property
    def over(self) -> bool:
        """Whether nothing more will become of it by itself."""
        return self.state in {
            MessageState.DELIVERED,
            MessageState.FAILED,
            MessageState.HELD,
            MessageState.NOT_SENT,
        } or (self.state is MessageState.UNSURE and self.cause is not None)


def standing_of(session: Session, church_id: UUID, message_id: UUID) -> MessageStanding | None:
    """The message's standing; None where the church has no such message."""
    row = session.execute(
        select(Message.channel, Message.state, Message.cause, Message.facts, Message.status_changed_at).where(
            Message.church_id == church_id, Message.id == message_id
        )
    ).one_or_none()
    if row is None:
        return None
    return MessageStanding(
        Channel(row.channel), MessageState(row.state), row.cause, dict(row.facts), row.status_changed_at
    )
