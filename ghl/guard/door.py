"""The way in for whoever shows a link, a key or a return: free at first, slowed after some wrong tries, then refused.

A right one always gets in, also from where somebody else tries wrong ones: a church shares one address, and Sunday is
not the day to lock it out. Refusing means that wrong ones are looked up one at a time at most, and the rest not at all.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ghl.guard.guesses import Guesses, Standing

T = TypeVar("T")

SLOW_SECONDS = 1.0
MOST_SLOWED = 50
LANE_SECONDS = 3.0
"""How long somebody waits for the one way that is open to those who are refused."""


class TooManyError(Exception):
    """Not looked at, or wrong once too often. `seconds` is when to come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many wrong tries")
        self.seconds = seconds


Offload = Callable[..., Awaitable[Any]]
"""Runs a function that may wait, with its arguments, off the event loop."""


class Door:
    """One door of a process, used from its event loop. `note(what, standing, address)` writes to the change log."""

    def __init__(
        self,
        guesses: Guesses,
        note: Callable[[str, Standing, str], None],
        *,
        offload: Offload,
        slow_seconds: float = SLOW_SECONDS,
    ) -> None:
        self._guesses = guesses
        self._note = note
        self._offload = offload
        self._slow_seconds = slow_seconds
        self._slowed = 0
        self._lane = asyncio.Semaphore(1)

    async def try_from(self, address: str, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """What `look` finds; None is a wrong try, and counted. Raises `TooManyError`, or what `look` raises.

        Only a None is a wrong try: a database that is away is nobody's guess.
        """
        standing = await self._offload(self._guesses.standing, address)
        if standing is Standing.FREE:
            found = await look()
        elif standing is Standing.SLOWED:
            found = await self._slowly(address, look)
        else:
            found = await self._one_at_a_time(address, look)
        if found is None:
            await self._count(address)
            if standing is Standing.REFUSED:
                raise self._too_many(address)
        return found

    async def ask_from(self, address: str) -> None:
        """Counts a wish that may be asked for only so often, right or wrong. Raises `TooManyError`."""
        standing = await self._offload(self._guesses.standing, address)
        if standing is Standing.REFUSED:
            raise self._too_many(address)
        if standing is Standing.SLOWED:
            await self._slowly(address, _nothing)
        await self._count(address)

    async def _count(self, address: str) -> None:
        reached = await self._offload(self._guesses.wrong, address)
        if reached is not None:
            await self._offload(self._note, self._guesses.what, reached, address)

    async def _slowly(self, address: str, look: Callable[[], Awaitable[T | None]]) -> T | None:
        if self._slowed >= MOST_SLOWED:
            raise self._too_many(address)
        self._slowed += 1
        try:
            await asyncio.sleep(self._slow_seconds)
        finally:
            self._slowed -= 1
        return await look()

    async def _one_at_a_time(self, address: str, look: Callable[[], Awaitable[T | None]]) -> T | None:
        try:
            async with asyncio.timeout(LANE_SECONDS):
                await self._lane.acquire()
        except TimeoutError:
            raise self._too_many(address) from None
        try:
            return await look()
        finally:
            self._lane.release()

    def _too_many(self, address: str) -> TooManyError:
        return TooManyError(self._guesses.wait_seconds(address))


async def _nothing() -> None:
    """Nobody looks for anything."""
