"""Every night: what our log says of contacts that we know, held against GoHighLevel's own "do not text".

A stop found there is recorded here; one that is missing there is brought there again; the rest is listed. It runs in the
night of the church, three contacts at a time with one question on its way, and goes on the next night where it stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.consent import ledger
from ghl.consent.dnd import Difference, There, differences
from ghl.consent.opt_outs import push_again
from ghl.db.models import Church, ContactLink, DndCheck, DndDifference, Location
from ghl.ids import new_id
from ghl.questions import ask as questions
from ghl.questions.contact_dnd import there_read
from ghl.questions.kind import MOST_CALLS
from ghl.questions.kinds import CONTACT_DND
from ghl.statuses import Channel, DifferenceKind, QuestionState

FROM, UNTIL = time(1), time(5)
"""The church's night."""

SPREAD_MINUTES = 60
"""Each church begins at its own minute after that, so that not all ask at once."""

LOOK_AGAIN = timedelta(seconds=1)
AFTER_TROUBLE = timedelta(minutes=10)
ACTOR = "system"

MOST_LOOKED_THROUGH = 2000
"""Contacts that one turn goes through to find some that are to be compared."""

# Of the next contacts of the church's location those that we wrote to, or whose phone or e-mail somebody said yes, no or
# stop about. Each is looked up by itself: as EXISTS the server would read all statements of the church.
NEXT = text(
    """
    SELECT l.contact_id FROM (
        SELECT contact_id, phone, email FROM contact_links
        WHERE location_id = :location AND contact_id > :after ORDER BY contact_id LIMIT :through) AS l
    WHERE (SELECT true FROM messages AS m
           WHERE m.church_id = :church AND m.contact_id = l.contact_id LIMIT 1) IS NOT NULL
       OR (SELECT true FROM consent_events AS e WHERE e.church_id = :church AND e.channel = 'sms'
           AND e.address = l.phone AND e.kind IN ('yes', 'no', 'stop') LIMIT 1) IS NOT NULL
       OR (SELECT true FROM consent_events AS e WHERE e.church_id = :church AND e.channel = 'email'
           AND e.address = l.email AND e.kind IN ('yes', 'no', 'stop') LIMIT 1) IS NOT NULL
    ORDER BY l.contact_id LIMIT :most
    """
)

LAST_LOOKED_THROUGH = text(
    """
    SELECT max(contact_id) FROM (
        SELECT contact_id FROM contact_links
        WHERE location_id = :location AND contact_id > :after ORDER BY contact_id LIMIT :through) AS l
    """
)


@dataclass(frozen=True)
class Checked:
    """How far the comparison is."""

    started_at: datetime | None
    checked: int
    finished_at: datetime | None
    due_at: datetime | None


def next_night(now: datetime, zone: tzinfo, church_id: UUID) -> datetime:
    """When the church's next check begins, after `now`. The day that has no such hour has the one after it."""
    start = FROM.hour * 60 + church_id.int % SPREAD_MINUTES
    today = now.astimezone(zone).date()
    for ahead in range(3):
        local = datetime.combine(today + timedelta(days=ahead), time(start // 60, start % 60), zone)
        # By way of the fixed clock: 2:30 on the night that skips it is 3:30.
        begins = datetime.fromtimestamp(local.timestamp(), now.tzinfo)
        if begins > now:
            return begins
    raise AssertionError("one of the next two nights begins after now")


def is_night(now: datetime, zone: tzinfo) -> bool:
    """Whether the check may ask at this moment."""
    return FROM <= now.astimezone(zone).time() < UNTIL


def churches_due(session: Session, *, most: int = 200) -> Sequence[UUID]:
    """Connected churches whose check is due, or was never planned; those that wait longest first. A system transaction."""
    return session.scalars(
        select(Church.id)
        .join(Location, (Location.church_id == Church.id) & Location.active)
        .outerjoin(DndCheck, DndCheck.church_id == Church.id)
        .where(
            Church.removing_at.is_(None),
            DndCheck.church_id.is_(None) | (DndCheck.due_at <= func.now()),
        )
        .order_by(DndCheck.due_at.asc().nulls_first(), Church.id)
        .limit(most)
    ).all()


def follow(session: Session, church_id: UUID, *, now: datetime) -> bool:
    """Takes the church's check one step further; whether a worker is to be woken. A transaction of the church."""
    zone = ledger.zone_of(session, church_id)
    # Only where there is none: an insert that meets the row waits for whoever takes the check a step further just now.
    if session.scalar(select(DndCheck.church_id).where(DndCheck.church_id == church_id)) is None:
        session.execute(
            upsert(DndCheck)
            .values(church_id=church_id, due_at=next_night(now, zone, church_id))
            .on_conflict_do_nothing()
        )
    row = session.scalars(
        select(DndCheck)
        .where(DndCheck.church_id == church_id, DndCheck.due_at <= func.now())
        .with_for_update(skip_locked=True)
    ).one_or_none()
    location_id = session.scalars(
        select(Location.id).where(Location.church_id == church_id, Location.active)
    ).one_or_none()
    if row is None or location_id is None:
        return False
    asked = questions.look(session, church_id, row.question_id) if row.question_id else None
    if asked is not None and not asked.over:
        _write(session, church_id, wait=LOOK_AGAIN)
        return False
    if asked is not None and asked.state is QuestionState.FAILED:
        _write(session, church_id, question_id=None, wait=AFTER_TROUBLE)
        return False
    after, checked = row.after or "", row.checked if row.started_at else 0
    if asked is not None and asked.state is QuestionState.ANSWERED:
        contacts = [there_read(one) for one in (asked.answer or {})["contacts"]]
        # All addresses at once, in the order that everybody takes them in: the contacts come in their own.
        ledger.lock_all(
            session,
            church_id,
            {pair for there in contacts for pair in _addresses(session, location_id, there)[1]},
        )
        for there in contacts:
            compare(session, church_id, location_id, there, now=now)
        # They were asked for in the database's order, which is not that of the code points.
        after = contacts[-1].contact_id
        checked += len(contacts)
    if not is_night(now, zone):
        _plan(session, church_id, next_night(now, zone, church_id), after=after, checked=checked)
        return False
    values = {"location": location_id, "after": after, "through": MOST_LOOKED_THROUGH}
    ids = session.scalars(NEXT, {**values, "church": church_id, "most": MOST_CALLS}).all()
    if not ids and (last := session.scalars(LAST_LOOKED_THROUGH, values).one()) is not None:
        # None of these; the next turn looks through the next ones.
        begun = {"started_at": row.started_at or now, "after": last, "checked": checked}
        _write(session, church_id, question_id=None, wait=timedelta(), **begun)
        return False
    if not ids:
        finished = {"after": None, "started_at": None, "finished_at": now}
        _plan(session, church_id, next_night(now, zone, church_id), checked=checked, **finished)
        return False
    new = questions.ask(
        session, church_id, CONTACT_DND.name, {"ids": list(ids)}, actor=ACTOR, same_within=timedelta()
    )
    _write(
        session,
        church_id,
        question_id=new.id if new else None,
        started_at=row.started_at or now,
        after=after,
        checked=checked,
        wait=LOOK_AGAIN if new else AFTER_TROUBLE,
    )
    return new is not None


def compare(session: Session, church_id: UUID, location_id: UUID, there: There, *, now: datetime) -> None:
    """Holds one contact against our log, and does what follows. A transaction of the church."""
    known, pairs = _addresses(session, location_id, there)
    ledger.lock_all(session, church_id, pairs)
    stopped = {pair for pair in pairs if ledger.is_stopped(session, church_id, *pair)}
    found = differences(there, known, stopped)
    for one in found:
        if one.kind is DifferenceKind.STOPPED_HERE and one.address:
            push_again(session, church_id, one.channel, one.address)
    # Also where somebody said stop here: theirs is a later word, which what lifts the first must not lift with it.
    for channel in there.stops:
        if channel in there.addresses:
            ledger.stop_at(
                session,
                church_id,
                channel=channel,
                address=there.addresses[channel],
                source="ghl",
                recorded_by=ACTOR,
                contact_id=there.contact_id,
                at=now,
                seen=True,
            )
    _list(session, church_id, there.contact_id, found, now)


def _addresses(
    session: Session, location_id: UUID, there: There
) -> tuple[dict[Channel, str], set[tuple[Channel, str]]]:
    """The addresses that our cards gave the contact; and these with those that it has in GoHighLevel."""
    link = session.execute(
        select(ContactLink.phone, ContactLink.email).where(
            ContactLink.location_id == location_id, ContactLink.contact_id == there.contact_id
        )
    ).one_or_none()
    given = ((Channel.SMS, link.phone), (Channel.EMAIL, link.email)) if link is not None else ()
    known = {channel: address for channel, address in given if address}
    return known, {*known.items(), *there.addresses.items()}


def checked(session: Session, church_id: UUID) -> Checked:
    """How far the church's check is. A transaction of the church."""
    row = session.scalars(select(DndCheck).where(DndCheck.church_id == church_id)).one_or_none()
    if row is None:
        return Checked(None, 0, None, None)
    return Checked(row.started_at, row.checked, row.finished_at, row.due_at)


def check_now(session: Session, church_id: UUID) -> None:
    """Lets the check go on at its next turn, should it be night. A transaction of the church."""
    session.execute(
        upsert(DndCheck)
        .values(church_id=church_id, due_at=func.now())
        .on_conflict_do_update(index_elements=["church_id"], set_={"due_at": func.now()})
    )


def _list(
    session: Session, church_id: UUID, contact_id: str, found: Sequence[Difference], now: datetime
) -> None:
    # What the check recorded here is no difference any more; it stays in the list as found and mended.
    still = {(one.channel, one.kind) for one in found if one.kind is not DifferenceKind.STOPPED_THERE}
    known = session.execute(
        select(DndDifference.id, DndDifference.channel, DndDifference.kind).where(
            DndDifference.church_id == church_id,
            DndDifference.contact_id == contact_id,
            DndDifference.settled_at.is_(None),
        )
    ).all()
    over = [row.id for row in known if (row.channel, row.kind) not in still]
    if over:
        session.execute(
            update(DndDifference)
            .where(DndDifference.church_id == church_id, DndDifference.id.in_(over))
            .values(settled_at=now)
            .execution_options(synchronize_session=False)
        )
    for one in found:
        mended = one.kind is DifferenceKind.STOPPED_THERE
        session.execute(
            upsert(DndDifference)
            .values(
                id=new_id(),
                church_id=church_id,
                contact_id=contact_id,
                channel=one.channel,
                address=one.address,
                kind=one.kind,
                found_at=now,
                settled_at=now if mended else None,
            )
            .on_conflict_do_nothing()
        )


def _plan(session: Session, church_id: UUID, due_at: datetime, **values: Any) -> None:
    session.execute(
        update(DndCheck)
        .where(DndCheck.church_id == church_id)
        .values(due_at=due_at, question_id=None, **values)
        .execution_options(synchronize_session=False)
    )


def _write(session: Session, church_id: UUID, *, wait: timedelta, **values: Any) -> None:
    session.execute(
        update(DndCheck)
        .where(DndCheck.church_id == church_id)
        .values(due_at=func.now() + wait, **values)
        .execution_options(synchronize_session=False)
    )
