"""Makes one call to GoHighLevel in a thread, and says what it brought. It knows no database."""

from collections.abc import Callable
from typing import Any, Protocol

import structlog

from ghl.client.client import GHLClient
from ghl.client.errors import GHLError
from ghl.client.rate_headers import RateHeaders
from ghl.clock import Clock
from ghl.crypto import KeyRing
from ghl.delivery.errand import Errand
from ghl.delivery.facts import DeliveryFacts
from jobs.dispatcher.connections import Connections
from jobs.dispatcher.inquiry import Inquiry, Replied, inquire
from jobs.dispatcher.parts import Job, Stepped
from jobs.dispatcher.permit import HeldBackError

log = structlog.get_logger()


class Leave(Protocol):
    """What is asked before each send."""

    def check(self) -> None:
        """Raises `NotSentError` where the request must not leave now."""
        ...

    def may_repeat(self, error: GHLError) -> bool:
        """Whether a read that met this error may be sent once more."""
        ...


class Caller:
    """Calls for all churches of a process. Thread-safe."""

    def __init__(self, *, connections: Connections, key_ring: KeyRing, base_url: str, clock: Clock) -> None:
        self._connections = connections
        self._key_ring = key_ring
        self._base_url = base_url
        self._clock = clock

    def work(self, job: Job | Inquiry) -> Stepped | Replied:
        """Does what a turn wants done. Never raises."""
        return inquire(job, self) if isinstance(job, Inquiry) else self.call(job)

    def call(self, job: Job) -> Stepped:
        """Makes the errand's next call and lets its plan go a step on. Never raises."""
        errand, permit = job.errand, job.permit
        facts = errand.facts
        headers: list[tuple[RateHeaders, float]] = []
        begun = self._clock.monotonic()
        try:
            client = self.client(facts, permit, lambda one, at: headers.append((one, at)))
            answered, error = self._make(errand, client, begun)
        except HeldBackError as held:
            log.info("call.held_back", church_id=str(facts.church_id), reason=held.reason)
            permit.give_back()
            return Stepped(errand)
        except Exception:
            # A mistake of ours must not stop the others; after three of them on one thing a person looks.
            log.exception("call.crashed", church_id=str(facts.church_id), **errand.subject)
            errand.crash()
            return Stepped(errand)
        return Stepped(errand, answered=answered, error=error, headers=tuple(headers))

    def client(
        self,
        facts: DeliveryFacts,
        permit: Leave,
        on_answer: Callable[[RateHeaders, float], None],
    ) -> GHLClient:
        """A client for the church's location whose every send asks the permit first. Raises `UnsealError`."""
        return self._connections.client(
            base_url=facts.base_url or self._base_url,
            token=self._key_ring.open(facts.sealed, facts.context),
            location_id=facts.ghl_location_id,
            guard=permit.check,
            on_answer=on_answer,
            may_repeat=permit.may_repeat,
        )

    def _make(
        self, errand: Errand[Any, Any, Any], client: GHLClient, begun: float
    ) -> tuple[bool, GHLError | None]:
        call = errand.call
        assert call is not None
        try:
            reply = errand.perform(client, call)
        except HeldBackError:
            raise
        except GHLError as error:
            errand.note(call, self._clock.monotonic() - begun, error)
            errand.fail(error)
            return False, error
        errand.note(call, self._clock.monotonic() - begun, None, reply)
        errand.reply(reply)
        return True, None
