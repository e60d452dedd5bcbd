"""The tries of a message whose worker loses it: to a stop, a press that decides otherwise, or what GoHighLevel tells."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from ghl.db.models import MessageAttempt
from ghl.statuses import AttemptOutcome


def end_open(session: Session, message_ids: Sequence[UUID]) -> None:
    """Ends what is still open: its worker finds that the row is no longer its own, and writes nothing any more."""
    session.execute(
        update(MessageAttempt)
        .where(MessageAttempt.message_id.in_(message_ids), MessageAttempt.ended_at.is_(None))
        .values(outcome=AttemptOutcome.NOT_SENT, ended_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
