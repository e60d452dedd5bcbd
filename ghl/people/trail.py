"""Entries in the change log about people: by id, never by name or address."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ghl import audit
from ghl.people.policy import actor_name


def note(
    session: Session,
    action: str,
    user_id: UUID,
    *,
    actor: str | None = None,
    church_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Adds an entry about this person; `actor` is who did it, the person themselves unless said."""
    subject = actor_name(user_id)
    audit.record(
        session, church_id=church_id, actor=actor or subject, action=action, subject=subject, facts=facts
    )
