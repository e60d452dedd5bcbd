"""Reading chains again: every hash is made anew and held against what stands there. It changes nothing.

It reads some thousands of entries at a time, so a million need no more memory than a thousand.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from ghl.chain.hashing import INSTALLATION, START, SealedEntry, chain_of, entry_hash
from ghl.chain.seal import ENTRY, entry_of, sealed_below
from ghl.db.engine import Database
from ghl.db.models import AuditEntry, AuditSeal, Church

AT_ONCE = 5000
IDS_AT_ONCE = 50_000
MOST_TOLD = 100
"""Problems that are told one by one; more are counted."""

FAR_BACK = timedelta(hours=1)
"""An entry whose time lies so long before that of the entry before it was not written when it says."""


class Kind(StrEnum):
    """What can be wrong with a chain."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    SEAL_CHANGED = "seal_changed"
    SEAL_REMOVED = "seal_removed"
    CUT_OFF = "cut_off"
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Problem:
    """Something that is not as it was sealed. `entry` is the id of the row, where one is meant."""

    kind: Kind
    position: int | None
    entry: int | None
    text: str


@dataclass(frozen=True)
class Head:
    """How far a chain goes, and the hash that stands for all of it."""

    position: int = 0
    hash: bytes = START


@dataclass
class Report:
    """What was found in one chain. `unsealed` are entries that are too young to be sealed yet."""

    chain: UUID
    name: str
    head: Head = field(default_factory=Head)
    entries: int = 0
    unsealed: int = 0
    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0

    def add(self, problem: Problem) -> None:
        """Notes a problem; of very many only how many there are."""
        if len(self.problems) < MOST_TOLD:
            self.problems.append(problem)
        else:
            self.more_problems += 1

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class Walked:
    """One seal with its entry, as they were read."""

    position: int
    entry_id: int
    hash: bytes
    previous: bytes
    entry: SealedEntry | None


@dataclass
class Walk:
    """Goes along a chain and tells what is wrong at each step. Pure but for what it remembers of the step before."""

    chain: UUID
    head: Head = field(default_factory=Head)
    at: datetime | None = None

    def step(self, seal: Walked) -> Iterator[Problem]:
        """The problems of this seal and its entry."""
        expected = self.head.position + 1
        if seal.position != expected:
            missing = (
                f"seal {expected} is"
                if seal.position == expected + 1
                else f"seals {expected} to {seal.position - 1} are"
            )
            yield Problem(Kind.SEAL_REMOVED, expected, None, f"{missing} missing.")
        elif seal.previous != self.head.hash:
            yield Problem(
                Kind.SEAL_CHANGED,
                seal.position,
                seal.entry_id,
                f"seal {seal.position} does not follow the one before it.",
            )
        entry = seal.entry
        if entry is None:
            yield Problem(
                Kind.REMOVED,
                seal.position,
                seal.entry_id,
                f"entry {seal.entry_id} (number {seal.position} of the chain) was removed.",
            )
        else:
            made = entry_hash(entry, chain=self.chain, position=seal.position, previous=seal.previous)
            if made != seal.hash or chain_of(entry.church_id) != self.chain:
                yield Problem(
                    Kind.CHANGED,
                    seal.position,
                    seal.entry_id,
                    f"entry {seal.entry_id} (number {seal.position} of the chain), or its seal, was changed.",
                )
            elif self.at is not None and entry.at < self.at - FAR_BACK:
                yield Problem(
                    Kind.INSERTED,
                    seal.position,
                    seal.entry_id,
                    f"entry {seal.entry_id} says it is of {entry.at:%Y-%m-%d %H:%M} UTC and came after one of"
                    f" {self.at:%Y-%m-%d %H:%M}: it was inserted later, or the database's clock was set back.",
                )
            self.at = entry.at
        self.head = Head(seal.position, seal.hash)


def verify(
    database: Database, *, church: UUID | None = None, anchors: Mapping[UUID, Head] | None = None
) -> list[Report]:
    """Reads every chain, or one church's, from its beginning. `anchors` are heads that were kept elsewhere.

    A chain that an anchor knows and the database does not is told as cut off.
    """
    with database.system() as session:
        names = _names(session, church)
    known = (
        dict(anchors or {}) if church is None else {c: h for c, h in (anchors or {}).items() if c == church}
    )
    reports = {chain: Report(chain, name) for chain, name in names.items()}
    for chain in known:
        reports.setdefault(chain, Report(chain, str(chain)))
    for report in reports.values():
        _verify_chain(database, report, known.get(report.chain))
    _find_unsealed(database, reports)
    return list(reports.values())


def seals_after(session: Session, chain: UUID, position: int, *, most: int = AT_ONCE) -> list[Walked]:
    """The next seals of a chain with their entries. A system transaction."""
    rows = session.execute(
        select(AuditSeal.position, AuditSeal.entry_id, AuditSeal.hash, AuditSeal.previous, *ENTRY)
        .outerjoin(AuditEntry, AuditEntry.id == AuditSeal.entry_id)
        .where(AuditSeal.chain == chain, AuditSeal.position > position)
        .order_by(AuditSeal.position)
        .limit(most)
    )
    return [
        Walked(
            row.position,
            row.entry_id,
            bytes(row.hash),
            bytes(row.previous),
            None if row.id is None else entry_of(row),
        )
        for row in rows
    ]


def _verify_chain(database: Database, report: Report, anchor: Head | None) -> None:
    walk = Walk(report.chain)
    while True:
        with database.system() as session:
            seals = seals_after(session, report.chain, walk.head.position)
        for seal in seals:
            for problem in walk.step(seal):
                report.add(problem)
            report.entries += seal.entry is not None
            if anchor and seal.position == anchor.position and seal.hash != anchor.hash:
                report.add(
                    Problem(
                        Kind.REWRITTEN,
                        seal.position,
                        seal.entry_id,
                        f"number {seal.position} of the chain is another than when its head was kept: the chain was"
                        " rewritten at or before it.",
                    )
                )
        if len(seals) < AT_ONCE:
            break
    report.head = walk.head
    if anchor and anchor.position > walk.head.position:
        report.add(
            Problem(
                Kind.CUT_OFF,
                walk.head.position,
                None,
                f"the chain ends at {walk.head.position} and went to {anchor.position} when its head was kept:"
                " its end was cut off.",
            )
        )


def _find_unsealed(database: Database, reports: Mapping[UUID, Report]) -> None:
    """Entries without a seal: young ones wait for theirs, those between sealed ones were put there from outside."""
    with database.system() as session:
        first, last = session.execute(select(func.min(AuditEntry.id), func.max(AuditEntry.id))).one()
        newest = session.scalar(select(func.max(AuditSeal.sealed_at)))
    if first is None:
        return
    for after in range(first - 1, last, IDS_AT_ONCE):
        with database.system() as session:
            rows = session.execute(
                select(AuditEntry.id, AuditEntry.church_id, AuditEntry.at)
                .where(
                    AuditEntry.id > after,
                    AuditEntry.id <= after + IDS_AT_ONCE,
                    ~exists().where(AuditSeal.entry_id == AuditEntry.id),
                )
                .order_by(AuditEntry.id)
            ).all()
            below = sealed_below(session)
        for row in rows:
            report = reports.get(chain_of(row.church_id))
            if report is None:
                continue
            if row.id > below:
                report.unsealed += 1
            else:
                report.add(
                    Problem(
                        Kind.INSERTED,
                        None,
                        row.id,
                        f"entry {row.id} of {row.at:%Y-%m-%d %H:%M} UTC has no place in the chain although later"
                        f" ones were sealed until {newest:%Y-%m-%d %H:%M}: it was inserted, or its seal was removed.",
                    )
                )


def _names(session: Session, church: UUID | None) -> dict[UUID, str]:
    """Every chain by the church's short name; those of churches that are gone as well, for their seals remain."""
    wanted = select(Church.id, Church.slug).order_by(Church.slug)
    sealed = select(AuditSeal.chain).where(AuditSeal.chain != INSTALLATION).distinct()
    if church is not None:
        wanted = wanted.where(Church.id == church)
        sealed = sealed.where(AuditSeal.chain == church)
    names = {row.id: row.slug for row in session.execute(wanted)}
    # A row of a church that somebody took away must not take its chain out of sight.
    names |= {chain: str(chain) for chain in session.scalars(sealed) if chain not in names}
    return names if church is not None else {INSTALLATION: "(the installation)", **names}


def as_json(reports: Sequence[Report]) -> dict[str, object]:
    """What the command prints; the heads in it are what `--anchor` takes."""
    return {
        "unbroken": all(report.good for report in reports),
        "heads": [
            {
                "chain": str(report.chain),
                "church": report.name,
                "position": report.head.position,
                "hash": report.head.hash.hex(),
                "entries": report.entries,
                "not_sealed_yet": report.unsealed,
                "problems": [
                    {"kind": one.kind, "position": one.position, "entry": one.entry, "text": one.text}
                    for one in report.problems
                ],
                "more_problems": report.more_problems,
            }
            for report in reports
        ],
    }
