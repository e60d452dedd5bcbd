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
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.client import DEADLINE_SECONDS
from ghl.client.errors import RateLimitedError
from ghl.client.throttle import Grant
from ghl.crypto import UnsealError
from ghl.db.availability import is_away
from ghl.delivery import lease
from ghl.delivery.claim import ROW_LEASE_SECONDS, ClaimedRow, claim, free_expired
from ghl.delivery.conclude import Conclusion, conclude, give_back
from ghl.delivery.delivery import Delivery
from ghl.delivery.facts import DeliveryFacts, load_facts, note_use
from ghl.delivery.prepare import prepare
from ghl.delivery.settle import hold, renew, settle
from ghl.ids import new_id
from ghl.questions.kinds import MOST_CALLS, OTHER_WAYS
from ghl.questions.take import LEASE_SECONDS as QUESTION_LEASE_SECONDS
from ghl.questions.take import Taken, give_up_on_deadly, is_due, is_due_elsewhere
from ghl.support import tell_support
from jobs.dispatcher.inquiry import Inquiry, Replied
from jobs.dispatcher.parts import Allowance, Job, Stepped, Tools, Turned
from jobs.dispatcher.permit import Permit
from jobs.dispatcher.question_desk import QuestionDesk

MOST_AT_ONCE = 100
"""GoHighLevel takes no more calls of a location at once than its budget for ten seconds."""

RENEW_WHEN_LEFT = 12.0
"""Row leases are renewed while they still last for a whole call and the time between two turns."""

KEEP_LEASE_FOR = 12.0
"""A church whose budget is used up keeps its worker for so long; past that the lease is given back."""

LONGEST_PAUSE = 60.0
LOCKED_OUT_PAUSE = 5.0
LOOK_AGAIN_EVERY = 1.0
LOOK_FOR_EXPIRED_EVERY = 5.0
NOTE_USE_EVERY = 60.0
USED_WITHIN = 0.1
"""Seconds until the calls of a turn have left, on a busy machine too."""

SOON = 0.1
TRY_AGAIN_AFTER = 1.0
"""Seconds until another turn when the database or Redis did not answer."""

log = structlog.get_logger()


@dataclass
class ChurchRun:
    """The deliveries of one church that this process holds."""

    elsewhere: ClassVar[bool] = False

    church_id: UUID
    tools: Tools
    facts: DeliveryFacts | None = None
    in_flight: dict[int, Delivery] = field(default_factory=dict)
    _questions: QuestionDesk = field(init=False)
    _results: deque[Stepped | Replied] = field(default_factory=deque)
    _ready: list[Delivery] = field(default_factory=list)
    _finished: list[Delivery] = field(default_factory=list)
    _lease_until: float = 0.0
    _locked_out: bool = False
    _opened: UUID | None = None
    _looked_for_expired: float = float("-inf")
    _noted_use: tuple[UUID | None, float] = (None, 0.0)

    def __post_init__(self) -> None:
        """The church's questions are looked after by a desk of their own."""
        self._questions = QuestionDesk(self.church_id, self.tools.key_ring)

    def put(self, brought: Stepped | Replied) -> None:
        """Takes what a call or a question brought; from any thread."""
        self._results.append(brought)

    def turn(self, slots: int, *, stopping: bool = False) -> Turned:
        """Settles, then takes on up to `slots` calls. Never raises for a database or Redis that is away."""
        allowance = self._ask_redis(slots, stopping=stopping)
        begun = self.tools.clock.monotonic()
        try:
            with self.tools.database.church(self.church_id) as session:
                lease_until = self._take_lease(session, begun)
                ours = lease_until > begun
                self._settle(session, blocked=allowance.blocked)
                if self._questions.settle(
                    session,
                    location_id=self.facts.location_id if self.facts else None,
                    blocked=allowance.blocked,
                    why=allowance.why,
                ):
                    self.facts = load_facts(session, self.church_id)
                self._note_use(session, begun)
                renewed = self._renew(session, begun)
                asked = self._take_questions(session, allowance) if ours else Taken()
                claimed = self._claim(session, allowance, asked) if ours else []
                deliveries = self._prepare(session, claimed, begun)
                busy = self._left(allowance) or deliveries or asked.questions or asked.short
                elsewhere = not stopping and is_due_elsewhere(session, self.church_id)
                released = not busy and self._release(session, allowance, ours=ours)
        except SQLAlchemyError as error:
            self._return(allowance, allowance.grant, 0)
            if not is_away(error):
                raise
            log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
            idle = not self.in_flight and not self._questions.waits_for(blocked=False)
            return Turned(wait=TRY_AGAIN_AFTER, finished=idle and self._lease_until <= begun)
        # Only what was committed is true: until here nothing of this process's own memory was changed.
        self._lease_until = 0.0 if released else lease_until
        for delivery, until in renewed:
            delivery.lease_until = until
        self._forget_settled(allowance)
        self._questions.committed(blocked=allowance.blocked)
        self._questions.hold(asked.questions, until=begun + QUESTION_LEASE_SECONDS)
        jobs = self._start(allowance, deliveries)
        wait = SOON if asked.short else self._wait(allowance)
        return Turned(jobs, wait, finished=released, elsewhere=elsewhere)

    def abandon(self) -> None:
        """Lets go of everything after a mistake of ours: the rows come back by themselves when their leases end."""
        self.in_flight.clear()
        self._ready.clear()
        self._finished.clear()
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
        """Sorts what came back: finished, or to be called again."""
        steps: list[Stepped | Replied] = []
        while self._results:
            brought = self._results.popleft()
            steps.append(brought)
            if isinstance(brought, Replied):
                self._questions.take_back(brought)
            elif brought.delivery.finished:
                self._finished.append(brought.delivery)
            else:
                self._ready.append(brought.delivery)
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

    def _settle(self, session: Session, *, blocked: bool) -> None:
        """Writes what is finished; where nothing may be called, gives back what was not called as well."""
        now = self._now(session)
        concluded = [self._conclude(session, delivery, now) for delivery in self._finished]
        conclusions = [one for one in concluded if one is not None]
        if blocked:
            conclusions += [give_back(delivery) for delivery in self._ready]
        if not conclusions:
            return
        try:
            with session.begin_nested():
                settle(session, self.church_id, [one.settlement for one in conclusions])
        except SQLAlchemyError as error:
            if is_away(error):
                raise
            self._settle_singly(session, conclusions)
        for one in conclusions:
            if "support" in one.settlement.facts and one.settlement.cause:
                tell_support(self.church_id, one.settlement.row.card_id, one.settlement.cause)
            if one.hold_church:
                hold(session, self.church_id, one.credential_id, cause=one.hold_church)

    def _note_use(self, session: Session, now: float) -> None:
        """Keeps when the token was last let in, at most once a minute: a screen says it by the day."""
        answered = {one.facts.credential_id for one in self._finished if one.outcome is not None}
        for credential_id in answered:
            noted, at = self._noted_use
            if noted != credential_id or now - at >= NOTE_USE_EVERY:
                self._noted_use = (credential_id, now)
                note_use(session, credential_id)

    def _settle_singly(self, session: Session, conclusions: Sequence[Conclusion]) -> None:
        """One delivery cannot be written down: it alone is left to the end of its lease, the others are settled."""
        for one in conclusions:
            try:
                with session.begin_nested():
                    settle(session, self.church_id, [one.settlement])
            except SQLAlchemyError as error:
                if is_away(error):
                    raise
                card = str(one.settlement.row.card_id)
                log.exception("delivery.not_settled", church_id=str(self.church_id), card_id=card)

    def _now(self, session: Session) -> datetime:
        """The database's time where somebody met an error: how long an outage lasts is told across machines."""
        if any(delivery.error for delivery in self._finished):
            return session.execute(select(func.now())).scalar_one()
        return self.tools.clock.now()

    def _conclude(self, session: Session, delivery: Delivery, now: datetime) -> Conclusion | None:
        """What follows from a delivery; None after a mistake of ours, which leaves it to the end of its lease."""
        try:
            return conclude(session, delivery, now=now, jitter=self.tools.jitter)
        except SQLAlchemyError:
            raise
        except Exception:
            card = str(delivery.row.card_id)
            log.exception("delivery.crashed", church_id=str(self.church_id), card_id=card)
            return None

    def _renew(self, session: Session, now: float) -> list[tuple[Delivery, float]]:
        """Makes the leases of what is on its way longer: until when each lasts, once this is committed."""
        finished = set(self._finished)
        held = [one for one in self.in_flight.values() if one not in finished]
        if not any(one.lease_until - now < RENEW_WHEN_LEFT for one in held):
            return []
        kept = renew(session, [one.row for one in held])
        # A row that is no longer ours is not called any more: its permit sees the end of the lease.
        return [(one, now + ROW_LEASE_SECONDS if one.row.id in kept else 0.0) for one in held]

    def _take_questions(self, session: Session, allowance: Allowance) -> Taken:
        """Takes questions before cards, also of a church whose cards are stopped: they only read."""
        grant = allowance.grant
        if grant is None or self.facts is None or not grant.granted or not allowance.threads:
            return Taken()
        # What goes another way needs no key of the church's own token: without it a new one can still be tried.
        kinds = None if self._opens(self.facts) else OTHER_WAYS
        return self._questions.take(session, self.facts.location_id, calls=grant.granted, kinds=kinds)

    def _claim(self, session: Session, allowance: Allowance, asked: Taken) -> list[ClaimedRow]:
        """Takes cards with what the questions leave; one that waits for more calls is not overtaken."""
        most = 0
        if allowance.grant and not asked.short:
            calls = self._questions.wanted + sum(question.calls for question in asked.questions)
            threads = allowance.threads - len(asked.questions)
            most = min(allowance.grant.granted - calls, threads) - len(self._ready)
        now = self.tools.clock.monotonic()
        if now - self._looked_for_expired > LOOK_FOR_EXPIRED_EVERY:
            self._looked_for_expired = now
            self.facts = load_facts(session, self.church_id)
            free_expired(session, self.church_id)
            give_up_on_deadly(session, self.church_id)
        elif self._ready:
            self.facts = load_facts(session, self.church_id)
        if self.facts is None or most < 1 or not self._opens(self.facts):
            return []
        claimed = claim(
            session, self.church_id, token=new_id(), most=most, credential_id=self.facts.credential_id
        )
        if not claimed:
            # Nothing is due, or the church was stopped or connected anew: the facts tell which.
            self.facts = load_facts(session, self.church_id)
        return claimed

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

    def _prepare(self, session: Session, claimed: Sequence[ClaimedRow], now: float) -> list[Delivery]:
        if not (claimed and self.facts):
            return []
        return prepare(session, self.facts, claimed, lease_until=now + ROW_LEASE_SECONDS)

    def _left(self, allowance: Allowance) -> bool:
        """Whether deliveries are still on their way after what this turn settles or gives back."""
        gone = {*self._finished, *(self._ready if allowance.blocked else ())}
        cards = any(delivery not in gone for delivery in self.in_flight.values())
        return cards or self._questions.waits_for(blocked=allowance.blocked)

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
            also=lambda: is_due(session, self.church_id),
        )

    # -- after the commit ------------------------------------------------------------------------------

    def _forget_settled(self, allowance: Allowance) -> None:
        if allowance.blocked:
            self._finished += self._ready
            self._ready.clear()
        for delivery in self._finished:
            self._forget(delivery)
        self._finished.clear()

    def _forget(self, delivery: Delivery) -> None:
        """The row may meanwhile be with a later delivery of this very process."""
        if self.in_flight.get(delivery.row.id) is delivery:
            del self.in_flight[delivery.row.id]

    def _start(self, allowance: Allowance, deliveries: Sequence[Delivery]) -> list[Job | Inquiry]:
        """Turns grants into calls: questions first, then deliveries that are on their way, then new ones."""
        for delivery in deliveries:
            self.in_flight[delivery.row.id] = delivery
            self._begin(delivery)
            (self._finished if delivery.finished else self._ready).append(delivery)
        for delivery in [one for one in self._ready if not one.lease_until]:
            self._forget(delivery)
            self._ready.remove(delivery)
        if allowance.grant is None:
            return []
        self._part_with_strangers()
        grant = self._fresh(allowance, allowance.grant, self._questions.wanted + len(self._ready))
        inquiries = self._inquiries(allowance, grant)
        asked = sum(len(inquiry.permits) for inquiry in inquiries)
        most = min(grant.granted - asked, allowance.threads - len(inquiries))
        going, self._ready = self._ready[:most], self._ready[most:]
        self._return(allowance, grant, asked + len(going))
        jobs = [
            Job(delivery, self._permit(allowance, grant, lambda one=delivery: one.lease_until))  # type: ignore[misc]
            for delivery in going
        ]
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

    def _part_with_strangers(self) -> None:
        """The church was connected anew. What was begun goes on with the new token where the location is the same:
        the old one may end any moment. With another location it is left to the end of its lease.
        """
        for delivery in [one for one in self._ready if not self._same(one.facts)]:
            if self.facts is not None and delivery.facts.location_id == self.facts.location_id:
                delivery.facts = self.facts
            else:
                self._forget(delivery)
                self._ready.remove(delivery)

    def _same(self, facts: DeliveryFacts) -> bool:
        return self.facts is not None and facts.credential_id == self.facts.credential_id

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

    def _begin(self, delivery: Delivery) -> None:
        try:
            delivery.start()
        except Exception:
            # A mistake of ours in one card must not stop its church.
            log.exception(
                "delivery.crashed", church_id=str(self.church_id), card_id=str(delivery.row.card_id)
            )
            delivery.crash()

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
        if self._finished:
            return 0.0
        # Soon enough for the leases, and for cards that were saved meanwhile and whose wake-up another worker heard.
        latest = LOOK_AGAIN_EVERY
        if not self.in_flight and not self._questions.waits_for(blocked=False):
            # Something is due that could not be claimed just now: another claimer holds the person.
            return allowance.wait or SOON
        waits = self._ready or self._questions.wanted or allowance.wait
        return min(allowance.wait or latest, latest) if waits else latest
