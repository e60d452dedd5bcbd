"""The last look before a request leaves: is the grant fresh, the row still ours, no transaction open?"""

from collections.abc import Callable

import redis
import structlog

from ghl.client.errors import GHLError, NotSentError
from ghl.client.throttle import Grant, Throttle
from ghl.clock import Clock

log = structlog.get_logger()


class HeldBackError(NotSentError):
    """We ourselves did not send the request; it says nothing about GoHighLevel or the card."""


class LeaseTooShortError(HeldBackError):
    """The row's lease may end during the call: somebody else may take the row, so nothing is sent."""


class Permit:
    """Leave to send the calls of one step. `check` is asked directly before each send, and at its first byte.

    `lease_until` tells, on the process's monotonic clock, how long the row is ours.
    """

    def __init__(
        self,
        *,
        grant: Grant,
        location_id: str,
        throttle: Throttle,
        clock: Clock,
        lease_until: Callable[[], float],
        open_transactions: Callable[[], int],
        call_seconds: float,
    ) -> None:
        self._grant = grant
        self._location_id = location_id
        self._throttle = throttle
        self._clock = clock
        self._lease_until = lease_until
        self._open_transactions = open_transactions
        self._call_seconds = call_seconds
        self._place_lost = False

    def check(self) -> None:
        """Raises `HeldBackError` where the request must not leave now."""
        if self._open_transactions():
            raise RuntimeError("A transaction is open while GoHighLevel is called.")
        if self._clock.monotonic() + self._call_seconds > self._lease_until():
            raise LeaseTooShortError("the lease ends too soon")
        if self._clock.monotonic() > self._grant.expires_at:
            self._renew()

    def may_repeat(self, error: GHLError) -> bool:
        """Whether a read that met a blip may be sent again: that is another call of the budget."""
        if error.certainly_not_sent:
            return True
        try:
            grant = self._throttle.take(self._location_id, 1)
        except redis.RedisError:
            return False
        if not grant.granted:
            return False
        self._grant = grant
        return True

    def give_back(self) -> None:
        """Returns the one call of this permit, which was not sent, to the budget."""
        if self._place_lost:
            return
        try:
            self._throttle.give_back(self._location_id, self._grant, 1)
        except redis.RedisError as error:
            # It leaves the window by itself, a little later.
            log.warning("grant.not_given_back", error=type(error).__name__)

    def _renew(self) -> None:
        try:
            grant = self._throttle.renew(self._location_id, self._grant)
        except redis.RedisError as error:
            self._place_lost = True
            raise HeldBackError("the budget cannot be asked") from error
        if not grant.granted:
            self._place_lost = True
            raise HeldBackError("the grant is too old")
        self._grant = grant
