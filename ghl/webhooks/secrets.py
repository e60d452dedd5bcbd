"""The secret that a church's workflow sends along: made anew at a press, shown once, kept as a hash.

A new one leaves the one before it working for some days, so that nothing is lost while the workflow is changed.
A secret is 256 random bits: a plain SHA-256 keeps it.
"""

import hashlib
import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.db.models import Church, Location, WebhookSecret

PREFIX = "hubw_"
HEADER = "X-Hub-Secret"
FORM = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
PREVIOUS_WORKS_FOR = timedelta(days=7)
NOBODY = bytes(32)


@dataclass(frozen=True)
class SecretView:
    """A secret as a page shows it: its last four letters, never the secret."""

    state: str
    last4: str
    created_by: str
    created_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Hook:
    """Where a workflow's events go: the church, the location that is its own, and the hashes that let them in."""

    church_id: UUID
    location_id: str | None
    hashes: Mapping[str, bytes]

    def let_in_by(self, secret: str) -> str | None:
        """`current` or `previous`: which of its secrets this is. Each comparison takes the same time."""
        given = hash_of(secret)
        found = [state for state, kept in self.hashes.items() if hmac.compare_digest(kept, given)]
        return found[0] if found else None


def new_secret(session: Session, church_id: UUID, *, actor: str) -> SecretStr:
    """Makes a secret; the one before it works for 7 more days, an older one no longer. A transaction of the church."""
    secret = PREFIX + secrets.token_urlsafe(32)
    # Two who press at once take turns: of both secrets one is the current and one the previous.
    session.execute(select(Church.id).where(Church.id == church_id).with_for_update(key_share=True))
    was = session.scalars(
        select(WebhookSecret).where(WebhookSecret.church_id == church_id, WebhookSecret.state == "current")
    ).one_or_none()
    if was is not None:
        kept = {
            "secret_hash": was.secret_hash,
            "last4": was.last4,
            "created_by": was.created_by,
            "created_at": was.created_at,
        }
        _put(session, church_id, "previous", {**kept, "ends_at": func.now() + PREVIOUS_WORKS_FOR})
    _put(
        session,
        church_id,
        "current",
        {
            "secret_hash": hash_of(secret),
            "last4": secret[-4:],
            "created_by": actor,
            "created_at": func.now(),
            "ends_at": None,
        },
    )
    audit.record(session, church_id=church_id, actor=actor, action="webhook_secret.made")
    return SecretStr(secret)


def end_previous(session: Session, church_id: UUID, *, actor: str) -> bool:
    """Ends the one before at once: for a secret that somebody else got to see. A transaction of the church."""
    gone = session.execute(
        delete(WebhookSecret).where(WebhookSecret.church_id == church_id, WebhookSecret.state == "previous")
    )
    if gone.rowcount:  # type: ignore[attr-defined]
        audit.record(session, church_id=church_id, actor=actor, action="webhook_secret.ended")
    return bool(gone.rowcount)  # type: ignore[attr-defined]


def secrets_of(session: Session, church_id: UUID) -> Sequence[SecretView]:
    """The secrets that let a workflow in now. A transaction of the church."""
    rows = session.execute(
        select(
            WebhookSecret.state,
            WebhookSecret.last4,
            WebhookSecret.created_by,
            WebhookSecret.created_at,
            WebhookSecret.ends_at,
        )
        .where(WebhookSecret.church_id == church_id, _works())
        .order_by(WebhookSecret.state)
    )
    return [SecretView(*row) for row in rows]


def forget_ended(session: Session) -> int:
    """Deletes those that no longer work. A system transaction."""
    # Whoever does this may read when a secret ends, and nothing else of it: so no row is asked for.
    ended = delete(WebhookSecret).where(WebhookSecret.ends_at < func.now())
    gone = session.execute(ended.execution_options(synchronize_session=False))
    return int(gone.rowcount)  # type: ignore[attr-defined]


def hash_of(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class KnownHooks:
    """Where events of workflows go, by the church's public id. Thread-safe; bounded; remembered for a few seconds."""

    FRESH_SECONDS = 5.0

    def __init__(self, database: Database, clock: Clock, *, most: int = 1000) -> None:
        self._database = database
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[Hook, float]] = OrderedDict()

    def remembered(self, public_id: str, secret: str) -> tuple[Hook, str] | None:
        """The hook, where it was looked up moments ago and the secret is right; asks no database."""
        with self._lock:
            found = self._known.get(public_id)
        if found is None or self._clock.monotonic() - found[1] > self.FRESH_SECONDS:
            return None
        return _right(found[0], secret)

    def was_good(self, public_id: str, secret: str) -> bool:
        """Whether the secret was right when the hook was last looked up, however long ago that is."""
        with self._lock:
            found = self._known.get(public_id)
        return found is not None and found[0].let_in_by(secret) is not None

    def look(self, public_id: str, secret: str) -> tuple[Hook, str] | None:
        """The hook with which of its secrets this is, or None: no such church, no secret, or a wrong one."""
        if not FORM.fullmatch(secret):
            return None
        found = self._read(public_id)
        with self._lock:
            self._known.pop(public_id, None)
            if found is not None:
                self._known[public_id] = (found, self._clock.monotonic())
                while len(self._known) > self._most:
                    self._known.popitem(last=False)
        # Who asks for a church that is not there waits as long as for a wrong secret.
        return _right(found or Hook(UUID(int=0), None, {"current": NOBODY}), secret)

    def _read(self, public_id: str) -> Hook | None:
        with self._database.system() as session:
            church = session.execute(
                select(Church.id, Location.ghl_id)
                .outerjoin(Location, (Location.church_id == Church.id) & Location.active)
                .where(Church.public_id == public_id, Church.removing_at.is_(None))
            ).one_or_none()
        if church is None:
            return None
        with self._database.church(church.id) as session:
            hashes = session.execute(
                select(WebhookSecret.state, WebhookSecret.secret_hash).where(
                    WebhookSecret.church_id == church.id, _works()
                )
            ).all()
        return Hook(church.id, church.ghl_id, {row.state: bytes(row.secret_hash) for row in hashes})


def _right(hook: Hook, secret: str) -> tuple[Hook, str] | None:
    state = hook.let_in_by(secret)
    return (hook, state) if state else None


def _works() -> ColumnElement[bool]:
    return WebhookSecret.ends_at.is_(None) | (WebhookSecret.ends_at > func.now())


def _put(session: Session, church_id: UUID, state: str, values: dict[str, object]) -> None:
    session.execute(
        upsert(WebhookSecret)
        .values(church_id=church_id, state=state, **values)
        .on_conflict_do_update(index_elements=["church_id", "state"], set_=values)
    )
