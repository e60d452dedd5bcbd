"""Slows down whoever tries keys that do not exist: a bounded count of wrong keys for each address.

A key has 256 bits, so nobody finds one by trying; this keeps the trying from costing the database its time.
"""

import ipaddress
from collections import OrderedDict
from math import ceil

from ghl.clock import Clock

FREE = 20
"""Wrong keys in a row before an address has to wait: enough for a person who pastes a key wrongly."""
SECONDS_EACH = 3.0
"""One more try comes back every three seconds."""


class WrongKeys:
    """A leaky bucket for each address. Used from the event loop alone."""

    def __init__(self, clock: Clock, *, most_addresses: int = 10_000) -> None:
        self._clock = clock
        self._most = most_addresses
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """By address: when the last of its wrong keys is forgotten."""

    def wait_seconds(self, address: str) -> int:
        """Whole seconds until this address may try again; 0 when it may now."""
        waits = self._owed(_bucket(address)) - (FREE - 1) * SECONDS_EACH
        return max(0, ceil(waits))

    def add(self, address: str) -> None:
        """Notes a wrong key."""
        bucket = _bucket(address)
        owed = self._owed(bucket)
        self._full_at.pop(bucket, None)
        self._full_at[bucket] = self._clock.monotonic() + owed + SECONDS_EACH
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

    def _owed(self, bucket: str) -> float:
        return max(0.0, self._full_at.get(bucket, 0.0) - self._clock.monotonic())


def _bucket(address: str) -> str:
    """The address; of IPv6 the first 64 bits, because one machine has all of the rest (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
