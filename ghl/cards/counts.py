"""How many cards stand where: folded counts plus the deltas that triggers wrote since.

Counting the cards themselves would take hundreds of milliseconds in a big church.
"""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, union_all
from sqlalchemy.orm import Session

from ghl.db.models import CardCount, CardCountDelta
from ghl.statuses import CardStatus

FOLD_AT_MOST = 50_000
"""Deltas folded in one transaction, so that a fold never takes long."""

FOR_PEOPLE = (CardStatus.NEEDS_ATTENTION, CardStatus.HELD)
"""The statuses in which a card waits until a person does something."""

FOLD = text(
    """
    WITH taken AS (
        DELETE FROM card_count_deltas
        WHERE id IN (SELECT id FROM card_count_deltas ORDER BY id LIMIT :most)
        RETURNING church_id, status, cause, delta
    )
    INSERT INTO card_counts AS c (church_id, status, cause, cards)
    SELECT church_id, status, cause, sum(delta) FROM taken
    GROUP BY church_id, status, cause ORDER BY church_id, status, cause
    ON CONFLICT (church_id, status, cause) DO UPDATE SET cards = c.cards + excluded.cards
    """
).bindparams(bindparam("most", FOLD_AT_MOST))


def fold(session: Session) -> int:
    """Folds deltas into the counts; returns how many counts changed. A system transaction."""
    return session.execute(FOLD).rowcount  # type: ignore[attr-defined, no-any-return]


def counts(session: Session, church_id: UUID) -> Mapping[CardStatus, int]:
    """Cards of the church by status, every status named. One statement, so it sees a fold whole or not at all."""
    parts = union_all(
        select(CardCount.status, CardCount.cards.label("n")).where(CardCount.church_id == church_id),
        select(CardCountDelta.status, CardCountDelta.delta).where(CardCountDelta.church_id == church_id),
    ).subquery()
    found = session.execute(select(parts.c.status, func.sum(parts.c.n)).group_by(parts.c.status))
    by_status = {status: int(n) for status, n in found}
    return {status: by_status.get(status, 0) for status in CardStatus}


def counts_by_cause(session: Session, church_id: UUID) -> Mapping[tuple[CardStatus, str], int]:
    """Cards that wait for a person, by status and cause; an empty cause is one that was not noted."""
    parts = union_all(
        select(CardCount.status, CardCount.cause, CardCount.cards.label("n")).where(
            CardCount.church_id == church_id, CardCount.status.in_(FOR_PEOPLE)
        ),
        select(CardCountDelta.status, CardCountDelta.cause, CardCountDelta.delta).where(
            CardCountDelta.church_id == church_id, CardCountDelta.status.in_(FOR_PEOPLE)
        ),
    ).subquery()
    found = session.execute(
        select(parts.c.status, parts.c.cause, func.sum(parts.c.n)).group_by(parts.c.status, parts.c.cause)
    )
    return {(CardStatus(status), cause): int(n) for status, cause, n in found if n > 0}
