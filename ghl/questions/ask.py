"""The screen's side: files a question, and reads what became of it. It opens no socket to GoHighLevel.

Times are the database's. Who asks wakes a worker after the commit; a wake-up that is lost is swept up.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.db.models import Location, Question
from ghl.db.models.question import OPEN
from ghl.ids import new_id
from ghl.questions.kind import QuestionError
from ghl.questions.kinds import KINDS
from ghl.statuses import QuestionState

WANTED_FOR = timedelta(seconds=60)
"""Somebody who asked waits so long at most. Longer than a worker's lease, so that another may take over in time."""

KEPT_FOR = timedelta(hours=1)
"""Answers show people, so they go soon after nobody looks at them any more."""

SAME_WITHIN = timedelta(seconds=10)
"""The same question within this time is one: a reload and a second tab cost GoHighLevel's budget nothing."""

FAILED_WITHIN = timedelta(seconds=3)
"""A question that failed is asked anew sooner: what was wrong may be mended by now."""


@dataclass(frozen=True)
class Asked:
    """A question as its screen sees it. `cause` is why it failed, or why it still waits, where that is known."""

    id: UUID
    kind: str
    state: QuestionState
    asked_at: datetime
    seen_at: datetime
    wanted_until: datetime
    cause: str | None = None
    answered_at: datetime | None = None
    answer: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.state in {QuestionState.ANSWERED, QuestionState.FAILED} or self.expired

    @property
    def expired(self) -> bool:
        """It waited until nobody wanted it any more; asking again brings it back."""
        open_ = self.state in {QuestionState.WAITING, QuestionState.ASKING}
        return open_ and self.seen_at > self.wanted_until


def ask(
    session: Session,
    church_id: UUID,
    kind: str,
    params: Mapping[str, Any] | None = None,
    *,
    actor: str,
    same_within: timedelta = SAME_WITHIN,
) -> Asked | None:
    """Files the question, or finds the same one that is on its way or was answered just now. A transaction of the
    church; None while the church is not connected and the question needs that. Raises `QuestionError` for what cannot
    be asked.
    """
    if kind not in KINDS:
        raise QuestionError(f"There is no kind of question called {kind!r}.")
    checked = KINDS[kind].checked(params or {})
    if (way := KINDS[kind].way) is not None:
        location_id = way.place(session, church_id, checked)
    else:
        location_id = session.scalar(
            select(Location.id).where(Location.church_id == church_id, Location.active)
        )
        if location_id is None:
            return None
    key = hashlib.sha256(
        orjson.dumps([str(location_id), kind, checked], option=orjson.OPT_SORT_KEYS)
    ).digest()
    known = _one(session, Question.church_id == church_id, Question.key == key)
    if known is not None and _still_good(known, same_within):
        return known
    added = upsert(Question).values(
        id=new_id(),
        church_id=church_id,
        location_id=location_id,
        kind=kind,
        params=checked,
        key=key,
        asked_by=actor,
        asked_at=func.now(),
        wanted_until=func.now() + WANTED_FOR,
        state=QuestionState.WAITING,
        due_at=func.now(),
    )
    # Somebody waits for it again; one that was given up on is due at once.
    question_id = session.scalars(
        added.on_conflict_do_update(
            index_elements=["church_id", "key"],
            index_where=text(OPEN),
            set_={
                "wanted_until": added.excluded.wanted_until,
                "due_at": func.least(Question.due_at, func.now() + timedelta(seconds=5)),
            },
        ).returning(Question.id)
    ).one()
    return look(session, church_id, question_id)


def look(session: Session, church_id: UUID, question_id: UUID) -> Asked | None:
    """The question as it stands; None where it is no longer kept, or another church's. A transaction of the church."""
    return _one(session, Question.church_id == church_id, Question.id == question_id)


def prune(session: Session) -> int:
    """Deletes what nobody waits for since an hour, with its answers. A system transaction."""
    old = delete(Question).where(Question.wanted_until < func.now() - KEPT_FOR)
    return session.execute(old.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined, no-any-return]


def _still_good(known: Asked, same_within: timedelta) -> bool:
    """Whether the newest of its like need not be asked again."""
    if known.answered_at is not None:
        within = same_within if known.state is QuestionState.ANSWERED else min(FAILED_WITHIN, same_within)
        return known.seen_at - known.answered_at < within
    # On its way; a write a refresh is saved while enough of its time is left.
    return known.wanted_until - known.seen_at > WANTED_FOR / 2


def _one(session: Session, *where: ColumnElement[bool]) -> Asked | None:
    row = session.execute(
        select(
            Question.id,
            Question.kind,
            Question.state,
            Question.asked_at,
            func.now().label("seen_at"),
            Question.wanted_until,
            Question.cause,
            Question.answered_at,
            Question.answer,
        )
        .where(*where)
        .order_by(Question.asked_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Asked(**row._asdict() | {"state": QuestionState(row.state)})
