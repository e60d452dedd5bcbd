"""The questions of one church in this process: taken before its cards, out of the same grant, in the same turns.

`ChurchRun` calls it at each step of a turn; like everything there, it changes its own memory after the commit only.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.errors import RateLimitedError
from ghl.crypto import KeyRing, UnsealError
from ghl.db.availability import is_away
from ghl.delivery.facts import DeliveryFacts
from ghl.ids import new_id
from ghl.questions import take
from ghl.questions.kinds import KINDS
from ghl.questions.take import Taken, TakenQuestion
from jobs.dispatcher.inquiry import Inquiry, Replied
from jobs.dispatcher.permit import Permit

log = structlog.get_logger()

MakePermit = Callable[[Callable[[], float]], Permit]
"""A permit for one call of the turn's grant, given how long what it is for is ours."""


@dataclass
class QuestionDesk:
    """What this process holds of a church's questions. `key_ring` opens what goes another way."""

    church_id: UUID
    key_ring: KeyRing
    _out: dict[UUID, float] = field(default_factory=dict)
    """Until when each question that is with a thread or waits for one is ours, by this process's own clock."""
    _ways: dict[UUID, DeliveryFacts] = field(default_factory=dict)
    """By which token each is asked."""
    _ready: list[TakenQuestion] = field(default_factory=list)
    _replied: list[Replied] = field(default_factory=list)

    def take_back(self, replied: Replied) -> None:
        """What a question brought; it is written in the next transaction."""
        self._replied.append(replied)

    def settle(
        self, session: Session, *, location_id: UUID | None, blocked: bool, why: CauseCode | None
    ) -> bool:
        """Writes what came back, and gives back what cannot be asked now; whether the church's cards may go on."""
        goes_on = [self._settle_one(session, replied) for replied in self._replied]
        if blocked:
            for question in self._ready:
                take.put_off(session, question, cause=why)
        if why is not None:
            take.explain_wait(session, self.church_id, location_id, why)
        return any(goes_on)

    def take(
        self,
        session: Session,
        location_id: UUID | None,
        *,
        calls: int,
        kinds: Collection[str] | None = None,
    ) -> Taken:
        """Takes due questions, as many as may be asked with so many calls beside those that are ready."""
        calls -= sum(question.calls for question in self._ready)
        if calls < 1:
            return Taken()
        taken = take.take(session, self.church_id, location_id, token=new_id(), calls=calls, kinds=kinds)
        asked: list[TakenQuestion] = []
        for question in taken.questions:
            kind = KINDS[question.kind]
            if kind.gather is not None:
                more = kind.gather(session, self.church_id, question.params, self.key_ring)
                if more is None:
                    take.failed(session, question, CauseCode.UNKNOWN)
                    continue
                question = replace(question, params={**question.params, **more})  # noqa: PLW2901
            if (way := kind.way) is not None:
                try:
                    facts = way.facts(session, self.church_id, question.params, self.key_ring)
                except UnsealError as error:
                    # Sealed for a key that this worker has not: another may have it.
                    log.error("question.does_not_open", church_id=str(self.church_id), reason=str(error))  # noqa: TRY400
                    take.put_off(session, question, after=take.AGAIN_AFTER, cause=None)
                    continue
                if facts is None:
                    take.failed(session, question, CauseCode.UNKNOWN)
                    continue
                # Forgotten with the question, also where this transaction comes to nothing.
                self._ways[question.id] = facts
            asked.append(question)
        return Taken(tuple(asked), taken.short)

    def waits_for(self, *, blocked: bool) -> bool:
        """Whether questions are on their way after what this turn settles or gives back."""
        gone = {replied.question.id for replied in self._replied}
        if blocked:
            gone |= {question.id for question in self._ready}
        return any(question_id not in gone for question_id in self._out)

    def committed(self, *, blocked: bool) -> None:
        """What was settled and given back is no longer ours."""
        gone = [replied.question for replied in self._replied] + (self._ready if blocked else [])
        for question in gone:
            self._let_go(question)
        self._replied.clear()
        if blocked:
            self._ready.clear()

    def hold(self, taken: Sequence[TakenQuestion], *, until: float) -> None:
        """What was taken is ours until then."""
        for question in taken:
            self._out[question.id] = until
        self._ready += taken

    @property
    def wanted(self) -> int:
        """How many calls the questions take that are ready to be asked."""
        return sum(question.calls for question in self._ready)

    def start(
        self, facts: DeliveryFacts | None, *, calls: int, threads: int, permit: MakePermit
    ) -> list[Inquiry]:
        """Turns calls of the grant into inquiries, the oldest question first. Without `facts` each has its own way."""
        going: list[Inquiry] = []
        location_id = facts.location_id if facts else None
        # Of a location that is no longer the church's: left to the end of its lease, and then wanted by nobody.
        for stranger in [one for one in self._ready if one.location_id != location_id]:
            self._ready.remove(stranger)
            self._let_go(stranger)
        while self._ready and self._ready[0].calls <= calls and len(going) < threads:
            question = self._ready.pop(0)
            calls -= question.calls
            until = self._out[question.id]
            permits = [permit(lambda until=until: until) for _ in range(question.calls)]  # type: ignore[misc]
            way = self._ways.get(question.id, facts)
            assert way is not None, "a question without a location has a way of its own"
            going.append(Inquiry(question, way, permits))
        return going

    def abandon(self) -> None:
        """Lets go of everything: it comes back by itself when the leases end."""
        self._out.clear()
        self._ways.clear()
        self._ready.clear()
        self._replied.clear()

    def _let_go(self, question: TakenQuestion) -> None:
        self._out.pop(question.id, None)
        self._ways.pop(question.id, None)

    def _settle_one(self, session: Session, replied: Replied) -> bool:
        """One that cannot be written down is left to the end of its lease; the others are settled."""
        try:
            with session.begin_nested():
                return self._write(session, replied)
        except SQLAlchemyError as error:
            if is_away(error):
                raise
            log.exception("question.not_settled", church_id=str(self.church_id), kind=replied.question.kind)
            return False

    def _write(self, session: Session, replied: Replied) -> bool:
        question, error = replied.question, replied.error
        if replied.answer is not None:
            ours = take.answered(session, question, replied.answer)
        elif replied.crashed:
            ours = take.failed(session, question, CauseCode.UNKNOWN)
        elif error is None:
            take.put_off(session, question, cause=None)
            return False
        elif isinstance(error, RateLimitedError):
            wait = timedelta(seconds=max(error.retry_after or 0.0, 1.0))
            take.put_off(session, question, after=wait, cause=error.cause)
            return False
        elif error.system_error:
            take.put_off(session, question, after=take.AGAIN_AFTER, cause=CauseCode.GHL_NOT_ANSWERING)
            return False
        elif error.certainly_not_sent and not error.status:
            take.put_off(session, question, after=timedelta(seconds=1), cause=None)
            return False
        else:
            ours = take.failed(session, question, error.cause)
        kind = KINDS[question.kind]
        return ours and kind.follows(session, replied.facts, question.params, replied.answer, error)
