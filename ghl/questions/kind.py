"""What a kind of question is: its parameters, its calls, the form of its answer, and what follows from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from ghl.client.client import GHLClient
from ghl.client.errors import GHLError
from ghl.crypto import KeyRing
from ghl.delivery.facts import DeliveryFacts

Params = Mapping[str, Any]
Answer = dict[str, Any]
T = TypeVar("T")

MOST_CALLS = 3
"""The most calls that one question makes: with 5 seconds each they end well within its lease."""


class Make(Protocol):
    """Makes one call, out of the location's budget."""

    def __call__(self, call: Callable[[GHLClient], T], /) -> T:
        """What GoHighLevel answered. Raises `GHLError`."""
        ...


class QuestionError(ValueError):
    """Nothing that can be asked: a mistake of the program that asks."""


def _nothing_follows(
    _session: Session, _facts: DeliveryFacts, _params: Params, _answer: Answer | None, _error: GHLError | None
) -> bool:
    return False


@dataclass(frozen=True)
class OtherWay:
    """Another token than the church's own, perhaps of another location.

    `place` is the row of the church's active location where the other way leads there too: then the question goes
    before the church's cards, out of the same budget. Otherwise None, and it has the budget of its own location.
    `facts` reads the row that the parameters name; None where there is no such way any more.
    """

    place: Callable[[Session, UUID, Params], UUID | None]
    facts: Callable[[Session, UUID, Params, KeyRing], DeliveryFacts | None]


@dataclass(frozen=True)
class Kind:
    """One kind of question.

    `checked` returns the parameters as they are stored or raises `QuestionError`. `calls` is how many calls an answer
    takes at most. `way` is another way than the church's own, as the test of a new token goes. `gather` adds what a call
    needs and a stored question must not hold, when a worker takes it, with the worker's keys; None where that is there no
    more. `follows` writes what an answer means beyond the screen, in the transaction that stores it, and says whether the
    church's cards may go on because of it.
    """

    name: str
    checked: Callable[[Params], dict[str, Any]]
    calls: Callable[[Params], int]
    read: Callable[[Params, Make], Answer]
    way: OtherWay | None = None
    gather: Callable[[Session, UUID, Params, KeyRing], Params | None] | None = None
    follows: Callable[[Session, DeliveryFacts, Params, Answer | None, GHLError | None], bool] = (
        _nothing_follows
    )
