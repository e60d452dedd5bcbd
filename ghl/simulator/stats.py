"""What the simulator has seen: arrivals, answers, how many at once. The proof that a client kept the limits."""

from collections import Counter, defaultdict, deque
from threading import RLock
from typing import Any

from ghl.simulator.limits import WINDOW_SECONDS

KEPT_ARRIVALS = 250_000
"""Arrival times kept for each location; the oldest go first."""


class Stats:
    """Counters since the start or the last reset. May be read from any thread: it shares the state's lock."""

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self.reset()

    def reset(self) -> None:
        """Everything to zero."""
        with self._lock:
            self._operations: Counter[str] = Counter()
            self._by_location: dict[str, Counter[str]] = defaultdict(Counter)
            self._statuses: Counter[int] = Counter()
            self._refused: Counter[str] = Counter()
            self._faults: Counter[str] = Counter()
            self._arrivals: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT_ARRIVALS))
            self._in_flight: Counter[str] = Counter()
            self._most: Counter[str] = Counter()
            self._total_in_flight = 0
            self._total_most = 0

    # Told by the application, which holds the lock.

    def arrived(self, at: float, location: str, operation: str) -> None:
        """One request, whole, at `at` monotonic seconds."""
        self._operations[operation] += 1
        self._by_location[location][operation] += 1
        self._arrivals[location].append(at)
        self._in_flight[location] += 1
        self._total_in_flight += 1
        self._most[location] = max(self._most[location], self._in_flight[location])
        self._total_most = max(self._total_most, self._total_in_flight)

    def ended(self, location: str, status: int | None) -> None:
        """The request's end: the status it was answered with, or None for no answer."""
        if self._in_flight[location]:
            self._in_flight[location] -= 1
            self._total_in_flight -= 1
        if status is not None:
            self._statuses[status] += 1
        if status == 429:
            self._refused[location] += 1

    def fault_fired(self, kind: str) -> None:
        self._faults[kind] += 1

    # Asked by tests and the control API.

    @property
    def total(self) -> int:
        """All requests that arrived."""
        with self._lock:
            return self._operations.total()

    @property
    def answered_429(self) -> int:
        """How many requests were answered with 429."""
        with self._lock:
            return self._statuses[429]

    @property
    def max_in_flight(self) -> int:
        """The most requests that were open at once."""
        with self._lock:
            return self._total_most

    def requests(self, operation: str, location: str | None = None) -> int:
        """How many requests of an operation arrived, in all or for one location."""
        with self._lock:
            return (self._operations if location is None else self._by_location[location])[operation]

    def operations(self, location: str | None = None) -> dict[str, int]:
        """Requests by operation, in all or for one location."""
        with self._lock:
            return dict(self._operations if location is None else self._by_location[location])

    def statuses(self) -> dict[int, int]:
        """Answers by status."""
        with self._lock:
            return dict(self._statuses)

    def faults_fired(self) -> dict[str, int]:
        """Faults that struck, by kind."""
        with self._lock:
            return dict(self._faults)

    def arrivals(self, location: str) -> list[float]:
        """When each request for a location arrived, in monotonic seconds of the simulator's clock."""
        with self._lock:
            return list(self._arrivals[location])

    def max_in_window(self, location: str, seconds: float = WINDOW_SECONDS) -> int:
        """The most arrivals of a location in any `seconds` on end, refused ones included."""
        most = start = 0
        times = self.arrivals(location)
        for end, at in enumerate(times):
            while times[start] <= at - seconds:
                start += 1
            most = max(most, end - start + 1)
        return most

    def snapshot(self) -> dict[str, Any]:
        """Everything as JSON."""
        with self._lock:
            return {
                "requests": self._operations.total(),
                "operations": dict(self._operations),
                "statuses": {str(status): count for status, count in sorted(self._statuses.items())},
                "answered_429": self._statuses[429],
                "in_flight": self._total_in_flight,
                "max_in_flight": self._total_most,
                "faults_fired": dict(self._faults),
                "locations": {
                    location: {
                        "requests": operations.total(),
                        "operations": dict(operations),
                        "answered_429": self._refused[location],
                        "max_in_10_s": self.max_in_window(location),
                        "max_in_flight": self._most[location],
                    }
                    for location, operations in self._by_location.items()
                    if operations
                },
            }
