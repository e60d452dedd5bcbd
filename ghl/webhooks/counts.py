"""How many requests a day ended how. They are added up in memory and written down once a second.

A flood of wrong requests costs the database one small write a second, and one that is away costs no request its answer.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import WebhookCount
from ghl.statuses import WebhookSource

KEPT_FOR = timedelta(days=396)
"""13 months, as attempts are."""


class Outcome(StrEnum):
    """How a request ended."""

    KEPT = "kept"
    REPEATED = "repeated"
    UNKNOWN_LOCATION = "unknown_location"
    OTHER_LOCATION = "other_location"
    WRONG_SIGNATURE = "wrong_signature"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 (a word)
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"
    AWAY = "away"


REFUSED = (Outcome.WRONG_SIGNATURE, Outcome.WRONG_SECRET, Outcome.TOO_LARGE, Outcome.MALFORMED)


@dataclass(frozen=True)
class Count:
    """Requests of one source that ended one way."""

    source: WebhookSource
    outcome: str
    requests: int


class Tally:
    """Counts of this process that are not written yet. Thread-safe."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: Counter[tuple[date, WebhookSource, Outcome]] = Counter()

    def add(self, source: WebhookSource, outcome: Outcome) -> None:
        """Notes one request."""
        with self._lock:
            self._counts[self._clock.now().date(), source, outcome] += 1

    def write(self) -> None:
        """Writes what was counted. Raises what the database raises; then nothing is lost but kept for the next time."""
        with self._lock:
            taken, self._counts = self._counts, Counter()
        if not taken:
            return
        try:
            with self._database.system() as session:
                for (day, source, outcome), requests in sorted(taken.items()):
                    added = upsert(WebhookCount).values(
                        day=day, source=source, outcome=outcome, requests=requests
                    )
                    session.execute(
                        added.on_conflict_do_update(
                            index_elements=["day", "source", "outcome"],
                            set_={"requests": WebhookCount.requests + added.excluded.requests},
                        )
                    )
        except BaseException:
            with self._lock:
                self._counts += taken
            raise


def counts_since(session: Session, since: date) -> Sequence[Count]:
    """Requests of the whole installation since that day, by source and end. A system transaction."""
    rows = session.execute(
        select(WebhookCount.source, WebhookCount.outcome, WebhookCount.requests).where(
            WebhookCount.day >= since
        )
    )
    summed: Counter[tuple[WebhookSource, str]] = Counter()
    for source, outcome, requests in rows:
        summed[WebhookSource(source), outcome] += requests
    return [Count(source, outcome, requests) for (source, outcome), requests in sorted(summed.items())]


def prune(session: Session, *, now: datetime) -> int:
    """Forgets counts older than 13 months. A system transaction."""
    gone = session.execute(delete(WebhookCount).where(WebhookCount.day < (now - KEPT_FOR).date()))
    return int(gone.rowcount)  # type: ignore[attr-defined]
