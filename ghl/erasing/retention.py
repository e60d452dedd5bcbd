"""What was kept long enough goes, some rows at a time. How long each is kept: docs/operations.md.

Run by the scheduler; two at once do no harm.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.churches import ChurchError
from ghl.db.engine import Database
from ghl.db.models import Card, Church, ConsentProof, Outbox
from ghl.statuses import CardStatus

ATTEMPTS_KEPT = timedelta(days=396)
"""13 months: "as in last year's season" can still be looked up."""

PROOFS_KEPT = timedelta(days=5 * 366)
"""After the erasure, and so longer than 5 years after the consent. That somebody said stop is never forgotten."""

REQUESTS_KEPT = ATTEMPTS_KEPT
ROWS_AT_ONCE = 1000
CARDS_AT_ONCE = 200

OVER = (CardStatus.SYNCED, CardStatus.DISMISSED)
"""Only what nobody waits for grows old; what still needs somebody stays until it is done."""

# Ids grow with time, so the oldest are found without an index on the time.
ATTEMPTS = text(
    """
    DELETE FROM attempts WHERE id IN (
        SELECT id FROM (SELECT id, started_at FROM attempts ORDER BY id LIMIT :most) AS oldest
        WHERE started_at < :before)
    """
)

MESSAGE_ATTEMPTS = text(
    """
    DELETE FROM message_attempts WHERE id IN (
        SELECT id FROM (SELECT id, started_at FROM message_attempts ORDER BY id LIMIT :most) AS oldest
        WHERE started_at < :before)
    """
)

REQUESTS = text(
    """
    DELETE FROM erasures AS e WHERE e.id IN (
        SELECT id FROM erasures WHERE asked_at < :before AND state = 'done' ORDER BY asked_at LIMIT :most)
      AND NOT EXISTS (SELECT FROM contact_removals AS r WHERE r.erasure_id = e.id AND r.state = 'waiting')
    """
)


def prune_attempts(session: Session, *, now: datetime, most: int = ROWS_AT_ONCE) -> int:
    """Tries that are older than 13 months. A system transaction."""
    gone = session.execute(ATTEMPTS, {"before": now - ATTEMPTS_KEPT, "most": most})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def prune_message_attempts(session: Session, *, now: datetime, most: int = ROWS_AT_ONCE) -> int:
    """Tries with messages that are older than 13 months. A system transaction."""
    gone = session.execute(MESSAGE_ATTEMPTS, {"before": now - ATTEMPTS_KEPT, "most": most})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def prune_proofs(session: Session, *, now: datetime, most: int = ROWS_AT_ONCE) -> int:
    """Proofs of consent of people who were erased more than 5 years ago. A system transaction."""
    old = (
        select(ConsentProof.id)
        .where(ConsentProof.erased_at < now - PROOFS_KEPT, ConsentProof.kind.not_in(("stop", "no")))
        .order_by(ConsentProof.erased_at)
        .limit(most)
    )
    gone = session.execute(delete(ConsentProof).where(ConsentProof.id.in_(old)))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def prune_requests(session: Session, *, now: datetime, most: int = ROWS_AT_ONCE) -> int:
    """Requests to erase that were carried out long ago, and of which nothing waits. A system transaction."""
    gone = session.execute(REQUESTS, {"before": now - REQUESTS_KEPT, "most": most})
    return int(gone.rowcount)  # type: ignore[attr-defined]


def keep_cards_for(database: Database, church_id: UUID, years: int | None, *, actor: str) -> None:
    """Sets for how many years the church's cards are kept; None: without an end. Raises `ChurchError`."""
    if years is not None and not 1 <= years <= 99:
        raise ChurchError("Cards can be kept for 1 to 99 years.")
    with database.erasing(church_id) as session:
        session.execute(update(Church).where(Church.id == church_id).values(keep_cards_years=years))
        audit.record(
            session, church_id=church_id, actor=actor, action="church.kept_for", facts={"years": years or 0}
        )


def churches_that_forget(session: Session) -> Sequence[tuple[UUID, int]]:
    """Churches whose cards are not kept for ever, with the years. A system transaction."""
    rows = session.execute(
        select(Church.id, Church.keep_cards_years).where(
            Church.keep_cards_years.is_not(None), Church.removing_at.is_(None)
        )
    )
    return [(row.id, row.keep_cards_years) for row in rows]


def expire_cards(
    database: Database, church_id: UUID, years: int, *, now: datetime, most: int = CARDS_AT_ONCE
) -> int:
    """Takes away cards that came in longer ago than that and are over; what they said about messages stays."""
    before = now - timedelta(days=round(years * 365.25))
    with database.erasing(church_id) as session:
        ids: list[UUID] = []
        for status in OVER:
            ids += session.scalars(
                select(Card.id)
                .where(Card.church_id == church_id, Card.status == status, Card.received_at < before)
                .order_by(Card.received_at)
                .limit(most - len(ids))
            )
        if not ids:
            return 0
        session.execute(
            select(Outbox.id).where(Outbox.card_id.in_(ids)).order_by(Outbox.id).with_for_update()
        )
        gone = session.scalars(
            delete(Card)
            .where(Card.church_id == church_id, Card.id.in_(ids), Card.status.in_(OVER))
            .returning(Card.id)
            .execution_options(synchronize_session=False)
        ).all()
        if gone:
            audit.record(
                session,
                church_id=church_id,
                actor="system",
                action="cards.expired",
                facts={"cards": len(gone)},
            )
    return len(gone)
