"""Reading a prayer request: by those alone who may, and each reading is noted; the text stands in no log."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import PrayerRequest
from ghl.people.policy import SignedIn


class PrayerRefusedError(PermissionError):
    """Somebody who may not read prayer requests asked for one."""


def read_prayer(session: Session, reader: SignedIn, card_id: UUID) -> str | None:
    """The prayer request of a card, None where there is none. A transaction of the reader's church.

    The reading and its entry in the change log are one transaction: nobody reads unnoted. Raises
    `PrayerRefusedError`.
    """
    church = reader.church
    if church is None or not church.reads_prayers:
        raise PrayerRefusedError("Only the prayer team may read this.")
    found = session.execute(
        select(PrayerRequest.text).where(
            PrayerRequest.church_id == church.church_id,
            PrayerRequest.card_id == card_id,
        )
    ).scalar_one_or_none()
    if found is not None:
        audit.record(
            session,
            church_id=church.church_id,
            actor=reader.actor,
            action="prayer.read",
            subject=str(card_id),
        )
    return found
