"""Circuit breakers: one per location and one for GHL as a whole, shared by all processes through Redis.

pybreaker keeps the states; no call to GHL ever runs inside it. Ask `gate` once a batch before anything is handed to
httpx, and `record` the outcomes once a batch. The why is in docs/adr/0004-breaker.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import redis
from pybreaker import STATE_CLOSED, STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker

from ghl.client.breaker_rules import BreakerRules, Run, runs
from ghl.client.breaker_storage import NotesListener, NotMovedError, SharedState
from ghl.redis import LuaScript

_WHOLE = "*"
_INDEXES = ("open", "due", "calling", "testers", "whole")
# The braces keep all keys on one node of a Redis cluster: one script looks at several breakers.
_TAG = "{breaker}"
_PREFIX = f"{_TAG}:location:"

# What a step expects of the breaker: to trip it must be closed, for the verdict of a test it must not be.
_Step = Literal["trip", "verdict"]


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether calls of a location may go now."""

    closed: bool
    """Closed is the good state: calls may go."""
    retry_at: datetime | None = None
    """When the next test is; None when closed or not known."""
    whole: bool = False
    """GHL as a whole is open, not this location alone."""


@dataclass(frozen=True, slots=True)
class BreakerState:
    """One breaker that is not closed."""

    location_id: str | None
    """None for GHL as a whole."""
    state: str
    """`open`, or `half-open` from the first test on until its verdict."""
    opened_at: datetime
    retry_at: datetime | None
    testing: bool
    """A worker is testing at this moment."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """A step that this process made; each step is told in one process only."""

    location_id: str | None
    old: str
    new: str


def log_change(change: StateChange) -> None:
    """The default hook: one line a step."""
    import structlog  # noqa: PLC0415 - `hub status` reads states and must answer at once

    structlog.get_logger(__name__).warning(
        "breaker changed", location_id=change.location_id, old=change.old, new=change.new
    )


class Breakers:
    """All breakers of the installation. Every method raises `redis.RedisError` when Redis does not answer."""

    def __init__(
        self,
        redis: redis.Redis,
        *,
        rules: BreakerRules | None = None,
        on_change: Callable[[StateChange], None] = log_change,
    ) -> None:
        """`on_change` is told of each step this process makes, after it is written; it must be quick."""
        self._redis = redis
        self._rules = rules or BreakerRules()
        self._on_change = on_change
        names = ("record", "move", "gate", "claim", "test_now", "states", "forget")
        self._scripts = {
            name: LuaScript(redis, "ghl.client", "breaker_common.lua", f"breaker_{name}.lua")
            for name in names
        }
        self._whole_rules = (self._rules.least_open_locations, _micros(self._rules.recent_seconds))

    def gate(self, location_id: str) -> Gate:
        """Whether calls of the location may go. One round trip; ask once a batch."""
        closed, retry_at, whole = self._run("gate", location_id, location_id)
        return Gate(bool(closed), _time(retry_at), bool(whole))

    def record(
        self, location_id: str, *, successes: int, system_errors: int, in_order: Sequence[bool] | None = None
    ) -> None:
        """The outcomes of one batch. Leave out 4xx and 429: they count as neither.

        `in_order` (True = success, as the answers came) makes "five in a row" exact within a batch with both;
        without it such a batch breaks the row. System errors are no answer, 5xx, HTML and broken JSON.
        """
        if successes < 1 and system_errors < 1:
            return
        if in_order is not None:
            row = runs(in_order)
        else:
            unbroken = 0 if successes else system_errors
            row = Run(unbroken, unbroken, unbroken)
        rules = self._rules
        trips, whole_trips = self._run(
            "record",
            location_id,
            location_id,
            successes,
            system_errors,
            row.before_first_success,
            row.longest,
            row.after_last_success,
            rules.least_calls,
            rules.error_percent,
            rules.errors_in_a_row,
            *self._whole_rules,
        )
        if trips:
            self._step(location_id, STATE_OPEN, "trip")
        if whole_trips:
            self._step(_WHOLE, STATE_OPEN, "trip")

    def due_probes(self) -> list[str]:
        """Locations to ask `GET /locations/{id}` now, claimed for this process; report each by `probed`.

        One cheap round trip when nothing is due, so workers poll it every second, also with nothing to send. A
        claim that is not reported ends by itself, and another worker is given the test.
        """
        rules = self._rules
        claimed = self._ask("claim", "", _micros(rules.claim_seconds), rules.tests_at_once, _PREFIX)
        whole, locations = claimed[0], [_text(location) for location in claimed[1:]]
        for name in [_WHOLE] if whole and locations else locations:
            self._step(name, STATE_HALF_OPEN, "verdict")
        return locations

    def probed(self, location_id: str, *, healthy: bool) -> None:
        """The verdict of a test: any answer that is not 5xx, HTML or silence is healthy, a 401 too.

        Healthy closes the location's breaker and the whole's; otherwise what is open stays so until the next test.
        """
        to = STATE_CLOSED if healthy else STATE_OPEN
        for name in (location_id, _WHOLE):
            self._step(name, to, "verdict")

    def request_test(self, location_id: str) -> bool:
        """Makes the next test due at once ("Test now"). False when there is nothing to test: all is closed."""
        return bool(self._run("test_now", location_id, location_id)[0])

    def states(self) -> tuple[BreakerState, ...]:
        """The breakers that are not closed: the whole first, then locations by when they opened."""
        flat = iter(self._ask("states", "", _PREFIX))
        rows = zip(flat, flat, flat, flat, flat, strict=True)
        return tuple(
            BreakerState(
                location_id=None if _text(name) == _WHOLE else _text(name),
                state=_text(state),
                opened_at=datetime.fromtimestamp(int(opened_at or 0) / 1e6, UTC),
                retry_at=_time(int(float(_text(retry_at)))),
                testing=bool(testing),
            )
            for name, state, opened_at, retry_at, testing in rows
        )

    def forget(self, location_id: str) -> None:
        """The location is no longer connected: nothing of it is kept or tested."""
        self._run("forget", location_id, location_id)

    def _step(self, name: str, to: str, step: _Step) -> None:
        """One step by pybreaker's own methods, whose storage moves in one script, or not at all."""

        def read() -> str:
            state = self._redis.hget(_key(name), "state")
            return _text(state) if state is not None else STATE_CLOSED

        due_to_open: list[str] = []

        def move(state: str) -> bool:
            moved, whole_trips = self._run(
                "move", name, name, state, step, _micros(self._rules.test_after_seconds), *self._whole_rules
            )
            due_to_open.extend([_WHOLE] * whole_trips)
            return bool(moved)

        notes = NotesListener()
        try:
            breaker = CircuitBreaker(
                state_storage=SharedState(name, read, move),
                listeners=[notes],
                name=name,
                throw_new_error_on_trip=False,
            )
            {STATE_OPEN: breaker.open, STATE_HALF_OPEN: breaker.half_open, STATE_CLOSED: breaker.close}[to]()
        except NotMovedError:
            return
        for old, new in notes.changes:
            self._on_change(StateChange(None if name == _WHOLE else name, old, new))
        for whole in due_to_open:
            self._step(whole, STATE_OPEN, "trip")

    def _run(self, script: str, location_id: str, *args: str | int) -> list[int]:
        return [int(value or 0) for value in self._ask(script, location_id, *args)]

    def _ask(self, script: str, location_id: str, *args: str | int) -> list[int | bytes | None]:
        keys = [f"{_TAG}:{name}" for name in _INDEXES]
        return self._scripts[script]((*keys, _PREFIX + location_id, f"{_TAG}:tally:{location_id}"), args)


def _key(name: str) -> str:
    return f"{_TAG}:whole" if name == _WHOLE else _PREFIX + name


def _micros(seconds: float) -> int:
    return round(seconds * 1e6)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _time(micros: int) -> datetime | None:
    return datetime.fromtimestamp(micros / 1e6, UTC) if micros else None
