"""The way in for whoever shows a link, a key or a return: free at first, slowed after some wrong tries, then refused.

A right one always gets in, also from where somebody else tries wrong ones: a church shares one address, and Sunday is
not the day to lock it out. Refusing means that of one network's tries one is looked up at a time, and the rest not at
all; no network waits for another.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ghl.guard.guesses import Guesses, Standing
from ghl.intake.sender import network_of

T = TypeVar("T")

SLOW_SECONDS = 1.0
MOST_SLOWED = 50
"""Of one network, how many wait at a time."""
LANE_SECONDS = 3.0
"""How long somebody waits for the one way that is open to those of a network that is refused."""
MOST_NETWORKS = 1000
"""Networks with a place of their own at a time; those beyond share one."""


class TooManyError(Exception):
    """Not looked at, or wrong once too often. `seconds` is when to come again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("too many wrong tries")
        self.seconds = seconds


Offload = Callable[..., Awaitable[Any]]
"""Runs a function that may wait, with its arguments, off the event loop."""


@dataclass
class _Place:
    """Where those of one network wait, for as long as any of them does."""

    lane: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    slowed: int = 0
    inside: int = 0


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
        self._places: dict[str, _Place] = {}
        """By network; the empty name is for all that found no place."""

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
        with self._place(address) as place:
            if place.slowed >= MOST_SLOWED:
                raise self._too_many(address)
            place.slowed += 1
            try:
                await asyncio.sleep(self._slow_seconds)
            finally:
                place.slowed -= 1
        return await look()

    async def _one_at_a_time(self, address: str, look: Callable[[], Awaitable[T | None]]) -> T | None:
        with self._place(address) as place:
            try:
                async with asyncio.timeout(LANE_SECONDS):
                    await place.lane.acquire()
            except TimeoutError:
                raise self._too_many(address) from None
            try:
                return await look()
            finally:
                place.lane.release()

    @contextmanager
    def _place(self, address: str) -> Iterator[_Place]:
        network = network_of(address)
        if network not in self._places and len(self._places) >= MOST_NETWORKS:
            network = ""
        place = self._places.setdefault(network, _Place())
        place.inside += 1
        try:
            yield place
        finally:
            place.inside -= 1
            if not place.inside:
                del self._places[network]

    def _too_many(self, address: str) -> TooManyError:
        return TooManyError(self._guesses.wait_seconds(address))


async def _nothing() -> None:
    """Nobody looks for anything."""
