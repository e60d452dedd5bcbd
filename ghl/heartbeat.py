"""Processes say that they live; others count them. A process that says nothing for a while counts as gone."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl.db.models import EncryptionKey, Heartbeat

BEAT_SECONDS = 5.0
ALIVE_FOR = timedelta(seconds=15)
FORGET_AFTER = timedelta(days=1)


def beat(
    session: Session,
    process_id: UUID,
    *,
    kind: str,
    host: str,
    pid: int,
    key_versions: Sequence[int] | None = None,
) -> None:
    """Says that the process lives, and which encryption keys it has now. A system transaction."""
    keys = list(key_versions) if key_versions is not None else None
    session.execute(
        insert(Heartbeat)
        .values(
            id=process_id,
            kind=kind,
            host=host,
            pid=pid,
            started_at=func.now(),
            seen_at=func.now(),
            key_versions=keys,
        )
        .on_conflict_do_update(
            index_elements=[Heartbeat.id], set_={"seen_at": func.now(), "key_versions": keys}
        )
    )


def end(session: Session, process_id: UUID) -> None:
    """The process ends in good order, and is gone at once. A system transaction."""
    session.execute(delete(Heartbeat).where(Heartbeat.id == process_id))


def alive(session: Session, kind: str) -> int:
    """How many processes of this kind live. A system transaction."""
    return session.scalars(
        select(func.count())
        .select_from(Heartbeat)
        .where(Heartbeat.kind == kind, Heartbeat.seen_at > func.now() - ALIVE_FOR)
    ).one()


def newest_key(session: Session) -> int:
    """The newest encryption key that any process has worked with; 0 where there was none. A system transaction."""
    return session.scalar(select(func.max(EncryptionKey.version))) or 0


def workers_without_key(session: Session, version: int) -> list[tuple[str, int]]:
    """Host and process of each worker that lives and has not this encryption key. A system transaction."""
    rows = session.execute(
        select(Heartbeat.host, Heartbeat.pid)
        .where(
            Heartbeat.kind == "worker",
            Heartbeat.seen_at > func.now() - ALIVE_FOR,
            # Who tells no keys has none.
            or_(Heartbeat.key_versions.is_(None), ~Heartbeat.key_versions.contains([version])),
        )
        .order_by(Heartbeat.host, Heartbeat.pid)
    )
    return [(row.host, row.pid) for row in rows]


def worker_keys(session: Session) -> list[frozenset[int]]:
    """The encryption keys of each worker that lives and told them. A system transaction."""
    rows = session.scalars(
        select(Heartbeat.key_versions).where(
            Heartbeat.kind == "worker",
            Heartbeat.seen_at > func.now() - ALIVE_FOR,
            Heartbeat.key_versions.is_not(None),
        )
    )
    return [frozenset(versions or ()) for versions in rows]


def forget_dead(session: Session) -> None:
    """Removes what has been silent for a day. A system transaction."""
    session.execute(delete(Heartbeat).where(Heartbeat.seen_at < func.now() - FORGET_AFTER))
