"""Counts wrong tries by where they come from: in Redis for all processes together, and here for when Redis is away.

Addresses stand in Redis as keyed digests that are gone within the window. Thread-safe; a Redis that does not answer
costs one short wait and is then left alone for a few seconds.
"""

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

import redis
import structlog

from ghl.clock import Clock
from ghl.intake.sender import network_of

AWAY_SECONDS = 5.0
"""How long Redis is not asked again after it did not answer."""

MOST = 10_000
"""Addresses that are remembered in one process."""


class Standing(StrEnum):
    """How somebody is met."""

    FREE = "free"
    SLOWED = "slowed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Limit:
    """After how many wrong tries within `seconds`, counted from the first of them, somebody is slowed, and refused."""

    slow_after: int = 10
    refuse_after: int = 30
    seconds: int = 900

    def standing(self, wrong: int) -> Standing:
        """How somebody with so many wrong tries is met."""
        if wrong >= self.refuse_after:
            return Standing.REFUSED
        return Standing.SLOWED if wrong >= self.slow_after else Standing.FREE

    def reached(self, wrong: int) -> Standing | None:
        """The standing that this very try led to, if it changed."""
        return {self.slow_after: Standing.SLOWED, self.refuse_after: Standing.REFUSED}.get(wrong)


class Guesses:
    """Wrong tries of one kind, `what`, such as `link`. `pepper` keeps addresses in Redis from being found by trying."""

    def __init__(
        self,
        client: redis.Redis | None,
        *,
        clock: Clock,
        what: str,
        pepper: bytes,
        limit: Limit | None = None,
    ) -> None:
        self.what = what
        self.limit = limit or Limit()
        self._redis = client
        self._clock = clock
        self._pepper = pepper
        self._lock = threading.Lock()
        self._here: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """By name: how many, and when they are forgotten."""
        self._away_until = 0.0

    def standing(self, address: str) -> Standing:
        """How whoever comes from this address is met now."""
        name = self._name(address)
        here, _ = self._counted_here(name)
        # Most people never tried a wrong one here; of the rest Redis knows whether they did elsewhere.
        return self.limit.standing(max(here, self._counted_elsewhere(name)))

    def wrong(self, address: str) -> Standing | None:
        """Counts one more; the standing that it led to, where that is a new one."""
        name = self._name(address)
        here = self._count_here(name)
        elsewhere = self._count_elsewhere(name)
        return self.limit.reached(here if elsewhere is None else elsewhere)

    def wait_seconds(self, address: str) -> int:
        """About how long until whoever comes from there is met as if nothing had been."""
        _, until = self._counted_here(self._name(address))
        return max(1, round(until - self._clock.monotonic())) if until else self.limit.seconds

    def _name(self, address: str) -> str:
        digest = hashlib.blake2b(network_of(address).encode(), key=self._pepper[:64], digest_size=16)
        return f"wrong:{self.what}:{digest.hexdigest()}"

    def _counted_here(self, name: str) -> tuple[int, float]:
        with self._lock:
            count, until = self._here.get(name, (0, 0.0))
        return (count, until) if until > self._clock.monotonic() else (0, 0.0)

    def _count_here(self, name: str) -> int:
        now = self._clock.monotonic()
        with self._lock:
            count, until = self._here.pop(name, (0, 0.0))
            if until <= now:
                count, until = 0, now + self.limit.seconds
            self._here[name] = (count + 1, until)
            while len(self._here) > MOST:
                self._here.popitem(last=False)
        return count + 1

    def _counted_elsewhere(self, name: str) -> int:
        if self._redis is None or self._clock.monotonic() < self._away_until:
            return 0
        try:
            return int(self._redis.get(name) or 0)
        except redis.RedisError as error:
            self._left_alone(error)
            return 0

    def _count_elsewhere(self, name: str) -> int | None:
        if self._redis is None or self._clock.monotonic() < self._away_until:
            return None
        try:
            with self._redis.pipeline() as pipeline:
                pipeline.set(name, 0, nx=True, ex=self.limit.seconds)
                pipeline.incr(name)
                return int(pipeline.execute()[1])
        except redis.RedisError as error:
            self._left_alone(error)
            return None

    def _left_alone(self, error: redis.RedisError) -> None:
        self._away_until = self._clock.monotonic() + AWAY_SECONDS
        structlog.get_logger(__name__).info("wrong tries counted here alone", error=type(error).__name__)
