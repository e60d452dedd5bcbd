"""Handling a kept event once more, because somebody asked for it. Handled twice an event changes nothing more."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import WebhookEvent
from ghl.statuses import WebhookState
from ghl.webhooks.kinds import KNOWN

ANEW: dict[str, Any] = {
    "tries": 0,
    "cause": None,
    "facts": {},
    "handled_at": None,
    "seen_at": None,
    "seen_by": None,
}
"""What is known of an event again. Whoever saw it saw what came of it then."""


def replay(session: Session, church_id: UUID, event_id: int, *, actor: str) -> bool:
    """Lets the event be handled again; False where it waits already, its body is gone or its type is unknown."""
    again = session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.church_id == church_id,
            WebhookEvent.id == event_id,
            WebhookEvent.state != WebhookState.WAITING,
            WebhookEvent.type.in_(KNOWN),
            WebhookEvent.body.is_not(None),
        )
        .values(state=WebhookState.WAITING, due_at=func.now(), **ANEW)
        .execution_options(synchronize_session=False)
    )
    if not again.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record(
        session, church_id=church_id, actor=actor, action="webhook.replayed", subject=f"event:{event_id}"
    )
    return True


def replay_failed(session: Session, church_id: UUID, *, actor: str, most: int = 500) -> int:
    """Lets the failed ones that nobody has marked as seen be handled again, the oldest first; returns how many."""
    again = session.scalars(
        update(WebhookEvent)
        .where(
            WebhookEvent.church_id == church_id,
            WebhookEvent.id.in_(
                _failed(church_id).order_by(WebhookEvent.received_at, WebhookEvent.id).limit(most)
            ),
        )
        .values(state=WebhookState.WAITING, due_at=func.now(), **ANEW)
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    ).all()
    if again:
        facts = {"events": len(again)}
        audit.record(session, church_id=church_id, actor=actor, action="webhook.replayed", facts=facts)
    return len(again)


def _failed(church_id: UUID) -> Select[int]:
    return select(WebhookEvent.id).where(
        WebhookEvent.church_id == church_id,
        WebhookEvent.state == WebhookState.FAILED,
        WebhookEvent.seen_at.is_(None),
        WebhookEvent.body.is_not(None),
    )
