"""One question in a worker: its calls, one permit each, and what they brought. It knows no database."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import structlog

from ghl.client.client import GHLClient
from ghl.client.errors import GHLError
from ghl.client.rate_headers import RateHeaders
from ghl.delivery.facts import DeliveryFacts
from ghl.questions.kind import Answer
from ghl.questions.kinds import KINDS
from ghl.questions.take import TakenQuestion
from jobs.dispatcher.permit import HeldBackError, Permit

T = TypeVar("T")

log = structlog.get_logger()


class Clients(Protocol):
    """Makes a client whose every send asks the permit first."""

    def client(
        self, facts: DeliveryFacts, permit: Permit, on_answer: Callable[[RateHeaders, float], None]
    ) -> GHLClient:
        """Raises `UnsealError`."""
        ...


@dataclass(frozen=True)
class Inquiry:
    """A question to ask now, in a thread. It holds a place in the budget for each of its calls."""

    question: TakenQuestion
    facts: DeliveryFacts
    permits: Sequence[Permit]

    def unanswered(self) -> "Replied":
        """What came of it where the thread itself broke."""
        return Replied(self.question, self.facts, crashed=True)


@dataclass(frozen=True)
class Replied:
    """What a question brought: an answer, an error, or `held_back` before the first wrong step of ours."""

    question: TakenQuestion
    facts: DeliveryFacts
    answer: Answer | None = field(default=None, repr=False)
    error: GHLError | None = None
    held_back: bool = False
    crashed: bool = False
    outcomes: Sequence[bool] = ()
    """Of its calls that say something about GoHighLevel, whether it answered, in their order."""
    headers: tuple[tuple[RateHeaders, float], ...] = ()


def inquire(inquiry: Inquiry, clients: Clients) -> Replied:
    """Asks GoHighLevel. Never raises; what was not called is given back to the budget."""
    question, facts = inquiry.question, inquiry.facts
    left = list(inquiry.permits)
    outcomes: list[bool] = []
    headers: list[tuple[RateHeaders, float]] = []
    answer: Answer | None = None
    error: GHLError | None = None
    held_back = crashed = False

    def make(call: Callable[[GHLClient], T]) -> T:
        permit = left.pop(0)
        try:
            reply = call(clients.client(facts, permit, lambda one, at: headers.append((one, at))))
        except HeldBackError:
            permit.give_back()
            raise
        except GHLError as failure:
            if failure.system_error:
                outcomes.append(False)
            raise
        outcomes.append(True)
        return reply

    try:
        answer = KINDS[question.kind].read(question.params, make)
    except HeldBackError as held:
        log.info("question.held_back", church_id=str(facts.church_id), kind=question.kind, reason=held.reason)
        held_back = True
    except GHLError as failure:
        error = failure
    except Exception:
        # A mistake of ours in one kind must not stop the others.
        log.exception("question.crashed", church_id=str(facts.church_id), kind=question.kind)
        crashed = True
    for permit in left:
        permit.give_back()
    return Replied(
        question,
        facts,
        answer=answer,
        error=error,
        held_back=held_back,
        crashed=crashed,
        outcomes=tuple(outcomes),
        headers=tuple(headers),
    )
