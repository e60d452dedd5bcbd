"""GoHighLevel's limits for one location, counted by arrival: 100 in any rolling 10 s and 200,000 a day.

Source: highlevel-api-docs, docs/oauth/Authorization.md (limits and the names of the headers).
"""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WINDOW_SECONDS = 10.0
BURST = 100
DAILY = 200_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limits say about one arrival, and the budget left after it."""

    allowed: bool
    daily: bool
    limit: int
    remaining: int
    daily_limit: int
    daily_remaining: int
    daily_reset_ms: int
    retry_after: float

    def headers(self) -> dict[str, str]:
        """The five documented headers and `X-RateLimit-Daily-Reset` (milliseconds to go), which the npm client reads."""
        return {
            "X-RateLimit-Limit-Daily": str(self.daily_limit),
            "X-RateLimit-Daily-Remaining": str(self.daily_remaining),
            "X-RateLimit-Interval-Milliseconds": str(int(WINDOW_SECONDS * 1000)),
            "X-RateLimit-Max": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Daily-Reset": str(self.daily_reset_ms),
        }


class RateLimit:
    """The arrivals of one location. A refused arrival spends nothing unless `count_refused` is set."""

    def __init__(self, *, burst: int = BURST, daily: int = DAILY, count_refused: bool = False) -> None:
        self.burst = burst
        self.daily = daily
        self.count_refused = count_refused
        self._arrivals: deque[float] = deque()
        self._day = ""
        self._today = 0

    def take(self, monotonic: float, now: datetime) -> Verdict:
        """Counts one arrival at `monotonic` seconds on the day of `now`, and judges it."""
        self._forget(monotonic, now)
        daily_out = self._today >= self.daily
        burst_out = len(self._arrivals) >= self.burst
        allowed = not (daily_out or burst_out)
        if allowed or self.count_refused:
            self._arrivals.append(monotonic)
            self._today += 1
        return self._verdict(monotonic, now, allowed=allowed, daily=daily_out)

    def look(self, monotonic: float, now: datetime) -> Verdict:
        """The budget as it stands, counting nothing."""
        self._forget(monotonic, now)
        return self._verdict(monotonic, now, allowed=True, daily=self._today >= self.daily)

    def spend_today(self, count: int, now: datetime) -> None:
        """Adds `count` calls to today's, as if another program of the church had made them."""
        self._roll_day(now)
        self._today += count

    def _forget(self, monotonic: float, now: datetime) -> None:
        while self._arrivals and self._arrivals[0] <= monotonic - WINDOW_SECONDS:
            self._arrivals.popleft()
        self._roll_day(now)

    def _roll_day(self, now: datetime) -> None:
        day = now.astimezone(UTC).date().isoformat()
        if day != self._day:
            self._day, self._today = day, 0

    def _verdict(self, monotonic: float, now: datetime, *, allowed: bool, daily: bool) -> Verdict:
        midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
        to_midnight = (midnight - now).total_seconds()
        retry_after = 0.0
        if not allowed:
            retry_after = to_midnight if daily else self._arrivals[0] + WINDOW_SECONDS - monotonic
        return Verdict(
            allowed=allowed,
            daily=daily,
            limit=self.burst,
            remaining=max(0, self.burst - len(self._arrivals)),
            daily_limit=self.daily,
            daily_remaining=max(0, self.daily - self._today),
            daily_reset_ms=int(to_midnight * 1000),
            retry_after=retry_after,
        )
