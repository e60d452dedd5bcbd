"""Whether this process lives, and whether it can save cards now. Neither asks GoHighLevel nor Redis."""

from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ghl.clock import Clock
from ghl.db.engine import Database
from ghl.intake.threads import Threads

FRESH_SECONDS = 1.0
"""Whoever asks more often hears the last answer, so that asking costs the database nothing."""


class Health:
    """`GET /healthz` and `GET /readyz`."""

    def __init__(self, database: Database, clock: Clock, threads: Threads) -> None:
        self._database = database
        self._clock = clock
        self._threads = threads
        self._ready_at = float("-inf")

    def routes(self) -> list[Route]:
        """Both routes."""
        return [
            Route("/healthz", self.healthz, methods=["GET"]),
            Route("/readyz", self.readyz, methods=["GET"]),
        ]

    async def healthz(self, _request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "alive"})

    async def readyz(self, _request: Request) -> Response:
        """The database answers too; else the problem of any request: 503 with `Retry-After`."""
        if self._clock.monotonic() - self._ready_at > FRESH_SECONDS:
            await self._threads.run(self._ask)
            self._ready_at = self._clock.monotonic()
        return JSONResponse({"status": "ready"})

    def _ask(self) -> None:
        with self._database.system() as session:
            session.execute(text("SELECT 1"))
