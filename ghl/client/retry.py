"""When a call is repeated at once, and after how long: blips of reads only, inside the call's own deadline.

Everything longer than a blip waits in the outbox. tenacity is used here and nowhere else.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

import tenacity

from ghl.client import errors
from ghl.clock import Clock

T = TypeVar("T")

_PASSING = frozenset({502, 503, 504})
"""Statuses of an edge whose server was away for a moment (RFC 9110 15.6.3-15.6.5)."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently; a value, so that tests put in their own. Times in seconds."""

    attempts: int = 3
    base: float = 0.1
    cap: float = 0.8
    jitter: Callable[[], float] = random.random
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def immediate(cls) -> Self:
        """The same decisions without a wait."""
        return cls(base=0.0, cap=0.0)


def is_retryable(error: BaseException, *, idempotent: bool) -> bool:
    """Whether asking again at once may help and cannot harm. A guard's refusal and a 429 stand."""
    if not idempotent:
        return False
    if isinstance(error, errors.NotSentError):
        return error.system_error
    if isinstance(error, errors.ServerError):
        return error.status in _PASSING
    return isinstance(error, errors.AnswerLostError)


def wait_seconds(attempt: int, *, policy: RetryPolicy) -> float:
    """The wait after attempt number `attempt` (from 1): doubling, capped, and half of it left to chance."""
    full: float = min(policy.cap, policy.base * 2.0 ** (attempt - 1))
    return full * (0.5 + 0.5 * policy.jitter())


def repeat(
    attempt: Callable[[], T],
    *,
    policy: RetryPolicy,
    clock: Clock,
    ends_at: float,
    may_repeat: Callable[[errors.GHLError], bool],
) -> T:
    """The result of an idempotent `attempt`. Raises its last error when it stands, or no time is left.

    `may_repeat` is asked last; it takes the repeated call from the budget where the first one used its own up.
    """

    def again(error: BaseException) -> bool:
        return is_retryable(error, idempotent=True)

    def enough(state: tenacity.RetryCallState) -> bool:
        if state.attempt_number >= policy.attempts or clock.monotonic() + state.upcoming_sleep >= ends_at:
            return True
        error = state.outcome.exception() if state.outcome else None
        return not (isinstance(error, errors.GHLError) and may_repeat(error))

    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(again),
        wait=lambda state: wait_seconds(state.attempt_number, policy=policy),
        stop=enough,
        sleep=policy.sleep,
        reraise=True,
    )(attempt)
