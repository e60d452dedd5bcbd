"""A stop that somebody of the team heard or read, written down; and replies that may be one. Transactions of the church."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from ghl import audit
from ghl.consent import ledger
from ghl.consent.brought import Brought, brought
from ghl.consent.ledger import Stopped
from ghl.db.models import ConsentDoubt
from ghl.statuses import Channel, DoubtState

MOST_DOUBTS = 10
MOST_COUNTED = 1000
LONGEST_NOTE = 500


class How(StrEnum):
    """How the person said it. The value is the source that stands in the log."""

    SPOKEN = "spoken"
    EMAIL = "e-mail"


@dataclass(frozen=True)
class ByHand:
    """What was recorded, and how far it is on its way into GoHighLevel."""

    stopped: Stopped
    brought: Brought | None


@dataclass(frozen=True, repr=False)
class Doubt:
    """A reply that may be a stop: nothing is sent there until somebody has said what was meant."""

    id: UUID
    channel: Channel
    address: str
    said: str
    received_at: datetime


@dataclass(frozen=True)
class DoubtPlace:
    """Where the list of doubts goes on."""

    received_at: datetime
    id: UUID


def record_by_hand(
    session: Session,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    how: How,
    note: str,
    actor: str,
    now: datetime,
) -> ByHand:
    """Records that whoever has this address asked for no more messages there. There is no way back by anybody's hand."""
    stopped = ledger.record_stop(
        session,
        church_id,
        channel=channel,
        address=address,
        source=how,
        recorded_by=actor,
        note=note.strip()[:LONGEST_NOTE] or None,
        now=now,
    )
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="stop.recorded",
        subject=str(stopped.event_id),
        facts={"channel": channel, "source": how},
    )
    return ByHand(stopped, brought(session, church_id, [(channel, address)]).get((channel, address)))


def open_doubts(
    session: Session, church_id: UUID, *, after: DoubtPlace | None = None, most: int = MOST_DOUBTS
) -> tuple[list[Doubt], bool]:
    """Replies that somebody has to read, the oldest first; and whether there are more."""
    query = select(ConsentDoubt).where(
        ConsentDoubt.church_id == church_id, ConsentDoubt.state == DoubtState.OPEN
    )
    if after is not None:
        query = query.where(
            tuple_(ConsentDoubt.received_at, ConsentDoubt.id) > tuple_(after.received_at, after.id)
        )
    rows = session.scalars(query.order_by(ConsentDoubt.received_at, ConsentDoubt.id).limit(most + 1)).all()
    found = [
        Doubt(row.id, Channel(row.channel), row.address, row.said, row.received_at) for row in rows[:most]
    ]
    return found, len(rows) > most


def count_doubts(session: Session, church_id: UUID) -> int:
    """How many replies somebody has to read, counted up to `MOST_COUNTED`."""
    some = select(ConsentDoubt.id).where(
        ConsentDoubt.church_id == church_id, ConsentDoubt.state == DoubtState.OPEN
    )
    return session.scalars(select(func.count()).select_from(some.limit(MOST_COUNTED).subquery())).one()
