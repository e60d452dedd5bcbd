"""When a breaker opens, in numbers, and what a batch's order of outcomes says. Pure: no Redis, no clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """The numbers of a breaker; the defaults are the hub's own judgement (docs/adr/0004-breaker.md)."""

    least_calls: int = 10
    """Fewer calls than this in 10 s say nothing about a share."""
    error_percent: int = 50
    errors_in_a_row: int = 5
    """Opens however slowly they come: a small church sends a call a minute."""
    test_after_seconds: float = 30.0
    claim_seconds: float = 15.0
    """A test not reported by then is taken over by another worker: three times the client's deadline of 5 s."""
    tests_at_once: int = 20
    """How many locations one worker is given to test at once; the next worker or second takes the next ones."""
    least_open_locations: int = 3
    """So many locations must be open, and be half of those calling, for GHL as a whole to open."""
    recent_seconds: float = 60.0
    """Who had an outcome within this counts as calling."""


@dataclass(frozen=True, slots=True)
class Run:
    """System errors in a row in one batch."""

    before_first_success: int
    longest: int
    after_last_success: int


def runs(outcomes: Iterable[bool]) -> Run:
    """The runs of system errors in `outcomes` (True = GHL answered, in the order the answers came)."""
    groups = [(good, len(list(group))) for good, group in groupby(outcomes)]
    errors = [length for good, length in groups if not good]
    return Run(
        before_first_success=groups[0][1] if groups and not groups[0][0] else 0,
        longest=max(errors, default=0),
        after_last_success=groups[-1][1] if groups and not groups[-1][0] else 0,
    )
