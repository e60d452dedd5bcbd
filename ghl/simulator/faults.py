"""Faults: what may go wrong, when, for whom and how often. What each kind does on the wire is `fault_endings`."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from threading import RLock
from typing import Any

from ghl.clock import Clock


class Kind(StrEnum):
    """The kinds of faults; what each does is in MEANING."""

    REFUSE = "refuse"
    OUTAGE = "outage"
    SERVER_ERROR = "server_error"
    HTML_ERROR = "html_error"
    CLOUDFLARE = "cloudflare"
    HANG = "hang"
    SLOW = "slow"
    DRIP_HEADER = "drip_header"
    DRIP_BODY = "drip_body"
    CUT_BEFORE = "cut_before"
    CUT_AFTER = "cut_after"
    CUT_IN_BODY = "cut_in_body"
    LATE_EFFECT = "late_effect"
    CREATED_BUT_422 = "created_but_422"
    BURST_429 = "burst_429"
    DAILY_429 = "daily_429"
    BROKEN_JSON = "broken_json"
    EMPTY_200 = "empty_200"
    NO_ID = "no_id"
    TOKEN_REFUSED = "token_refused"  # noqa: S105  (a kind of fault)


MEANING: dict[Kind, str] = {
    Kind.REFUSE: "Nobody listens on the port; only for everything at once.",
    Kind.OUTAGE: "Connections are taken and reset. No effect.",
    Kind.SERVER_ERROR: "A 5xx, or any other refusal, with JSON (`status`, default 500; `message`).",
    Kind.HTML_ERROR: "A 5xx with a page of HTML (`status`, default 502).",
    Kind.CLOUDFLARE: "A 403 page of the edge. No effect.",
    Kind.HANG: "Never an answer, the connection stays open.",
    Kind.SLOW: "The answer comes `seconds` later (default 6).",
    Kind.DRIP_HEADER: "With effect; the head comes byte by byte, one each `seconds` (default 0.1).",
    Kind.DRIP_BODY: "With effect; the body comes byte by byte, one each `seconds` (default 0.1).",
    Kind.CUT_BEFORE: "The connection closes before the effect.",
    Kind.CUT_AFTER: "The connection closes after the effect, without an answer.",
    Kind.CUT_IN_BODY: "With effect; the connection closes in the middle of the answer's body.",
    Kind.LATE_EFFECT: "The effect happens `seconds` later (default 8), when the client has given up. Never an answer.",
    Kind.CREATED_BUT_422: "With effect, and yet the answer is 422 (highlevel-api-docs issue 64).",
    Kind.BURST_429: "429: too many in 10 s. No effect.",
    Kind.DAILY_429: "429: nothing left today. No effect.",
    Kind.BROKEN_JSON: "With effect; the body of the answer ends half way.",
    Kind.EMPTY_200: "With effect; status 200 and no body.",
    Kind.NO_ID: "With effect; the contact or the message in the answer has no id.",
    Kind.TOKEN_REFUSED: "401 for the token, until the fault is cleared. No effect.",
}
"""What each kind does, for people. *Effect* is what the call does in GoHighLevel, such as the new contact."""

MAY_HAVE_EFFECT = frozenset({Kind.SERVER_ERROR, Kind.HTML_ERROR, Kind.HANG})
"""Kinds that happen before the effect, or after it when `effect` is set."""


AT_THE_EDGE = frozenset({Kind.OUTAGE, Kind.CLOUDFLARE, Kind.CUT_BEFORE})
"""Kinds that strike before GoHighLevel counts the request."""


class FaultError(ValueError):
    """A fault that cannot be: said in a sentence."""


@dataclass(slots=True)
class Fault:
    """One fault. None in `location`, `operation` or `body_contains` means: whatever it is."""

    id: str
    kind: Kind
    location: str | None = None
    operation: str | None = None
    """As in `contacts.create`; `contacts.*` means all of them."""
    body_contains: str | None = None
    probability: float = 1.0
    times: int | None = None
    duration: float | None = None
    """Seconds from when it was added."""
    seconds: float | None = None
    status: int | None = None
    message: str | None = None
    """What a server_error says, in GoHighLevel's words."""
    effect: bool = False
    headers: bool = True
    """Whether a 429 carries the rate headers."""
    since: float = 0.0
    fired: int = 0

    def active(self, now: float) -> bool:
        """Whether it may still strike at `now` monotonic seconds."""
        in_time = self.duration is None or now < self.since + self.duration
        return in_time and (self.times is None or self.fired < self.times)

    def meets(self, location: str, operation: str, body: bytes) -> bool:
        """Whether it is meant for such a request."""
        return (
            self.location in (None, location)
            and (self.operation is None or fnmatchcase(operation, self.operation))
            and (self.body_contains is None or self.body_contains.encode() in body)
        )

    def show(self, now: float) -> dict[str, Any]:
        return {**asdict(self), "active": self.active(now)}


class Faults:
    """All faults, in the order added; the first that meets a request strikes. May be used from any thread."""

    def __init__(self, clock: Clock, random: Random, lock: RLock) -> None:
        self._clock = clock
        self._random = random
        self._lock = lock
        self._faults: dict[str, Fault] = {}
        self._added = 0
        self.on_change: Callable[[], None] = lambda: None
        """Called after each change, without the lock."""

    def add(self, kind: str, **fields: Any) -> Fault:
        """Adds a fault (`fields` as in Fault) and returns it; its `fired` counts on.

        Raises FaultError: there is no such kind or field, or it could never strike.
        """
        try:
            fault = Fault(id="", kind=Kind(kind), **fields)
        except (TypeError, ValueError) as error:
            raise FaultError(f"No such fault: {error}") from error
        _check(fault)
        with self._lock:
            self._added += 1
            fault.id, fault.since = f"f{self._added}", self._clock.monotonic()
            self._faults[fault.id] = fault
        self.on_change()
        return fault

    def clear(self, fault_id: str | None = None) -> int:
        """Takes one fault away, or all; returns how many were there."""
        with self._lock:
            before = len(self._faults)
            if fault_id is None:
                self._faults.clear()
            else:
                self._faults.pop(fault_id, None)
            gone = before - len(self._faults)
        self.on_change()
        return gone

    def list(self) -> list[dict[str, Any]]:
        """All faults as JSON, those that are over too."""
        now = self._clock.monotonic()
        with self._lock:
            return [fault.show(now) for fault in self._faults.values()]

    def strike(self, location: str, operation: str, body: bytes, *, at_the_edge: bool) -> Fault | None:
        """The fault that strikes this request before it is counted, or after; or None."""
        if not self._faults:
            return None
        now = self._clock.monotonic()
        with self._lock:
            for fault in self._faults.values():
                if fault.kind is Kind.REFUSE or (fault.kind in AT_THE_EDGE) != at_the_edge:
                    continue
                if not fault.active(now) or not fault.meets(location, operation, body):
                    continue
                if fault.probability < 1 and self._random.random() >= fault.probability:
                    continue
                fault.fired += 1
                return fault
        return None

    def refused_for(self) -> float | None:
        """How many seconds nobody shall listen from now on, or None; infinite when no end is set."""
        now = self._clock.monotonic()
        with self._lock:
            left = [
                float("inf") if fault.duration is None else fault.since + fault.duration - now
                for fault in self._faults.values()
                if fault.kind is Kind.REFUSE and fault.active(now)
            ]
        return max(left, default=None)


def _check(fault: Fault) -> None:
    narrowed = (fault.location, fault.operation, fault.body_contains, fault.times) != (None,) * 4
    if fault.kind is Kind.REFUSE and (narrowed or fault.probability < 1):
        raise FaultError("The fault refuse holds for everything; only its duration can be chosen.")
    if not 0 <= fault.probability <= 1:
        raise FaultError("probability is a number from 0 to 1.")
    if fault.effect and fault.kind not in MAY_HAVE_EFFECT:
        raise FaultError(f"effect can be chosen for {', '.join(sorted(MAY_HAVE_EFFECT))} only.")
    for name in ("times", "duration", "seconds"):
        value = getattr(fault, name)
        if value is not None and not (isinstance(value, int | float) and value > 0):
            raise FaultError(f"{name} is a number above 0.")
    if fault.message is not None and fault.kind is not Kind.SERVER_ERROR:
        raise FaultError("message can be chosen for server_error only.")
    if fault.status is not None and not 400 <= fault.status <= 599:
        raise FaultError("status is a number from 400 to 599.")
