"""Database work off the event loop: as many at once as there are connections, and a short, bounded queue."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class BusyError(Exception):
    """No thread became free in time. The work was not begun, so it may safely be asked for again."""


class Threads:
    """A pool of `size` threads. Waiters beyond `most_waiting`, or longer than `wait_seconds`, are sent away:
    a sender that is told to come back is better off than one that hangs.
    """

    def __init__(self, size: int, *, most_waiting: int, wait_seconds: float) -> None:
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="intake")
        self._free = asyncio.Semaphore(size)
        self._most_waiting = most_waiting
        self._wait_seconds = wait_seconds
        self._waiting = 0

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `function` returns or raises, or `BusyError`."""
        await self._wait()
        try:
            call = partial(contextvars.copy_context().run, function, *args, **kwargs)
            return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._waiting >= self._most_waiting:
            raise BusyError
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise BusyError from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Ends the threads once what they do is done."""
        self._pool.shutdown(wait=True)
