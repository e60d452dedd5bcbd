"""How things stand, in numbers: cards by status, the oldest that waits, the breakers, the workers.

What `hub status` prints and the health page shows. It reads no card's content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import redis
from sqlalchemy import bindparam, text

from ghl.churches import ChurchView
from ghl.client.breaker import Breakers
from ghl.db.engine import Database
from ghl.statuses import CardStatus

ALIVE_SECONDS = 15
"""A worker that has not said so within this time is not counted: three missed heartbeats."""

COUNTS = text(
    """
    SELECT church_id, status, sum(cards) AS cards
    FROM (SELECT church_id, status, cards FROM card_counts
          UNION ALL SELECT church_id, status, delta FROM card_count_deltas) AS parts
    WHERE cast(:church AS uuid) IS NULL OR church_id = :church
    GROUP BY church_id, status
    """
)

WORKERS = text(
    "SELECT count(*) FROM heartbeats WHERE kind = 'worker' AND seen_at > now() - make_interval(secs => :alive)"
).bindparams(bindparam("alive", ALIVE_SECONDS))

# One probe of an index a status: the first row of each in the order received.
OLDEST = text(
    """
    SELECT extract(epoch FROM now() - min(oldest))
    FROM (VALUES ('waiting'), ('sending')) AS wanted (status)
    CROSS JOIN LATERAL (
        SELECT received_at AS oldest FROM cards
        WHERE church_id = :church AND cards.status = wanted.status ORDER BY received_at LIMIT 1
    ) AS first
    """
)


@dataclass(frozen=True)
class Status:
    """The numbers of one church, or of all. `messages` stays empty until the hub sends messages."""

    cards: Mapping[CardStatus, int]
    oldest_waiting_seconds: int | None
    breaker: Mapping[str, object]
    workers: int
    messages: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The form that other programs rely on (README, "hub status")."""
        return {
            "cards": {str(status): number for status, number in self.cards.items()},
            "messages": dict(self.messages),
            "oldest_waiting_seconds": self.oldest_waiting_seconds,
            "breaker": dict(self.breaker),
            "workers": self.workers,
        }


def status(database: Database, breakers: Breakers, *, church: ChurchView | None = None) -> Status:
    """How one church stands, or the whole installation. Without Redis the breaker is `unknown`."""
    with database.system() as session:
        rows = session.execute(COUNTS, {"church": church.id if church else None}).all()
        workers = int(session.execute(WORKERS).scalar_one())
    cards = dict.fromkeys(CardStatus, 0)
    waiting: set[UUID] = set()
    for row in rows:
        cards[CardStatus(row.status)] += int(row.cards)
        if row.cards and row.status in (CardStatus.WAITING, CardStatus.SENDING):
            waiting.add(row.church_id)
    ages = [age for age in (_oldest(database, church_id) for church_id in waiting) if age is not None]
    return Status(
        cards=cards,
        oldest_waiting_seconds=max(ages, default=None),
        breaker=breaker_state(breakers, church),
        workers=workers,
    )


def breaker_state(breakers: Breakers, church: ChurchView | None) -> Mapping[str, object]:
    """`state` is closed, open, half-open or unknown; `retry_at` is when GoHighLevel is tested next."""
    try:
        return _breaker(breakers, church)
    except redis.RedisError:
        return {"state": "unknown"}


def _breaker(breakers: Breakers, church: ChurchView | None) -> Mapping[str, object]:
    """GoHighLevel as a whole comes first: while it is open, no location's own state matters."""
    found = {state.location_id: state for state in breakers.states()}
    one = found.get(None) or (
        found.get(church.location_ghl_id) if church and church.location_ghl_id else None
    )
    told: dict[str, object] = {
        "state": one.state if one else "closed",
        "retry_at": one.retry_at.isoformat() if one and one.retry_at else None,
        "whole": None in found,
    }
    if church is None:
        told["open_locations"] = sorted(location for location in found if location is not None)
    return told


def _oldest(database: Database, church_id: UUID) -> int | None:
    with database.church(church_id) as session:
        age = session.execute(OLDEST, {"church": church_id}).scalar_one()
    return None if age is None else max(0, int(age))
