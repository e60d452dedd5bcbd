"""Folds what triggers wrote about messages into their counts, so that nobody has to count messages themselves."""

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

FOLD_AT_MOST = 50_000
"""Deltas folded in one transaction, so that a fold never takes long."""

FOLD = text(
    """
    WITH taken AS (
        DELETE FROM message_count_deltas
        WHERE id IN (SELECT id FROM message_count_deltas ORDER BY id LIMIT :most)
        RETURNING church_id, channel, state, delta
    )
    INSERT INTO message_counts AS c (church_id, channel, state, messages)
    SELECT church_id, channel, state, sum(delta) FROM taken
    GROUP BY church_id, channel, state ORDER BY church_id, channel, state
    ON CONFLICT (church_id, channel, state) DO UPDATE SET messages = c.messages + excluded.messages
    """
).bindparams(bindparam("most", FOLD_AT_MOST))


def fold(session: Session) -> int:
    """Folds deltas into the counts; returns how many counts changed. A system transaction."""
    return session.execute(FOLD).rowcount  # type: ignore[attr-defined, no-any-return]
