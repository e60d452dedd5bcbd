"""Questions of one church that go another way than its cards, such as the test of a token for another location.

Turns like those of `ChurchRun`, in a small: no cards and no lease of the church, because each question has its own.
Budget and breaker are those of the location that the question leads to, from when its token was seen to belong there:
until then a trial has a budget of its own, and nothing is noted under a location id that was only pasted.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.client import DEADLINE_SECONDS
from ghl.client.errors import RateLimitedError
from ghl.client.throttle import Grant
from ghl.connection.trials import open_trial
from ghl.db.availability import is_away
from ghl.questions.take import LEASE_SECONDS, Taken, give_up_on_deadly, is_due_elsewhere
from jobs.dispatcher.inquiry import Inquiry, Replied
from jobs.dispatcher.parts import Allowance, Stepped, Tools, Turned
from jobs.dispatcher.permit import Permit
from jobs.dispatcher.question_desk import QuestionDesk

MOST_AT_ONCE = 8
"""Calls at a time: a test has no more probes."""

TRY_AGAIN_AFTER = 1.0
LONGEST_WAIT = 5.0

log = structlog.get_logger()


@dataclass
class ElsewhereRun:
    """What this process asks for a church in another way."""

    elsewhere: ClassVar[bool] = True

    church_id: UUID
    tools: Tools
    _questions: QuestionDesk = field(init=False)
    _results: deque[Replied] = field(default_factory=deque)
    _budget: str = ""
    """Whose budget the church's questions take from, as it was at the last turn: that of a location, or a trial's own."""
    _proved: bool = False
    """Whether that is a location's, which has a breaker as well."""
    _budgets: dict[UUID, str] = field(default_factory=dict)
    """By question that is under way: whose budget it was taken from."""

    def __post_init__(self) -> None:
        """The questions are looked after by a desk of their own."""
        self._questions = QuestionDesk(self.church_id, self.tools.key_ring)

    def put(self, brought: Stepped | Replied) -> None:
        """Takes what a question brought; from any thread."""
        assert isinstance(brought, Replied)
        self._results.append(brought)

    def turn(self, slots: int, *, stopping: bool = False) -> Turned:
        """Settles, then takes up to `slots` questions. Never raises for a database or Redis that is away."""
        allowance = self._ask_redis(min(slots, MOST_AT_ONCE), stopping=stopping)
        begun = self.tools.clock.monotonic()
        try:
            with self.tools.database.church(self.church_id) as session:
                self._questions.settle(
                    session, location_id=None, blocked=allowance.blocked, why=allowance.why
                )
                give_up_on_deadly(session, self.church_id)
                trial = open_trial(session, self.church_id)
                budget = trial.budget if trial else ""
                taken = self._take(session, allowance) if budget == self._budget else Taken()
                due = bool(budget) and is_due_elsewhere(session, self.church_id)
        except SQLAlchemyError as error:
            self._return(allowance, 0)
            if not is_away(error):
                raise
            log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
            return Turned(wait=TRY_AGAIN_AFTER, finished=not self._questions.waits_for(blocked=False))
        self._questions.committed(blocked=allowance.blocked)
        self._questions.hold(taken.questions, until=begun + LEASE_SECONDS)
        jobs = self._start(allowance)
        # Whose budget is to be asked is known only now.
        found, self._budget = budget != self._budget, budget
        self._proved = trial is not None and budget == trial.location_id
        # What is due and may not go now is left to the sweep.
        finished = not self._questions.waits_for(blocked=False) and (not due or allowance.blocked)
        wait = 0.0 if found and due else min(allowance.wait or TRY_AGAIN_AFTER, LONGEST_WAIT)
        return Turned(jobs, wait, finished=finished)

    def abandon(self) -> None:
        """Lets go of everything after a mistake of ours: it comes back when the leases end."""
        self._results.clear()
        self._questions.abandon()

    def _ask_redis(self, slots: int, *, stopping: bool) -> Allowance:
        """Tells breaker and throttle what came back, and asks them what may go out."""
        replied: list[Replied] = []
        while self._results:
            replied.append(self._results.popleft())
            self._questions.take_back(replied[-1])
        try:
            for one in replied:
                self._report(one)
            if stopping:
                return Allowance(blocked=True)
            if not self._budget:
                return Allowance()
            if self._proved and not self.tools.breakers.gate(self._budget).closed:
                return Allowance(blocked=True, pause=LONGEST_WAIT, why=CauseCode.GHL_NOT_ANSWERING)
            if slots < 1:
                return Allowance(wait=TRY_AGAIN_AFTER)
            grant = self.tools.throttle.take(self._budget, slots)
        except redis.RedisError as error:
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)
            return Allowance(blocked=True, pause=TRY_AGAIN_AFTER)
        return Allowance(grant, self._budget, wait=grant.wait_seconds or None, threads=slots)

    def _report(self, replied: Replied) -> None:
        budget, outcomes = self._budgets.pop(replied.question.id, ""), list(replied.outcomes)
        if not budget:
            # Let go of after a mistake of ours, and asked again since: only one of the two is told.
            return
        if budget == replied.facts.ghl_location_id:
            self.tools.breakers.record(
                budget,
                successes=sum(outcomes),
                system_errors=len(outcomes) - sum(outcomes),
                in_order=outcomes,
            )
        if replied.headers:
            self.tools.throttle.observe(budget, *max(replied.headers, key=lambda one: one[1]))
        if isinstance(replied.error, RateLimitedError):
            self.tools.throttle.rate_limited(budget, replied.error.retry_after, replied.error.daily)

    def _take(self, session: Session, allowance: Allowance) -> Taken:
        if allowance.grant is None or not allowance.grant.granted:
            return Taken()
        return self._questions.take(session, None, calls=allowance.grant.granted)

    def _start(self, allowance: Allowance) -> list[Inquiry]:
        grant = allowance.grant
        if grant is None:
            return []
        database = self.tools.database

        def permit(lease_until: Callable[[], float]) -> Permit:
            return Permit(
                grant=grant,
                location_id=allowance.location,
                throttle=self.tools.throttle,
                clock=self.tools.clock,
                lease_until=lease_until,
                open_transactions=lambda: database.open_transactions,
                call_seconds=DEADLINE_SECONDS,
            )

        going = self._questions.start(None, calls=grant.granted, threads=allowance.threads, permit=permit)
        self._budgets |= {one.question.id: allowance.location for one in going}
        self._return(allowance, len(going))
        return going

    def _return(self, allowance: Allowance, used: int) -> None:
        grant: Grant | None = allowance.grant
        if grant is None or grant.granted <= used:
            return
        try:
            self.tools.throttle.give_back(allowance.location, grant, grant.granted - used)
        except redis.RedisError as error:
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)
