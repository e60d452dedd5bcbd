"""What handling an event may come to, and what a handler is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from ghl.questions.ask import Asked
from ghl.statuses import WebhookSource


@dataclass(frozen=True)
class Place:
    """The church that an event is of, with the location that is its own now."""

    church_id: UUID
    region: str
    location_id: UUID | None


@dataclass(frozen=True, repr=False)
class Told:
    """An event as a handler gets it. `at` is when it was in GoHighLevel, and never after `now`.

    `answer` is what came of the question that it waited for.
    """

    source: WebhookSource
    values: Mapping[str, Any]
    at: datetime
    now: datetime
    answer: Asked | None = None


@dataclass(frozen=True)
class Done:
    """It is over. `facts` are codes and counts, nothing of a person. `wake`: something is to be asked of GoHighLevel."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    wake: bool = False


@dataclass(frozen=True)
class Waits:
    """It goes on when this question is answered."""

    question_id: UUID


class NobodyError(Exception):
    """Somebody said stop, and there is no finding out who: a person has to look at it. `cause` is a code."""

    cause = "no_address"


class NotNowError(Exception):
    """It cannot be handled at the moment and is tried again later; `cause` is a code."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause
