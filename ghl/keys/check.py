"""Are these the keys this hub has worked with? Asked by each process that seals or opens, when it starts.

A wrong or missing key is told then, in one line, and not weeks later by a church whose cards do not go out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl.crypto import KeyRing, KeyRingError, Sealed, UnsealError
from ghl.db.engine import Database
from ghl.db.models import EncryptionKey
from ghl.keys.registry import KEYED, SEALED, KeyedColumn, SealedColumn
from ghl.keys.standing import KeyStanding, Known, Place, lost, standings, trouble

log = structlog.get_logger(__name__)


class WrongKeysError(KeyRingError):
    """The ring lacks a key, or has another one under its number. The message is one line that names the setting."""


def sealed_rows(session: Session) -> dict[int, dict[str, int]]:
    """How many secrets are sealed with each key, by what they are. A system transaction."""
    return _counted(session, SEALED)


def keyed_rows(session: Session) -> dict[int, dict[str, int]]:
    """How many rows hang on each key that cannot be sealed anew, by what they are. A system transaction."""
    return _counted(session, KEYED)


def _counted(session: Session, columns: Sequence[SealedColumn | KeyedColumn]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for column in columns:
        counted = session.execute(
            select(column.key_version, func.count())
            .select_from(column.table)
            .where(column.key_version.is_not(None))
            .group_by(column.key_version)
        )
        for version, rows in counted:
            found.setdefault(version, {})[column.what] = rows
    return found


def known_keys(session: Session) -> dict[int, Known]:
    """The keys that this hub has worked with. A system transaction."""
    rows = session.execute(
        select(EncryptionKey.version, EncryptionKey.check_value, EncryptionKey.known_since)
    )
    return {row.version: Known(bytes(row.check_value), row.known_since) for row in rows}


def read_standings(database: Database, check_values: Mapping[int, bytes]) -> tuple[KeyStanding, ...]:
    """How the keys of a ring stand."""
    with database.system() as session:
        return _standings(session, check_values)


def check_keys(database: Database, ring: KeyRing, *, remember: bool = True) -> None:
    """Raises `WrongKeysError` where the ring is not the one this hub has worked with. A key that is missing, with
    nothing sealed by it, is a line in the log.

    A key that is used for the first time is remembered, unless `remember` is False; where something is sealed with
    it already, it has to open one of those secrets first.
    """
    keys = read_standings(database, ring.check_values)
    _refuse(keys, ring)
    new = {key.version for key in keys if key.known_since is None and key.place is not Place.MISSING}
    for key in keys:
        if key.version in new and key.sealed:
            _open_one(database, ring, key.version)
    if remember and (without := lost(keys)):
        log.warning("keys.lost", reason=without)
    if not (new and remember):
        return
    with database.system() as session:
        session.execute(
            insert(EncryptionKey).on_conflict_do_nothing(),
            [{"version": version, "check_value": ring.check_values[version]} for version in sorted(new)],
        )
        # Another process may have come first, with another key.
        _refuse(_standings(session, ring.check_values), ring)


def right_versions(database: Database, check_values: Mapping[int, bytes]) -> frozenset[int]:
    """Which keys this hub has worked with under these numbers, for a process that reads its keys while it runs.

    One that nobody works with yet is left out: it is remembered by who first seals with it.
    """
    with database.system() as session:
        known = known_keys(session)
    here = {
        version: known[version].check_value == value
        for version, value in check_values.items()
        if version in known
    }
    if another := sorted(version for version, same in here.items() if not same):
        log.warning("keys.another", versions=another)
    return frozenset(version for version, same in here.items() if same)


def _standings(session: Session, check_values: Mapping[int, bytes]) -> tuple[KeyStanding, ...]:
    return standings(check_values, known_keys(session), sealed_rows(session), keyed_rows(session))


def _refuse(keys: tuple[KeyStanding, ...], ring: KeyRing) -> None:
    if wrong := trouble(keys, ring.source):
        raise WrongKeysError(wrong)


def _open_one(database: Database, ring: KeyRing, version: int) -> None:
    for column in SEALED:
        with database.system() as session:
            church_id = session.scalar(
                select(column.table.c.church_id).where(column.key_version == version).limit(1)
            )
        if church_id is None:
            continue
        with database.church(church_id) as session:
            row = session.execute(_one(column, version)).one_or_none()
        if row is None:
            continue
        try:
            ring.open(Sealed(row.sealed, version), column.place(church_id, row.id))
        except UnsealError as error:
            where = f"{ring.source}: " if ring.source else ""
            raise WrongKeysError(
                f"{where}encryption key {version} is not the one that sealed this hub's {column.what}."
                " Put the right one back."
            ) from error


def _one(column: SealedColumn, version: int) -> "Select[tuple[Any, Any]]":
    return (
        select(column.table.c.id, column.sealed.label("sealed"))
        .where(column.key_version == version)
        .order_by(column.table.c.id)
        .limit(1)
    )
