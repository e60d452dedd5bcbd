"""Processes say that they live; others count them. A process that says nothing for a while counts as gone."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ghl.db.models import Heartbeat

BEAT_SECONDS = 5.0
ALIVE_FOR = timedelta(seconds=15)
FORGET_AFTER = timedelta(days=1)


def beat(session: Session, process_id: UUID, *, kind: str, host: str, pid: int) -> None:
    """Says that the process lives. A system transaction."""
    session.execute(
        insert(Heartbeat)
        .values(id=process_id, kind=kind, host=host, pid=pid, started_at=func.now(), seen_at=func.now())
        .on_conflict_do_update(index_elements=[Heartbeat.id], set_={"seen_at": func.now()})
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


def forget_dead(session: Session) -> None:
    """Removes what has been silent for a day. A system transaction."""
    session.execute(delete(Heartbeat).where(Heartbeat.seen_at < func.now() - FORGET_AFTER))
