"""Removing contacts in GoHighLevel for people who were erased: asked of a worker until GoHighLevel has them no more.

It opens no socket: each try is a question (`ghl.questions`), out of the same budget as everything else.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from ghl import audit
from ghl.db.models import Card, ContactLink, ContactRemoval, Location, Question
from ghl.questions import ask as questions
from ghl.questions.ask import Asked
from ghl.questions.kinds import REMOVE_CONTACT
from ghl.statuses import QuestionState

LOOK_AGAIN = timedelta(seconds=5)
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
MOST_AT_ONCE = 20

ACTOR = "system"


def churches_due(session: Session, *, most: int = 200) -> Sequence[UUID]:
    """Churches with a removal to look after now. A system transaction."""
    return session.scalars(
        select(ContactRemoval.church_id)
        .where(ContactRemoval.state == "waiting", ContactRemoval.due_at <= func.now())
        .distinct()
        .limit(most)
    ).all()


def follow(session: Session, church_id: UUID) -> bool:
    """Asks for removals that are due, and reads what came of those that were asked; whether a worker is to be woken.

    A transaction of the church.
    """
    rows = session.scalars(
        select(ContactRemoval)
        .where(
            ContactRemoval.church_id == church_id,
            ContactRemoval.state == "waiting",
            ContactRemoval.due_at <= func.now(),
        )
        .order_by(ContactRemoval.due_at)
        .limit(MOST_AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    # All of them, also behind one that was asked.
    asked = [_follow(session, church_id, row) for row in rows]
    return any(asked)


def try_now(session: Session, church_id: UUID) -> int:
    """Lets every removal of the church that waits be tried at once; returns how many. A transaction of the church."""
    tried = session.execute(
        update(ContactRemoval)
        .where(ContactRemoval.church_id == church_id, ContactRemoval.state == "waiting")
        .values(due_at=func.now(), changed_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return int(tried.rowcount)  # type: ignore[attr-defined]


def wait_after(tries: int) -> timedelta:
    """How long after so many tries in vain the next one comes: 5, 10, 20 … minutes, at most 6 hours. It never ends."""
    doublings = min(max(tries - 1, 0), 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


IN_USE = "in_use_again"
"""Why a removal ended without one: a card that came later went into the contact. See `ask.Removal`."""


def _follow(session: Session, church_id: UUID, row: ContactRemoval) -> bool:
    asked = questions.look(session, church_id, row.question_id) if row.question_id else None
    if asked is not None and asked.state is QuestionState.ANSWERED:
        _write(session, row, state="done", cause=None)
        audit.record(
            session, church_id=church_id, actor=ACTOR, action="contact.removed", subject=str(row.erasure_id)
        )
        return False
    if _in_use(session, church_id, row) and _nobody_removes(session, church_id, asked):
        _write(session, row, state="done", cause=IN_USE)
        return False
    if asked is not None and asked.state is QuestionState.FAILED:
        tries = row.tries + 1
        _write(session, row, tries=tries, cause=asked.cause, question_id=None, wait=wait_after(tries))
        return False
    if asked is not None and not asked.expired:
        _write(session, row, cause=asked.cause or row.cause, wait=LOOK_AGAIN)
        return False
    here = session.scalar(select(Location.active).where(Location.id == row.location_id))
    new = (
        questions.ask(
            session,
            church_id,
            REMOVE_CONTACT.name,
            {"id": row.contact_id},
            actor=ACTOR,
            same_within=timedelta(),
        )
        if here
        else None
    )
    if new is None:
        # The church is connected to another location, or to none: that contact is out of reach until it is back.
        _write(session, row, cause="not_connected", question_id=None, wait=LONGEST_WAIT)
        return False
    _write(session, row, question_id=new.id, wait=LOOK_AGAIN)
    return True


def _in_use(session: Session, church_id: UUID, row: ContactRemoval) -> bool:
    """Whether a card is in the contact: the person's own went, so it came later."""
    link = exists().where(
        ContactLink.location_id == row.location_id, ContactLink.contact_id == row.contact_id
    )
    card = exists().where(Card.church_id == church_id, Card.contact_id == row.contact_id)
    # The link is found by its key, and is there for nearly all.
    return bool(session.scalar(select(link)) or session.scalar(select(card)))


def _nobody_removes(session: Session, church_id: UUID, asked: Asked | None) -> bool:
    """Whether no worker is at it. A question that none took yet is taken back: who takes it meanwhile holds its row."""
    if asked is None or asked.state is QuestionState.FAILED:
        return True
    withdrawn = session.execute(
        update(Question)
        .where(
            Question.church_id == church_id,
            Question.id == asked.id,
            Question.state == QuestionState.WAITING,
        )
        .values(wanted_until=func.now())
        .execution_options(synchronize_session=False)
    )
    return bool(withdrawn.rowcount) or asked.expired  # type: ignore[attr-defined]


def _write(session: Session, row: ContactRemoval, *, wait: timedelta = timedelta(), **values: object) -> None:
    session.execute(
        update(ContactRemoval)
        .where(ContactRemoval.id == row.id)
        .values(due_at=func.now() + wait, changed_at=func.now(), **values)
        .execution_options(synchronize_session=False)
    )
