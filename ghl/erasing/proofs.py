"""What stays of an erased person's consent: which words they agreed to, when, and a keyed hash of their address.

With the address in hand one can find it again (may we text this number, did they say stop?); nobody can read an
address out of it without the hub's keys. Proofs hang on the key that made them: it stays in the ring.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select
from sqlalchemy.orm import Session

from ghl.crypto import KeyRing
from ghl.db.base import table_of
from ghl.db.models import ConsentEvent, ConsentProof
from ghl.statuses import Channel, ConsentKind

STAYS = (
    "channel",
    "kind",
    "purpose",
    "wording",
    "wording_hash",
    "wording_version",
    "source",
    "recorded_by",
    "signed_at",
    "recorded_at",
)
"""What of a statement names nobody. Address, name, card, IP and browser go."""

EVENT = tuple(getattr(ConsentEvent, name) for name in ("id", "address", *STAYS))
"""What a proof is made of."""


ERASED = "\0erased"
"""In place of the name of whoever said it. No card can bear it."""


@dataclass(frozen=True)
class Proof:
    """One statement of somebody who was erased."""

    channel: Channel
    kind: ConsentKind
    purpose: str
    source: str
    signed_at: datetime | None
    wording: str | None
    wording_version: str | None
    recorded_at: datetime
    erased_at: datetime


def keep(
    session: Session, ring: KeyRing, church_id: UUID, events: Sequence[Row[Any]], *, now: datetime
) -> int:
    """Turns statements into proofs; the caller takes the statements away in the same transaction."""
    rows = [
        {
            "church_id": church_id,
            "address_hash": _hash(ring, church_id, row.channel, row.address, ring.newest),
            "key_version": ring.newest,
            "erased_at": now,
            **{name: getattr(row, name) for name in STAYS},
        }
        for row in events
    ]
    if rows:
        session.execute(insert(table_of(ConsentProof)), rows)
    return len(rows)


def proofs_of(
    session: Session, ring: KeyRing, church_id: UUID, channel: Channel, address: str
) -> list[Proof]:
    """What somebody with this address said before they were erased, the oldest first. A transaction of the church."""
    wanted: Collection[bytes] = [
        _hash(ring, church_id, channel, address, version) for version in ring.versions
    ]
    rows = session.execute(
        select(ConsentProof)
        .where(ConsentProof.church_id == church_id, ConsentProof.address_hash.in_(wanted))
        .order_by(ConsentProof.id)
    ).scalars()
    return [
        Proof(
            Channel(row.channel),
            ConsentKind(row.kind),
            row.purpose,
            row.source,
            row.signed_at,
            row.wording,
            row.wording_version,
            row.recorded_at,
            row.erased_at,
        )
        for row in rows
    ]


def _hash(ring: KeyRing, church_id: UUID, channel: str, address: str, version: int) -> bytes:
    return ring.keyed_hash(f"consent\0{church_id}\0{channel}\0{address}", version=version)
