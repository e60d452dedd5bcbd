"""What the parts of a dispatcher hand to each other. Values only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ghl.causes import CauseCode
from ghl.client.breaker import Breakers
from ghl.client.errors import GHLError
from ghl.client.rate_headers import RateHeaders
from ghl.client.throttle import Grant, Throttle
from ghl.clock import Clock
from ghl.crypto import KeyRing
from ghl.db.engine import Database
from ghl.delivery.errand import Errand
from jobs.dispatcher.inquiry import Inquiry
from jobs.dispatcher.permit import Permit


@dataclass(frozen=True)
class Tools:
    """What all churches of a process share."""

    database: Database
    throttle: Throttle
    breakers: Breakers
    key_ring: KeyRing
    clock: Clock
    holder: str
    jitter: Callable[[], float]


@dataclass(frozen=True)
class Job:
    """One call to make now, in a thread."""

    errand: Errand[Any, Any, Any]
    permit: Permit

    def unanswered(self) -> "Stepped":
        """What came of it where the thread itself broke."""
        return Stepped(self.errand)


@dataclass(frozen=True)
class Stepped:
    """What a call brought: the errand went a step further, or was held back and wants to be called again."""

    errand: Errand[Any, Any, Any]
    answered: bool = False
    error: GHLError | None = None
    headers: tuple[tuple[RateHeaders, float], ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it says something about GoHighLevel: an answer to the call, or a system error."""
        return self.answered if self.error is None else self.error.system_error

    @property
    def outcomes(self) -> Sequence[bool]:
        """What it says about GoHighLevel: whether it answered, or nothing."""
        return (self.error is None,) if self.counts else ()


@dataclass(frozen=True)
class Turned:
    """What came of a turn. `wait` is when the next one is wanted at the latest, in seconds. `elsewhere`: a question
    of the church waits that goes another way than its cards.
    """

    jobs: Sequence[Job | Inquiry] = ()
    wait: float = 0.0
    finished: bool = False
    elsewhere: bool = False


@dataclass
class Allowance:
    """What a turn may do, decided before its transaction."""

    grant: Grant | None = None
    location: str = ""
    """Whose budget the grant is of: the church may be connected anew during the turn."""
    wait: float | None = None
    pause: float = 0.0
    blocked: bool = False
    """GoHighLevel is not to be called: what has not been called yet is given back."""
    why: CauseCode | None = None
    """Why it is blocked, where a screen that waits for an answer should say so."""
    threads: int = 0
    """How many calls may be out at once: a question takes one thread for all of its calls."""
