"""GHL's budget of one location, shared by all processes: 100 calls in any rolling 10 s and 200,000 a day.

Redis counts, on its own clock; a process brings only durations, so no machine's clock matters. Nothing here sends
or sleeps: `take` says how many calls may go now and when to ask again. The numbers are proved in
docs/adr/0003-throttle.md.
"""

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import redis

from ghl.client.rate_headers import RateHeaders
from ghl.clock import Clock
from ghl.redis import LuaScript

INTERVAL_SECONDS = 10.0
"""GHL's burst interval (Authorization.md, "Rate limits": 100 requests per 10 seconds per location)."""

SEND_WITHIN_SECONDS = 0.15
"""How long a grant is good for. A later send would arrive closer to the next window than `WINDOW_SECONDS` allows."""

TRANSIT_SECONDS = 0.1
"""How much one call may take longer from here to GHL than another; two calls may overtake each other by this."""

WINDOW_SECONDS = INTERVAL_SECONDS + SEND_WITHIN_SECONDS + TRANSIT_SECONDS
"""10.25 s. The call that opens a window may arrive `SEND_WITHIN_SECONDS + TRANSIT_SECONDS` after its grant, the one
that follows the window at once: so much longer than GHL's interval the window must be. It still uses 97.5 of 100."""

_MEMORY_SECONDS = 6.0
"""Calls are remembered so much longer than the window: an answer speaks of the window before its request was sent,
and the client's deadline is 5 s."""

_DAILY_HINT_SECONDS = 3600.0
"""How long a daily value counts when GHL did not say when its day ends: then one call finds out."""

_EPOCH_MS = 100_000_000_000
"""A daily reset above this (three years as a duration, 1973 as a date) is a date in milliseconds."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The answer to `Throttle.take`: so many calls may be sent, each before `expires_at`."""

    granted: int
    """Calls that may go now; 0 to what was wanted."""
    wait_seconds: float
    """When asking again may bring more; 0.0 when all that was wanted was granted."""
    id: str
    expires_at: float
    """By `Clock.monotonic()` of this process: a call whose first byte is not sent by then needs `renew`."""
    daily_exhausted: bool = False
    """The day is used up: `wait_seconds` is the time until GHL's reset, as far as it is known."""
    _unsent: Iterator[int] = field(default_factory=itertools.count, repr=False, compare=False)

    def unsent(self, count: int) -> list[int]:
        """`count` calls of this grant that were not sent, each named once only, however often it is asked."""
        return [index for index in itertools.islice(self._unsent, count) if index < self.granted]


@dataclass(frozen=True, slots=True)
class Usage:
    """The budget of one location as screens show it."""

    ours: int
    """Calls of this installation in the last 10 s."""
    others: int
    """Calls of other integrations in the same time, as far as GHL's headers told."""
    limit: int
    today: int
    """Calls of this installation in the last 24 hours, or since GHL's daily reset where that is known."""
    free_today: int
    blocked_seconds: float
    """GHL asked us to wait: no call is granted for so long."""
    daily_exhausted: bool


class Throttle:
    """Grants calls to GHL. Every method is one round trip to Redis and raises `redis.RedisError` without it.

    The keys of a location expire by themselves; they hold at most some 200 small entries, ids and numbers only.
    """

    def __init__(
        self,
        redis: redis.Redis,
        *,
        clock: Clock,
        window_seconds: float = WINDOW_SECONDS,
        limit: int = 100,
        daily_limit: int = 200_000,
        send_within: float = SEND_WITHIN_SECONDS,
    ) -> None:
        """`limit` and `daily_limit` are GHL's documented ones (Authorization.md, "Rate limits")."""
        self._clock = clock
        self._limit = limit
        self._window = window_seconds
        self._send_within = send_within
        memory = window_seconds + _MEMORY_SECONDS
        self._head = (_micros(window_seconds), _micros(memory), limit, daily_limit)
        self._last_sent: dict[str, float] = {}

        def script(name: str) -> LuaScript:
            return LuaScript(redis, "ghl.client", "throttle_common.lua", f"throttle_{name}.lua")

        self._take = script("take")
        self._give_back = script("give_back")
        self._renew = script("renew")
        self._observe = script("observe")
        self._block = script("block")
        self._usage = script("usage")

    def take(self, location_id: str, want: int) -> Grant:
        """Up to `want` calls for now. Ask only for calls that have a free thread; give back what was not sent."""
        grant_id = secrets.token_hex(8)
        # The grant's time is counted from before the question, so that a slow answer can only shorten it.
        asked = self._clock.monotonic()
        if want < 1:
            return Grant(0, 0.0, grant_id, asked)
        return self._granted(grant_id, asked, self._run(self._take, location_id, want, grant_id))

    def renew(self, location_id: str, grant: Grant) -> Grant:
        """A fresh grant for one call of `grant` that is late (a slow connection, a busy machine).

        The call moves to now within the budget, so it needs no free place. Not granted when its place was
        given back or has run out, or when GHL has asked to wait meanwhile.
        """
        grant_id = secrets.token_hex(8)
        asked = self._clock.monotonic()
        late = grant.unsent(1)
        if not late:
            return Grant(0, 0.0, grant_id, asked)
        return self._granted(
            grant_id, asked, self._run(self._renew, location_id, grant.id, late[0], grant_id)
        )

    def give_back(self, location_id: str, grant: Grant, count: int) -> int:
        """Returns `count` calls of `grant` that were certainly not sent to the budget, of the day too.

        Never more than were granted, even when Redis had to be asked twice. Returns how many places became free:
        one that has left the window meanwhile is free already.
        """
        unsent = grant.unsent(count)
        if not unsent:
            return 0
        (back,) = self._run(self._give_back, location_id, grant.id, *unsent)
        return back

    def observe(self, location_id: str, headers: RateHeaders, sent_at: float) -> None:
        """Lowers the budget to what `headers` say; other integrations eat from it. It never raises it.

        `sent_at` is `Clock.monotonic()` when the request was sent. Only the latest-sent request counts: an older
        one speaks of an older window. What was lowered ends by itself with the window.
        """
        if headers == RateHeaders() or self._last_sent.get(location_id, float("-inf")) >= sent_at:
            return
        self._last_sent[location_id] = sent_at
        age = max(self._clock.monotonic() - sent_at, 0.0)
        self._run(
            self._observe,
            location_id,
            _micros(age),
            _micros(TRANSIT_SECONDS),
            _or_empty(limit_of(headers)),
            _or_empty(headers.remaining),
            _or_empty(headers.daily_remaining),
            _or_empty(self._resets_in(headers)),
            _micros(_DAILY_HINT_SECONDS),
        )

    def rate_limited(self, location_id: str, retry_after: float | None, daily: bool) -> None:
        """GHL answered 429: no call is granted to the location for `retry_after` seconds (at most a day).

        Not told how long: a window, or for the day until its reset, or an hour where that is unknown.
        """
        told = "" if retry_after is None else _micros(max(retry_after, 0.0))
        untold = _DAILY_HINT_SECONDS if daily else self._window
        self._run(self._block, location_id, told, int(daily), _micros(untold))

    def usage(self, location_id: str) -> Usage:
        """How much of the budget is used now."""
        ours, others, limit, today, free_today, blocked, exhausted = self._run(self._usage, location_id)
        return Usage(ours, others, limit, today, free_today, blocked / 1e6, bool(exhausted))

    def _run(self, script: LuaScript, location_id: str, *args: str | int) -> list[int]:
        # The braces keep the keys of a location on one node of a Redis cluster.
        keys = [f"throttle:{{{location_id}}}:{name}" for name in ("calls", "others", "state", "day")]
        return [int(value or 0) for value in script(keys, (*self._head, *args))]

    def _granted(self, grant_id: str, asked: float, answer: list[int]) -> Grant:
        granted, wait, exhausted = answer
        return Grant(granted, wait / 1e6, grant_id, asked + self._send_within, bool(exhausted))

    def _resets_in(self, headers: RateHeaders) -> int | None:
        """Microseconds until GHL's daily reset, which it sends as a duration or as a date in milliseconds."""
        reset = headers.daily_reset_ms
        if reset is None:
            return None
        if reset > _EPOCH_MS:
            reset -= int(self._clock.now().timestamp() * 1000)
        return max(reset, 0) * 1000


def limit_of(headers: RateHeaders) -> int | None:
    """The limit that `headers` name, as calls per 10 s, at least 1 (an answer must be able to end a limit)."""
    if headers.limit is None:
        return None
    interval_ms = max(headers.interval_ms or 0, int(INTERVAL_SECONDS * 1000))
    return max(headers.limit * int(INTERVAL_SECONDS * 1000) // interval_ms, 1)


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)


def _or_empty(value: int | None) -> str | int:
    return "" if value is None else value
