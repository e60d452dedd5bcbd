"""Leaky buckets by name: so much at once, then one more every few seconds. Bounded, and in this process alone."""

from collections import OrderedDict
from math import ceil

from ghl.clock import Clock


class Buckets:
    """Counts things by name. `free` go at once; one more comes back every `seconds_each`. Not thread-safe."""

    def __init__(self, clock: Clock, *, free: int, seconds_each: float, most: int = 10_000) -> None:
        self._clock = clock
        self._free = free
        self._seconds_each = seconds_each
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()
        """By name: when the last of what it counted is forgotten."""

    def wait_seconds(self, name: str) -> int:
        """Whole seconds until one more may come; 0 when it may now."""
        return max(0, ceil(self._owed(name) - (self._free - 1) * self._seconds_each))

    def add(self, name: str) -> None:
        """Counts one more."""
        owed = self._owed(name)
        self._full_at.pop(name, None)
        self._full_at[name] = self._clock.monotonic() + owed + self._seconds_each
        while len(self._full_at) > self._most:
            self._full_at.popitem(last=False)

    def _owed(self, name: str) -> float:
        return max(0.0, self._full_at.get(name, 0.0) - self._clock.monotonic())
