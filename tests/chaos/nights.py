"""The comparison of a night, for every church and to its end, when a run is over: nobody waits for one in the morning."""

import time
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ghl.consent import dnd_check
from tests.chaos.installation import Installation, where_it_is

AT_NIGHT = 2
"""The hour to which a church's clock is set."""

EVERY = 0.15
SET = text("UPDATE churches SET timezone = :zone WHERE id = :church")

log = structlog.get_logger()


def compare_all(installation: Installation, *, within: float) -> bool:
    """Whether each church's comparison came to its end in time, having begun after this call."""
    zone = where_it_is(AT_NIGHT, datetime.now(UTC))
    for church_id in installation.ids.values():
        with installation.hub.database.church(church_id) as session:
            session.execute(SET, {"zone": zone, "church": church_id})
    # One that was broken off by the morning goes on where it stood: then a whole one comes after it.
    left = {
        church_id: 2 if _under_way(installation, church_id) else 1 for church_id in installation.ids.values()
    }
    ends = {church_id: _ended(installation, church_id) for church_id in left}
    began = time.monotonic()
    while left and time.monotonic() - began < within:
        for church_id in list(left):
            try:
                ended = _step(installation, church_id)
            except SQLAlchemyError as error:
                log.info("night.waits", error=type(error).__name__)
                continue
            if ended != ends[church_id]:
                ends[church_id] = ended
                left[church_id] -= 1
            if not left[church_id]:
                del left[church_id]
        time.sleep(EVERY)
    for church_id in installation.ids.values():
        with installation.hub.database.church(church_id) as session:
            session.execute(SET, {"zone": installation.timezone, "church": church_id})
    return not left


def _step(installation: Installation, church_id: UUID) -> datetime | None:
    """What the housekeeper does, without its pauses. Both may do it."""
    with installation.hub.database.church(church_id) as session:
        dnd_check.check_now(session, church_id)
    with installation.hub.database.church(church_id) as session:
        asked = dnd_check.follow(session, church_id, now=datetime.now(UTC))
    if asked:
        installation.hub.background_waker.wake(church_id)
    return _ended(installation, church_id)


def _under_way(installation: Installation, church_id: UUID) -> bool:
    with installation.hub.database.church(church_id) as session:
        return dnd_check.checked(session, church_id).started_at is not None


def _ended(installation: Installation, church_id: UUID) -> datetime | None:
    with installation.hub.database.church(church_id) as session:
        return dnd_check.checked(session, church_id).finished_at
