"""The lease of a church's delivery: one worker at a time, because that saves work. Times are the database's."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from ghl.delivery.claim import CANDIDATES

CHURCH_LEASE_SECONDS = 15.0

TAKE = text(
    """
    UPDATE delivery_leases SET holder = :holder, until = now() + make_interval(secs => :seconds)
    WHERE church_id = :church AND (holder IS NULL OR holder = :holder OR until < now())
    RETURNING true
    """
)

LOCK = text("SELECT true FROM delivery_leases WHERE church_id = :church AND holder = :holder FOR UPDATE")

RELEASE = text(
    """
    UPDATE delivery_leases
    SET holder = NULL, until = CASE
        WHEN :pause > 0 THEN now() + make_interval(secs => :pause)
        -- Due, and yet none may go: they wait behind an older card of their person. The sweep need not ask at once.
        WHEN :look AND EXISTS (SELECT FROM outbox AS o
                               WHERE o.church_id = :church AND o.state = 'due' AND o.due_at <= now())
        THEN now() + interval '3 seconds' END
    WHERE church_id = :church
    """
)


def take(session: Session, church_id: UUID, holder: str, *, seconds: float = CHURCH_LEASE_SECONDS) -> bool:
    """Takes the lease, or makes it last longer; False while somebody else has it."""
    values = {"church": church_id, "holder": holder, "seconds": seconds}
    return session.scalar(TAKE, values) is not None


def release(
    session: Session,
    church_id: UUID,
    holder: str,
    *,
    look: bool = True,
    pause_seconds: float = 0.0,
    also: Callable[[], bool] = lambda: False,
) -> bool:
    """Gives the lease back, unless something became due meanwhile: then False, and the holder goes on.

    Who saves a card and wakes a worker while the lease is held is heard here: the look at what is due comes
    after the lease row is locked. Without `look` it is given back whatever is due, to another worker or, with
    `pause_seconds`, to nobody for so long: then the sweep leaves the church alone (a wake-up does not). `also` looks
    for whatever else the holder does than cards.
    """
    if session.scalar(LOCK, {"church": church_id, "holder": holder}) is None:
        return True
    cards = {"church": church_id, "most": 1, "credential": None}
    if look and (session.execute(CANDIDATES, cards).first() or also()):
        return False
    session.execute(RELEASE, {"church": church_id, "pause": pause_seconds, "look": look})
    return True
