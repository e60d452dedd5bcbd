"""GoHighLevel's raw answers, kept with each failed call for a while: what happened stays, the answer goes."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

KEPT = timedelta(days=30)
MOST_AT_ONCE = 500
"""Attempts a transaction: it holds up nobody, and the next round goes on."""

# Only attempts that still hold an answer stand in the index.
EMPTY = text(
    """
    WITH old AS (
        SELECT id FROM attempts
        WHERE calls @? '$[*].answer' AND started_at < :before
        ORDER BY started_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    UPDATE attempts AS a
    SET calls = (SELECT jsonb_agg(call - 'answer' ORDER BY n) FROM jsonb_array_elements(a.calls)
                 WITH ORDINALITY AS c(call, n))
    FROM old WHERE a.id = old.id
    """
)


def empty_old(session: Session, *, now: datetime, most: int = MOST_AT_ONCE) -> int:
    """Takes the answers out of attempts older than `KEPT`, of all churches, at most `most` of them; returns of how
    many. A system transaction.
    """
    emptied = session.execute(EMPTY, {"before": now - KEPT, "most": most})
    return int(emptied.rowcount)  # type: ignore[attr-defined]
