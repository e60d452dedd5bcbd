"""The log of what people said, under one lock for each address: sends and stops take turns. Transactions of the church."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.consent.business_days import due_on
from ghl.db.models import Church, ConsentAddress, ConsentDoubt, ConsentEvent, OptOut
from ghl.ids import new_id
from ghl.messages.call_off import call_off
from ghl.statuses import Channel, ConsentKind, DoubtState, OptOutState

KEYWORD = "keyword"
SIGNED = frozenset({"form", "typed"})
"""Ways in by which a person signs a new card."""


@dataclass(frozen=True, repr=False)
class Entry:
    """One thing that was said about one address."""

    id: int
    kind: ConsentKind
    source: str
    person: str
    recorded_at: datetime
    signed_at: datetime | None


@dataclass(frozen=True)
class Stopped:
    """A stop as it was recorded. `on_its_way` is when a text left that could not be called back."""

    event_id: int
    already: bool
    on_its_way: datetime | None


def lock(session: Session, church_id: UUID, channel: str, address: str) -> None:
    """Takes the address until the transaction ends."""
    row = {"church_id": church_id, "channel": channel, "address": address}
    session.execute(upsert(ConsentAddress).values(row).on_conflict_do_nothing())
    session.execute(select(ConsentAddress.channel).filter_by(**row).with_for_update())


def lock_all(session: Session, church_id: UUID, pairs: Iterable[tuple[str, str]]) -> None:
    """Takes several, in the order that everybody takes them in."""
    for channel, address in sorted(set(pairs)):
        lock(session, church_id, channel, address)


def history(session: Session, church_id: UUID, channel: str, address: str) -> tuple[Entry, ...]:
    """All that was said about the address, oldest first."""
    rows = session.execute(
        select(
            ConsentEvent.id,
            ConsentEvent.kind,
            ConsentEvent.source,
            ConsentEvent.person,
            ConsentEvent.recorded_at,
            ConsentEvent.signed_at,
        )
        .filter_by(church_id=church_id, channel=channel, address=address)
        .order_by(ConsentEvent.id)
    )
    return tuple(Entry(row[0], ConsentKind(row[1]), *row[2:]) for row in rows)


def is_stopped(session: Session, church_id: UUID, channel: str, address: str) -> bool:
    """Whether a stop of the address is in force."""
    stopped: datetime | None = None
    for entry in history(session, church_id, channel, address):
        if entry.kind is ConsentKind.STOP:
            stopped = entry.recorded_at
        elif stopped is not None and entry.kind is ConsentKind.YES:
            later = entry.signed_at is not None and entry.signed_at.date() > stopped.date()
            if entry.source == KEYWORD or (entry.source in SIGNED and later):
                stopped = None
    return stopped is not None


def record_stop(
    session: Session,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    person: str = "",
    source: str,
    recorded_by: str,
    note: str | None = None,
    contact_id: str | None = None,
    now: datetime,
) -> Stopped:
    """Records a stop, holds back what waits for the address, and lets GoHighLevel be told."""
    lock(session, church_id, channel, address)
    already = is_stopped(session, church_id, channel, address)
    event_id = session.execute(
        insert(ConsentEvent)
        .values(
            church_id=church_id,
            channel=channel,
            address=address,
            person=person,
            kind=ConsentKind.STOP,
            purpose="all",
            source=source,
            recorded_by=recorded_by,
            recorded_at=now,
            note=note,
            contact_id=contact_id,
        )
        .returning(ConsentEvent.id)
    ).scalar_one()
    zone = ZoneInfo(session.scalars(select(Church.timezone).where(Church.id == church_id)).one())
    session.execute(
        insert(OptOut).values(
            id=new_id(),
            church_id=church_id,
            channel=channel,
            address=address,
            event_id=event_id,
            state=OptOutState.WAITING,
            asked_at=now,
            due_on=due_on(now.astimezone(zone).date()),
        )
    )
    leaving = call_off(session, church_id, channel, address, cause="stopped", now=now)
    return Stopped(event_id, already, leaving)


def record_start(
    session: Session,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    source: str,
    recorded_by: str,
    contact_id: str | None = None,
    now: datetime,
) -> bool:
    """Lifts the stop of an address, for a START of its person; False where there was none."""
    lock(session, church_id, channel, address)
    if not is_stopped(session, church_id, channel, address):
        return False
    session.execute(
        insert(ConsentEvent).values(
            church_id=church_id,
            channel=channel,
            address=address,
            person="",
            kind=ConsentKind.YES,
            purpose="all",
            source=source,
            recorded_by=recorded_by,
            recorded_at=now,
            contact_id=contact_id,
        )
    )
    return True


def open_doubt(
    session: Session,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    said: str,
    source: str,
    contact_id: str | None = None,
    now: datetime,
) -> UUID:
    """Keeps a reply that may be a stop, for a person to read; nothing is sent there meanwhile."""
    lock(session, church_id, channel, address)
    doubt_id = new_id()
    session.execute(
        insert(ConsentDoubt).values(
            id=doubt_id,
            church_id=church_id,
            channel=channel,
            address=address,
            contact_id=contact_id,
            said=said,
            source=source,
            received_at=now,
            state=DoubtState.OPEN,
        )
    )
    return doubt_id
