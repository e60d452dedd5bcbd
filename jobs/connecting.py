"""Calls to GHL outside a delivery, such as the test of a token: real ones, out of the location's own budget."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from pydantic import SecretStr

from ghl.causes import CauseCode
from ghl.churches import ChurchView
from ghl.client.client import GHLClient
from ghl.client.errors import AnswerError, GHLError, NotSentError
from ghl.client.models import Location
from ghl.client.pool import make_http_client
from ghl.client.throttle import Grant, Throttle
from ghl.clock import Clock
from ghl.connection import TokenRefusedByTestError
from ghl.connection.probes import PROBES, Probe
from ghl.connection.verdict import GOOD, STOPS, passed, reasons
from jobs.container import Container

T = TypeVar("T")

LONGEST_WAIT_SECONDS = 25.0
"""Two windows of the throttle and some more: then the test goes, unless GHL asked us to wait longer."""


class TooBusyError(NotSentError):
    """The location's budget is used up for now; more may come after `wait_seconds`."""

    cause = CauseCode.GOING_SLOWLY

    def __init__(self, wait_seconds: float) -> None:
        super().__init__("the budget is used up")
        self.wait_seconds = wait_seconds


@contextmanager
def token_test(hub: Container, church: ChurchView) -> Iterator[Callable[[SecretStr, str], Location]]:
    """A function that tries a token against a location id, for `ghl.connection.connect`: the probes of the page.

    It waits for the location's budget where deliveries are using it, and raises `TooBusyError` in the end.
    """
    base_url = church.ghl_base_url or hub.settings.ghl_base_url
    with make_http_client(clock=hub.clock, connections=1) as http:

        def test(token: SecretStr, location_id: str) -> Location:
            client = budgeted_client(hub, http=http, base_url=base_url, token=token, location_id=location_id)
            return try_token(lambda probe: patiently(lambda: probe.run(client), clock=hub.clock))

        yield test


def try_token(run: Callable[[Probe], Location | None]) -> Location:
    """The location, where every probe is good. Raises `TokenRefusedByTestError` with sentences; `GHLError` where
    GoHighLevel did not answer, which says nothing about the token.
    """
    checks: dict[str, str] = {}
    seen: Location | None = None
    for probe in PROBES.values():
        try:
            seen = run(probe) or seen
            checks[probe.name] = GOOD
        except AnswerError as error:
            checks[probe.name] = str(error.cause)
            if error.cause in STOPS:
                break
    if not passed(checks) or seen is None:
        raise TokenRefusedByTestError(" ".join(reasons(checks)))
    return seen


def budgeted_client(
    hub: Container, *, http: httpx.Client, base_url: str, token: SecretStr, location_id: str
) -> GHLClient:
    """A client whose every call comes out of the location's budget; without leave it raises `TooBusyError`."""
    return GHLClient(
        http=http,
        base_url=base_url,
        token=token,
        location_id=location_id,
        clock=hub.clock,
        on_answer=lambda headers, sent_at: hub.throttle.observe(location_id, headers, sent_at),
        guard=Leave(hub.throttle, location_id, hub.clock).check,
    )


def patiently(call: Callable[[], T], *, clock: Clock) -> T:
    """What `call` returns, begun again when the budget allows it. Raises `TooBusyError` in the end."""
    give_up_at = clock.monotonic() + LONGEST_WAIT_SECONDS
    while True:
        try:
            return call()
        except TooBusyError as busy:
            if clock.monotonic() + busy.wait_seconds > give_up_at:
                raise
            time.sleep(busy.wait_seconds)


class Leave:
    """One call's worth of the budget at a time. A call asks twice: before it is handed over, and at its first byte."""

    def __init__(self, throttle: Throttle, location_id: str, clock: Clock) -> None:
        self._throttle = throttle
        self._location_id = location_id
        self._clock = clock
        self._unused: Grant | None = None

    def check(self) -> None:
        """Raises `TooBusyError` where the call must not go now."""
        granted, self._unused = self._unused, None
        if granted is not None and self._clock.monotonic() <= granted.expires_at:
            return
        grant = self._throttle.take(self._location_id, 1)
        if not grant.granted:
            raise TooBusyError(grant.wait_seconds)
        # Asked at the first byte, because connecting took longer than the first grant held: this one is used now.
        self._unused = grant if granted is None else None

    def may_repeat(self, _error: GHLError) -> bool:
        """A read that met a blip may go again: `check` then takes another call of the budget for it."""
        return True
