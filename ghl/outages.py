"""Episodes in which GoHighLevel did not answer: when they began and ended, who waited, who was told that it is over.

The breakers in Redis decide; this is what PostgreSQL remembers of them. The scheduler compares the two every second
and writes differences only, so no step is lost with a process and no row is written twice. Times are the database's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Update, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.client.breaker import BreakerState
from ghl.db.models import Location, Outage, OutageTold
from ghl.statuses import OutageEnd, OutageScope

SAME_AGAIN_WITHIN = timedelta(seconds=60)
"""A breaker that opens again so soon had not healed: it is the same episode."""

FOLLOWED_FOR = timedelta(hours=2)
"""Waiting cards are counted so long after an episode; what is still under way then waits for something else."""

FOLLOW_AT_ONCE = 50
KEPT_FOR = timedelta(days=400)

LONGEST_WAIT = timedelta(days=3)
"""No card waits longer for GoHighLevel (R4), so an older one that needs somebody did not wait in this episode."""


@dataclass(frozen=True)
class Episode:
    """An episode of a church as screens tell it. `seen_at` is when it was read."""

    id: int
    scope: OutageScope
    opened_at: datetime
    seen_at: datetime
    asked_at: datetime | None = None
    tested_at: datetime | None = None
    test_good: bool | None = None
    closed_at: datetime | None = None
    ended: OutageEnd | None = None
    waited: int = 0
    arrived: int = 0
    needing: int = 0
    remaining: int = 0
    finished_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether GoHighLevel still does not answer."""
        return self.closed_at is None


@dataclass(frozen=True)
class Changes:
    """What has to be written so that PostgreSQL says what the breakers say. None is the whole installation."""

    opened: Mapping[UUID | None, OutageScope]
    closed: frozenset[UUID | None]
    widened: Mapping[UUID | None, OutageScope]

    def __bool__(self) -> bool:
        return bool(self.opened or self.closed or self.widened)


def affected(
    states: Collection[BreakerState], churches: Mapping[str, UUID]
) -> dict[UUID | None, OutageScope]:
    """Whom GoHighLevel does not answer, by the breakers; `churches` are by their active location. Pure."""
    own = {church for state in states if (church := churches.get(state.location_id or ""))}
    if any(state.location_id is None for state in states):
        return {None: OutageScope.WHOLE} | dict.fromkeys(churches.values(), OutageScope.WHOLE)
    return dict.fromkeys(own, OutageScope.LOCATION)


def compared(now: Mapping[UUID | None, OutageScope], written: Mapping[UUID | None, OutageScope]) -> Changes:
    """The differences between what is so and what is written as open. Pure."""
    return Changes(
        opened={church: scope for church, scope in now.items() if church not in written},
        closed=frozenset(written.keys() - now.keys()),
        widened={church: scope for church, scope in now.items() if written.get(church, scope) is not scope},
    )


def follow_breakers(session: Session, states: Collection[BreakerState]) -> Changes:
    """Writes what has changed since the last look. A system transaction; nothing is written while nothing changes."""
    written = {
        church_id: OutageScope(scope)
        for church_id, scope in session.execute(
            select(Outage.church_id, Outage.scope).where(Outage.closed_at.is_(None))
        )
    }
    if not states and not written:
        return Changes({}, frozenset(), {})
    changes = compared(affected(states, _churches(session, states)), written)
    for church_id, scope in changes.opened.items():
        values = {"church": church_id, "scope": scope, "again": SAME_AGAIN_WITHIN}
        session.execute(OPEN_EPISODE, values)
    for church_id, scope in changes.widened.items():
        session.execute(_open_of(church_id).values(scope=scope))
    if changes.closed:
        churches = [church_id for church_id in changes.closed if church_id is not None]
        session.execute(CLOSE, {"churches": churches, "whole": None in changes.closed})
    return changes


def tested(session: Session, church_id: UUID, *, good: bool) -> None:
    """Notes how a test ended: of the church by whose location it was, and of all while all are affected.

    A system transaction.
    """
    session.execute(
        update(Outage)
        .where(
            Outage.closed_at.is_(None),
            or_(Outage.church_id == church_id, Outage.scope == OutageScope.WHOLE),
        )
        .values(tested_at=func.now(), test_good=good)
    )


def ask_for_test(session: Session, church_id: UUID) -> datetime | None:
    """Notes that somebody asked for a test now; None where no episode is known. A transaction of the church."""
    return session.scalar(_open_of(church_id).values(asked_at=func.now()).returning(Outage.asked_at))


def to_follow(session: Session) -> list[tuple[int, UUID]]:
    """Episodes that are over and whose cards are still on their way, the longest not looked at first.

    A system transaction.
    """
    rows = session.execute(
        select(Outage.id, Outage.church_id)
        .where(Outage.closed_at.is_not(None), Outage.finished_at.is_(None), Outage.church_id.is_not(None))
        .order_by(Outage.followed_at.asc().nulls_first())
        .limit(FOLLOW_AT_ONCE)
    )
    return [(row.id, row.church_id) for row in rows if row.church_id is not None]


def follow_cards(session: Session, church_id: UUID, outage_id: int) -> None:
    """Counts what became of the cards that waited. A transaction of the church."""
    values = {
        "church": church_id,
        "outage": outage_id,
        "longest_wait": LONGEST_WAIT,
        "followed_for": FOLLOWED_FOR,
    }
    session.execute(FOLLOW, values)


def latest(session: Session, church_id: UUID) -> Episode | None:
    """The church's newest episode, open or over. A transaction of the church."""
    row = session.execute(
        select(
            Outage.id,
            Outage.scope,
            Outage.opened_at,
            func.now().label("seen_at"),
            Outage.asked_at,
            Outage.tested_at,
            Outage.test_good,
            Outage.closed_at,
            Outage.ended,
            Outage.waited,
            Outage.arrived,
            Outage.needing,
            Outage.remaining,
            Outage.finished_at,
        )
        .where(Outage.church_id == church_id)
        .order_by(Outage.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    ended = OutageEnd(row.ended) if row.ended else None
    return Episode(**row._asdict() | {"scope": OutageScope(row.scope), "ended": ended})


def tell_once(session: Session, church_id: UUID, episode: Episode, user_id: UUID) -> bool:
    """Whether this person is the first time told that the episode is over; after that they have been told.

    An episode that went on meanwhile ended later, and that is told again. A transaction of the church.
    """
    added = upsert(OutageTold).values(
        outage_id=episode.id, user_id=user_id, church_id=church_id, told_at=func.now()
    )
    told = added.on_conflict_do_update(
        index_elements=["outage_id", "user_id"],
        set_={"told_at": added.excluded.told_at},
        where=OutageTold.told_at < episode.closed_at,
    )
    return session.scalar(told.returning(OutageTold.outage_id)) is not None


def prune(session: Session) -> None:
    """Deletes episodes of long ago. A system transaction."""
    old = delete(Outage).where(Outage.opened_at < func.now() - KEPT_FOR, Outage.closed_at.is_not(None))
    session.execute(old.execution_options(synchronize_session=False))


def _churches(session: Session, states: Collection[BreakerState]) -> dict[str, UUID]:
    """Churches by their active location: those that the breakers name, or all while the whole is open."""
    asked = select(Location.ghl_id, Location.church_id).where(Location.active)
    if not any(state.location_id is None for state in states):
        asked = asked.where(Location.ghl_id.in_([state.location_id for state in states]))
    return {row.ghl_id: row.church_id for row in session.execute(asked)}


def _open_of(church_id: UUID | None) -> Update:
    own = Outage.church_id.is_(None) if church_id is None else Outage.church_id == church_id
    return update(Outage).where(own, Outage.closed_at.is_(None))


# The newest one goes on where it ended just now; else a new one begins. Two schedulers at once write one row.
OPEN_EPISODE = text(
    """
    WITH again AS (
        UPDATE outages SET closed_at = NULL, ended = NULL, finished_at = NULL, followed_at = NULL, scope = :scope,
                           tested_at = NULL, test_good = NULL
        WHERE id = (SELECT id FROM outages WHERE church_id IS NOT DISTINCT FROM CAST(:church AS uuid)
                    ORDER BY id DESC LIMIT 1)
          AND closed_at > now() - CAST(:again AS interval)
        RETURNING id
    )
    INSERT INTO outages (church_id, scope, opened_at)
    SELECT CAST(:church AS uuid), :scope, now() WHERE NOT EXISTS (SELECT FROM again)
    ON CONFLICT DO NOTHING
    """
)

# It ended with the test that was answered, for cards arrive from then on. How many wait is known from the counts,
# without reading a card; those that arrived since the test are counted when the cards are followed.
CLOSE = text(
    """
    WITH parts AS (
        SELECT church_id, cards AS n FROM card_counts
        WHERE church_id = ANY(:churches) AND status IN ('waiting', 'sending')
        UNION ALL
        SELECT church_id, delta FROM card_count_deltas
        WHERE church_id = ANY(:churches) AND status IN ('waiting', 'sending')
    ), waiting AS (
        SELECT church_id, greatest(sum(n), 0) AS n FROM parts GROUP BY church_id
    )
    UPDATE outages AS o
    SET closed_at = CASE WHEN o.test_good THEN o.tested_at ELSE now() END, ended = CASE WHEN o.test_good THEN 'answered' ELSE 'forgotten' END,
        waited = coalesce(w.n, 0), remaining = coalesce(w.n, 0), arrived = 0, needing = 0,
        finished_at = CASE WHEN o.church_id IS NULL THEN now() END
    FROM outages AS x LEFT JOIN waiting AS w ON w.church_id = x.church_id
    WHERE x.id = o.id AND o.closed_at IS NULL
      AND (o.church_id = ANY(:churches) OR (:whole AND o.church_id IS NULL))
    """
)

# Each count is a walk of an index from the end of the episode on. A card that waits for something else, such as its
# own next try, waited for no outage; the first look knows that, and the counts of the tiles did not.
FOLLOW = text(
    """
    WITH episode AS (
        SELECT id, opened_at, closed_at FROM outages
        WHERE id = :outage AND church_id = :church AND closed_at IS NOT NULL AND finished_at IS NULL
    ), arrived AS (
        SELECT count(*) AS n, max(c.synced_at) AS last FROM episode AS e
        JOIN cards AS c ON c.church_id = :church AND c.synced_at >= e.closed_at AND c.received_at <= e.closed_at
    ), needing AS (
        SELECT count(*) AS n, max(c.status_changed_at) AS last FROM episode AS e
        JOIN cards AS c ON c.church_id = :church AND c.status IN ('needs_attention', 'held')
         AND c.received_at BETWEEN e.opened_at - CAST(:longest_wait AS interval) AND e.closed_at
         AND c.status_changed_at >= e.closed_at
    ), remaining AS (
        SELECT count(*) AS n FROM episode AS e
        JOIN cards AS c ON c.church_id = :church AND c.status IN ('waiting', 'sending')
         AND c.received_at <= e.closed_at
         AND (c.cause IS NULL OR c.cause IN ('ghl_not_answering', 'going_slowly', 'daily_limit_reached'))
    )
    UPDATE outages AS o
    SET arrived = arrived.n, needing = needing.n, remaining = remaining.n, followed_at = clock_timestamp(),
        waited = greatest(CASE WHEN o.followed_at IS NOT NULL THEN o.waited ELSE 0 END, arrived.n + needing.n + remaining.n),
        finished_at = CASE WHEN remaining.n = 0 OR o.closed_at < now() - CAST(:followed_for AS interval)
                           THEN coalesce(greatest(arrived.last, needing.last), now()) END
    FROM episode, arrived, needing, remaining WHERE o.id = episode.id
    """
)
