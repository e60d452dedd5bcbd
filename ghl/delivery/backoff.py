"""What comes after a try: wait and how long, stop for a person, or done. Pure; time and chance are arguments.

System errors say nothing about a card, so they wait without spending one of its eight attempts; those are
for GHL's answers about this card.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ghl.causes import CauseCode
from ghl.client.errors import (
    AgencyTokenError,
    AnswerError,
    GHLError,
    InvalidRequestError,
    NotSentError,
    RateLimitedError,
    ScopeMissingError,
    TokenRefusedError,
    VersionHeaderError,
    WrongLocationError,
)
from ghl.delivery.steps import Attention, Decide, Delivered, Outcome
from ghl.statuses import MAX_ATTEMPTS, CardStatus

OWN_FAULT_ERRORS = 8
"""As many 5xx in a row, while others of the church pass, are the card's own fault."""
MAX_DEATHS = 3
"""Tries without an outcome before a person has to look: the card may be what stops our program."""
GIVE_UP_AFTER = timedelta(hours=72)

_FIRST_WAIT = 5.0
_LONGEST_WAIT = 15 * 60.0
_JITTER = 0.25
"""A wait is up to a quarter longer, so that cards which failed together do not come back together."""
_FIRST_ANSWER_WAIT = 30.0
_LONGEST_ANSWER_WAIT = 60 * 60.0
_RATE_LIMIT_WAIT = 10.0
"""GHL's window; used where a 429 does not say how long."""
_DAY_LIMIT_WAIT = 15 * 60.0
_HELD_BACK_WAIT = 1.0

_CHURCH_ERRORS = (
    TokenRefusedError,
    ScopeMissingError,
    AgencyTokenError,
    WrongLocationError,
    VersionHeaderError,
)


@dataclass(frozen=True)
class Died:
    """A try without an outcome: its worker was killed, or our own program broke on this card."""


@dataclass(frozen=True)
class Counters:
    """What is remembered of a card's tries.

    `system_errors` are those in a row, the first at `first_system_error_at`; `others_passed`: another card of
    the church went through since then. `must_look_up`: an earlier try may have made or changed a contact.
    """

    attempts: int = 0
    system_errors: int = 0
    first_system_error_at: datetime | None = None
    deaths: int = 0
    others_passed: bool = False
    must_look_up: bool = False


@dataclass(frozen=True)
class NextStep:
    """Where the card stands now. `due_in` is set where it waits; `hold_church` where all cards of it have to."""

    state: CardStatus
    counters: Counters
    due_in: timedelta | None = None
    cause: CauseCode | None = None
    facts: Mapping[str, str] = field(default_factory=dict, repr=False)
    spends_attempt: bool = False
    hold_church: CauseCode | None = None

    @property
    def must_look_up(self) -> bool:
        """Whether the next try has to look the person up before it writes."""
        return self.counters.must_look_up


def next_step(
    result: Outcome | GHLError | Died,
    counters: Counters,
    *,
    now: datetime,
    jitter: float,
    unsure: bool = False,
) -> NextStep:
    """What follows from a try's `result`: what the plan returned, or the error it did not handle.

    `jitter` is a random number from 0 to 1. `unsure`: another error of this try, one the plan did handle,
    was unsure.
    """
    if isinstance(result, Delivered | Attention | Decide):
        return _settled(result, counters)
    if isinstance(result, Died):
        return _after_death(counters, jitter)
    look = counters.must_look_up or unsure or result.unsure
    counters = replace(counters, must_look_up=look)
    if isinstance(result, _CHURCH_ERRORS):
        return _waits(counters, 0.0, result.cause, hold_church=result.cause)
    if isinstance(result, RateLimitedError):
        usual = _DAY_LIMIT_WAIT if result.daily else _RATE_LIMIT_WAIT
        seconds = result.retry_after if result.retry_after is not None else usual
        return _waits(counters, seconds * (1 + _JITTER * jitter), result.cause)
    if result.system_error:
        return _after_system_error(result, counters, now, jitter)
    if isinstance(result, NotSentError):
        return _waits(counters, _HELD_BACK_WAIT * (1 + jitter), CauseCode.GOING_SLOWLY)
    return _after_answer(result, counters, jitter)


def wait_after_system_error(errors: int, jitter: float) -> timedelta:
    """5, 10, 20 … seconds after the first, second, third error in a row, at most 15 minutes, jitter included."""
    return timedelta(seconds=_doubled(_FIRST_WAIT, errors, _LONGEST_WAIT, jitter))


def wait_after_answer(attempts: int, jitter: float) -> timedelta:
    """30, 60, 120 … seconds after the first, second, third attempt, at most an hour."""
    return timedelta(seconds=_doubled(_FIRST_ANSWER_WAIT, attempts, _LONGEST_ANSWER_WAIT, jitter))


def _doubled(first: float, times: int, longest: float, jitter: float) -> float:
    # The exponent is bounded before it is used: counters may be large.
    base = first * 2.0 ** min(max(times, 1) - 1, 20)
    return min(base, longest / (1 + _JITTER)) * (1 + _JITTER * jitter)


def _settled(outcome: Outcome, counters: Counters) -> NextStep:
    """Once GHL's state is known nothing is unsure any more."""
    fresh = Counters(attempts=counters.attempts)
    match outcome:
        case Delivered():
            return NextStep(CardStatus.SYNCED, fresh)
        case Attention(cause, facts):
            spent = replace(fresh, attempts=counters.attempts + 1)
            return NextStep(CardStatus.NEEDS_ATTENTION, spent, cause=cause, facts=facts, spends_attempt=True)
        case Decide(cause, facts):
            return NextStep(CardStatus.HELD, fresh, cause=cause, facts=facts)


def _after_death(counters: Counters, jitter: float) -> NextStep:
    died = replace(counters, deaths=counters.deaths + 1, must_look_up=True)
    if died.deaths >= MAX_DEATHS:
        return NextStep(CardStatus.NEEDS_ATTENTION, died, cause=CauseCode.CRASHED_THREE_TIMES)
    wait = wait_after_system_error(died.deaths, jitter)
    return _waits(died, wait.total_seconds(), CauseCode.CHECKING_FOR_EXISTING)


def _after_system_error(error: GHLError, counters: Counters, now: datetime, jitter: float) -> NextStep:
    first = counters.first_system_error_at or now
    seen = replace(counters, system_errors=counters.system_errors + 1, first_system_error_at=first)
    if now - first >= GIVE_UP_AFTER:
        return NextStep(CardStatus.NEEDS_ATTENTION, seen, cause=CauseCode.GAVE_UP_AFTER_72_HOURS)
    # A call that never left says nothing about the card, however often it happens.
    if counters.others_passed and seen.system_errors >= OWN_FAULT_ERRORS and not error.certainly_not_sent:
        return NextStep(CardStatus.NEEDS_ATTENTION, seen, cause=CauseCode.REFUSED_ALONE)
    wait = wait_after_system_error(seen.system_errors, jitter)
    return _waits(seen, wait.total_seconds(), CauseCode.GHL_NOT_ANSWERING)


def _after_answer(error: GHLError, counters: Counters, jitter: float) -> NextStep:
    facts = {"answer": error.reason}
    spent = replace(
        counters, attempts=counters.attempts + 1, system_errors=0, first_system_error_at=None, deaths=0
    )
    if isinstance(error, InvalidRequestError) or not isinstance(error, AnswerError):
        # The same question would get the same answer. Even where it looks like our own mistake, one card's odd
        # answer is no reason to stop its church.
        ours = error.cause == CauseCode.PROGRAM_ERROR
        cause = CauseCode.REFUSED_BY_GHL if ours else error.cause
        return NextStep(CardStatus.NEEDS_ATTENTION, spent, cause=cause, facts=facts, spends_attempt=True)
    if spent.attempts >= MAX_ATTEMPTS:
        return NextStep(
            CardStatus.NEEDS_ATTENTION, spent, cause=CauseCode.TRIES_USED_UP, facts=facts, spends_attempt=True
        )
    wait = wait_after_answer(spent.attempts, jitter)
    return replace(_waits(spent, wait.total_seconds(), error.cause), facts=facts, spends_attempt=True)


def _waits(
    counters: Counters, seconds: float, cause: CauseCode, *, hold_church: CauseCode | None = None
) -> NextStep:
    return NextStep(
        CardStatus.WAITING, counters, due_in=timedelta(seconds=seconds), cause=cause, hold_church=hold_church
    )
