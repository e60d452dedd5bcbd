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

from ghl import outages
from ghl.client.client import GHLClient
from ghl.client.errors import (
    AgencyTokenError,
    GHLError,
    NotSentError,
    ScopeMissingError,
    TokenRefusedError,
    WrongLocationError,
)
from ghl.client.models import Location
from ghl.connection import check_token
from ghl.connection.trials import publish_sealing_keys
from ghl.crypto import UnsealError
from ghl.delivery.claim import due_churches
from ghl.delivery.facts import DeliveryFacts, load_facts, note_use, remember_location
from ghl.delivery.settle import end_hold, hold
from ghl.delivery.stale import (
    REFRESH_AFTER,
    TEST_HELD_AFTER,
    church_of_location,
    claim_refresh,
    stale_locations,
)
from jobs.connecting import Leave
from jobs.dispatcher.caller import Caller
from jobs.dispatcher.parts import Tools

TESTS_EVERY = 1.0
REFRESH_EVERY = 60.0
REFRESH_AT_ONCE = 20
PUBLISH_EVERY = 600.0

TOKEN_ERRORS = (TokenRefusedError, ScopeMissingError, AgencyTokenError, WrongLocationError)

log = structlog.get_logger()


@dataclass
class Caretaker:
    """Runs in a thread of its own until `stop` is set. `wake` is told each church that may go on."""

    tools: Tools
    caller: Caller
    wake: Callable[[UUID], object]
    _next_refresh: float = 0.0
    _next_publication: float = float("-inf")

    def run(self, stop: threading.Event) -> None:
        """Goes round once a second. What is away is tried again the next time."""
        while True:
            try:
                now = self.tools.clock.monotonic()
                if now >= self._next_publication:
                    self.publish_keys()
                    self._next_publication = now + PUBLISH_EVERY
                self.test_due()
                if now >= self._next_refresh:
                    self._next_refresh = now + REFRESH_EVERY
                    self.refresh_stale()
            except (redis.RedisError, SQLAlchemyError) as error:
                log.warning("caretaker.waits", error=type(error).__name__)
            except Exception:
                # A mistake of ours must not end the tests, without which an open breaker stays open.
                log.exception("caretaker.crashed")
            if stop.wait(TESTS_EVERY):
                return

    def publish_keys(self) -> None:
        """Says with which keys a pasted token is to be sealed, so that this worker can open it."""
        with self.tools.database.system() as session:
            publish_sealing_keys(session, self.tools.key_ring)

    def test_due(self) -> None:
        """Tests what an open breaker is due for, and wakes the churches when GoHighLevel is back."""
        healed = [ghl_id for ghl_id in self.tools.breakers.due_probes() if self._test(ghl_id)]
        if healed:
            self._wake_all()

    def refresh_stale(self) -> None:
        """Reads settings that are old. A token that is refused here stops its church before a card meets it; one
        that works again lets a held church go on.
        """
        with self.tools.database.system() as session:
            stale = stale_locations(session, most=REFRESH_AT_ONCE)
        for location in stale:
            facts = self._facts(location.church_id)
            if facts is None or not self.tools.breakers.gate(facts.ghl_location_id).closed:
                continue
            age = TEST_HELD_AFTER if facts.stopped else REFRESH_AFTER
            with self.tools.database.church(facts.church_id) as session:
                if not claim_refresh(session, facts.location_id, older_than=age):
                    continue
            try:
                self._refresh(facts)
            except UnsealError as error:
                log.warning("token.does_not_open", church_id=str(facts.church_id), reason=str(error))

    def _test(self, ghl_id: str) -> bool:
        """Tests one location and reports it; whether GoHighLevel answered. One that cannot be tested stays due."""
        with self.tools.database.system() as session:
            church_id = church_of_location(session, ghl_id)
        facts = self._facts(church_id) if church_id else None
        if facts is None or facts.ghl_location_id != ghl_id:
            self.tools.breakers.forget(ghl_id)
            return False
        seen: Location | None = None
        healthy = True
        try:
            seen = self._client(facts).locations.get()
        except UnsealError as error:
            log.warning("token.does_not_open", church_id=str(facts.church_id), reason=str(error))
            return False
        except GHLError as error:
            if isinstance(error, NotSentError) and not error.system_error:
                return False
            healthy = not error.system_error
        # Told before the breaker moves: who sees it closed finds why.
        with self.tools.database.system() as session:
            outages.tested(session, facts.church_id, good=healthy)
        self.tools.breakers.probed(ghl_id, healthy=healthy)
        log.info("ghl.tested", healthy=healthy)
        if seen is not None:
            self._remember(facts, seen)
        return healthy

    def _refresh(self, facts: DeliveryFacts) -> None:
        client = self._client(facts)
        try:
            # A held church's token has to do all that deliveries need, not only read the location.
            seen = check_token(client) if facts.stopped else client.locations.get()
        except TOKEN_ERRORS as error:
            with self.tools.database.church(facts.church_id) as session:
                hold(session, facts.church_id, facts.credential_id, cause=error.cause)
            return
        except GHLError as error:
            log.info("location.not_read", church_id=str(facts.church_id), error=type(error).__name__)
            return
        self._remember(facts, seen)
        if facts.stopped:
            with self.tools.database.church(facts.church_id) as session:
                end_hold(session, facts.church_id, facts.credential_id)
            self.wake(facts.church_id)

    def _remember(self, facts: DeliveryFacts, seen: Location) -> None:
        with self.tools.database.church(facts.church_id) as session:
            remember_location(session, facts.location_id, seen)
            note_use(session, facts.credential_id)

    def _client(self, facts: DeliveryFacts) -> GHLClient:
        """A client whose every call takes from the location's budget, and none goes when that is used up."""
        leave = Leave(self.tools.throttle, facts.ghl_location_id, self.tools.clock)
        return self.caller.client(facts, leave, lambda _headers, _at: None)

    def _facts(self, church_id: UUID) -> DeliveryFacts | None:
        with self.tools.database.church(church_id) as session:
            return load_facts(session, church_id)

    def _wake_all(self) -> None:
        """Every church that waited for GoHighLevel may go on, not only the one that was tested."""
        with self.tools.database.system() as session:
            churches = due_churches(session, resting=True)
        for church_id in churches:
            self.wake(church_id)
