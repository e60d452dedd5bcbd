"""Whether corrections of cards say what they said when the change log noted them. It tells numbers only.

What was erased since cannot be compared, and need not be.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session

from ghl.cards.digest import digest
from ghl.chain.verify import Kind, Problem
from ghl.changes.log import Place
from ghl.db.engine import Database
from ghl.db.models import AuditEntry, Card, CardRevision

AT_ONCE = 1000
ACTION = "card.corrected"

Key = tuple[UUID, int]


def altered(database: Database, church_id: UUID) -> Iterator[Problem]:
    """The corrections that are another than when they were made, some read at a time."""
    after: Place | None = None
    more = True
    while more:
        with database.church(church_id) as session:
            entries = _entries(session, church_id, after)
            noted = {key: row for row in entries if (key := _key(row))}
            found = _revisions(session, church_id, [card_id for card_id, _ in noted])
        for key, row in noted.items():
            revision = found.get(key)
            if revision is not None and digest(revision.fields, bytes(revision.salt)) != row.facts["digest"]:
                yield Problem(
                    Kind.CHANGED,
                    None,
                    row.id,
                    f"revision {key[1]} of card {revision.number} is not what was saved (entry {row.id}).",
                )
        more = len(entries) == AT_ONCE
        after = Place(entries[-1].at, entries[-1].id) if entries else None


def _entries(session: Session, church_id: UUID, after: Place | None) -> Sequence[Row[*tuple[Any, ...]]]:
    query = (
        select(AuditEntry.id, AuditEntry.at, AuditEntry.subject, AuditEntry.facts)
        .where(AuditEntry.church_id == church_id, AuditEntry.action == ACTION)
        .order_by(AuditEntry.at, AuditEntry.id)
        .limit(AT_ONCE)
    )
    if after:
        query = query.where(tuple_(AuditEntry.at, AuditEntry.id) > tuple_(after.at, after.id))
    return session.execute(query).all()


def _key(row: Row[*tuple[Any, ...]]) -> Key | None:
    """The revision that an entry tells of; those of before had no hash, and one that was changed has any text."""
    try:
        return (UUID(row.subject), int(row.facts["revision"])) if "digest" in row.facts else None
    except (KeyError, TypeError, ValueError):
        return None


def _revisions(
    session: Session, church_id: UUID, card_ids: Sequence[UUID]
) -> dict[Key, Row[*tuple[Any, ...]]]:
    rows = session.execute(
        select(CardRevision.card_id, CardRevision.no, CardRevision.fields, CardRevision.salt, Card.number)
        .join(Card, Card.id == CardRevision.card_id)
        .where(
            CardRevision.church_id == church_id,
            CardRevision.card_id.in_(card_ids),
            CardRevision.salt.is_not(None),
        )
    )
    return {(row.card_id, row.no): row for row in rows}
