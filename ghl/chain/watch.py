"""Chains read again bit by bit, so that the page can say up to where and when one was found unbroken.

New entries soon after they are sealed; all of them over and over, the chain first that was not read for longest. A
problem stays told until a whole reading found none.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.chain.hashing import INSTALLATION, START
from ghl.chain.verify import Head, Kind, Problem, Walk, seals_after
from ghl.db.engine import Database
from ghl.db.models import AuditCheck

MOST_NEW = 2000
"""New entries of a chain a turn."""

MOST_AGAIN = 2000
"""Entries that are read once more a turn: a million within nine hours at one turn a minute."""

MOST_CHAINS = 100

log = structlog.get_logger(__name__)

# Chains with entries that nobody has looked at, by one probe of an index each.
GROWN = text(
    """
    SELECT c.chain
    FROM (SELECT id AS chain FROM churches UNION ALL SELECT CAST(:installation AS uuid)) AS c
    LEFT JOIN audit_checks AS k ON k.chain = c.chain
    CROSS JOIN LATERAL (
        SELECT position FROM audit_seals WHERE chain = c.chain ORDER BY position DESC LIMIT 1
    ) AS head
    WHERE head.position > coalesce(k.position, 0)
    ORDER BY k.checked_at NULLS FIRST
    LIMIT :most
    """
)


@dataclass(frozen=True)
class Checked:
    """Up to where a chain was found unbroken and when; `problem` where it was not. `sealed` is where it ends."""

    position: int
    checked_at: datetime | None
    sealed: int
    problem: str | None = None
    problem_since: datetime | None = None


def watch(database: Database) -> list[Problem]:
    """One turn: new entries of the chains that have some, and a piece of the oldest reading. Returns new problems."""
    with database.system() as session:
        grown = session.scalars(GROWN, {"installation": INSTALLATION, "most": MOST_CHAINS}).all()
    found: list[Problem] = []
    for chain in grown:
        with database.system() as session:
            found += _go_on(session, chain)
    with database.system() as session:
        found += _read_again(session)
    return found


def checked(session: Session, chain: UUID) -> Checked:
    """How far the chain was checked. A transaction of the church, or of the system for the installation's chain."""
    row = session.execute(select(AuditCheck).where(AuditCheck.chain == chain)).scalar_one_or_none()
    sealed = session.scalar(LAST, {"chain": chain}) or 0
    if row is None:
        return Checked(0, None, sealed)
    return Checked(row.position, row.checked_at, sealed, row.problem, row.problem_since)


LAST = text("SELECT position FROM audit_seals WHERE chain = :chain ORDER BY position DESC LIMIT 1")


def _go_on(session: Session, chain: UUID) -> list[Problem]:
    """Reads what was sealed since."""
    check = _locked(session, chain)
    walk = Walk(chain, Head(check.position, check.hash))
    problems = _walked(session, walk, MOST_NEW)
    values: dict[str, object] = {
        "position": walk.head.position,
        "hash": walk.head.hash,
        "checked_at": func.now(),
    }
    _write(session, chain, values, problems)
    return problems


def _read_again(session: Session) -> list[Problem]:
    """Reads on where the last turn stopped; at the end of the chain the next reading begins."""
    chain = session.scalar(
        select(AuditCheck.chain).where(AuditCheck.position > 0).order_by(AuditCheck.again_at).limit(1)
    )
    if chain is None:
        return []
    check = _locked(session, chain)
    walk = Walk(chain, Head(check.again, check.again_hash))
    problems = _walked(session, walk, min(MOST_AGAIN, check.position - check.again))
    values: dict[str, object] = {"again_at": func.now()}
    if walk.head.position == check.again:
        problems.append(
            Problem(
                Kind.CUT_OFF,
                check.again,
                None,
                f"the chain ends at {check.again} and was checked up to {check.position} before.",
            )
        )
    clean = check.again_clean and not problems
    if walk.head.position < check.position and walk.head.position > check.again:
        values |= {"again": walk.head.position, "again_hash": walk.head.hash, "again_clean": clean}
    else:
        if not problems and walk.head != Head(check.position, check.hash):
            problems.append(
                Problem(
                    Kind.REWRITTEN,
                    check.position,
                    None,
                    f"number {check.position} of the chain is another than when it was checked before.",
                )
            )
        clean = clean and not problems
        values |= {"again": 0, "again_hash": START, "again_clean": True}
        if clean:
            values |= {"problem": None, "problem_entry": None, "problem_since": None}
    _write(session, chain, values, problems)
    return problems


@dataclass(frozen=True)
class _Check:
    position: int
    hash: bytes
    again: int
    again_hash: bytes
    again_clean: bool


def _locked(session: Session, chain: UUID) -> _Check:
    """How far the chain was checked, locked; from its beginning where nobody did yet."""
    session.execute(
        upsert(AuditCheck).values(chain=chain, hash=START, again_hash=START).on_conflict_do_nothing()
    )
    row = session.execute(
        select(
            AuditCheck.position,
            AuditCheck.hash,
            AuditCheck.again,
            AuditCheck.again_hash,
            AuditCheck.again_clean,
        )
        .where(AuditCheck.chain == chain)
        .with_for_update()
    ).one()
    return _Check(row.position, bytes(row.hash), row.again, bytes(row.again_hash), row.again_clean)


def _walked(session: Session, walk: Walk, most: int) -> list[Problem]:
    seals = seals_after(session, walk.chain, walk.head.position, most=most)
    return [problem for seal in seals for problem in walk.step(seal)]


def _write(session: Session, chain: UUID, values: dict[str, object], problems: list[Problem]) -> None:
    if problems:
        first = problems[0]
        log.error("audit_chain.broken", chain=str(chain), kind=str(first.kind), position=first.position)
        values |= {
            "problem": first.text,
            "problem_entry": first.entry,
            "problem_since": func.coalesce(AuditCheck.problem_since, func.now()),
        }
    session.execute(
        update(AuditCheck)
        .where(AuditCheck.chain == chain)
        .values(values)
        .execution_options(synchronize_session=False)
    )
