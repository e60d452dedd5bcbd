"""Looks after the way to GoHighLevel beside the cards: tests it after an outage, and re-reads settings.

Each test is `GET /locations/{id}`, never a card, and takes from the same budget. Every worker has a caretaker;
which of them tests is decided in Redis, so the fleet sends one test.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import redis
import structlog
from sqlalchemy.exc import SQLAlchemyError

from ghl.client.client import DEADLINE_SECONDS
from ghl.client.errors import (
    AgencyTokenError,
    GHLError,
    NotSentError,
    ScopeMissingError,
    TokenRefusedError,
    WrongLocationError,
)
from ghl.crypto import UnsealError
from ghl.delivery.claim import due_churches
from ghl.delivery.facts import DeliveryFacts, load_facts, remember_location
from ghl.delivery.settle import hold
from ghl.delivery.stale import church_of_location, claim_refresh, stale_locations
from jobs.dispatcher.caller import Caller
from jobs.dispatcher.church_run import Tools
from jobs.dispatcher.permit import Permit

TESTS_EVERY = 1.0
REFRESH_EVERY = 60.0
REFRESH_AT_ONCE = 20

TOKEN_ERRORS = (TokenRefusedError, ScopeMissingError, AgencyTokenError, WrongLocationError)

log = structlog.get_logger()


@dataclass
class Caretaker:
    """Runs in a thread of its own until `stop` is set. `wake` is told each church that may go on."""

    tools: Tools
    caller: Caller
    wake: Callable[[UUID], object]
    _next_refresh: float = 0.0

    def run(self, stop: threading.Event) -> None:
        """Goes round once a second. What is away is tried again the next time."""
        while not stop.wait(TESTS_EVERY):
            try:
                self.test_due()
                now = self.tools.clock.monotonic()
                if now >= self._next_refresh:
                    self._next_refresh = now + REFRESH_EVERY
                    self.refresh_stale()
            except (redis.RedisError, SQLAlchemyError) as error:
                log.warning("caretaker.waits", error=type(error).__name__)
            except UnsealError:
                log.exception("caretaker.token_does_not_open")

    def test_due(self) -> None:
        """Tests what an open breaker is due for, and wakes the churches when GoHighLevel is back."""
        for ghl_id in self.tools.breakers.due_probes():
            healthy = self._healthy(ghl_id)
            if healthy is None:
                continue
            self.tools.breakers.probed(ghl_id, healthy=healthy)
            log.info("ghl.tested", healthy=healthy)
            if healthy:
                self._wake_all()

    def refresh_stale(self) -> None:
        """Reads settings that are old. A token that is refused here stops its church before a card meets it."""
        with self.tools.database.system() as session:
            stale = stale_locations(session, most=REFRESH_AT_ONCE)
        for location in stale:
            facts = self._facts(location.church_id)
            if facts is None or facts.stopped or not self.tools.breakers.gate(facts.ghl_location_id).closed:
                continue
            with self.tools.database.church(facts.church_id) as session:
                if not claim_refresh(session, facts.location_id):
                    continue
            self._refresh(facts)

    def _healthy(self, ghl_id: str) -> bool | None:
        """Whether GoHighLevel answered; None when the test could not be sent, so that it stays due."""
        with self.tools.database.system() as session:
            church_id = church_of_location(session, ghl_id)
        facts = self._facts(church_id) if church_id else None
        if facts is None or facts.ghl_location_id != ghl_id:
            self.tools.breakers.forget(ghl_id)
            return None
        try:
            self._read_location(facts)
        except GHLError as error:
            if isinstance(error, NotSentError) and not error.system_error:
                return None
            return not error.system_error
        return True

    def _refresh(self, facts: DeliveryFacts) -> None:
        try:
            self._read_location(facts)
        except TOKEN_ERRORS as error:
            with self.tools.database.church(facts.church_id) as session:
                hold(session, facts.church_id, facts.credential_id, cause=error.cause)
        except GHLError as error:
            log.info("location.not_read", church_id=str(facts.church_id), error=type(error).__name__)

    def _read_location(self, facts: DeliveryFacts) -> None:
        permit = self._permit(facts)
        client = self.caller.client(facts, permit, lambda _headers, _at: None)
        seen = client.locations.get()
        with self.tools.database.church(facts.church_id) as session:
            remember_location(session, facts.location_id, seen)

    def _permit(self, facts: DeliveryFacts) -> Permit:
        """Leave for one test. Raises `NotSentError` when the budget has no call left just now."""
        grant = self.tools.throttle.take(facts.ghl_location_id, 1)
        if not grant.granted:
            raise NotSentError("no call is free just now")
        until = self.tools.clock.monotonic() + 2 * DEADLINE_SECONDS
        return Permit(
            grant=grant,
            location_id=facts.ghl_location_id,
            throttle=self.tools.throttle,
            clock=self.tools.clock,
            lease_until=lambda: until,
            open_transactions=lambda: self.tools.database.open_transactions,
            call_seconds=DEADLINE_SECONDS,
        )

    def _facts(self, church_id: UUID) -> DeliveryFacts | None:
        with self.tools.database.church(church_id) as session:
            return load_facts(session, church_id)

    def _wake_all(self) -> None:
        """Every church that waited for GoHighLevel may go on, not only the one that was tested."""
        with self.tools.database.system() as session:
            churches = due_churches(session, paused=True)
        for church_id in churches:
            self.wake(church_id)
