"""How long the waiting cards of a church take, from what GoHighLevel lets through. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from ghl.client.throttle import WINDOW_SECONDS

CALLS_A_CARD = 1.5
"""A new guest takes one call, a returning one two; half and half is what a Sunday looks like."""


@dataclass(frozen=True)
class Budget:
    """What GoHighLevel lets through: calls in a window, those that other programs use, and what is left of the day."""

    limit: int = 100
    others: int = 0
    free_today: int = 200_000
    blocked_seconds: float = 0.0


def time_to_drain(waiting: int, budget: Budget) -> timedelta | None:
    """How long so many cards take once GoHighLevel answers; None where today's calls do not last for them."""
    calls = waiting * CALLS_A_CARD
    if calls > budget.free_today:
        return None
    free = max(budget.limit - budget.others, 1)
    return timedelta(seconds=budget.blocked_seconds + calls / free * WINDOW_SECONDS)
