"""The rows of one message, in the caller's transaction of the church: a new one, its place in the outbox, and where it
stands after a person's word. Nothing is decided and nothing is sent here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.db.models import Message, Outbox
from ghl.ids import new_id
from ghl.messages.templates import Template
from ghl.messages.tries import end_open
from ghl.statuses import Channel, MessageState, OutboxState, Priority


@dataclass(frozen=True, repr=False, kw_only=True)
class NewMessage:
    """A message that is asked for: for whom, with which words, and where it stands first. `key` is its once-only key."""

    template: Template
    card_id: UUID | None
    address: str
    person: str
    key: bytes
    actor: str
    asked_at: datetime
    not_before: datetime
    too_late_at: datetime | None
    state: MessageState = MessageState.WAITING
    cause: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    again: int = 0
    is_test: bool = False


def add(
    session: Session,
    church_id: UUID,
    new: NewMessage,
    *,
    due_at: datetime,
    work: OutboxState = OutboxState.DUE,
) -> UUID | None:
    """Writes the message and its place in the outbox; its id, or None where one with its key stands there already.

    A test leaves with the newest words of its template, every other message with the published ones.
    """
    template = new.template
    newest = new.is_test or template.published_version is None
    message_id = session.scalar(
        upsert(Message)
        .values(
            id=new_id(),
            church_id=church_id,
            card_id=new.card_id,
            template_id=template.id,
            template_version=template.version if newest else template.published_version,
            channel=template.channel,
            purpose=template.purpose,
            address=new.address,
            person=new.person,
            idempotency_key=new.key,
            state=new.state,
            cause=new.cause,
            facts=dict(new.facts),
            again=new.again,
            is_test=new.is_test,
            requested_by=new.actor,
            requested_at=new.asked_at,
            not_before=new.not_before,
            too_late_at=new.too_late_at,
            status_changed_at=new.asked_at,
        )
        .on_conflict_do_nothing(index_elements=[Message.church_id, Message.idempotency_key])
        .returning(Message.id)
    )
    if message_id is not None:
        session.execute(
            insert(Outbox).values(
                church_id=church_id,
                kind="message",
                message_id=message_id,
                state=work,
                priority=Priority.NEW,
                due_at=due_at,
                requested_by=new.actor,
            )
        )
    return message_id


@dataclass(frozen=True)
class Locked:
    """One message that nobody else changes until the transaction ends. `leased`: a worker is at it."""

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
