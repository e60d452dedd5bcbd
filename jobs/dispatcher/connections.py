"""Clients for a church's calls over connections that all of the process's threads share."""

import itertools
import threading
from collections.abc import Callable

import httpx
from pydantic import SecretStr

from ghl.client.client import DEADLINE_SECONDS, GHLClient
from ghl.client.errors import GHLError
from ghl.client.pool import CONNECTIONS, make_http_client
from ghl.client.rate_headers import RateHeaders
from ghl.clock import Clock


class Connections:
    """Pools of connections, each for as many threads as one pool serves well."""

    def __init__(self, *, threads: int, clock: Clock) -> None:
        self._clock = clock
        self._pools = [make_http_client(clock=clock) for _ in range(-(-threads // CONNECTIONS))]
        self._next = itertools.count()
        self._local = threading.local()

    def client(
        self,
        *,
        base_url: str,
        token: SecretStr,
        location_id: str,
        guard: Callable[[], None],
        on_answer: Callable[[RateHeaders, float], None],
        may_repeat: Callable[[GHLError], bool],
    ) -> GHLClient:
        """A client for one step of a delivery, for use in this thread."""
        return GHLClient(
            http=self._pool(),
            base_url=base_url,
            token=token,
            location_id=location_id,
            clock=self._clock,
            guard=guard,
            on_answer=on_answer,
            may_repeat=may_repeat,
            deadline=DEADLINE_SECONDS,
        )

    def close(self) -> None:
        """Closes all connections."""
        for pool in self._pools:
            pool.close()

    def _pool(self) -> httpx.Client:
        pool: httpx.Client | None = getattr(self._local, "pool", None)
        if pool is None:
            pool = self._local.pool = self._pools[next(self._next) % len(self._pools)]
        return pool
