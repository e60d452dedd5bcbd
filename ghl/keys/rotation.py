"""Seals everything anew with the newest key, while the hub runs.

Small transactions, one church each, with the rows locked: a token that is stored meanwhile is never written over, and
whoever reads gets the old or the new ciphertext, both of which open. What is done stays done, so a run that was
killed goes on with the next.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.crypto import KeyRing, Sealed, UnsealError
from ghl.db.engine import Database
from ghl.heartbeat import workers_without_key
from ghl.keys.check import check_keys, sealed_rows
from ghl.keys.registry import SEALED, SealedColumn

BATCH = 50
"""Secrets re-sealed in one transaction: some milliseconds, so that nobody who waits for a row notices."""

CHURCHES = 200

PATIENCE = 30
"""Seconds in which a worker that reads its keys again has done so: it does at a heartbeat, every five."""


class RotationRefusedError(Exception):
    """Rotating now would lock somebody out; the message says whom, and what to do first."""


@dataclass
class Rotated:
    """What a run did. `locked` are secrets that no key opens, by what they are and their church."""

    newest: int
    total: int
    done: int = 0
    locked: list[tuple[str, UUID]] = field(default_factory=list)


Progress = Callable[[Rotated], None]


def prepare(database: Database, ring: KeyRing) -> Rotated:
    """What a run would do; it changes nothing. Raises `WrongKeysError`."""
    check_keys(database, ring, remember=False)
    with database.system() as session:
        rows = sealed_rows(session)
    return Rotated(
        ring.newest, sum(sum(of.values()) for version, of in rows.items() if version != ring.newest)
    )


def lacking_workers(database: Database, ring: KeyRing) -> list[tuple[str, int]]:
    """Host and process of each worker that lives and could not open what the newest key seals."""
    with database.system() as session:
        return workers_without_key(session, ring.newest)


def rotate(
    database: Database,
    ring: KeyRing,
    *,
    actor: str,
    progress: Progress = lambda _: None,
    pause: Callable[[float], object] = time.sleep,
    batch: int = BATCH,
) -> Rotated:
    """Re-seals what is not sealed with the newest key. Raises `WrongKeysError` or `RotationRefusedError`.

    It begins when every worker has the new key, so that no card ever waits for one. Each transaction that changes
    something says so in its church's change log; the run itself in the installation's.
    """
    check_keys(database, ring)
    _until_all_have_it(database, ring, pause)
    rotated = prepare(database, ring)
    if not rotated.total:
        return rotated
    _note(database, actor, "keys.rotation_began", rotated)
    for column in SEALED:
        for church_id in _churches(database, column, ring.newest):
            for done, locked in _church(database, ring, column, church_id, actor=actor, batch=batch):
                rotated.done += done
                rotated.locked += [(column.what, church_id)] * locked
                progress(rotated)
    _note(database, actor, "keys.rotation_ended", rotated)
    return rotated


def _until_all_have_it(database: Database, ring: KeyRing, pause: Callable[[float], object]) -> None:
    for _ in range(PATIENCE):
        if not lacking_workers(database, ring):
            return
        pause(1.0)
    lacking = lacking_workers(database, ring)
    if lacking:
        named = ", ".join(f"{host} (process {pid})" for host, pid in lacking[:3])
        raise RotationRefusedError(
            f"{len(lacking)} {'worker has' if len(lacking) == 1 else 'workers have'} no key {ring.newest} yet: {named}."
            " Keys in HUB_ENCRYPTION_KEYS are read at the start alone: start it anew with the new key. Otherwise see"
            " that it reads the same keys. Nothing was changed."
        )


def _note(database: Database, actor: str, action: str, rotated: Rotated) -> None:
    facts = {
        "key": rotated.newest,
        "of": rotated.total,
        "resealed": rotated.done,
        "locked": len(rotated.locked),
    }
    with database.system() as session:
        audit.record(session, church_id=None, actor=actor, action=action, facts=facts)


def _churches(database: Database, column: SealedColumn, newest: int) -> Iterator[UUID]:
    """Churches that have something sealed with another key, in the order of their ids."""
    church_id = column.table.c.church_id
    after: UUID | None = None
    while True:
        wanted = (
            select(church_id)
            .where(column.key_version != newest)
            .distinct()
            .order_by(church_id)
            .limit(CHURCHES)
        )
        if after is not None:
            wanted = wanted.where(church_id > after)
        with database.system() as session:
            found = session.scalars(wanted).all()
        yield from found
        if len(found) < CHURCHES:
            return
        after = found[-1]


def _church(
    database: Database, ring: KeyRing, column: SealedColumn, church_id: UUID, *, actor: str, batch: int
) -> Iterator[tuple[int, int]]:
    """Re-seals a church's secrets, a batch a transaction; how many were, and how many no key opened."""
    table, after = column.table, None
    while True:
        wanted = (
            select(table.c.id, column.sealed.label("sealed"), column.key_version.label("version"))
            .where(table.c.church_id == church_id, column.key_version != ring.newest)
            .order_by(table.c.id)
            .limit(batch)
            .with_for_update()
        )
        if after is not None:
            wanted = wanted.where(table.c.id > after)
        with database.church(church_id) as session:
            rows = session.execute(wanted).all()
            done = sum(_reseal(session, ring, column, church_id, row) for row in rows)
            if done:
                facts = {"key": ring.newest, column.what: done}
                audit.record(session, church_id=church_id, actor=actor, action="keys.resealed", facts=facts)
        if rows:
            yield done, len(rows) - done
        if len(rows) < batch:
            return
        after = rows[-1].id


def _reseal(
    session: Session,
    ring: KeyRing,
    column: SealedColumn,
    church_id: UUID,
    row: Any,
) -> bool:
    place = column.place(church_id, row.id)
    try:
        plain = ring.open(Sealed(row.sealed, row.version), place)
    except UnsealError:
        return False
    sealed = ring.seal(plain.get_secret_value(), place)
    session.execute(
        update(column.table)
        .where(column.table.c.id == row.id)
        .values({column.column: sealed.data, column.version: sealed.key_version})
    )
    return True
