"""One claimed row on its way: the plan of its calls, what they brought, and how long the row is still ours."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

from ghl.client.errors import GHLError
from ghl.client.models import Contact
from ghl.delivery.claim import ClaimedRow
from ghl.delivery.facts import DeliveryFacts
from ghl.delivery.plan import Call, CreateContact, Outcome, Reply

Plan = Generator[Call, Reply, Outcome]


@dataclass(eq=False)
class Delivery:
    """A row and its plan. `call` is the next call to make; None once there is an `outcome` or an `error`, or
    our own program `crashed`. `unsure`: one of its calls may have had an effect that nobody saw.

    A call that was held back is made again later: the plan does not learn of it. Used by one thread at a time.
    """

    row: ClaimedRow
    facts: DeliveryFacts
    plan: Plan
    lease_until: float
    call: Call | None = None
    outcome: Outcome | None = None
    error: GHLError | None = None
    crashed: bool = False
    unsure: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)

    def start(self) -> None:
        """Asks the plan for its first call."""
        self._step(lambda: next(self.plan))

    def reply(self, reply: Reply) -> None:
        """Gives the plan what the call brought."""
        self._step(lambda: self.plan.send(reply))

    def fail(self, error: GHLError) -> None:
        """Tells the plan what went wrong; what it does not handle becomes the delivery's `error`."""
        self.unsure = self.unsure or error.unsure
        self._step(lambda: self.plan.throw(error))

    def crash(self) -> None:
        """Ends the delivery without an outcome: our own program broke on it."""
        self.call = None
        self.crashed = True

    def note(self, call: Call, seconds: float, error: GHLError | None, reply: Reply = None) -> None:
        """Keeps what a call was and how it ended, for the timeline; nothing of what was sent.

        Of an error also GoHighLevel's own answer, redacted; of a create which contact it made.
        """
        noted = {
            "call": type(call).__name__,
            "ms": round(seconds * 1000),
            "status": error.status if error else None,
            "trace_id": error.trace_id if error else None,
            "error": type(error).__name__ if error else None,
            "reason": error.reason[:300] if error else None,
        }
        if error and error.answer:
            noted["answer"] = error.answer
        if isinstance(call, CreateContact) and isinstance(reply, Contact):
            noted["contact_id"] = reply.id
        self.calls.append(noted)

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to call."""
        return self.call is None

    @property
    def touched(self) -> bool:
        """Whether a call was made, so that something may have changed in GoHighLevel."""
        return bool(self.calls)

    def _step(self, advance: Callable[[], Call]) -> None:
        self.call = None
        try:
            self.call = advance()
        except StopIteration as end:
            self.outcome = end.value
        except GHLError as error:
            self.error = error
