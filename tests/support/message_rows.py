"""Texts and e-mails of a church in any state, written as a worker would have left them."""

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert

from ghl.db.models import Message, MessageTemplate, MessageTemplateVersion, Outbox
from ghl.ids import new_id
from ghl.statuses import Channel, MessageState, OutboxState, Priority

WORK = {
    MessageState.WAITING: OutboxState.DUE,
    MessageState.SENT: OutboxState.DUE,
    MessageState.FAILED: OutboxState.PARKED,
    MessageState.HELD: OutboxState.PARKED,
    MessageState.UNSURE: OutboxState.PARKED,
}


class MessageMaker:
    """Makes messages: `texts(card, MessageState.FAILED, cause="carrier_refused")`."""

    def __init__(self, database, church_id: UUID) -> None:
        self.database, self.church_id = database, church_id
        self.templates = {channel: self._template(channel) for channel in Channel}

    def __call__(
        self,
        card: UUID,
        state: MessageState = MessageState.WAITING,
        *,
        cause: str | None = None,
        channel: Channel = Channel.SMS,
        address: str = "+16155550100",
        at: datetime | None = None,
        due_at: datetime | None = None,
        is_test: bool = False,
        person: str = "",
        **facts: str,
    ) -> UUID:
        at = at or datetime.now(UTC) - timedelta(minutes=5)
        message_id = new_id()
        gone = state in {MessageState.SENT, MessageState.DELIVERED}
        with self.database.church(self.church_id) as session:
            session.execute(
                insert(Message).values(
                    id=message_id,
                    church_id=self.church_id,
                    card_id=card,
                    template_id=self.templates[channel],
                    template_version=1,
                    channel=channel,
                    purpose="follow-up",
                    address=address,
                    person=person,
                    idempotency_key=hashlib.sha256(message_id.bytes).digest(),
                    is_test=is_test,
                    state=state,
                    cause=cause,
                    facts=facts,
                    requested_by="user:ruth",
                    requested_at=at,
                    not_before=at + timedelta(minutes=1),
                    sent_at=at + timedelta(minutes=1) if gone else None,
                    delivered_at=at + timedelta(minutes=2) if state is MessageState.DELIVERED else None,
                    status_changed_at=at + timedelta(minutes=1),
                )
            )
            session.execute(
                insert(Outbox).values(
                    church_id=self.church_id,
                    kind="message",
                    message_id=message_id,
                    state=WORK.get(state, OutboxState.DONE),
                    priority=Priority.NEW,
                    due_at=due_at or datetime.now(UTC) + timedelta(hours=1),
                )
            )
        return message_id

    def _template(self, channel: Channel) -> UUID:
        template_id = new_id()
        name = "Welcome text" if channel is Channel.SMS else "Welcome e-mail"
        with self.database.church(self.church_id) as session:
            session.execute(
                insert(MessageTemplate).values(
                    id=template_id,
                    church_id=self.church_id,
                    name=name,
                    channel=channel,
                    purpose="follow-up",
                    version=1,
                    published_version=1,
                    changed_by="test",
                )
            )
            session.execute(
                insert(MessageTemplateVersion).values(
                    template_id=template_id,
                    version=1,
                    church_id=self.church_id,
                    body="Welcome",
                    created_by="test",
                )
            )
        return template_id
