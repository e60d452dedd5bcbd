"""The simulator as a process of its own, until SIGTERM or Ctrl-C."""

import asyncio
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from ghl.clock import SystemClock
from ghl.simulator.application import Application
from ghl.simulator.assembly import EXAMPLE_LOCATION, assemble, furnish, numbered_location
from ghl.simulator.door import Door
from ghl.simulator.hooks.courier import Courier
from ghl.simulator.journal import JournalError
from ghl.simulator.server import new_event_loop
from ghl.simulator.state import State
from ghl.simulator.visit_log import FileLog

DEFAULT_PORT = 8580


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How a simulator is started. `port` 0 is any free one; `seed` None means other ids each time."""

    port: int = DEFAULT_PORT
    host: str = "127.0.0.1"
    state: Path | None = None
    """The journal: what was there before is there again."""

    latency: str = "0"
    seed: int | None = None
    locations: tuple[tuple[str, str | None], ...] = ()
    """Location ids with their tokens; None is a made-up token."""

    location_count: int = 0
    """So many numbered locations besides."""

    log: Path | None = None
    """Where each request is written down."""


def run(options: ServeOptions) -> int:
    """Serves until told to stop, and returns the exit code: 0, or 2 with one line about what is wrong."""
    log: FileLog | None = None
    try:
        log = FileLog(options.log) if options.log else None
        application = assemble(
            SystemClock(), seed=options.seed, latency=options.latency, journal=options.state, log=log
        )
        _add_locations(application.state, options)
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(_serve(application, options))
    except OSError as error:
        where = f"port {options.port}" if error.filename is None else error.filename
        return _fail(f"The simulator cannot use {where}: {error.strerror}")
    except (ValueError, JournalError) as error:
        return _fail(str(error))
    finally:
        if log is not None:
            log.close()
    application.state.close()
    return 0


def _add_locations(state: State, options: ServeOptions) -> None:
    wanted = [
        *options.locations,
        *(numbered_location(number) for number in range(1, options.location_count + 1)),
    ]
    if not wanted and not state.locations:
        wanted = [(EXAMPLE_LOCATION, None)]
    for location_id, token in wanted:
        known = location_id in state.locations
        if not known or (token is not None and state.tokens.find(token) is None):
            furnish(state, location_id, token)


async def _serve(application: Application, options: ServeOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    door = Door(application, options.host, options.port)
    application.faults.on_change = door.refresh_soon
    await door.open()
    print(f"Simulator ready: http://{door.host}:{door.port}", flush=True)  # noqa: T201  (the parent waits for it)
    courier = Courier(application.state, application.deliveries)
    courier.start()
    await stop.wait()
    await asyncio.to_thread(courier.stop)
    await door.close()


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201
    return 2
