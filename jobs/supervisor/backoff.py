"""How long a part that died waits before it starts again. Decides only."""

from dataclasses import dataclass

FIRST, LONGEST = 0.5, 30.0
"""Seconds. The first wait is short enough for one bad moment, the longest long enough for a broken part."""

HEALTHY = 60.0
"""Seconds of work after which earlier deaths are forgotten."""


@dataclass(frozen=True)
class Backoff:
    """The deaths in a row of one part."""

    deaths: int = 0

    def after_death(self, *, ran_for: float) -> "Backoff":
        """One death more, or the first again when it had worked for a minute."""
        return Backoff(1 if ran_for >= HEALTHY else self.deaths + 1)

    @property
    def wait(self) -> float:
        """Seconds until the next start."""
        if self.deaths == 0:
            return 0.0
        return min(FIRST * 2.0 ** min(self.deaths - 1, 10), LONGEST)
