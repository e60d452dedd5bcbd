"""How long a save by HTTP takes, with the real wake-ups."""

import contextlib
import json
import random
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from ghl.churches import add_church, view_church
from ghl.db.engine import Database
from ghl.forms import current_wordings
from ghl.sources import create_source_key
from tests.bench.open_loop import database_server, measure
from tests.support.servers import valkey_server

CHURCHES = 10
NAMES = ("Anna", "Ben", "Chloé", "Daniel", "Esther", "Félix", "Grace", "Hannah")


@dataclass(frozen=True)
class Door:
    """How cards come to one church: by a source key, and by the form of this public id."""

    key: str
    public_id: str


def run(*, seconds: float = 60.0, per_minute: int = 1000, clients: int = 50) -> dict[str, dict[str, float]]:
    """Figures with Redis well, hanging (takes connections and never answers) and down; milliseconds.

    The last are of the card form, with a tick for texts.
    """
    found: dict[str, dict[str, float]] = {}
    with database_server() as url, valkey_server() as valkey, _hanging_server() as hanging:
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
            found[name] = measure(
                url,
                redis_url,
                partial(make, doors),
                name=name,
                seconds=seconds,
                per_minute=per_minute,
                clients=clients,
            )
    return found


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


def _request(doors: list[Door], dice: random.Random) -> bytes:
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


def _form(doors: list[Door], dice: random.Random) -> bytes:
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
