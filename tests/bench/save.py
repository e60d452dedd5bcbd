"""How long a save by HTTP takes: open loop, so that a slow answer delays no later request and hides nothing.

The intake runs as in production, in a process of its own, with a durable PostgreSQL and the real wake-ups.
Times run from the moment a card was due to be sent until its answer was read.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psutil

from ghl.churches import add_church, view_church
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.db.migrate import upgrade
from ghl.forms import current_wordings
from ghl.intake.app import create_app
from ghl.intake.serve import listen, make_server
from ghl.logging import set_up_logging
from ghl.redis import connect_redis
from ghl.sources import create_source_key
from jobs.supervisor.postgres import EmbeddedPostgres
from jobs.wake import BackgroundWaker, Waker
from tests.support.servers import valkey_server

CHURCHES = 10
NAMES = ("Anna", "Ben", "Chloé", "Daniel", "Esther", "Félix", "Grace", "Hannah")


@dataclass(frozen=True)
class Door:
    """How cards come to one church: by a source key, and by the form of this public id."""

    key: str
    public_id: str


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
            "cards": len(ordered),
            "refused": self.refused,
            "p50_ms": percentile(0.50),
            "p95_ms": percentile(0.95),
            "p99_ms": percentile(0.99),
            "max_ms": percentile(1.0),
        }


def run(*, seconds: float = 60.0, per_minute: int = 1000, clients: int = 50) -> dict[str, dict[str, float]]:
    """Figures with Redis well, hanging (takes connections and never answers) and down; milliseconds.

    The last are of the card form, with a tick for texts.
    """
    found: dict[str, dict[str, float]] = {}
    with _database() as url, valkey_server() as valkey, _hanging_server() as hanging:
        doors = _doors(url)
        # A port that was free a moment ago: connecting to it is refused at once.
        with socket.create_server(("127.0.0.1", 0)) as gone:
            refused = f"redis://127.0.0.1:{gone.getsockname()[1]}/0"
        for name, redis_url, make in (
            ("redis well", valkey, _request),
            ("redis hangs", hanging, _request),
            ("redis down", refused, _request),
            ("card form, redis down", refused, _form),
        ):
            with _intake(url, redis_url) as (port, process):
                for dice, length in (
                    (random.Random(f"{name}, warming up"), 3.0),
                    (random.Random(name), seconds),
                ):
                    cpu = process.cpu_times()
                    measured = asyncio.run(
                        _send(
                            port,
                            partial(make, dice, doors),
                            dice,
                            seconds=length,
                            per_minute=per_minute,
                            clients=clients,
                        )
                    )
                used = process.cpu_times()
            found[name] = {
                **measured.figures(),
                "cpu_ms_a_card": round(
                    (used.user + used.system - cpu.user - cpu.system) * 1000 / len(measured.seconds), 1
                ),
                "others_load": round(os.getloadavg()[0], 1),
            }
    return found


@contextmanager
def _database() -> Iterator[str]:
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


def _doors(url: str) -> list[Door]:
    database = Database(url)
    try:
        churches = [
            add_church(
                database, slug=f"church-{n}", name=f"Church {n}", timezone="America/Chicago", actor="bench"
            )
            for n in range(CHURCHES)
        ]
        return [_door(database, church) for church in churches]
    finally:
        database.close()


def _door(database: Database, church: UUID) -> Door:
    key = create_source_key(database, church, name="Website", actor="bench").key.get_secret_value()
    with database.church(church) as session:
        current_wordings(session, church)
        return Door(key, view_church(session, church).public_id)


@contextmanager
def _hanging_server() -> Iterator[str]:
    """A Redis that takes connections and never says a word."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)
    for connection in taken:
        connection.close()


@contextmanager
def _intake(database_url: str, redis_url: str) -> Iterator[tuple[int, psutil.Process]]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(database_url, redis_url, there), daemon=True)
    process.start()
    try:
        yield here.recv(), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(20)


def _serve(database_url: str, redis_url: str, ready: Connection) -> None:
    database = Database(database_url, name="hub-intake")
    waker = BackgroundWaker(Waker(connect_redis(redis_url)))
    app = create_app(database=database, clock=SystemClock(), on_saved=waker.wake)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, listen("127.0.0.1", 0) as listener:
        set_up_logging("intake", stream=nowhere)  # written as in production, and not shown
        ready.send(listener.getsockname()[1])
        make_server(app).run(sockets=[listener])


async def _send(
    port: int,
    make: Callable[[], bytes],
    dice: random.Random,
    *,
    seconds: float,
    per_minute: int,
    clients: int,
) -> Measured:
    """Cards arrive as visitors do, at random around the rate; each is sent when it is due, by whoever is free."""
    measured = Measured()
    due: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
    senders = [asyncio.create_task(_sender(port, due, measured)) for _ in range(clients)]
    began = time.perf_counter()
    at = 0.0
    while (at := at + dice.expovariate(per_minute / 60)) < seconds:
        await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
        due.put_nowait((began + at, make()))
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
            measured.refused += not head.startswith((b"HTTP/1.1 202 ", b"HTTP/1.1 303 "))
    finally:
        writer.close()


def _request(dice: random.Random, doors: list[Door]) -> bytes:
    number = dice.randrange(10**7)
    card: dict[str, Any] = {
        "first_name": dice.choice(NAMES),
        "last_name": f"Guest{number}",
        "phone": f"(615) 555-{number % 10_000:04d}",
        "email": f"guest{number}@example.org",
        "visit_date": "2026-11-22",
        "interests": ["Small group", "Choir"],
        "sms_consent": True,
        "consent_wording": "Yes, you may text me about my visit. Reply STOP to stop.",
        "notes": "Sat near the front with two children.",
    }
    body = json.dumps(card).encode()
    head = (
        "POST /api/v1/cards HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {dice.choice(doors).key}\r\nIdempotency-Key: {uuid4()}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _form(dice: random.Random, doors: list[Door]) -> bytes:
    number = dice.randrange(10**7)
    card = {
        "opened": str(int(time.time()) - 60),
        "first_name": dice.choice(NAMES),
        "last_name": f"Guest{number}",
        "phone": f"(615) 555-{number % 10_000:04d}",
        "email": f"guest{number}@example.org",
        "age": "18",
        "sms": "yes",
        "sms_version": "1",
        "prayer_request": "For my mother, who is ill.",
        "notes": "Sat near the front with two children.",
    }
    body = urlencode(card).encode()
    head = (
        f"POST /c/{dice.choice(doors).public_id} HTTP/1.1\r\nHost: bench\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    chosen = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    print(json.dumps(run(seconds=chosen), indent=2))
