"""How things stand, in numbers: cards by status, the oldest that waits, the breakers, the workers.

What `hub status` prints and the health page shows. It reads no card's content. It loads little, because people and
scripts ask again and again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import redis

from ghl.client.breaker import Breakers
from ghl.db.look import Look
from ghl.statuses import CardStatus, MessageState

CHURCH = """
    SELECT c.id, l.ghl_id FROM churches AS c LEFT JOIN locations AS l ON l.church_id = c.id AND l.active
    WHERE c.slug = %(slug)s
"""

ALIVE_SECONDS = 15
"""A worker that has not said so within this time is not counted: three missed heartbeats."""

COUNTS = """
    SELECT church_id, status, sum(cards)::bigint AS cards
    FROM (SELECT church_id, status, cards FROM card_counts
          UNION ALL SELECT church_id, status, delta FROM card_count_deltas) AS parts
    WHERE %(church)s::uuid IS NULL OR church_id = %(church)s
    GROUP BY church_id, status
"""

MESSAGES = """
    SELECT state, sum(messages)::bigint AS messages
    FROM (SELECT church_id, state, messages FROM message_counts
          UNION ALL SELECT church_id, state, delta FROM message_count_deltas) AS parts
    WHERE %(church)s::uuid IS NULL OR church_id = %(church)s
    GROUP BY state
"""

WORKERS = """
    SELECT count(*) FROM heartbeats
    WHERE kind = 'worker' AND seen_at > now() - make_interval(secs => %(alive)s)
"""

# One probe of an index a status: the first row of each in the order received.
OLDEST = """
    SELECT extract(epoch FROM now() - min(oldest))::float
    FROM (VALUES ('waiting'), ('sending')) AS wanted (status)
    CROSS JOIN LATERAL (
        SELECT received_at AS oldest FROM cards
        WHERE church_id = %(church)s AND cards.status = wanted.status ORDER BY received_at LIMIT 1
    ) AS first
"""


@dataclass(frozen=True)
class Status:
    """The numbers of one church, or of all. `messages` are texts and e-mails by state, tests of the words aside."""

    cards: Mapping[CardStatus, int]
    oldest_waiting_seconds: int | None
    breaker: Mapping[str, object]
    workers: int
    messages: Mapping[MessageState, int]

    def as_json(self) -> dict[str, object]:
        """The form that other programs rely on (README, "hub status")."""
        return {
            "cards": {str(status): number for status, number in self.cards.items()},
            "messages": {str(state): number for state, number in self.messages.items()},
            "oldest_waiting_seconds": self.oldest_waiting_seconds,
            "breaker": dict(self.breaker),
            "workers": self.workers,
        }


def status(look: Look, breakers: Breakers, *, slug: str | None = None) -> Status:
    """How one church stands, or the whole installation. Without Redis the breaker is `unknown`.

    Raises `ChurchNotFoundError`.
    """
    church, location = _church(look, slug) if slug is not None else (None, None)
    cards = dict.fromkeys(CardStatus, 0)
    waiting: set[UUID] = set()
    for church_id, state, number in look.system(COUNTS, church=church):
        cards[CardStatus(state)] += number
        if number and state in (CardStatus.WAITING, CardStatus.SENDING):
            waiting.add(church_id)
    messages = dict.fromkeys(MessageState, 0)
    messages |= {
        MessageState(state): max(0, number) for state, number in look.system(MESSAGES, church=church)
    }
    ((workers,),) = look.system(WORKERS, alive=ALIVE_SECONDS)
    ages = [age for age in (_oldest(look, church_id) for church_id in waiting) if age is not None]
    return Status(
        cards=cards,
        oldest_waiting_seconds=max(ages, default=None),
        breaker=breaker_state(breakers, location, whole_installation=slug is None),
        workers=workers,
        messages=messages,
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


def _church(look: Look, slug: str) -> tuple[UUID, str | None]:
    found = look.system(CHURCH, slug=slug)
    if not found:
        from ghl.churches import ChurchNotFoundError  # noqa: PLC0415 - only where it is raised

        raise ChurchNotFoundError(f"There is no church called {slug!r}. See: hub church list")
    church_id, location = found[0]
    return church_id, location


def _oldest(look: Look, church_id: UUID) -> int | None:
    ((age,),) = look.church(church_id, OLDEST, church=church_id)
    return None if age is None else max(0, int(age))
