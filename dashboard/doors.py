"""The doors of a web process for whoever is not signed in yet: links, returns from the identity provider, mails."""

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from dashboard.whence import sender
from ghl.guard.door import Door
from ghl.guard.guesses import Limit
from jobs.container import Container
from jobs.doors import door

T = TypeVar("T")

ACTOR = "sign-in page"

MAILS = Limit(slow_after=60, refuse_after=200)
"""Mails asked for from one address: a congregation behind one router on a Sunday asks for some dozens."""


class Doors:
    """Made when somebody first knocks: the container is there only once the process runs."""

    def __init__(self, container: Callable[[], Container], *, slow_seconds: float = 1.0) -> None:
        self._container = container
        self._slow_seconds = slow_seconds
        self._made: dict[str, Door] = {}

    def of(self, what: str, limit: Limit | None = None) -> Door:
        """The door for this kind of try."""
        if what not in self._made:
            self._made[what] = door(
                self._container(),
                what,
                actor=ACTOR,
                offload=run_in_threadpool,
                limit=limit,
                slow_seconds=self._slow_seconds,
            )
        return self._made[what]


def address_of(request: Request) -> str:
    """Where a request comes from: the other end of the connection, or what a trusted proxy says."""
    return request.client.host if request.client else ""


async def run_from(request: Request, hub: Container, act: Callable[[], T]) -> T:
    """Runs it in a thread of the pool; the change log notes the request's address beside what it changes."""

    def acting() -> T:
        with hub.database.coming_from(sender(address_of(request), "", "") or "dashboard"):
            return act()

    return await run_in_threadpool(acting)
