"""One church's delivery in this process: turns that settle what came back, then claim what may go out next.

A turn runs in one thread at a time and never while GoHighLevel is called; calls run in threads of their own
and hand back what they brought with `put`. At most one transaction and a few short Redis calls make a turn.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
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
from ghl.crypto import UnsealError
from ghl.db.availability import is_away
from ghl.delivery import lease
from ghl.delivery.claim import free_expired
from ghl.delivery.delivery import Delivery
from ghl.delivery.facts import DeliveryFacts, load_facts
from ghl.messages.errand import MessageErrand
from ghl.questions.kind import MOST_CALLS
from ghl.questions.kinds import OTHER_WAYS
from ghl.questions.take import LEASE_SECONDS as QUESTION_LEASE_SECONDS
from ghl.questions.take import Taken, give_up_on_deadly, is_due, is_due_elsewhere
from jobs.dispatcher.card_lane import CardLane
from jobs.dispatcher.inquiry import Inquiry, Replied
from jobs.dispatcher.message_lane import MessageLane
from jobs.dispatcher.parts import Allowance, Job, Stepped, Tools, Turned
from jobs.dispatcher.permit import Permit
from jobs.dispatcher.question_desk import QuestionDesk

MOST_AT_ONCE = 100
"""GoHighLevel takes no more calls of a location at once than its budget for ten seconds."""

KEEP_LEASE_FOR = 12.0
"""A church whose budget is used up keeps its worker for so long; past that the lease is given back."""

LONGEST_PAUSE = 60.0
LOCKED_OUT_PAUSE = 5.0
LOOK_AGAIN_EVERY = 1.0
LOOK_FOR_EXPIRED_EVERY = 5.0
USED_WITHIN = 0.1
"""Seconds until the calls of a turn have left, on a busy machine too."""

SOON = 0.1
TRY_AGAIN_AFTER = 1.0
"""Seconds until another turn when the database or Redis did not answer."""

log = structlog.get_logger()


@dataclass
class ChurchRun:
    """The deliveries of one church that this process holds: questions before cards, and cards before messages."""

    elsewhere: ClassVar[bool] = False

    church_id: UUID
    tools: Tools
    facts: DeliveryFacts | None = None
    cards: CardLane = field(init=False)
    messages: MessageLane = field(init=False)
    _questions: QuestionDesk = field(init=False)
    _results: deque[Stepped | Replied] = field(default_factory=deque)
    _lease_until: float = 0.0
    _locked_out: bool = False
    _opened: UUID | None = None
    _looked_for_expired: float = float("-inf")

    def __post_init__(self) -> None:
        """Each kind of work is looked after by a lane, or a desk, of its own."""
        self.cards = CardLane(self.church_id, self.tools)
        self.messages = MessageLane(self.church_id, self.tools)
        self._questions = QuestionDesk(self.church_id, self.tools.key_ring)

    def put(self, brought: Stepped | Replied) -> None:
        """Takes what a call or a question brought; from any thread."""
        self._results.append(brought)

    def turn(self, slots: int, *, stopping: bool = False) -> Turned:
        """Settles, then takes on up to `slots` calls. Never raises for a database or Redis that is away."""
        allowance = self._ask_redis(slots, stopping=stopping)
        begun = self.tools.clock.monotonic()
        try:
            self.messages.settle(blocked=allowance.blocked)
            with self.tools.database.church(self.church_id) as session:
                lease_until = self._take_lease(session, begun)
                ours = lease_until > begun
                self.cards.settle(session, blocked=allowance.blocked)
                if self._questions.settle(
                    session,
                    location_id=self.facts.location_id if self.facts else None,
                    blocked=allowance.blocked,
                    why=allowance.why,
                ):
                    self.facts = load_facts(session, self.church_id)
                self.cards.note_use(session, begun)
                renewed = self.cards.renew(session, begun)
                longer = self.messages.renew(session, begun)
                asked = self._take_questions(session, allowance) if ours else Taken()
                deliveries = self._claim(session, allowance, asked, begun) if ours else []
                messages = self._claim_messages(session, allowance, asked, deliveries, begun) if ours else []
                busy = self._left(allowance) or deliveries or messages or asked.questions or asked.short
                elsewhere = not stopping and is_due_elsewhere(session, self.church_id)
                released = not busy and self._release(session, allowance, ours=ours)
        except SQLAlchemyError as error:
            self._return(allowance, allowance.grant, 0)
            if not is_away(error):
                raise
            log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
            idle = not (self.cards.in_flight or self.messages.in_flight) and not self._questions.waits_for(
                blocked=False
            )
            return Turned(wait=TRY_AGAIN_AFTER, finished=idle and self._lease_until <= begun)
        # Only what was committed is true: until here nothing of this process's own memory was changed.
        self._lease_until = 0.0 if released else lease_until
        for delivery, until in renewed:
            delivery.lease_until = until
        for message, until in longer:
            message.lease_until = until
        self.cards.committed(blocked=allowance.blocked)
        self._questions.committed(blocked=allowance.blocked)
        self._questions.hold(asked.questions, until=begun + QUESTION_LEASE_SECONDS)
        self.cards.hold(deliveries)
        self.messages.hold(messages)
        jobs = self._start(allowance)
        wait = SOON if asked.short else self._wait(allowance)
        return Turned(jobs, wait, finished=released, elsewhere=elsewhere)

    def abandon(self) -> None:
        """Lets go of everything after a mistake of ours: the rows come back by themselves when their leases end."""
        self.cards.abandon()
        self.messages.abandon()
        self._results.clear()
        self._questions.abandon()

    # -- before the transaction ------------------------------------------------------------------------

    def _ask_redis(self, slots: int, *, stopping: bool) -> Allowance:
        """Tells breaker and throttle what came back, and asks them what may go out."""
        steps = self._collect()
        try:
            facts = self.facts = self.facts or self._open()
        except SQLAlchemyError as error:
            log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
            return Allowance(blocked=True, pause=TRY_AGAIN_AFTER)
        if facts is None:
            return Allowance(blocked=True, pause=LONGEST_PAUSE)
        location = facts.ghl_location_id
        try:
            self._report(location, steps)
            if stopping:
                return Allowance(blocked=True)
            gate = self.tools.breakers.gate(location)
            if not gate.closed:
                return Allowance(
                    blocked=True, pause=self._until(gate.retry_at), why=CauseCode.GHL_NOT_ANSWERING
                )
            if slots < 1:
                return Allowance(wait=TRY_AGAIN_AFTER)
            # A question makes its calls one after the other in one thread; what is not used is given back.
            grant = self.tools.throttle.take(location, min(max(slots, MOST_CALLS), MOST_AT_ONCE))
        except redis.RedisError as error:
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)
            return Allowance(blocked=True, pause=TRY_AGAIN_AFTER)
        if grant.wait_seconds > KEEP_LEASE_FOR and not grant.granted:
            why = CauseCode.DAILY_LIMIT_REACHED if grant.daily_exhausted else CauseCode.GOING_SLOWLY
            return Allowance(blocked=True, pause=min(grant.wait_seconds, LONGEST_PAUSE), why=why)
        return Allowance(grant, location, wait=grant.wait_seconds or None, threads=slots)

    def _until(self, moment: datetime | None) -> float:
        """Seconds until a breaker's next test, within bounds that keep a lost heal from hurting long."""
        now = self.tools.clock.now()
        return min(max(((moment or now) - now).total_seconds(), TRY_AGAIN_AFTER), LONGEST_PAUSE)

    def _open(self) -> DeliveryFacts | None:
        """The church's facts, read for the first time; None where it is not connected."""
        with self.tools.database.church(self.church_id) as session:
            return load_facts(session, self.church_id)

    def _collect(self) -> list[Stepped | Replied]:
        """Gives what came back to whom it belongs."""
        steps: list[Stepped | Replied] = []
        while self._results:
            brought = self._results.popleft()
            steps.append(brought)
            if isinstance(brought, Replied):
                self._questions.take_back(brought)
            elif isinstance(brought.errand, MessageErrand):
                self.messages.take_back(brought.errand)
            elif isinstance(brought.errand, Delivery):
                self.cards.take_back(brought.errand)
        return steps

    def _report(self, location: str, steps: Sequence[Stepped | Replied]) -> None:
        in_order = [outcome for step in steps for outcome in step.outcomes]
        self.tools.breakers.record(
            location, successes=sum(in_order), system_errors=len(in_order) - sum(in_order), in_order=in_order
        )
        headers = [one for step in steps for one in step.headers]
        if headers:
            self.tools.throttle.observe(location, *max(headers, key=lambda one: one[1]))
        for step in steps:
            if isinstance(step.error, RateLimitedError):
                self.tools.throttle.rate_limited(location, step.error.retry_after, step.error.daily)

    # -- inside the transaction ------------------------------------------------------------------------

    def _take_lease(self, session: Session, now: float) -> float:
        """Until when the church is ours, once this is committed; 0.0 while it is another's."""
        if self._lease_until - now >= lease.CHURCH_LEASE_SECONDS / 2:
            return self._lease_until
        taken = lease.take(session, self.church_id, self.tools.holder)
        return now + lease.CHURCH_LEASE_SECONDS if taken else 0.0

    def _take_questions(self, session: Session, allowance: Allowance) -> Taken:
        """Takes questions before cards, also of a church whose cards are stopped: they only read."""
        grant = allowance.grant
        if grant is None or self.facts is None or not grant.granted or not allowance.threads:
            return Taken()
        # What goes another way needs no key of the church's own token: without it a new one can still be tried.
        kinds = None if self._opens(self.facts) else OTHER_WAYS
        return self._questions.take(session, self.facts.location_id, calls=grant.granted, kinds=kinds)

    def _claim(self, session: Session, allowance: Allowance, asked: Taken, now: float) -> list[Delivery]:
        """Takes cards with what the questions leave; one that waits for more calls is not overtaken."""
        most = self._free(allowance, asked)
        if now - self._looked_for_expired > LOOK_FOR_EXPIRED_EVERY:
            self._looked_for_expired = now
            self.facts = load_facts(session, self.church_id)
            free_expired(session, self.church_id)
            self.messages.free_expired(session)
            give_up_on_deadly(session, self.church_id)
        elif self.cards.wanted or self.messages.wanted:
            self.facts = load_facts(session, self.church_id)
        if self.facts is None or most < 1 or not self._opens(self.facts):
            return []
        deliveries = self.cards.claim(session, self.facts, most=most, now=now)
        if not deliveries:
            # Nothing is due, or the church was stopped or connected anew: the facts tell which.
            self.facts = load_facts(session, self.church_id)
        return deliveries

    def _claim_messages(
        self,
        session: Session,
        allowance: Allowance,
        asked: Taken,
        deliveries: Sequence[Delivery],
        now: float,
    ) -> list[MessageErrand]:
        """Takes messages with what the cards leave."""
        most = self._free(allowance, asked) - len(deliveries)
        if self.facts is None or most < 1 or not self._opens(self.facts):
            return []
        busy = bool(deliveries or self.cards.in_flight)
        return self.messages.claim(session, self.facts, most=most, now=now, busy=busy)

    def _free(self, allowance: Allowance, asked: Taken) -> int:
        """How many calls are left for what is not begun yet."""
        if allowance.grant is None or asked.short:
            return 0
        calls = self._questions.wanted + sum(question.calls for question in asked.questions)
        threads = allowance.threads - len(asked.questions)
        return min(allowance.grant.granted - calls, threads) - self.cards.wanted - self.messages.wanted

    def _opens(self, facts: DeliveryFacts) -> bool:
        """Whether this process has the key of the church's token; without it the cards are another worker's."""
        if self._opened == facts.credential_id:
            return True
        try:
            self.tools.key_ring.open(facts.sealed, facts.context)
        except UnsealError as error:
            log.error("token.does_not_open", church_id=str(self.church_id), reason=str(error))  # noqa: TRY400
            self._locked_out = True
            return False
        self._locked_out = False
        self._opened = facts.credential_id
        return True

    def _left(self, allowance: Allowance) -> bool:
        """Whether anything is still on its way after what this turn settles or gives back."""
        return (
            self.cards.waits_for(blocked=allowance.blocked)
            or self.messages.waits_for()
            or self._questions.waits_for(blocked=allowance.blocked)
        )

    def _release(self, session: Session, allowance: Allowance, *, ours: bool) -> bool:
        """Gives the church back; False where something became due meanwhile. Another's lease is not ours to end."""
        if not ours:
            return True
        stopped = self.facts is None or self.facts.stopped is not None
        if self._locked_out:
            pause = LOCKED_OUT_PAUSE
        elif stopped and not allowance.blocked:
            pause = TRY_AGAIN_AFTER
        else:
            pause = allowance.pause
        look = not (allowance.blocked or stopped or self._locked_out)
        return lease.release(
            session,
            self.church_id,
            self.tools.holder,
            look=look,
            pause_seconds=pause,
            also=lambda: is_due(session, self.church_id) or self.messages.is_due(session),
        )

    # -- after the commit ------------------------------------------------------------------------------

    def _start(self, allowance: Allowance) -> list[Job | Inquiry]:
        """Turns grants into calls: questions first, then cards, then messages; of each kind what is begun before what
        is new.
        """
        self.cards.drop_lost(self.facts)
        self.messages.drop_lost(self.facts)
        if allowance.grant is None:
            return []
        wanted = self._questions.wanted + self.cards.wanted + self.messages.wanted
        grant = self._fresh(allowance, allowance.grant, wanted)

        def permit(lease_until: Callable[[], float]) -> Permit:
            return self._permit(allowance, grant, lease_until)

        inquiries = self._inquiries(allowance, grant)
        asked = sum(len(inquiry.permits) for inquiry in inquiries)
        left = min(grant.granted - asked, allowance.threads - len(inquiries))
        jobs = self.cards.start(left, permit)
        jobs += self.messages.start(left - len(jobs), permit)
        jobs += self.messages.decide(left - len(jobs), permit)
        self._return(allowance, grant, asked + len(jobs))
        return [*inquiries, *jobs]

    def _inquiries(self, allowance: Allowance, grant: Grant) -> list[Inquiry]:
        if self.facts is None:
            return []
        return self._questions.start(
            self.facts,
            calls=grant.granted,
            threads=allowance.threads,
            permit=lambda until: self._permit(allowance, grant, until),
        )

    def _fresh(self, allowance: Allowance, grant: Grant, wanted: int) -> Grant:
        """The grant, or one in its place when the transaction took so long that it would end before it is used."""
        now = self.tools.clock.monotonic()
        if grant.expires_at - now > USED_WITHIN or not wanted:
            return grant
        self._return(allowance, grant, 0)
        try:
            fresh = self.tools.throttle.take(allowance.location, min(wanted, grant.granted))
        except redis.RedisError as error:
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)
            return replace(grant, granted=0)
        allowance.wait = fresh.wait_seconds or allowance.wait
        return fresh

    def _permit(self, allowance: Allowance, grant: Grant, lease_until: Callable[[], float]) -> Permit:
        database = self.tools.database
        return Permit(
            grant=grant,
            location_id=allowance.location,
            throttle=self.tools.throttle,
            clock=self.tools.clock,
            lease_until=lease_until,
            open_transactions=lambda: database.open_transactions,
            call_seconds=DEADLINE_SECONDS,
        )

    def _return(self, allowance: Allowance, grant: Grant | None, used: int) -> None:
        if grant is None or grant.granted <= used:
            return
        try:
            self.tools.throttle.give_back(allowance.location, grant, grant.granted - used)
        except redis.RedisError as error:
            # What is not given back leaves the window by itself, a little later.
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)

    def _wait(self, allowance: Allowance) -> float:
        """Seconds until the next turn at the latest; whatever comes back brings it sooner."""
        if self.cards.settles or self.messages.settles:
            return 0.0
        # Soon enough for the leases, and for cards that were saved meanwhile and whose wake-up another worker heard.
        latest = LOOK_AGAIN_EVERY
        in_flight = self.cards.in_flight or self.messages.in_flight
        if not in_flight and not self._questions.waits_for(blocked=False):
            # Something is due that could not be claimed just now: another claimer holds the person.
            return allowance.wait or SOON
        waits = self.cards.wanted or self.messages.wanted or self._questions.wanted or allowance.wait
        return min(allowance.wait or latest, latest) if waits else latest
