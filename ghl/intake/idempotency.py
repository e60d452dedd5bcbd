"""Idempotency keys: the same request sent again gets the same answer, and makes no second card.

After the IETF draft "The Idempotency-Key HTTP Header Field". A request without a key is taken too: the same
card is recognised by what it says; the key adds that the answer is the same, word for word.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from ghl.db.models import IdempotencyKey

KEPT = timedelta(days=30)
"""How long a key is remembered at the least; it works until `prune` has removed it."""
FORM = re.compile(r"[\x21-\x7e]{1,255}")
"""What a key may be: visible ASCII signs without spaces, such as a UUID."""


class KeyReusedError(Exception):
    """The key came before, with another body."""


@dataclass(frozen=True)
class Stored:
    """An answer as it was given: status and body, byte for byte."""

    status: int
    body: str


def body_hash(values: dict[str, Any]) -> bytes:
    """SHA-256 of what the body says: spaces and the order of names do not matter, any other value does."""
    written = json.dumps(values, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).digest()


def earlier_answer(session: Session, source_id: UUID, key: str, hashed: bytes) -> Stored | None:
    """The answer that this key got before. A church's transaction; raises `KeyReusedError`.

    Until the transaction ends, another request with this key waits here: of two at the same moment one
    makes the card and the other finds its answer.
    """
    lock = hashlib.sha256(source_id.bytes + key.encode("ascii")).digest()[:8]
    session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(lock, signed=True))))
    row = session.execute(
        select(IdempotencyKey.body_hash, IdempotencyKey.answer).where(
            IdempotencyKey.source_key_id == source_id, IdempotencyKey.key == key
        )
    ).one_or_none()
    if row is None:
        return None
    # The hash is empty where the card's person was erased: the request that brought it must not bring it back.
    if row.body_hash and bytes(row.body_hash) != hashed:
        raise KeyReusedError
    return Stored(row.answer["status"], row.answer["body"])


def remember(
    session: Session,
    church_id: UUID,
    source_id: UUID,
    key: str,
    *,
    hashed: bytes,
    answer: Stored,
    now: datetime,
) -> None:
    """Stores the answer with the card, in the transaction of `earlier_answer`."""
    session.execute(
        insert(IdempotencyKey).values(
            source_key_id=source_id,
            key=key,
            church_id=church_id,
            body_hash=hashed,
            answer={"status": answer.status, "body": answer.body},
            created_at=now,
        )
    )


def prune(session: Session, *, now: datetime) -> int:
    """Forgets the keys older than `KEPT`, of all churches; returns how many. A system transaction."""
    removed = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < now - KEPT))
    return int(removed.rowcount)  # type: ignore[attr-defined]
