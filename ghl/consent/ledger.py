"""The log of what people said, under one lock for each address: sends and stops take turns. Transactions of the church."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby
from operator import itemgetter
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, insert, select, text, tuple_, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.consent.business_days import due_on
from ghl.consent.reasons import Reason
from ghl.consent.standing import KEYWORD, Entry, blocks, standing
from ghl.db.models import Church, ConsentDoubt, ConsentEvent, OptOut
from ghl.ids import new_id
from ghl.messages.call_off import call_off
from ghl.messages.let_go import let_go
from ghl.statuses import Channel, ConsentKind, DoubtState, OptOutState

# In the order of the list, which is that of the code points, as the second one sorts.
MAKE_LOCKS = text(
    """
    INSERT INTO consent_addresses (church_id, channel, address)
    SELECT :church, w.channel, w.address
    FROM unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) WITH ORDINALITY AS w(channel, address, place)
    ORDER BY w.place
    ON CONFLICT DO NOTHING
    """
)
TAKE_LOCKS = text(
    """
    SELECT a.channel
    FROM consent_addresses AS a
    JOIN unnest(CAST(:channels AS text[]), CAST(:addresses AS text[])) AS w(channel, address)
      ON a.channel = w.channel AND a.address = w.address
    WHERE a.church_id = :church
    ORDER BY a.channel COLLATE "C", a.address COLLATE "C"
    FOR UPDATE OF a
    """
)

FROM_GHL = "ghl"
"""The source of a stop that GoHighLevel shows, and nobody wrote to us."""

BY_ITSELF = timedelta(minutes=1)
"""Within this time of a STOP, GoHighLevel's do-not-disturb is its own answer to that STOP, and no second one."""


@dataclass(frozen=True)
class Stopped:
    """A stop as it was recorded. `on_its_way` is when a text left that could not be called back."""

    event_id: int
    already: bool
    on_its_way: datetime | None


@dataclass(frozen=True, repr=False)
class Decided:
    """What came of deciding about a reply: the stop that was recorded, or how many messages go on."""

    channel: Channel
    address: str
    stopped: Stopped | None = None
    let_go: int = 0


def lock(session: Session, church_id: UUID, channel: str, address: str) -> None:
    """Takes the address until the transaction ends."""
    lock_all(session, church_id, [(channel, address)])


def lock_all(session: Session, church_id: UUID, pairs: Iterable[tuple[str, str]]) -> None:
    """Takes several, in the order that everybody takes them in."""
    wanted = sorted({(str(channel), address) for channel, address in pairs})
    if not wanted:
        return
    values = {
        "church": church_id,
        "channels": [channel for channel, _ in wanted],
        "addresses": [address for _, address in wanted],
    }
    # Erasing takes rows away: one that went between the two statements is made once more.
    while True:
        session.execute(MAKE_LOCKS, values)
        if len(session.execute(TAKE_LOCKS, values).all()) == len(wanted):
            return


def history(session: Session, church_id: UUID, channel: str, address: str) -> tuple[Entry, ...]:
    """All that was said about the address, oldest first."""
    pair = Channel(channel), address
    return histories(session, church_id, [pair]).get(pair, ())


def histories(
    session: Session, church_id: UUID, pairs: Collection[tuple[Channel, str]]
) -> dict[tuple[Channel, str], tuple[Entry, ...]]:
    """All that was said about each of these addresses, oldest first; without those about which nothing was."""
    rows = session.execute(
        select(
            ConsentEvent.channel,
            ConsentEvent.address,
            ConsentEvent.id,
            ConsentEvent.kind,
            ConsentEvent.source,
            ConsentEvent.person,
            ConsentEvent.recorded_at,
            ConsentEvent.signed_at,
            ConsentEvent.purpose,
            ConsentEvent.wording.is_not(None),
            ConsentEvent.child,
        )
        .where(
            ConsentEvent.church_id == church_id,
            tuple_(ConsentEvent.channel, ConsentEvent.address).in_(sorted(pairs)),
        )
        .order_by(ConsentEvent.channel, ConsentEvent.address, ConsentEvent.id)
    )
    return {
        (Channel(pair[0]), pair[1]): tuple(Entry(row[2], ConsentKind(row[3]), *row[4:]) for row in said)
        for pair, said in groupby(rows, key=itemgetter(0, 1))
    }


def stop_in_force(session: Session, church_id: UUID, channel: str, address: str) -> Entry | None:
    """The stop, or the written no, that holds for the address now."""
    said = history(session, church_id, channel, address)
    if not any(blocks(entry) for entry in said):
        return None
    return standing(said, zone=zone_of(session, church_id)).stop


def is_stopped(session: Session, church_id: UUID, channel: str, address: str) -> bool:
    """Whether a stop, or a written no, of the address is in force."""
    return stop_in_force(session, church_id, channel, address) is not None


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
    leaving = obey(session, church_id, channel, address, event_id=event_id, cause=Reason.STOPPED, now=now)
    settle_doubts(session, church_id, channel, address, state=DoubtState.STOP, actor=recorded_by, now=now)
    return Stopped(event_id, already, leaving)


def stop_at(
    session: Session,
    church_id: UUID,
    *,
    channel: Channel,
    address: str,
    source: str,
    recorded_by: str,
    note: str | None = None,
    contact_id: str | None = None,
    at: datetime,
    seen: bool = False,
) -> Stopped | None:
    """Records a stop of which GoHighLevel tells, in its turn: `at` is when it was said, which may be long ago.

    None where the log knows as much already: a stop from then or later, or a START after it. A later stop than the one
    that is in force is a new word, and stands in the log too: else what lifts the first would lift both.
    `seen`: nobody said it just now, GoHighLevel shows it. What it shows again and again is one stop; so is what it sets
    by itself as soon as it hears a STOP.
    """
    lock(session, church_id, channel, address)
    said = history(session, church_id, channel, address)
    stops = [entry for entry in said if blocks(entry)]
    if any(entry.recorded_at >= at for entry in stops):
        return None
    if any(
        entry.kind is ConsentKind.YES and entry.source == KEYWORD and entry.recorded_at > at for entry in said
    ):
        return None
    if stops and is_stopped(session, church_id, channel, address):
        if seen and stops[-1].source == source:
            return None
        if source == FROM_GHL and any(at - entry.recorded_at < BY_ITSELF for entry in stops):
            return None
    return record_stop(
        session,
        church_id,
        channel=channel,
        address=address,
        source=source,
        recorded_by=recorded_by,
        note=note,
        contact_id=contact_id,
        now=at,
    )


def obey(
    session: Session,
    church_id: UUID,
    channel: str,
    address: str,
    *,
    event_id: int,
    cause: Reason,
    now: datetime,
) -> datetime | None:
    """What follows from a stop or a written no, once it stands in the log: what waits never leaves, and GoHighLevel is told.

    Returns when a message left that is on its way just now. The address is locked by the caller. One that is on its way
    into GoHighLevel already is enough, with its own day by which it has to be there.
    """
    if not _on_its_way(session, church_id, channel, address):
        asked_on = now.astimezone(zone_of(session, church_id)).date()
        session.execute(
            insert(OptOut).values(
                id=new_id(),
                church_id=church_id,
                channel=channel,
                address=address,
                event_id=event_id,
                state=OptOutState.WAITING,
                asked_at=now,
                due_on=due_on(asked_on),
            )
        )
    return call_off(session, church_id, channel, address, cause=cause, now=now)


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
    """Notes the START of whoever has the address, which lifts its stop; False where the log has none to lift.

    It is noted all the same: the stop may be that of somebody who was erased. The same again is not noted twice.
    """
    lock(session, church_id, channel, address)
    said = history(session, church_id, channel, address)
    stopped = standing(said, zone=zone_of(session, church_id)).stop is not None
    if said and said[-1].kind is ConsentKind.YES and said[-1].source == KEYWORD:
        return stopped
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
    # What was brought into GoHighLevel, perhaps since they wrote this, is taken away there again.
    session.execute(
        update(OptOut)
        .where(
            OptOut.church_id == church_id,
            OptOut.channel == channel,
            OptOut.address == address,
            OptOut.state == OptOutState.CONFIRMED,
            OptOut.cause.is_(None),
        )
        .values(state=OptOutState.WAITING, question_id=None, due_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return stopped


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


def decide_doubt(
    session: Session, church_id: UUID, doubt_id: UUID, *, stop: bool, actor: str, now: datetime
) -> Decided | None:
    """What a person says that a doubtful reply means; None where the church has no such open reply.

    A stop is recorded as one, with the words that were written. Else what was held because of it goes on, once no other
    reply from there is open.
    """
    about = session.execute(
        select(ConsentDoubt.channel, ConsentDoubt.address).where(
            ConsentDoubt.church_id == church_id, ConsentDoubt.id == doubt_id
        )
    ).one_or_none()
    if about is None:
        return None
    channel, address = Channel(about.channel), about.address
    lock(session, church_id, channel, address)
    doubt = session.execute(
        update(ConsentDoubt)
        .where(
            ConsentDoubt.church_id == church_id,
            ConsentDoubt.id == doubt_id,
            ConsentDoubt.state == DoubtState.OPEN,
        )
        .values(
            state=DoubtState.STOP if stop else DoubtState.NO_STOP,
            decided_by=actor,
            decided_at=now,
        )
        .returning(ConsentDoubt.said, ConsentDoubt.source, ConsentDoubt.contact_id)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if doubt is None:
        return None
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="doubt.decided",
        subject=str(doubt_id),
        facts={"channel": channel, "stop": stop},
    )
    if stop:
        stopped = record_stop(
            session,
            church_id,
            channel=channel,
            address=address,
            source=doubt.source,
            recorded_by=actor,
            note=doubt.said,
            contact_id=doubt.contact_id,
            now=now,
        )
        return Decided(channel, address, stopped=stopped)
    if _doubts_left(session, church_id, channel, address):
        return Decided(channel, address)
    return Decided(
        channel, address, let_go=let_go(session, church_id, channel, address, cause=Reason.DOUBT, now=now)
    )


def settle_doubts(
    session: Session,
    church_id: UUID,
    channel: str,
    address: str,
    *,
    state: DoubtState,
    actor: str,
    now: datetime,
) -> None:
    """Nobody has to read any more what was open about the address: it is known what was meant."""
    session.execute(
        update(ConsentDoubt)
        .where(
            ConsentDoubt.church_id == church_id,
            ConsentDoubt.channel == channel,
            ConsentDoubt.address == address,
            ConsentDoubt.state == DoubtState.OPEN,
        )
        .values(state=state, decided_by=actor, decided_at=now)
        .execution_options(synchronize_session=False)
    )


def zone_of(session: Session, church_id: UUID) -> tzinfo:
    """The church's place; it says on which day something was."""
    name = session.scalars(select(Church.timezone).where(Church.id == church_id)).one()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _on_its_way(session: Session, church_id: UUID, channel: str, address: str) -> bool:
    """Whether a stop of the address is on its way into GoHighLevel. Waits for whoever takes it a step further just now."""
    underway = (
        select(OptOut.id)
        .where(
            OptOut.church_id == church_id,
            OptOut.channel == channel,
            OptOut.address == address,
            OptOut.state.in_((OptOutState.WAITING, OptOutState.SENT)),
        )
        .order_by(OptOut.id)
        .with_for_update()
    )
    return bool(session.scalars(underway).all())


def _doubts_left(session: Session, church_id: UUID, channel: str, address: str) -> bool:
    left = select(ConsentDoubt.id).where(
        ConsentDoubt.church_id == church_id,
        ConsentDoubt.channel == channel,
        ConsentDoubt.address == address,
        ConsentDoubt.state == DoubtState.OPEN,
    )
    return session.scalars(left.limit(1)).first() is not None
