"""The worker's side: takes due questions ahead of cards, and writes what came of them. Times are the database's.

A question whose worker died is due again when its lease ends; after three such deaths it has failed.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, text, update
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.db.models import Question
from ghl.questions.kinds import KINDS
from ghl.statuses import QuestionState

LEASE_SECONDS = 20.0
"""Longer than three calls of 5 seconds."""

MOST_AT_ONCE = 10
MAX_DEATHS = 3

AGAIN_AFTER = timedelta(seconds=5)
"""When GoHighLevel did not answer: soon enough for somebody who waits, and no burden for who is in trouble."""


@dataclass(frozen=True)
class TakenQuestion:
    """A question that is ours until its lease ends."""

    id: UUID
    kind: str
    params: Mapping[str, Any] = field(repr=False)
    location_id: UUID | None
    lease_token: UUID

    @property
    def calls(self) -> int:
        """How many calls it takes at most."""
        return KINDS[self.kind].calls(self.params)


@dataclass(frozen=True)
class Taken:
    """What was taken. `short`: one more is due, but the calls that may be made now are too few for it."""

    questions: Sequence[TakenQuestion] = ()
    short: bool = False


_DUE = """
    q.church_id = :church AND q.wanted_until > now() AND q.kind = ANY(:kinds) AND q.tries < :deaths
    AND ((q.state = 'waiting' AND q.due_at <= now()) OR (q.state = 'asking' AND q.leased_until < now()))
"""

CANDIDATES = text(
    f"""
    SELECT q.id, q.kind, q.params FROM questions AS q
    WHERE q.location_id = :location AND {_DUE}
    ORDER BY q.asked_at LIMIT :most FOR UPDATE SKIP LOCKED
    """  # noqa: S608 (constants)
)

# Those that go another way than the church's cards, each in its own location's budget.
CANDIDATES_ELSEWHERE = text(
    f"""
    SELECT q.id, q.kind, q.params FROM questions AS q
    WHERE q.location_id IS NULL AND {_DUE}
    ORDER BY q.asked_at LIMIT :most FOR UPDATE SKIP LOCKED
    """  # noqa: S608 (constants)
)

LEASE = text(
    """
    UPDATE questions
    SET state = 'asking', tries = tries + 1, lease_token = :token,
        leased_until = now() + make_interval(secs => :lease)
    WHERE id = ANY(:ids)
    """
)

ANY_DUE = text(
    f"SELECT EXISTS (SELECT FROM questions AS q WHERE q.location_id IS NOT NULL AND {_DUE})"  # noqa: S608 (constants)
)
ANY_DUE_ELSEWHERE = text(
    f"SELECT EXISTS (SELECT FROM questions AS q WHERE q.location_id IS NULL AND {_DUE})"  # noqa: S608 (constants)
)

GIVE_UP = text(
    """
    UPDATE questions
    SET state = 'failed', cause = 'unknown', answered_at = now(), lease_token = NULL, leased_until = NULL
    WHERE church_id = :church AND state = 'asking' AND leased_until < now() AND tries >= :deaths
    """
)

# So that a page can say why nothing comes, also where it cannot ask Redis.
EXPLAIN_WAIT = (
    update(Question)
    .where(
        Question.church_id == bindparam("church"),
        Question.location_id.is_not_distinct_from(bindparam("location")),
        Question.state == QuestionState.WAITING,
        Question.cause.is_distinct_from(bindparam("why")),
    )
    .values(cause=bindparam("why"))
)


def take(
    session: Session,
    church_id: UUID,
    location_id: UUID | None,
    *,
    token: UUID,
    calls: int,
    kinds: Collection[str] | None = None,
) -> Taken:
    """Leases due questions, the oldest first, as many as so many calls answer. A transaction of the church.

    Without a location those that go another way. `kinds` are those that may be taken, if not all.
    """
    values = _values(church_id) | {"most": MOST_AT_ONCE}
    if kinds is not None:
        values["kinds"] = sorted(kinds)
    if location_id is not None:
        values["location"] = location_id
    taken: list[TakenQuestion] = []
    short = False
    for row in session.execute(CANDIDATES if location_id else CANDIDATES_ELSEWHERE, values):
        question = TakenQuestion(row.id, row.kind, row.params, location_id, token)
        if question.calls > calls:
            short = True
            break
        calls -= question.calls
        taken.append(question)
    if taken:
        lease = {"token": token, "lease": LEASE_SECONDS, "ids": [one.id for one in taken]}
        session.execute(LEASE, lease)
    return Taken(tuple(taken), short)


def is_due(session: Session, church_id: UUID) -> bool:
    """Whether a question of the church's own location waits for a worker now. A transaction of the church."""
    return bool(session.scalar(ANY_DUE, _values(church_id)))


def is_due_elsewhere(session: Session, church_id: UUID) -> bool:
    """Whether one that goes another way waits for a worker now. A transaction of the church."""
    return bool(session.scalar(ANY_DUE_ELSEWHERE, _values(church_id)))


def give_up_on_deadly(session: Session, church_id: UUID) -> None:
    """Ends what took three workers with it. A transaction of the church."""
    session.execute(GIVE_UP, {"church": church_id, "deaths": MAX_DEATHS})


def explain_wait(session: Session, church_id: UUID, location_id: UUID | None, cause: CauseCode) -> None:
    """Notes why nothing can be asked there at the moment. A transaction of the church."""
    session.execute(EXPLAIN_WAIT, {"church": church_id, "location": location_id, "why": cause.value})


def answered(session: Session, question: TakenQuestion, answer: Mapping[str, Any]) -> bool:
    """Writes the answer; False where the question is no longer ours. A transaction of the church."""
    return _end(
        session,
        question,
        {"state": QuestionState.ANSWERED, "answer": dict(answer), "cause": None, "answered_at": func.now()},
    )


def failed(session: Session, question: TakenQuestion, cause: CauseCode) -> bool:
    """Writes that asking again is no use before somebody has mended something."""
    return _end(session, question, {"state": QuestionState.FAILED, "cause": cause, "answered_at": func.now()})


def put_off(
    session: Session, question: TakenQuestion, *, after: timedelta = timedelta(), cause: CauseCode | None
) -> bool:
    """Gives the question back: it is due again after this time."""
    return _end(
        session,
        question,
        {"state": QuestionState.WAITING, "tries": 0, "due_at": func.now() + after, "cause": cause},
    )


def _end(session: Session, question: TakenQuestion, values: dict[str, Any]) -> bool:
    written = session.execute(
        update(Question)
        .where(Question.id == question.id, Question.lease_token == question.lease_token)
        .values(lease_token=None, leased_until=None, **values)
        .execution_options(synchronize_session=False)
    )
    return bool(written.rowcount)  # type: ignore[attr-defined]


def _values(church_id: UUID) -> dict[str, object]:
    kinds: Collection[str] = KINDS
    return {"church": church_id, "kinds": sorted(kinds), "deaths": MAX_DEATHS}
