"""How many texts a church's number may send now: GoHighLevel's ramp for new numbers. Pure; the time is an argument.

A number sends at most so many texts in any 24 hours. Once it used that up, and 24 hours after it came to that
level, it may send more. The last level has no end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

RAMP = (100, 250, 500, 750, 1500, 2250, 3000)
TOP_LEVEL = len(RAMP) + 1
"""Beyond the ramp: as many as there are."""

DAY = timedelta(hours=24)
_TOGETHER = 10
"""Texts that wait leave when there is room for a tenth of a day's number, and not one by one."""


@dataclass(frozen=True)
class Ramp:
    """The level that a number is on, from 1, and since when; None where it never sent a text."""

    level: int = 1
    since: datetime | None = None


@dataclass(frozen=True)
class Pace:
    """`room` texts may leave now, None for any number; where it is 0 some may leave at `next_at`."""

    ramp: Ramp
    room: int | None
    next_at: datetime | None = None


def pace(ramp: Ramp, sent: Sequence[datetime], now: datetime) -> Pace:
    """What may leave now. `sent` are the times of the texts since the level began and of the last 24 hours, in any order."""
    ramp = _climbed(ramp, sent, now)
    if ramp.level >= TOP_LEVEL:
        return Pace(ramp, None)
    budget = RAMP[ramp.level - 1]
    lately = sorted(at for at in sent if at > now - DAY)
    room = max(budget - len(lately), 0)
    if room:
        return Pace(ramp, room)
    # So many of the day have to be over before there is room again.
    over = len(lately) - budget + max(budget // _TOGETHER, 1)
    next_at = lately[min(over, len(lately)) - 1] + DAY
    if ramp.since is not None:
        next_at = min(next_at, max(ramp.since + DAY, now))
    return Pace(ramp, 0, max(next_at, now + timedelta(minutes=1)))


def _climbed(ramp: Ramp, sent: Sequence[datetime], now: datetime) -> Ramp:
    """The level above, where this one lasted its 24 hours and was used up."""
    if ramp.level >= TOP_LEVEL or ramp.since is None or now < ramp.since + DAY:
        return ramp
    used = sum(1 for at in sent if at >= ramp.since)
    return Ramp(ramp.level + 1, now) if used >= RAMP[ramp.level - 1] else ramp
