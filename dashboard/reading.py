"""Reading for a page: an answer, or trouble with a number that leads support to the log line."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from jobs.container import NotConfiguredError

Answer = TypeVar("Answer")

SUPPORT_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""No 0 and O, no 1 and I: the number is read aloud on the telephone."""


@dataclass(frozen=True)
class Trouble:
    """The database did not answer. Nothing is lost; `number` stands in the log beside what happened."""

    number: str


def guarded(read: Callable[[], Answer]) -> Answer | Trouble:
    """What `read` returns, or `Trouble` when the database did not answer.

    Only the kind of the error is logged: its text may hold what somebody wrote on a card.
    """
    try:
        return read()
    except (SQLAlchemyError, NotConfiguredError) as error:
        number = support_number()
        kinds = [type(cause).__name__ for cause in (error, getattr(error, "orig", None)) if cause is not None]
        structlog.get_logger(__name__).error("page not read", support_number=number, error=kinds)
        return Trouble(number)


def support_number() -> str:
    """A short number such as `7F3K`."""
    return "".join(secrets.choice(SUPPORT_SIGNS) for _ in range(4))
