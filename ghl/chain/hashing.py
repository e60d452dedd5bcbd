"""The hash of an entry of the change log, over bytes in which no two different entries look the same. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

FORM = b"hub-audit-1"
"""Of the bytes below. Another form needs another name, so that an old hash is never taken for a new one."""

INSTALLATION = UUID(int=0)
"""The chain of what concerns no church."""

START = bytes(32)
"""What stands for the hash before the first entry."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LENGTH_BYTES = 8
NOTHING = b"\xff" * LENGTH_BYTES
"""Instead of a length, where there is no value: no text is that long."""


@dataclass(frozen=True)
class SealedEntry:
    """An entry with all that its hash covers. The time counts to the microsecond, as the database keeps it."""

    id: int
    church_id: UUID | None
    at: datetime
    actor: str
    action: str
    subject: str | None
    origin: str
    facts: Mapping[str, Any]


def chain_of(church_id: UUID | None) -> UUID:
    """The chain an entry belongs to."""
    return INSTALLATION if church_id is None else church_id


def entry_hash(entry: SealedEntry, *, chain: UUID, position: int, previous: bytes) -> bytes:
    """SHA-256 (FIPS 180-4) of the entry, its place, and the hash before it."""
    return hashlib.sha256(canonical(entry, chain=chain, position=position, previous=previous)).digest()


def canonical(entry: SealedEntry, *, chain: UUID, position: int, previous: bytes) -> bytes:
    """The bytes under the hash: each part behind its length, so that no sign can move from one to the next."""
    parts = (
        FORM,
        chain.bytes,
        _whole(position),
        previous,
        _whole(entry.id),
        entry.church_id.bytes if entry.church_id else None,
        _whole((entry.at - EPOCH) // timedelta(microseconds=1)),
        entry.actor.encode(),
        entry.action.encode(),
        None if entry.subject is None else entry.subject.encode(),
        entry.origin.encode(),
        _facts(entry.facts),
    )
    return b"".join(NOTHING if part is None else len(part).to_bytes(LENGTH_BYTES) + part for part in parts)


def _whole(number: int) -> bytes:
    return str(number).encode()


def _facts(facts: Mapping[str, Any]) -> bytes:
    written = json.dumps(facts, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return written.encode("ascii")
