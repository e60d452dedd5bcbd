"""What GoHighLevel says of a message that it has: only forward, so a late or repeated word changes nothing."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session


def heard_status(
    session: Session,
    church_id: UUID,
    *,
    ghl_message_id: str | None = None,
    ghl_email_message_id: str | None = None,
    status: str,
    at: datetime,
) -> bool:
    """Takes in the state that GoHighLevel names; whether it is a message of ours. A transaction of the church.

    `opt_out` is recorded as a stop of the address.
    """
    raise NotImplementedError
