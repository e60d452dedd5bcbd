"""Who did what: entries that are only ever added, in the transaction of what they tell of."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert
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
