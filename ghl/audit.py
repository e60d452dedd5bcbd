"""Who did what: entries that are only ever added, in the transaction of what they tell of."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from ghl.db.models import AuditEntry


def record(
    session: Session,
    *,
    church_id: UUID | None,
    actor: str,
    action: str,
    subject: str | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Adds an entry. `facts` holds field names, counts and codes, never a person's data or a secret."""
    session.execute(
        # Inline: nothing is asked back, for some roles may add entries and read none.
        insert(AuditEntry)
        .inline()
        .values(church_id=church_id, actor=actor, action=action, subject=subject, facts=facts or {})
    )


RECORD_EACH = text(
    """
    INSERT INTO audit_entries (church_id, actor, action, subject, facts)
    SELECT :church, :actor, :action, subject, '{}' FROM unnest(CAST(:subjects AS text[])) AS subject
    """
)


def record_each(
    session: Session, *, church_id: UUID, actor: str, action: str, subjects: Sequence[str]
) -> None:
    """Adds an entry for each subject, all alike, in one statement."""
    values = {"church": church_id, "actor": actor, "action": action, "subjects": list(subjects)}
    session.execute(RECORD_EACH, values)
