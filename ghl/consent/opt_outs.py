"""Bringing each stop into GoHighLevel's "do not text": set there, read back, and asked again until it is there.

It opens no socket: each step is a question (`ghl.questions`). A stop works here from the moment it is recorded; this is
for everything else that sends from the church's account. The law gives ten business days.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.consent import ledger
from ghl.consent.standing import KEYWORD
from ghl.db.models import ConsentEvent, ContactLink, Location, OptOut
from ghl.questions import ask as questions
from ghl.questions.ask import Asked
from ghl.questions.kinds import FIND_HOLDER, LIFT_DND, SET_DND
from ghl.statuses import Channel, ConsentKind, OptOutState, QuestionState

LOOK_AGAIN = timedelta(seconds=1)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
MOST_AT_ONCE = 20
MOST_CONTACTS = 20
"""Contacts with one phone number or address. A family has a few; a number that is on more is no family's."""

OPEN = (OptOutState.WAITING, OptOutState.SENT)
ACTOR = "system"
STARTED_AGAIN = "started_again"
"""Why a stop was not brought there: the person wrote START meanwhile."""

NOT_CONNECTED = "not_connected"


@dataclass(frozen=True)
class Standing:
    """A stop that is not in GoHighLevel yet, as a list shows it."""

    id: UUID
    channel: Channel
    address: str
    state: OptOutState
    cause: str | None
    asked_at: datetime
    due_on: date
    tries: int
    due_at: datetime
    overdue: bool


@dataclass(frozen=True)
class Late:
    """How many stops of a church are not confirmed after ten business days."""

    church_id: UUID
    stops: int


def churches_due(session: Session, *, most: int = 200) -> Sequence[UUID]:
    """Churches with a stop to look after now, those that wait longest first. A system transaction."""
    return session.scalars(
        select(OptOut.church_id)
        .where(OptOut.state.in_(OPEN), OptOut.due_at <= func.now())
        .group_by(OptOut.church_id)
        .order_by(func.min(OptOut.due_at))
        .limit(most)
    ).all()


def follow(session: Session, church_id: UUID) -> bool:
    """Takes each due stop one step further; whether a worker is to be woken. A transaction of the church."""
    rows = session.scalars(
        select(OptOut)
        .where(OptOut.church_id == church_id, OptOut.state.in_(OPEN), OptOut.due_at <= func.now())
        .order_by(OptOut.due_at)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    asked = [_follow(session, church_id, row) for row in rows]
    return any(asked)


def wait_after(tries: int) -> timedelta:
    """How long after so many tries in vain the next one comes: 1, 2, 4 … minutes, at most 6 hours. It never ends."""
    return min(FIRST_WAIT * (1 << min(max(tries - 1, 0), 10)), LONGEST_WAIT)


def push_again(session: Session, church_id: UUID, channel: Channel, address: str) -> bool:
    """Brings the stop of this address to GoHighLevel once more: it is not there, or on another contact now.

    False where nothing was ever to be brought there. A transaction of the church.
    """
    newest = (
        select(OptOut.id)
        .where(OptOut.church_id == church_id, OptOut.channel == channel, OptOut.address == address)
        .order_by(OptOut.asked_at.desc(), OptOut.id.desc())
        .limit(1)
    )
    pushed = session.execute(
        update(OptOut)
        .where(OptOut.church_id == church_id, OptOut.id == newest.scalar_subquery())
        .values(
            state=OptOutState.WAITING,
            cause=None,
            contacts=[],
            question_id=None,
            confirmed_at=None,
            due_at=func.now(),
        )
        .execution_options(synchronize_session=False)
    )
    return bool(pushed.rowcount)  # type: ignore[attr-defined]


def try_now(session: Session, church_id: UUID) -> int:
    """Lets every stop that waits be brought there at once; returns how many. A transaction of the church."""
    tried = session.execute(
        update(OptOut)
        .where(OptOut.church_id == church_id, OptOut.state.in_(OPEN))
        .values(due_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return int(tried.rowcount)  # type: ignore[attr-defined]


def unconfirmed(session: Session, church_id: UUID, *, today: date, most: int = 50) -> Sequence[Standing]:
    """Stops of the church that are not in GoHighLevel yet, the most urgent first. A transaction of the church."""
    rows = session.scalars(
        select(OptOut)
        .where(OptOut.church_id == church_id, OptOut.state.in_(OPEN))
        .order_by(OptOut.due_on, OptOut.id)
        .limit(most)
    )
    return [
        Standing(
            row.id,
            Channel(row.channel),
            row.address,
            OptOutState(row.state),
            row.cause,
            row.asked_at,
            row.due_on,
            row.tries,
            row.due_at,
            row.due_on < today,
        )
        for row in rows
    ]


def overdue(session: Session, *, today: date) -> Sequence[Late]:
    """Churches with stops that GoHighLevel lacks after the tenth business day. A system transaction."""
    rows = session.execute(
        select(OptOut.church_id, func.count())
        .where(OptOut.state.in_(OPEN), OptOut.due_on < today)
        .group_by(OptOut.church_id)
        .order_by(func.count().desc(), OptOut.church_id)
    )
    return [Late(church_id, stops) for church_id, stops in rows]


def _follow(session: Session, church_id: UUID, row: OptOut) -> bool:
    asked = questions.look(session, church_id, row.question_id) if row.question_id else None
    if asked is not None and not asked.over:
        _write(session, row, cause=asked.cause or row.cause, wait=LOOK_AGAIN)
        return False
    if _started_again(session, church_id, row):
        return _take_back(session, church_id, row, asked)
    if asked is not None and asked.kind == LIFT_DND.name:
        # Stopped once more while the mark was taken away: it is brought there from the beginning.
        return _ask_next(session, church_id, row, [])
    if asked is not None and asked.state is QuestionState.FAILED:
        _again(session, row, cause=asked.cause)
        return False
    return _go_on(session, church_id, row, asked)


def _go_on(session: Session, church_id: UUID, row: OptOut, asked: Asked | None) -> bool:
    """By what was answered: to the next contact, to the end, or once more later."""
    contacts: list[dict[str, Any]] = list(row.contacts)
    if asked is not None and asked.state is QuestionState.ANSWERED:
        if asked.kind == FIND_HOLDER.name:
            contacts = _holders(session, church_id, row, asked)
            if not contacts:
                # Nobody there has it. Should somebody later, the check of every night brings the stop to them.
                _end(session, church_id, row, OptOutState.NO_CONTACT, contacts)
                return False
        else:
            contacts = _noted(contacts, asked.answer or {})
            if any(one.get("tried") and not one.get("done") for one in contacts):
                _again(session, row, cause=None, state=OptOutState.SENT, contacts=_untried(contacts))
                return False
    if contacts and all(one.get("done") for one in contacts):
        if any(one.get("blocks") for one in contacts):
            _end(session, church_id, row, OptOutState.CONFIRMED, contacts)
        else:
            # All of them are gone: whoever has the address now is looked up again, later.
            _again(session, row, cause=None, contacts=[])
        return False
    return _ask_next(session, church_id, row, contacts)


def _take_back(session: Session, church_id: UUID, row: OptOut, asked: Asked | None) -> bool:
    """The stop is lifted. After a START our own mark goes from every contact that may have it.

    It may have been set after the START: while the hub had not heard of it, or a call was on its way. A newer card lifts
    here alone.
    """
    contacts: list[dict[str, Any]] = list(row.contacts)
    if asked is not None and asked.kind == LIFT_DND.name:
        if asked.state is QuestionState.FAILED:
            _again(session, row, cause=asked.cause)
            return False
        done = (asked.answer or {}).get("id")
        contacts = [{**one, "lifted": True} if one["id"] == done else one for one in contacts]
    left = next((one["id"] for one in contacts if not one.get("lifted")), None)
    if left is None or not _by_start(session, church_id, row):
        _write(session, row, state=OptOutState.CONFIRMED, cause=STARTED_AGAIN, question_id=None)
        _forget(session, row)
        return False
    params = {"opt_out": str(row.id), "id": left}
    new = questions.ask(session, church_id, LIFT_DND.name, params, actor=ACTOR, same_within=timedelta())
    if new is None:
        _write(session, row, cause=NOT_CONNECTED, question_id=None, contacts=contacts, wait=LONGEST_WAIT)
        return False
    _write(session, row, question_id=new.id, contacts=contacts, wait=LOOK_AGAIN)
    return True


def _by_start(session: Session, church_id: UUID, row: OptOut) -> bool:
    """Whether the person themselves wrote START after this stop."""
    return any(
        one.kind is ConsentKind.YES and one.source == KEYWORD and one.recorded_at >= row.asked_at
        for one in ledger.history(session, church_id, row.channel, row.address)
    )


def _ask_next(session: Session, church_id: UUID, row: OptOut, contacts: list[dict[str, Any]]) -> bool:
    left = next((one["id"] for one in contacts if not one.get("done")), None)
    kind, params = (
        (FIND_HOLDER, {"opt_out": str(row.id)})
        if left is None
        else (SET_DND, {"opt_out": str(row.id), "id": left})
    )
    new = questions.ask(session, church_id, kind.name, params, actor=ACTOR, same_within=timedelta())
    if new is None:
        _write(session, row, cause=NOT_CONNECTED, question_id=None, contacts=contacts, wait=LONGEST_WAIT)
        return False
    _write(session, row, question_id=new.id, contacts=contacts, wait=LOOK_AGAIN)
    return True


def _holders(session: Session, church_id: UUID, row: OptOut, asked: Asked) -> list[dict[str, Any]]:
    """Every contact that is known to have the address: those of our cards, and the one that GoHighLevel names."""
    column = ContactLink.phone if row.channel == Channel.SMS else ContactLink.email
    ids = session.scalars(
        select(ContactLink.contact_id)
        .join(Location, (Location.id == ContactLink.location_id) & Location.active)
        .where(ContactLink.church_id == church_id, column == row.address)
        .order_by(ContactLink.contact_id)
        .limit(MOST_CONTACTS)
    ).all()
    named = (asked.answer or {}).get("id")
    return [{"id": one} for one in dict.fromkeys([*ids, *([named] if named else [])])]


def _noted(contacts: list[dict[str, Any]], answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """With what came of one contact. One that is gone, or has another address now, is done and blocks nothing."""
    over = bool(answer.get("gone") or answer.get("other") or answer.get("blocks"))
    blocks = bool(answer.get("blocks")) and not answer.get("other")
    new = {"id": answer.get("id"), "tried": True} | ({"done": True, "blocks": blocks} if over else {})
    return [new if one["id"] == answer.get("id") else one for one in contacts]


def _untried(contacts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one if one.get("done") else {"id": one["id"]} for one in contacts]


def _started_again(session: Session, church_id: UUID, row: OptOut) -> bool:
    """Whether the person lifted this stop meanwhile, by START or a newer card: then it must not be set there any more.

    The log knows nothing more of somebody who was erased: there a START after the stop counts.
    """
    if not _known(session, row):
        return any(
            one.kind is ConsentKind.YES and one.recorded_at > row.asked_at
            for one in ledger.history(session, church_id, row.channel, row.address)
        )
    return not ledger.is_stopped(session, church_id, row.channel, row.address)


def _known(session: Session, row: OptOut) -> bool:
    """Whether the log still has what was said, and so whose stop this is."""
    return session.scalar(select(ConsentEvent.id).where(ConsentEvent.id == row.event_id)) is not None


def _again(session: Session, row: OptOut, *, cause: str | None, **values: object) -> None:
    tries = row.tries + 1
    _write(session, row, tries=tries, cause=cause, question_id=None, wait=wait_after(tries), **values)


def _end(
    session: Session, church_id: UUID, row: OptOut, state: OptOutState, contacts: list[dict[str, Any]]
) -> None:
    _write(session, row, state=state, cause=None, contacts=contacts, confirmed_at=func.now())
    audit.record(
        session,
        church_id=church_id,
        actor=ACTOR,
        action="stop.brought",
        subject=str(row.id),
        facts={"channel": row.channel, "contacts": len(contacts)},
    )
    _forget(session, row)


def _forget(session: Session, row: OptOut) -> None:
    """Whoever was erased meanwhile leaves no address here once GoHighLevel has their stop."""
    if not _known(session, row):
        _write(session, row, address="", contacts=[])


def _write(session: Session, row: OptOut, *, wait: timedelta = timedelta(), **values: object) -> None:
    if values.get("state") == OptOutState.SENT or "confirmed_at" in values:
        values["sent_at"] = func.coalesce(OptOut.sent_at, func.now())
    session.execute(
        update(OptOut)
        .where(OptOut.id == row.id)
        .values(due_at=func.now() + wait, **values)
        .execution_options(synchronize_session=False)
    )
