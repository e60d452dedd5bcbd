"""The intake as it really runs: uvicorn on a port, a real database behind it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.db.engine import Database
from ghl.guard.door import Door
from ghl.guard.hosts import Hosts
from ghl.intake.app import IntakeLimits, create_app
from ghl.intake.serve import listen, make_server
from ghl.intake.threads import Threads
from ghl.intake.webhooks import WebhookDoors
from ghl.sources import create_source_key
from tests.support.database import DatabaseUrls


class ShiftedClock(SystemClock):
    """The real time, which a test may push forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@dataclass
class Sender:
    """A church and a source that sends cards to it."""

    church_id: UUID
    key: str
    key_id: UUID

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass
class Intake:
    """A running intake."""

    url: str
    clock: ShiftedClock
    stop: Callable[[], None]
    saved: list[UUID] = field(default_factory=list)
    client: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=20))

    def send(self, sender: Sender, card: Any, **headers: str) -> httpx.Response:
        return self.client.post(f"{self.url}/api/v1/cards", json=card, headers={**sender.headers, **headers})

    def read(self, sender: Sender, card_id: str) -> httpx.Response:
        return self.client.get(f"{self.url}/api/v1/cards/{card_id}", headers=sender.headers)


@contextmanager
def running(
    database: Database,
    *,
    on_saved: Callable[[UUID], None] | None = None,
    limits: IntakeLimits | None = None,
    form_url: str = "",
    trusted_proxies: str = "",
    hosts: Hosts | None = None,
    door: Callable[[Threads], Door] | None = None,
    webhooks: WebhookDoors | None = None,
) -> Iterator[Intake]:
    clock = ShiftedClock()
    saved: list[UUID] = []
    app = create_app(
        database=database,
        clock=clock,
        on_saved=on_saved or saved.append,
        limits=limits,
        form_url=form_url,
        hosts=hosts,
        door=door,
        webhooks=webhooks,
    )
    with listen("127.0.0.1", 0) as listener:
        server = make_server(app, trusted_proxies=trusted_proxies)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            deadline = time.monotonic() + 10
            while not server.started:
                assert thread.is_alive()
                assert time.monotonic() < deadline
                time.sleep(0.005)

            def stop() -> None:
                server.should_exit = True

            intake = Intake(f"http://127.0.0.1:{listener.getsockname()[1]}", clock, stop, saved)
            with intake.client:
                yield intake
        finally:
            server.should_exit = True
            thread.join(15)
            assert not thread.is_alive()


def make_sender(database: Database, slug: str) -> Sender:
    church_id = add_church(database, slug=slug, name=slug.title(), timezone="America/Chicago", actor="test")
    made = create_source_key(database, church_id, name="Website", actor="test")
    return Sender(church_id, made.key.get_secret_value(), made.id)


@pytest.fixture
def intake(database: Database) -> Iterator[Intake]:
    with running(database) as intake:
        yield intake


@pytest.fixture
def grace(database: Database) -> Sender:
    return make_sender(database, "grace")


@pytest.fixture
def hope(database: Database) -> Sender:
    return make_sender(database, "hope")


@pytest.fixture
def rows(database_urls: DatabaseUrls) -> Iterator[Callable[..., list[Any]]]:
    """Asks the database as its owner, past all row-level security."""
    from sqlalchemy import create_engine

    engine = create_engine(database_urls.admin, isolation_level="AUTOCOMMIT")

    def ask(statement: str, **values: Any) -> list[Any]:
        with engine.connect() as connection:
            result = connection.execute(text(statement), values)
            return list(result) if result.returns_rows else []

    yield ask
    engine.dispose()
