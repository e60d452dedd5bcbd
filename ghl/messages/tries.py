"""The tries of a message whose worker loses it: to a stop, a press that decides otherwise, or what GoHighLevel tells."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ghl.db.models import MessageAttempt, Outbox, PersonKey
from ghl.statuses import AttemptOutcome


def end_open(session: Session, message_ids: Sequence[UUID]) -> None:
    """Ends what is still open: its worker finds that the row is no longer its own, and writes nothing any more.

    The number that it held is free again.
    """
    session.execute(
        update(MessageAttempt)
        .where(MessageAttempt.message_id.in_(message_ids), MessageAttempt.ended_at.is_(None))
        .values(outcome=AttemptOutcome.NOT_SENT, ended_at=func.clock_timestamp())
        .execution_options(synchronize_session=False)
    )
    held = select(Outbox.id).where(Outbox.message_id.in_(message_ids))
    session.execute(
        delete(PersonKey).where(PersonKey.outbox_id.in_(held)).execution_options(synchronize_session=False)
    )
