"""How things stand, in numbers: cards by status, the oldest that waits, the breakers, the workers.

What `hub status` prints and the health page shows. It reads no card's content. Plain SQL and no table classes:
the command answers within the blink that people and scripts allow it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import redis
from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from ghl.client.breaker import Breakers
from ghl.db.engine import Database
from ghl.statuses import CardStatus

CHURCH = text(
    """
    SELECT c.id, l.ghl_id FROM churches AS c LEFT JOIN locations AS l ON l.church_id = c.id AND l.active
    WHERE c.slug = :slug
    """
)

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


def status(database: Database, breakers: Breakers, *, slug: str | None = None) -> Status:
    """How one church stands, or the whole installation. Without Redis the breaker is `unknown`.

    Raises `ChurchNotFoundError`.
    """
    with database.system() as session:
        church, location = _church(session, slug) if slug is not None else (None, None)
        rows = session.execute(COUNTS, {"church": church}).all()
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
        breaker=breaker_state(breakers, location, whole_installation=slug is None),
        workers=workers,
    )


def breaker_state(
    breakers: Breakers, location: str | None, *, whole_installation: bool
) -> Mapping[str, object]:
    """`state` is closed, open, half-open or unknown; `retry_at` is when GoHighLevel is tested next.

    GoHighLevel as a whole comes first (`whole`): while it is open, no location's own state matters.
    """
    try:
        found = {state.location_id: state for state in breakers.states()}
    except redis.RedisError:
        return {"state": "unknown"}
    one = found.get(None) or (found.get(location) if location else None)
    told: dict[str, object] = {
        "state": one.state if one else "closed",
        "retry_at": one.retry_at.isoformat() if one and one.retry_at else None,
        "whole": None in found,
    }
    if whole_installation:
        told["open_locations"] = sorted(name for name in found if name is not None)
    return told


def _church(session: Session, slug: str) -> tuple[UUID, str | None]:
    row = session.execute(CHURCH, {"slug": slug}).one_or_none()
    if row is None:
        from ghl.churches import ChurchNotFoundError  # noqa: PLC0415 - only where it is raised

        raise ChurchNotFoundError(f"There is no church called {slug!r}. See: hub church list")
    return row.id, row.ghl_id


def _oldest(database: Database, church_id: UUID) -> int | None:
    with database.church(church_id) as session:
        age = session.execute(OLDEST, {"church": church_id}).scalar_one()
    return None if age is None else max(0, int(age))
