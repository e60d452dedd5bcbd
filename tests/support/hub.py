"""A hub for tests: its database, keys and a simulator, with real workers in threads or in processes of their own."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ghl.cards.counts import counts
from ghl.churches import add_church, find_church
from ghl.client.models import Location
from ghl.clock import Clock
from ghl.config import Settings
from ghl.connection import connect
from ghl.crypto import new_key_line
from ghl.db.engine import Database
from ghl.delivery.claim import due_churches
from ghl.simulator.server import SimulatorServer
from ghl.statuses import CardStatus
from jobs.container import Container, build_container
from jobs.worker import Worker
from tests.support.database import DatabaseUrls

ROOT = Path(__file__).parents[2]


def wait_for(condition: Callable[[], Any], *, within: float = 30.0, what: str = "") -> Any:
    """Polls until the condition holds, and returns what it gave. Fails with the last value at the deadline."""
    deadline = time.monotonic() + within
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what or condition}: {value!r}")
        time.sleep(0.02)


@dataclass
class TestHub:
    """What a test touches: churches on the simulator, workers, and where the cards stand."""

    __test__ = False

    settings: Settings
    container: Container
    sim: SimulatorServer
    _workers: list[tuple[Worker, threading.Thread]] = field(default_factory=list)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _stop_sweep: threading.Event = field(default_factory=threading.Event)

    @property
    def database(self) -> Database:
        return self.container.database

    def church(
        self,
        slug: str = "grace",
        *,
        location: str | None = None,
        duplicates: bool = False,
        timezone: str = "America/Chicago",
    ) -> UUID:
        """A church connected to a location of the simulator, which is made when it is not there."""
        location = location or self.sim.location_id
        if location not in self.sim.state.locations:
            from ghl.simulator.assembly import furnish

            furnish(self.sim.state, location)
        self.sim.state.change_location(location, allow_duplicate_contact=duplicates)
        church_id = add_church(self.database, slug=slug, name=slug.title(), timezone=timezone, actor="test")
        self.connect(slug, location, duplicates=duplicates)
        return church_id

    def connect(self, slug: str, location: str, *, duplicates: bool = False) -> None:
        seen = Location(id=location, name=slug, country="US", allow_duplicate_contact=duplicates)
        connect(
            self.database,
            self.container.key_ring,
            find_church(self.database, slug),
            location_id=location,
            token=self.sim.token(location),
            test=lambda _token, _location: seen,
            actor="test",
        )

    def start_worker(self, clock: Clock | None = None) -> Worker:
        """A worker in this process, whose clock may be wrong."""
        container = build_container(self.settings, name="worker", clock=clock)
        worker = Worker(container)

        def work() -> None:
            worker.run()
            container.close()

        thread = threading.Thread(target=work, name="worker")
        thread.start()
        self._workers.append((worker, thread))
        return worker

    def start_worker_process(self) -> "subprocess.Popen[bytes]":
        """A worker in a process of its own, which can be killed."""
        process = subprocess.Popen([sys.executable, "worker.py"], cwd=ROOT, env=self.environment())
        self._processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        """The environment in which the hub's own commands see this hub."""
        assert self.settings.database_url
        assert self.settings.redis_url
        assert self.settings.encryption_keys
        return os.environ | {
            "HUB_DATABASE_URL": self.settings.database_url.get_secret_value(),
            "HUB_REDIS_URL": self.settings.redis_url.get_secret_value(),
            "HUB_ENCRYPTION_KEYS": self.settings.encryption_keys.get_secret_value(),
            "HUB_GHL_BASE_URL": self.sim.url,
            "HUB_LOG_LEVEL": "ERROR",
        }

    def start_sweep(self, every: float = 0.2) -> None:
        """What the scheduler does about due churches, without its lock."""

        def sweep() -> None:
            while not self._stop_sweep.wait(every):
                # A server that a test took away is back in a later round.
                with suppress(SQLAlchemyError, redis.RedisError):
                    with self.database.system() as session:
                        churches = due_churches(session)
                    for church_id in churches:
                        self.container.waker.wake(church_id)

        threading.Thread(target=sweep, name="sweep", daemon=True).start()

    def standing(self, church_id: UUID) -> dict[str, int]:
        """Cards by status, those that are there."""
        with self.database.church(church_id) as session:
            return {status.value: n for status, n in counts(session, church_id).items() if n}

    def wait_until(self, church_id: UUID, within: float = 30.0, **expected: int) -> None:
        """Until the church's cards stand like this and in no other way."""
        wait_for(
            lambda: self.standing(church_id) == expected,
            within=within,
            what=f"{expected}, but it is {self.standing(church_id)}",
        )

    def arrived(self, church_id: UUID, cards: int, within: float = 30.0) -> None:
        """Until so many cards are in GoHighLevel and none is anywhere else."""
        self.wait_until(church_id, within, **{CardStatus.SYNCED.value: cards})

    def contacts(self, location: str | None = None) -> list[Any]:
        """The contacts that the simulator holds."""
        location = location or self.sim.location_id
        return self.sim.state.contacts(location)

    def query(self, church_id: UUID, sql: str, **values: object) -> list[Any]:
        """What a church's own rows say."""
        with self.database.church(church_id) as session:
            return list(session.execute(text(sql), values).all())

    def stop(self) -> None:
        self._stop_sweep.set()
        for worker, _ in self._workers:
            worker.stop()
        for _, thread in self._workers:
            thread.join(15)
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.container.close()


@contextmanager
def running_hub(
    urls: DatabaseUrls, redis_url: str, sim: SimulatorServer, *, keys: str = "", **settings: object
) -> Iterator[TestHub]:
    """A hub without workers; start those that the test wants. `keys` where a database is used by several."""
    chosen = Settings(
        _env_file=None,
        database_url=SecretStr(urls.app),
        redis_url=SecretStr(redis_url),
        encryption_keys=SecretStr(keys or new_key_line(1)),
        ghl_base_url=sim.url,
        worker_threads=settings.pop("worker_threads", 128),
        **settings,
    )
    hub = TestHub(chosen, build_container(chosen, name="test"), sim)
    try:
        yield hub
    finally:
        hub.stop()


def as_json(completed: "subprocess.CompletedProcess[str]") -> Any:
    """What a command printed."""
    return json.loads(completed.stdout)
