"""Source keys: what a website or another system shows to send cards to a church. Only their hashes are kept.

A key is 256 random bits, so a plain SHA-256 keeps it: there is nothing to guess that a slow hash would slow.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import func, insert, select, update

from ghl import audit
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import SourceKey
from ghl.ids import new_id

PREFIX = "hubk_"
"""Makes a key easy to know by sight, and for scanners that look for secrets in code."""
KEY_BYTES = 32
FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
MAX_NAME = 100
MAX_KEYS = 50
"""Keys of a church that are in use at once: far more than a church has sources, and a list that fits a page."""


class SourceKeyError(ValueError):
    """What was asked for a source key cannot be done; the message says why in one sentence."""


@dataclass(frozen=True)
class Source:
    """Who sends: the key's id, the church that the cards are for, and the name staff gave the source."""

    id: UUID
    church_id: UUID
    name: str


@dataclass(frozen=True)
class NewSourceKey:
    """A key just made. `key` is shown once: the hub itself cannot read it again."""

    id: UUID
    key: SecretStr
    last4: str


@dataclass(frozen=True)
class SourceKeyView:
    """A key as a list shows it."""

    id: UUID
    name: str
    last4: str
    created_at: datetime
    revoked_at: datetime | None


def create_source_key(database: Database, church_id: UUID, *, name: str, actor: str) -> NewSourceKey:
    """Makes a key for the church. Raises `SourceKeyError` for a name that won't do, or too many keys."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise SourceKeyError(f"A source needs a name of at most {MAX_NAME} letters, such as Website.")
    key = PREFIX + secrets.token_urlsafe(KEY_BYTES)
    made = NewSourceKey(new_id(), SecretStr(key), key[-4:])
    with database.church(church_id) as session:
        in_use = session.scalar(
            select(func.count()).where(SourceKey.church_id == church_id, SourceKey.revoked_at.is_(None))
        )
        if (in_use or 0) >= MAX_KEYS:
            raise SourceKeyError(f"There are {MAX_KEYS} keys in use. Revoke one that is not needed any more.")
        session.execute(
            insert(SourceKey).values(
                id=made.id, church_id=church_id, name=name, key_hash=_hash(key), last4=made.last4
            )
        )
        audit.record(
            session, church_id=church_id, actor=actor, action="source_key.created", subject=str(made.id)
        )
    return made


def list_source_keys(database: Database, church_id: UUID, *, most: int = 200) -> list[SourceKeyView]:
    """The church's keys, those in use first, then by age; at most `most`."""
    columns = (SourceKey.id, SourceKey.name, SourceKey.last4, SourceKey.created_at, SourceKey.revoked_at)
    with database.church(church_id) as session:
        rows = session.execute(
            select(*columns)
            .where(SourceKey.church_id == church_id)
            .order_by(SourceKey.revoked_at.is_not(None), SourceKey.created_at.desc(), SourceKey.id)
            .limit(most)
        ).all()
    return [SourceKeyView(*row) for row in rows]


def revoke_source_key(database: Database, church_id: UUID, key_id: UUID, *, actor: str, clock: Clock) -> None:
    """Ends a key for good; a running intake notices within `KnownSources.FRESH_SECONDS`.

    Raises `SourceKeyError` when the church has no such key in use.
    """
    with database.church(church_id) as session:
        ended = session.execute(
            update(SourceKey)
            .where(SourceKey.church_id == church_id, SourceKey.id == key_id, SourceKey.revoked_at.is_(None))
            .values(revoked_at=clock.now())
        )
        if ended.rowcount != 1:  # type: ignore[attr-defined]
            raise SourceKeyError("There is no such key in use.")
        audit.record(
            session, church_id=church_id, actor=actor, action="source_key.revoked", subject=str(key_id)
        )


class KnownSources:
    """Finds the source of a key. Thread-safe; bounded; remembers an answer for a few seconds only."""

    FRESH_SECONDS = 10.0
    """How long a revoked key may still work: short, yet a busy source asks the database once in it."""

    def __init__(self, database: Database, clock: Clock, *, most: int = 1000) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[Source, float]] = OrderedDict()

    def church_of(self, key: str) -> Source | None:
        """The source that the key belongs to, or None for a wrong or revoked one."""
        found = self.remembered(key)
        if found is not None or not FORM.fullmatch(key):
            return found
        digest = _hash(key)
        found = self._look_up(digest)
        with self._lock:
            self._known.pop(digest, None)
            if found is not None:
                self._known[digest] = (found, self._clock.monotonic())
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        return found

    def remembered(self, key: str) -> Source | None:
        """The source when it was looked up moments ago; asks no database."""
        with self._lock:
            found = self._known.get(_hash(key))
        if found is None or self._clock.monotonic() - found[1] > self.FRESH_SECONDS:
            return None
        return found[0]

    def was_good(self, key: str) -> bool:
        """Whether the key was right when it was last looked up, however long ago that is."""
        with self._lock:
            return _hash(key) in self._known

    def _look_up(self, digest: bytes) -> Source | None:
        with self._database.system() as session:
            row = session.execute(
                select(SourceKey.id, SourceKey.church_id, SourceKey.name, SourceKey.key_hash).where(
                    SourceKey.key_hash == digest, SourceKey.revoked_at.is_(None)
                )
            ).one_or_none()
        # The index has compared already; this comparison alone takes the same time for every wrong key.
        if row is None or not hmac.compare_digest(bytes(row.key_hash), digest):
            return None
        return Source(row.id, row.church_id, row.name)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
