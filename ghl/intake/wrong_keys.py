"""Slows down whoever tries keys that do not exist: a bounded count of wrong keys for each address.

A key has 256 bits, so nobody finds one by trying; this keeps the trying from costing the database its time.
"""

from ghl.clock import Clock
from ghl.intake.buckets import Buckets
from ghl.intake.sender import network_of

FREE = 20
"""Wrong keys in a row before an address has to wait: enough for a person who pastes a key wrongly."""
SECONDS_EACH = 3.0
"""One more try comes back every three seconds."""


class WrongKeys:
    """A leaky bucket for each address. Used from the event loop alone."""

    def __init__(self, clock: Clock, *, most_addresses: int = 10_000) -> None:
        self._buckets = Buckets(clock, free=FREE, seconds_each=SECONDS_EACH, most=most_addresses)

    def wait_seconds(self, address: str) -> int:
        """Whole seconds until this address may try again; 0 when it may now."""
        return self._buckets.wait_seconds(network_of(address))

    def add(self, address: str) -> None:
        """Notes a wrong key."""
        self._buckets.add(network_of(address))
