"""Marking as seen what somebody has looked at: news that failed or may be a stop. It stays, and is found by its filter."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import WebhookEvent
from ghl.statuses import WebhookState

DOUBTS = "doubts"


def mark_seen(session: Session, church_id: UUID, event_id: int, *, actor: str, now: datetime) -> bool:
    """Notes who has seen it and when; False where somebody has already, or nobody has to. A transaction of the church."""
    marked = session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.church_id == church_id,
            WebhookEvent.id == event_id,
            WebhookEvent.seen_at.is_(None),
            or_(
                WebhookEvent.state == WebhookState.FAILED,
                func.jsonb_exists(WebhookEvent.facts, DOUBTS) & (WebhookEvent.state == WebhookState.DONE),
            ),
        )
        .values(seen_at=now, seen_by=actor)
        .execution_options(synchronize_session=False)
    )
    if not marked.rowcount:  # type: ignore[attr-defined]
        return False
    audit.record(
        session, church_id=church_id, actor=actor, action="webhook.seen", subject=f"event:{event_id}"
    )
    return True
