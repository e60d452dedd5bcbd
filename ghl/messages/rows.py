"""The rows of one message, in the caller's transaction of the church: a new one, its place in the outbox, and where it
stands after a person's word. Nothing is decided and nothing is sent here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from ghl.db.models import Message, Outbox
from ghl.messages.templates import Template
from ghl.messages.tries import end_open
from ghl.statuses import Channel, MessageState, OutboxState, Priority


def new_message(
    message_id: UUID,
    church_id: UUID,
    template: Template,
    *,
    card_id: UUID | None,
    address: str,
    person: str,
    key: bytes,
    actor: str,
    now: datetime,
    not_before: datetime,
    too_late_at: datetime | None,
) -> dict[str, Any]:
    return {
        "id": message_id,
        "church_id": church_id,
        "card_id": card_id,
        "template_id": template.id,
        "template_version": template.published_version or template.version,
        "channel": template.channel,
        "purpose": template.purpose,
        "address": address,
        "person": person,
        "idempotency_key": key,
        "state": MessageState.WAITING,
        "requested_by": actor,
        "requested_at": now,
        "not_before": not_before,
        "too_late_at": too_late_at,
        "status_changed_at": now,
    }


def queue(
    session: Session,
    church_id: UUID,
    messages: Sequence[tuple[UUID, datetime]],
    *,
    actor: str,
    state: OutboxState = OutboxState.DUE,
) -> None:
    session.execute(
        insert(Outbox),
        [
            {
                "church_id": church_id,
                "kind": "message",
                "message_id": message_id,
                "state": state,
                "priority": Priority.NEW,
                "due_at": due_at,
                "requested_by": actor,
            }
            for message_id, due_at in messages
        ],
    )


@dataclass(frozen=True)
class Locked:
    id: UUID
    outbox_id: int
    leased: bool
    state: MessageState
    cause: str | None
    channel: Channel


def lock(session: Session, church_id: UUID, message_id: UUID) -> Locked | None:
    """The message, locked as deliveries lock: first its row in the outbox. None where the church has no such message."""
    row = session.execute(
        select(Outbox.id, Outbox.state)
        .where(Outbox.church_id == church_id, Outbox.message_id == message_id)
        .with_for_update()
    ).one_or_none()
    message = (
        row
        and session.execute(
            select(Message.state, Message.cause, Message.channel)
            .where(Message.church_id == church_id, Message.id == message_id)
            .with_for_update()
        ).one_or_none()
    )
    if not (row and message):
        return None
    return Locked(
        id=message_id,
        outbox_id=row.id,
        leased=row.state == OutboxState.LEASED,
        state=MessageState(message.state),
        cause=message.cause,
        channel=Channel(message.channel),
    )


def put(
    session: Session,
    message: Locked,
    state: MessageState,
    work: OutboxState,
    *,
    cause: str | None,
    facts: Mapping[str, str],
    now: datetime,
    actor: str | None = None,
    due_at: datetime | None = None,
    anew: bool = False,
    template: Template | None = None,
    person: str | None = None,
    not_before: datetime | None = None,
    too_late_at: datetime | None = None,
) -> None:
    """Writes where it stands. A worker that holds it lets go: it asks for its row before it writes or sends anything.

    `anew`: its tries begin again, and it is no longer too late. With a `template` it is asked for as if it were new: for
    what the template is about now, and for the `person` that the card has now.
    """
    row: dict[str, Any] = {
        "state": work,
        "due_at": due_at or func.now(),
        "lease_token": None,
        "leased_until": None,
        "requested_by": actor,
    }
    values: dict[str, Any] = {"state": state, "cause": cause, "facts": dict(facts), "status_changed_at": now}
    if anew:
        # One that may have left stays in the day's number until it leaves anew.
        row |= {"attempts": 0, "system_errors": 0, "first_system_error_at": None, "deaths": 0}
        values |= {
            "looks": 0,
            "too_late_at": too_late_at,
            "sending_at": Message.sending_at if message.state is MessageState.UNSURE else None,
            "sent_at": None,
            "ghl_message_id": None,
            "ghl_email_message_id": None,
            "follow_until": None,
            "requested_by": actor,
        }
    if template is not None:
        values |= {
            "template_version": template.published_version,
            "purpose": template.purpose,
            "person": person or "",
            "requested_at": now,
            "not_before": not_before,
        }
    if state is MessageState.SENT:
        values["sent_at"] = func.coalesce(Message.sending_at, now)
    session.execute(update(Outbox).where(Outbox.id == message.outbox_id).values(row))
    session.execute(update(Message).where(Message.id == message.id).values(values))
    if message.leased:
        end_open(session, [message.id])
