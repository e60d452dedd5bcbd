"""Requests to the intake in an open loop: they are due at random around a rate, and a slow answer delays no later one.

The intake runs as in production, in a process of its own, with a durable PostgreSQL. Times run from the moment a request
was due until its answer was read, so that nothing is hidden by waiting.
"""

import asyncio
import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.intake.app import create_app
from ghl.intake.serve import listen, make_server
from ghl.intake.webhooks import WebhookDoors
from ghl.logging import set_up_logging
from ghl.redis import connect_redis
from ghl.webhooks.signature import read_keys
from jobs.supervisor.postgres import EmbeddedPostgres
from jobs.wake import BackgroundWaker, Waker

TAKEN = (b"HTTP/1.1 200 ", b"HTTP/1.1 202 ", b"HTTP/1.1 303 ")
"""How an answer begins that takes what was sent."""


@dataclass
class Measured:
    """What the senders saw."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    def figures(self) -> dict[str, float]:
        ordered = sorted(self.seconds)

        def percentile(share: float) -> float:
            return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)

        return {
            "answers": len(ordered),
            "refused": self.refused,
            "p50_ms": percentile(0.50),
            "p95_ms": percentile(0.95),
            "p99_ms": percentile(0.99),
            "max_ms": percentile(1.0),
        }


@contextmanager
def database_server() -> Iterator[str]:
    parent = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    if os.geteuid() == 0:
        parent.chmod(0o711)
    try:
        with EmbeddedPostgres(parent / "data") as server:
            admin, app = server.start()
            upgrade(admin, app)
            yield app
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def measure(
    database_url: str,
    redis_url: str,
    make: Callable[[random.Random], bytes],
    *,
    name: str,
    seconds: float,
    per_minute: int,
    clients: int,
    signing_keys: bytes | None = None,
) -> dict[str, float]:
    """Figures of one intake after three seconds of warming up: milliseconds, and the processor's time an answer."""
    with intake(database_url, redis_url, signing_keys) as (port, process):
        for dice, length in ((random.Random(f"{name}, warming up"), 3.0), (random.Random(name), seconds)):
            before = process.cpu_times()
            measured = asyncio.run(
                _send(port, make, dice, seconds=length, per_minute=per_minute, clients=clients)
            )
        used = process.cpu_times()
    spent = used.user + used.system - before.user - before.system
    return {
        **measured.figures(),
        "cpu_ms_each": round(spent * 1000 / len(measured.seconds), 1),
        "others_load": round(os.getloadavg()[0], 1),
    }


@contextmanager
def intake(
    database_url: str, redis_url: str, signing_keys: bytes | None = None
) -> Iterator[tuple[int, psutil.Process]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(database_url, redis_url, signing_keys, there), daemon=True)
    process.start()
    try:
        yield here.recv(), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(20)


def _serve(database_url: str, redis_url: str, signing_keys: bytes | None, ready: Connection) -> None:
    database = Database(database_url, name="hub-intake")
    waker = BackgroundWaker(Waker(connect_redis(redis_url)))
    doors = WebhookDoors(read_keys(signing_keys)) if signing_keys else None
    app = create_app(database=database, clock=SystemClock(), on_saved=waker.wake, webhooks=doors)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, listen("127.0.0.1", 0) as listener:
        set_up_logging("intake", stream=nowhere)  # written as in production, and not shown
        ready.send(listener.getsockname()[1])
        make_server(app).run(sockets=[listener])


async def _send(
    port: int,
    make: Callable[[random.Random], bytes],
    dice: random.Random,
    *,
    seconds: float,
    per_minute: int,
    clients: int,
) -> Measured:
    """They arrive as visitors do, at random around the rate; each is sent when it is due, by whoever is free."""
    measured = Measured()
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    senders = [asyncio.create_task(_sender(port, due, measured)) for _ in range(clients)]
    began = time.perf_counter()
    at = 0.0
    while (at := at + dice.expovariate(per_minute / 60)) < seconds:
        await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
        due.put_nowait((began + at, make(dice)))
    for _ in senders:
        due.put_nowait(None)
    await asyncio.gather(*senders)
    return measured


async def _sender(port: int, due: asyncio.Queue[tuple[float, bytes] | None], measured: Measured) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while (work := await due.get()) is not None:
            at, request = work
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            measured.seconds.append(time.perf_counter() - at)
            measured.refused += not head.startswith(TAKEN)
    finally:
        writer.close()
