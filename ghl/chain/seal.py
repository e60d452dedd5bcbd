"""Sealing: entries that have no place in a chain yet get one, in the order of their ids, some at a time.

The scheduler does it; whoever adds entries waits for nothing. Ids are given before a transaction commits, so a lower
one may appear later: it comes later in the chain, and never not at all. Two sealers at once take turns.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Row, bindparam, exists, func, insert, select, text
from sqlalchemy.orm import Session

from ghl.chain.hashing import START, SealedEntry, chain_of, entry_hash
from ghl.db.base import table_of
from ghl.db.engine import Database
from ghl.db.models import AuditEntry, AuditSeal

AT_ONCE = 1000
"""Entries a transaction: some 50 ms."""

MOST_BATCHES = 5
"""Batches a turn, so that the scheduler's other work waits for less than a second."""

STRAGGLES = timedelta(minutes=10)
"""So much later than its neighbours an entry may appear: far longer than any transaction of the hub lives."""

LOCK = 0x43_43_48_02
"""Of the advisory lock that sealers take in turn ("CCH", 2)."""

TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")

ENTRY = (
    AuditEntry.id,
    AuditEntry.church_id,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.subject,
    AuditEntry.origin,
    AuditEntry.facts,
)
"""All that a hash covers."""

# All entries below this one have their place, or will never have one.
SEALED_BELOW = (
    select(AuditSeal.entry_id)
    .where(AuditSeal.sealed_at < func.now() - STRAGGLES)
    .order_by(AuditSeal.sealed_at.desc(), AuditSeal.entry_id)
    .limit(1)
)

# Both sides are bounded, so that neither is read from its beginning.
UNSEALED = (
    select(*ENTRY)
    .where(
        AuditEntry.id > bindparam("after"),
        ~exists().where(AuditSeal.entry_id == AuditEntry.id, AuditSeal.entry_id > bindparam("after")),
    )
    .order_by(AuditEntry.id)
    .limit(bindparam("most"))
)

HEADS = text(
    """
    SELECT c.chain, s.position, s.hash
    FROM unnest(CAST(:chains AS uuid[])) AS c(chain)
    CROSS JOIN LATERAL (
        SELECT position, hash FROM audit_seals WHERE chain = c.chain ORDER BY position DESC LIMIT 1
    ) AS s
    """
)


def seal(database: Database, *, most: int = AT_ONCE, batches: int = MOST_BATCHES) -> int:
    """Seals what is not sealed yet, at most so many batches of it; returns how many entries that were."""
    sealed, after = 0, 0
    for _ in range(batches):
        with database.system() as session:
            done = seal_batch(session, after=after, most=most)
        if not done:
            break
        sealed, after = sealed + len(done), done[-1]
        if len(done) < most:
            break
    return sealed


def seal_batch(session: Session, *, after: int = 0, most: int = AT_ONCE) -> Sequence[int]:
    """Seals entries behind `after` and returns their ids; none while another sealer is at work. A system transaction.

    `after` only spares looking again at what the transaction before has sealed.
    """
    if not session.execute(TRY_LOCK, {"key": LOCK}).scalar_one():
        return ()
    after = max(after, sealed_below(session))
    entries = [entry_of(row) for row in session.execute(UNSEALED, {"after": after, "most": most})]
    if not entries:
        return ()
    chains = {chain_of(entry.church_id) for entry in entries}
    heads: dict[UUID, tuple[int, bytes]] = {
        row.chain: (row.position, bytes(row.hash)) for row in session.execute(HEADS, {"chains": list(chains)})
    }
    seals = []
    for entry in entries:
        chain = chain_of(entry.church_id)
        last, previous = heads.get(chain, (0, START))
        position = last + 1
        hashed = entry_hash(entry, chain=chain, position=position, previous=previous)
        heads[chain] = (position, hashed)
        seals.append(
            {
                "chain": chain,
                "position": position,
                "entry_id": entry.id,
                "hash": hashed,
                "previous": previous,
            }
        )
    session.execute(insert(table_of(AuditSeal)), seals)
    return [entry.id for entry in entries]


def sealed_below(session: Session) -> int:
    """Up to which id every entry has had its place for long: what appears below is no entry of the hub's."""
    return session.scalar(SEALED_BELOW) or 0


def entry_of(row: Row[*tuple[object, ...]]) -> SealedEntry:
    """An entry as its hash sees it."""
    return SealedEntry(
        id=row.id,
        church_id=row.church_id,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        origin=row.origin,
        facts=row.facts,
    )
