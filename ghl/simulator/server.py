"""A simulator in a thread of its own, for tests and benchmarks: `with SimulatorServer() as sim: ... sim.url`."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread, get_ident
from types import TracebackType
from typing import Any, Self

from ghl.clock import Clock, SystemClock
from ghl.simulator.assembly import EXAMPLE_LOCATION, assemble, furnish
from ghl.simulator.control_client import SimulatorControl
from ghl.simulator.door import Door
from ghl.simulator.faults import Faults
from ghl.simulator.hooks.courier import Courier
from ghl.simulator.latency import Latency, Range
from ghl.simulator.state import State
from ghl.simulator.stats import Stats

try:
    import uvloop
except ImportError:  # there is none for Windows
    uvloop = None  # type: ignore[assignment]


def new_event_loop() -> asyncio.AbstractEventLoop:
    """The faster one of uvloop where it is installed, else asyncio's."""
    return asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()


class SimulatorServer:
    """Listens on a free loopback port between enter and exit. `state`, `faults`, `stats` and `latency` may be used
    from the test's thread at any time; a fault holds when `faults.add` returns.
    """

    def __init__(
        self,
        *,
        locations: Iterable[str] = (EXAMPLE_LOCATION,),
        latency: str = "0",
        seed: int | None = 0,
        journal: Path | None = None,
        clock: Clock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Each of `locations` is there with a token of its own (`token()`) and a church's custom fields, unless the
        journal knows it.

        Raises NotLoopbackError, JournalError, ValueError, OSError.
        """
        self._application = assemble(clock or SystemClock(), seed=seed, latency=latency, journal=journal)
        self._host, self._port = host, port
        self._errors: list[dict[str, Any]] = []
        for location_id in locations:
            if location_id not in self.state.locations:
                furnish(self.state, location_id)

    @property
    def state(self) -> State:
        return self._application.state

    @property
    def faults(self) -> Faults:
        return self._application.faults

    @property
    def stats(self) -> Stats:
        return self._application.stats

    @property
    def latency(self) -> Latency:
        return self._application.latency

    @property
    def port(self) -> int:
        return self._door.port

    @property
    def url(self) -> str:
        """The base URL that takes the place of GoHighLevel's."""
        return f"http://{self._host}:{self.port}"

    @property
    def control(self) -> SimulatorControl:
        """What can be steered, as another process steers it."""
        return SimulatorControl(self.url)

    @property
    def control_url(self) -> str:
        return f"{self.url}/__control"

    @property
    def location_id(self) -> str:
        """The first location."""
        return next(iter(self.state.locations))

    def token(self, location_id: str | None = None) -> str:
        """A token of that location, or of the first one. Raises KeyError when it has none."""
        wanted = location_id or self.location_id
        for token in self.state.tokens.all():
            if token.location_id == wanted:
                return token.value
        raise KeyError(wanted)

    def set_latency(self, seconds: str, *, location: str | None = None, operation: str | None = None) -> None:
        """`0.5` or `0.5-2` seconds from now on. Raises ValueError."""
        self.latency.set(Range.parse(seconds), location=location, operation=operation)

    def __enter__(self) -> Self:
        self._loop = new_event_loop()
        self._loop.set_exception_handler(lambda _loop, context: self._errors.append(context))
        ready = Event()
        self._thread = Thread(target=self._run, args=(ready,), name="simulator", daemon=True)
        self._thread.start()
        ready.wait()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        except BaseException:
            self._stop()
            raise
        self.faults.on_change = self._refresh
        self._courier = Courier(self.state, self._application.deliveries)
        self._courier.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.on_change = lambda: None
        self._courier.stop()
        asyncio.run_coroutine_threadsafe(self._door.close(), self._loop).result(10)
        self._stop()
        if self._errors and error is None:
            context = self._errors[0]
            raise RuntimeError(f"The simulator failed: {context.get('message')}") from context.get(
                "exception"
            )

    def _run(self, ready: Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.call_soon(ready.set)
        self._loop.run_forever()

    async def _open(self) -> None:
        self._door = Door(self._application, self._host, self._port)
        await self._door.open()

    def _refresh(self) -> None:
        """A fault has changed: from another thread, wait until listening is in line with it."""
        if get_ident() == self._thread.ident:
            self._door.refresh_soon()
        else:
            asyncio.run_coroutine_threadsafe(self._door.refresh(), self._loop).result(10)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self.state.close()
