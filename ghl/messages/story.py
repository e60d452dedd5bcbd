"""The messages of one card in full: each with its tries, what people did with it, and the words that were sent. It only reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.story import CallMade, call_made
from ghl.db.models import AuditEntry, Message, MessageAttempt
from ghl.messages.shown import Shown, all_of_card
from ghl.statuses import MessageTry

MOST_TRIES = 100
MOST_DEEDS = 100


@dataclass(frozen=True)
class TryOfMessage:
    """One try with a message. `requested_by` is an actor, None where the hub tried by itself."""

    message_id: UUID
    kind: MessageTry
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None
    cause: str | None = None
    http_status: int | None = None
    trace_id: str | None = None
    requested_by: str | None = None
    calls: tuple[CallMade, ...] = ()


@dataclass(frozen=True)
class Deed:
    """What somebody did with a message, by the name that the change log has for it."""

    message_id: UUID
    at: datetime
    by: str
    action: str


@dataclass(frozen=True)
class MessageStory:
    """All that is known of the messages of a card: `messages` oldest first, `tries` and `deeds` newest first and bounded.

    `newest` are those that stand for their template now, `reasons` why some were sent once more.
    """

    messages: tuple[Shown, ...] = ()
    newest: tuple[Shown, ...] = ()
    tries: tuple[TryOfMessage, ...] = ()
    deeds: tuple[Deed, ...] = ()
    said: Mapping[UUID, str] = field(default_factory=dict, repr=False)
    reasons: Mapping[UUID, str] = field(default_factory=dict, repr=False)


def message_story(session: Session, church_id: UUID, card_id: UUID) -> MessageStory:
    """The messages of a card of the church; nothing where none was asked for."""
    messages, newest = all_of_card(session, church_id, card_id)
    if not messages:
        return MessageStory()
    ids = [one.message_id for one in messages]
    bodies = session.execute(
        select(Message.id, Message.body).where(Message.church_id == church_id, Message.id.in_(ids))
    ).all()
    return MessageStory(
        messages=messages,
        newest=newest,
        tries=_tries(session, church_id, ids),
        deeds=_deeds(session, church_id, ids),
        said={row.id: row.body for row in bodies if row.body},
        reasons={
            one.message_id: str(one.facts["reason"])
            for one in messages
            if one.again and "reason" in one.facts
        },
    )


def _tries(session: Session, church_id: UUID, ids: Sequence[UUID]) -> tuple[TryOfMessage, ...]:
    rows = session.scalars(
        select(MessageAttempt)
        .where(MessageAttempt.church_id == church_id, MessageAttempt.message_id.in_(ids))
        .order_by(MessageAttempt.id.desc())
        .limit(MOST_TRIES)
    )
    return tuple(
        TryOfMessage(
            message_id=row.message_id,
            kind=MessageTry(row.kind),
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=row.outcome,
            cause=row.cause,
            http_status=row.http_status,
            trace_id=row.trace_id,
            requested_by=row.requested_by,
            calls=tuple(call_made(call) for call in _calls(row.calls)),
        )
        for row in rows
    )


def _calls(stored: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [call for call in stored if isinstance(call, Mapping)]


def _deeds(session: Session, church_id: UUID, ids: Sequence[UUID]) -> tuple[Deed, ...]:
    rows = session.execute(
        select(AuditEntry.subject, AuditEntry.at, AuditEntry.actor, AuditEntry.action)
        .where(AuditEntry.church_id == church_id, AuditEntry.subject.in_([str(one) for one in ids]))
        .order_by(AuditEntry.id.desc())
        .limit(MOST_DEEDS)
    )
    return tuple(Deed(UUID(row.subject), row.at, row.actor, row.action) for row in rows)
