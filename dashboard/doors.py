"""The doors of a web process for whoever is not signed in yet: links, returns from the identity provider, mails."""

import hashlib
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from ghl.guard.door import Door
from ghl.guard.guesses import Guesses, Limit
from ghl.guard.trail import noted_in
from ghl.redis import connect_redis
from jobs.container import Container

ASK_WITHIN = 0.2
"""Seconds that Redis may take to say how often somebody tried; without an answer only this process counts."""

ACTOR = "sign-in page"

MAILS = Limit(slow_after=60, refuse_after=200)
"""Mails asked for from one address: a congregation behind one router on a Sunday asks for some dozens."""


class Doors:
    """Made when somebody first knocks: the container is there only once the process runs."""

    def __init__(self, container: Callable[[], Container], *, slow_seconds: float = 1.0) -> None:
        self._container = container
        self._slow_seconds = slow_seconds
        self._made: dict[str, Door] = {}

    def door(self, what: str, limit: Limit | None = None) -> Door:
        """The door for this kind of try."""
        if what not in self._made:
            hub = self._container()
            url = hub.settings.redis_url
            guesses = Guesses(
                connect_redis(url.get_secret_value(), timeout=ASK_WITHIN) if url else None,
                clock=hub.clock,
                what=what,
                pepper=hashlib.sha256(hub.database_url.encode()).digest(),
                limit=limit,
            )
            self._made[what] = Door(
                guesses,
                noted_in(hub.database, actor=ACTOR),
                offload=run_in_threadpool,
                slow_seconds=self._slow_seconds,
            )
        return self._made[what]


def address_of(request: Request) -> str:
    """Where a request comes from: the other end of the connection, or what a trusted proxy says."""
    return request.client.host if request.client else ""
