"""What hardly changes is not asked twice: values with an age, for the life of a process.

Thread-safe and bounded. The age is told, so that a screen can say how old its knowledge is.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from ghl.client.client import GHLClient
from ghl.client.models import CustomField, Location
from ghl.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Aged(Generic[T]):
    """A value and when it was asked for."""

    value: T
    fetched_at: datetime


class AgedCache(Generic[T]):
    """The newest `max_entries` values, each for `max_age` seconds. Many threads that miss the same key ask once."""

    def __init__(self, *, clock: Clock, max_age: float, max_entries: int = 1000) -> None:
        self._clock = clock
        self._max_age = max_age
        self._max_entries = max_entries
        self._lock = Lock()
        self._values: OrderedDict[Hashable, tuple[float, Aged[T]]] = OrderedDict()
        self._asking: dict[Hashable, Future[Aged[T]]] = {}

    def get(self, key: Hashable, load: Callable[[], T]) -> Aged[T]:
        """The cached value, or that of `load`. Its error goes to all who waited for it and is not remembered."""
        found = self.peek(key)
        if found is not None:
            return found
        with self._lock:
            answer = self._asking.get(key)
            first = answer is None
            if answer is None:
                answer = self._asking[key] = Future()
        if first:
            self._ask(key, load, answer)
        return answer.result()

    def _ask(self, key: Hashable, load: Callable[[], T], answer: Future[Aged[T]]) -> None:
        try:
            aged = self._put(key, load())
        except BaseException as error:  # noqa: BLE001  handed on to all who wait, this thread included
            self._done(key)
            answer.set_exception(error)
        else:
            self._done(key)
            answer.set_result(aged)

    def _done(self, key: Hashable) -> None:
        with self._lock:
            del self._asking[key]

    def peek(self, key: Hashable) -> Aged[T] | None:
        """The value if it is there and young enough; asks nobody."""
        with self._lock:
            known = self._values.get(key)
            if known is None or self._clock.monotonic() - known[0] > self._max_age:
                return None
            self._values.move_to_end(key)
            return known[1]

    def forget(self, key: Hashable) -> None:
        """Drops a value that turned out to be wrong."""
        with self._lock:
            self._values.pop(key, None)

    def _put(self, key: Hashable, value: T) -> Aged[T]:
        aged = Aged(value, self._clock.now())
        with self._lock:
            self._values[key] = (self._clock.monotonic(), aged)
            self._values.move_to_end(key)
            while len(self._values) > self._max_entries:
                self._values.popitem(last=False)
        return aged


class LocationCache:
    """Settings and custom fields of locations. `max_age` in seconds, ten minutes unless told otherwise."""

    def __init__(self, *, clock: Clock, max_age: float = 600.0, max_locations: int = 1000) -> None:
        self._locations: AgedCache[Location] = AgedCache(
            clock=clock, max_age=max_age, max_entries=max_locations
        )
        self._fields: AgedCache[tuple[CustomField, ...]] = AgedCache(
            clock=clock, max_age=max_age, max_entries=max_locations
        )

    def location(self, client: GHLClient) -> Aged[Location]:
        """The location's settings. Raises what `client.locations.get` raises."""
        return self._locations.get(client.cache_key, client.locations.get)

    def custom_fields(self, client: GHLClient) -> Aged[tuple[CustomField, ...]]:
        """The location's custom fields. Raises what `client.locations.custom_fields` raises."""
        return self._fields.get(client.cache_key, client.locations.custom_fields)

    def known_location(self, client: GHLClient) -> Aged[Location] | None:
        """The location's settings if they are known; costs no call."""
        return self._locations.peek(client.cache_key)

    def forget(self, client: GHLClient) -> None:
        """Drops what is known about a location, because an answer contradicted it or an admin asks anew."""
        self._locations.forget(client.cache_key)
        self._fields.forget(client.cache_key)
