"""One thing that is with a worker: the plan of its calls, what they brought, and how long it is still ours."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from ghl.client.client import GHLClient
from ghl.client.errors import GHLError
from ghl.delivery.facts import DeliveryFacts

CallT = TypeVar("CallT")
ReplyT = TypeVar("ReplyT")
OutcomeT = TypeVar("OutcomeT")


class HeldRow(Protocol):
    """A row of the outbox that is ours until its lease ends."""

    @property
    def id(self) -> int:
        """Which row."""
        ...

    @property
    def lease_token(self) -> UUID:
        """By which it is ours."""
        ...


@dataclass(eq=False)
class Errand(ABC, Generic[CallT, ReplyT, OutcomeT]):
    """A plan on its way. `call` is the next call to make; None once there is an `outcome` or an `error`, or
    our own program `crashed`. `unsure`: one of its calls may have had an effect that nobody saw.

    A call that was held back is made again later: the plan does not learn of it. Used by one thread at a time.
    """

    facts: DeliveryFacts
    plan: Generator[CallT, ReplyT, OutcomeT]
    lease_until: float
    call: CallT | None = None
    outcome: OutcomeT | None = None
    error: GHLError | None = None
    crashed: bool = False
    unsure: bool = False
    calls: list[dict[str, Any]] = field(default_factory=list)
    row: HeldRow = field(kw_only=True)

    @property
    @abstractmethod
    def subject(self) -> dict[str, str]:
        """What it is about, by id, for a log."""

    @abstractmethod
    def perform(self, client: GHLClient, call: CallT) -> ReplyT:
        """What GoHighLevel answered. Raises `ghl.client.errors.GHLError`."""

    def start(self) -> None:
        """Asks the plan for its first call."""
        self._step(lambda: next(self.plan))

    def reply(self, reply: ReplyT) -> None:
        """Gives the plan what the call brought."""
        self._step(lambda: self.plan.send(reply))

    def fail(self, error: GHLError) -> None:
        """Tells the plan what went wrong; what it does not handle becomes the errand's `error`."""
        self.unsure = self.unsure or error.unsure
        self._step(lambda: self.plan.throw(error))

    def crash(self) -> None:
        """Ends the errand without an outcome: our own program broke on it."""
        self.call = None
        self.crashed = True

    def note(self, call: CallT, seconds: float, error: GHLError | None, reply: ReplyT | None = None) -> None:
        """Keeps what a call was and how it ended, for the timeline; nothing of what was sent.

        Of an error also GoHighLevel's own answer, redacted.
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
        self.calls.append(noted | self.seen(call, reply))

    def seen(self, call: CallT, reply: ReplyT | None) -> dict[str, Any]:  # noqa: ARG002 (for those that keep something)
        """What else is kept of a call: ids, never a person's data."""
        return {}

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to call."""
        return self.call is None

    @property
    def touched(self) -> bool:
        """Whether a call was made, so that something may have changed in GoHighLevel."""
        return bool(self.calls)

    def _step(self, advance: Callable[[], CallT]) -> None:
        self.call = None
        try:
            self.call = advance()
        except StopIteration as end:
            self.outcome = end.value
        except GHLError as error:
            self.error = error
