"""One church's delivery in this process: turns that settle what came back, then claim what may go out next.

A turn runs in one thread at a time and never while GoHighLevel is called; calls run in threads of their own
and hand back what they brought with `put`. At most one transaction and a few short Redis calls make a turn.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.client.breaker import Breakers
from ghl.client.client import DEADLINE_SECONDS
from ghl.client.errors import GHLError, RateLimitedError
from ghl.client.rate_headers import RateHeaders
from ghl.client.throttle import Grant, Throttle
from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.delivery import lease
from ghl.delivery.claim import ROW_LEASE_SECONDS, ClaimedRow, claim, free_expired
from ghl.delivery.conclude import Conclusion, conclude, give_back
from ghl.delivery.delivery import Delivery
from ghl.delivery.facts import DeliveryFacts, load_facts
from ghl.delivery.prepare import prepare
from ghl.delivery.settle import hold, renew, settle
from ghl.ids import new_id
from jobs.dispatcher.permit import Permit

MOST_AT_ONCE = 100
"""GoHighLevel takes no more calls of a location at once than its budget for ten seconds."""

RENEW_WHEN_LEFT = 12.0
"""Row leases are renewed while they still last for a whole call and the time between two turns."""

KEEP_LEASE_FOR = 12.0
"""A church whose budget is used up keeps its worker for so long; past that the lease is given back."""

LONGEST_PAUSE = 60.0
LOOK_FOR_EXPIRED_EVERY = 5.0
USED_WITHIN = 0.1
"""Seconds until the calls of a turn have left, on a busy machine too."""

SOON = 0.1
TRY_AGAIN_AFTER = 1.0
"""Seconds until another turn when the database or Redis did not answer."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Tools:
    """What all churches of a process share."""

    database: Database
    throttle: Throttle
    breakers: Breakers
    clock: Clock
    holder: str
    jitter: Callable[[], float]


@dataclass(frozen=True)
class Job:
    """One call to make now, in a thread."""

    delivery: Delivery
    permit: Permit


@dataclass(frozen=True)
class Stepped:
    """What a call brought: the delivery went a step further, or was held back and wants to be called again."""

    delivery: Delivery
    answered: bool = False
    error: GHLError | None = None
    headers: tuple[tuple[RateHeaders, float], ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it says something about GoHighLevel: an answer to the call, or a system error."""
        return self.answered if self.error is None else self.error.system_error


@dataclass(frozen=True)
class Turned:
    """What came of a turn. `wait` is when the next one is wanted at the latest, in seconds."""

    jobs: Sequence[Job] = ()
    wait: float = 0.0
    finished: bool = False


@dataclass
class _Plan:
    """What a turn may do, decided before its transaction."""

    grant: Grant | None = None
    wait: float | None = None
    pause: float = 0.0
    blocked: bool = False
    """GoHighLevel is not to be called: what has not been called yet is given back."""


@dataclass
class ChurchRun:
    """The deliveries of one church that this process holds."""

    church_id: UUID
    tools: Tools
    facts: DeliveryFacts | None = None
    in_flight: dict[int, Delivery] = field(default_factory=dict)
    _results: deque[Stepped] = field(default_factory=deque)
    _ready: list[Delivery] = field(default_factory=list)
    _finished: list[Delivery] = field(default_factory=list)
    _lease_until: float = 0.0
    _looked_for_expired: float = float("-inf")

    def put(self, stepped: Stepped) -> None:
        """Takes what a call brought; from any thread."""
        self._results.append(stepped)

    def turn(self, slots: int, *, stopping: bool = False) -> Turned:
        """Settles, then takes on up to `slots` calls. Never raises for a database or Redis that is away."""
        plan = self._ask_redis(slots, stopping=stopping)
        begun = self.tools.clock.monotonic()
        try:
            with self.tools.database.church(self.church_id) as session:
                ours = self._take_lease(session, begun)
                self._settle(session, blocked=plan.blocked)
                self._renew(session, begun)
                claimed = self._claim(session, plan) if ours else []
                deliveries = self._prepare(session, claimed, begun)
                released = not (self._left(plan) or deliveries) and self._release(session, plan, ours=ours)
        except SQLAlchemyError as error:
            log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
            self._return(plan.grant, 0)
            return Turned(wait=TRY_AGAIN_AFTER, finished=not self.in_flight)
        self._forget_settled(plan)
        jobs = self._start(plan, deliveries)
        return Turned(jobs, self._wait(plan), finished=released)

    # -- before the transaction ------------------------------------------------------------------------

    def _ask_redis(self, slots: int, *, stopping: bool) -> _Plan:
        """Tells breaker and throttle what came back, and asks them what may go out."""
        steps = self._collect()
        if self.facts is None and not self._open():
            return _Plan(blocked=True, pause=LONGEST_PAUSE)
        assert self.facts
        location = self.facts.ghl_location_id
        try:
            self._report(location, steps)
            if stopping:
                return _Plan(blocked=True)
            gate = self.tools.breakers.gate(location)
            if not gate.closed:
                return _Plan(blocked=True, pause=self._until(gate.retry_at))
            if slots < 1:
                return _Plan(wait=TRY_AGAIN_AFTER)
            grant = self.tools.throttle.take(location, min(slots, MOST_AT_ONCE))
        except redis.RedisError as error:
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)
            return _Plan(blocked=True, pause=TRY_AGAIN_AFTER)
        if grant.wait_seconds > KEEP_LEASE_FOR and not grant.granted:
            return _Plan(blocked=True, pause=min(grant.wait_seconds, LONGEST_PAUSE))
        return _Plan(grant, wait=grant.wait_seconds or None)

    def _until(self, moment: datetime | None) -> float:
        """Seconds until a breaker's next test, within bounds that keep a lost heal from hurting long."""
        now = self.tools.clock.now()
        return min(max(((moment or now) - now).total_seconds(), TRY_AGAIN_AFTER), LONGEST_PAUSE)

    def _open(self) -> bool:
        """Reads the church's facts for the first time; False where it is not connected."""
        try:
            with self.tools.database.church(self.church_id) as session:
                self.facts = load_facts(session, self.church_id)
        except SQLAlchemyError as error:
            log.warning("turn.database_away", church_id=str(self.church_id), error=type(error).__name__)
        return self.facts is not None

    def _collect(self) -> list[Stepped]:
        """Sorts what came back: finished, or to be called again."""
        steps: list[Stepped] = []
        while self._results:
            stepped = self._results.popleft()
            steps.append(stepped)
            if stepped.delivery.finished:
                self._finished.append(stepped.delivery)
            else:
                self._ready.append(stepped.delivery)
        return steps

    def _report(self, location: str, steps: Sequence[Stepped]) -> None:
        in_order = [step.error is None for step in steps if step.counts]
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

    def _take_lease(self, session: Session, now: float) -> bool:
        if self._lease_until - now < lease.CHURCH_LEASE_SECONDS / 2:
            taken = lease.take(session, self.church_id, self.tools.holder)
            self._lease_until = now + lease.CHURCH_LEASE_SECONDS if taken else 0.0
        return self._lease_until > now

    def _settle(self, session: Session, *, blocked: bool) -> None:
        """Writes what is finished; where nothing may be called, gives back what was not called as well."""
        conclusions = [self._conclude(session, delivery) for delivery in self._finished]
        if blocked:
            conclusions += [give_back(delivery) for delivery in self._ready]
        if not conclusions:
            return
        settle(session, self.church_id, [one.settlement for one in conclusions])
        for one in conclusions:
            if one.hold_church:
                hold(session, self.church_id, one.credential_id, cause=one.hold_church)

    def _conclude(self, session: Session, delivery: Delivery) -> Conclusion:
        return conclude(session, delivery, now=self.tools.clock.now(), jitter=self.tools.jitter)

    def _renew(self, session: Session, now: float) -> None:
        held = [one for one in self.in_flight.values() if one not in self._finished]
        if not any(one.lease_until - now < RENEW_WHEN_LEFT for one in held):
            return
        kept = renew(session, [one.row for one in held])
        for delivery in held:
            # A row that is no longer ours is not called any more: its permit sees the end of the lease.
            delivery.lease_until = now + ROW_LEASE_SECONDS if delivery.row.id in kept else 0.0

    def _claim(self, session: Session, plan: _Plan) -> list[ClaimedRow]:
        most = plan.grant.granted - len(self._ready) if plan.grant else 0
        now = self.tools.clock.monotonic()
        if now - self._looked_for_expired > LOOK_FOR_EXPIRED_EVERY:
            self._looked_for_expired = now
            self.facts = load_facts(session, self.church_id)
            free_expired(session, self.church_id)
        if self.facts is None or most < 1:
            return []
        claimed = claim(
            session, self.church_id, token=new_id(), most=most, credential_id=self.facts.credential_id
        )
        if not claimed:
            # Nothing is due, or the church was stopped or connected anew: the facts tell which.
            self.facts = load_facts(session, self.church_id)
        return claimed

    def _prepare(self, session: Session, claimed: Sequence[ClaimedRow], now: float) -> list[Delivery]:
        if not (claimed and self.facts):
            return []
        return prepare(session, self.facts, claimed, lease_until=now + ROW_LEASE_SECONDS)

    def _left(self, plan: _Plan) -> bool:
        """Whether deliveries are still on their way after what this turn settles or gives back."""
        gone = len(self._finished) + (len(self._ready) if plan.blocked else 0)
        return len(self.in_flight) > gone

    def _release(self, session: Session, plan: _Plan, *, ours: bool) -> bool:
        """Gives the church back; False where something became due meanwhile. Another's lease is not ours to end."""
        if not ours:
            return True
        blocked = plan.blocked or self.facts is None or self.facts.stopped is not None
        pause = plan.pause or (0.0 if plan.blocked else TRY_AGAIN_AFTER if blocked else 0.0)
        return lease.release(
            session, self.church_id, self.tools.holder, look=not blocked, pause_seconds=pause
        )

    # -- after the commit ------------------------------------------------------------------------------

    def _forget_settled(self, plan: _Plan) -> None:
        if plan.blocked:
            self._finished += self._ready
            self._ready.clear()
        for delivery in self._finished:
            self.in_flight.pop(delivery.row.id, None)
        self._finished.clear()

    def _start(self, plan: _Plan, deliveries: Sequence[Delivery]) -> list[Job]:
        """Turns grants into calls: deliveries that are on their way first, then new ones."""
        for delivery in deliveries:
            self.in_flight[delivery.row.id] = delivery
            self._begin(delivery)
            (self._finished if delivery.finished else self._ready).append(delivery)
        for delivery in [one for one in self._ready if not one.lease_until]:
            self.in_flight.pop(delivery.row.id, None)
            self._ready.remove(delivery)
        if plan.grant is None:
            return []
        grant = self._fresh(plan.grant, len(self._ready))
        going, self._ready = self._ready[: grant.granted], self._ready[grant.granted :]
        self._return(grant, len(going))
        return [Job(delivery, self._permit(grant, delivery)) for delivery in going]

    def _fresh(self, grant: Grant, wanted: int) -> Grant:
        """The grant, or one in its place when the transaction took so long that it would end before it is used."""
        now = self.tools.clock.monotonic()
        if grant.expires_at - now > USED_WITHIN or not wanted or self.facts is None:
            return grant
        self._return(grant, 0)
        try:
            return self.tools.throttle.take(self.facts.ghl_location_id, min(wanted, grant.granted))
        except redis.RedisError as error:
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)
            return replace(grant, granted=0)

    def _begin(self, delivery: Delivery) -> None:
        try:
            delivery.start()
        except Exception:
            # A mistake of ours in one card must not stop its church.
            log.exception(
                "delivery.crashed", church_id=str(self.church_id), card_id=str(delivery.row.card_id)
            )
            delivery.crash()

    def _permit(self, grant: Grant, delivery: Delivery) -> Permit:
        assert self.facts
        database = self.tools.database
        return Permit(
            grant=grant,
            location_id=self.facts.ghl_location_id,
            throttle=self.tools.throttle,
            clock=self.tools.clock,
            lease_until=lambda: delivery.lease_until,
            open_transactions=lambda: database.open_transactions,
            call_seconds=DEADLINE_SECONDS,
        )

    def _return(self, grant: Grant | None, used: int) -> None:
        if grant is None or grant.granted <= used or self.facts is None:
            return
        try:
            self.tools.throttle.give_back(self.facts.ghl_location_id, grant, grant.granted - used)
        except redis.RedisError as error:
            # What is not given back leaves the window by itself, a little later.
            log.warning("turn.redis_away", church_id=str(self.church_id), error=type(error).__name__)

    def _wait(self, plan: _Plan) -> float:
        """Seconds until the next turn at the latest; whatever comes back brings it sooner."""
        if self._finished:
            return 0.0
        latest = RENEW_WHEN_LEFT / 2
        if not self.in_flight:
            # Something is due that could not be claimed just now: another claimer holds the person.
            return plan.wait or SOON
        return min(plan.wait or latest, latest) if self._ready or plan.wait else latest
