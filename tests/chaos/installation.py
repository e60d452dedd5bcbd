"""The real thing: PostgreSQL, Valkey, the simulator, the intake, workers and the scheduler, each a process of its own.

Each part is started by the product's own command, and started again when it ends, as a service manager would.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import redis
from pydantic import SecretStr
from sqlalchemy import insert, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ghl.churches import add_church, find_church, pause, resume
from ghl.client.models import Location
from ghl.config import Settings
from ghl.connection import connect
from ghl.consent.dnd_check import check_now
from ghl.crypto import new_key_line
from ghl.db.migrate import upgrade
from ghl.db.models import Church, MessagingSettings
from ghl.messages.lint import PLACEHOLDER
from ghl.messages.templates import Draft, ensure_defaults, publish, save_draft, templates_of
from ghl.simulator.control_client import ControlError, ask
from ghl.simulator.hooks.signing import public_key_pem
from ghl.simulator.tokens import fake_token
from ghl.sources import create_source_key
from ghl.webhooks.secrets import new_secret
from jobs.container import Container, build_container
from jobs.supervisor.postgres import EmbeddedPostgres
from tests.chaos.people import ChurchPlan
from tests.support.hub import ROOT, wait_for
from tests.support.servers import RestartableValkey

HUB = (sys.executable, "-m", "jobs.cli")
TEND_EVERY = 0.1
UNDO_SECONDS = 10
"""How long after the press a message leaves."""

WATCH_EVERY = 0.5
COMMAND_SECONDS = 600.0
"""No command hangs for so long, not even on a machine that many share."""

AGAIN_AFTER = 0.3
"""Seconds until a part that ended is started again."""


class Part:
    """One process under its command; it comes back until it is retired."""

    def __init__(
        self, name: str, command: tuple[str, ...], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self._command = command
        self._environment = dict(environment)
        self._log = log
        self._lock = threading.RLock()
        self._frozen_until = 0.0
        self._again_at = 0.0
        self._retired = False
        self.starts = 0
        self.exits: list[int] = []
        self._start()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT
            )
        self.starts += 1

    @property
    def pid(self) -> int:
        return self._process.pid

    def tend(self) -> None:
        """Starts it again where it ended, and thaws it when its time has come."""
        with self._lock:
            now = time.monotonic()
            if self._frozen_until and now >= self._frozen_until:
                self._frozen_until = 0.0
                self._process.send_signal(signal.SIGCONT)
            if self._retired or self._process.poll() is None:
                return
            if not self._again_at:
                self.exits.append(self._process.returncode)
                self._again_at = now + AGAIN_AFTER
            elif now >= self._again_at:
                self._again_at = 0.0
                self._start()

    def signal(self, number: signal.Signals) -> None:
        with self._lock:
            if self._process.poll() is None:
                self._process.send_signal(number)

    def freeze(self, seconds: float) -> None:
        """Stops it in the middle of whatever it does."""
        with self._lock:
            self.signal(signal.SIGSTOP)
            self._frozen_until = time.monotonic() + seconds

    def retire(self, within: float = 12.0) -> None:
        """Ends it for good."""
        with self._lock:
            self._retired = True
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self._process.wait(within)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Installation:
    """Starts with `start`, ends with `close`. Every part writes to a log of its own in `folder / "logs"`."""

    def __init__(
        self,
        folder: Path,
        churches: tuple[ChurchPlan, ...],
        *,
        workers: int = 3,
        latency: str = "0.05-0.4",
        seed: int = 0,
    ) -> None:
        self.folder = folder
        self.churches = churches
        self.logs = folder / "logs"
        self.visits = folder / "simulator.jsonl"
        self.ids: dict[str, UUID] = {}
        self.source_keys: dict[str, str] = {}
        self.workflow_secrets: dict[str, str] = {}
        self.timezone = where_it_is_noon(datetime.now(UTC))
        self.key_line = new_key_line(1)
        self.tokens = {church.location: fake_token(n + 1) for n, church in enumerate(churches)}
        self._workers = workers
        self._latency = latency
        self._seed = seed
        self._stop = threading.Event()
        self.parts: dict[str, Part] = {}
        self._extra: list[Part] = []
        self._server_lock = threading.Lock()
        self._night_lock = threading.Lock()
        self.seen_in_redis: set[str] = set()
        """What stood in Redis at some moment of the run, a line a key."""

    def start(self) -> None:
        """Everything up, churches connected, and a source key for each."""
        self.logs.mkdir(parents=True)
        self.postgres = EmbeddedPostgres(self.folder / "postgres")
        admin_url, app_url = self.postgres.start()
        upgrade(admin_url, app_url)
        valkey_folder = self.folder / "valkey"
        valkey_folder.mkdir()
        self.valkey = RestartableValkey(valkey_folder)
        self.valkey.start()
        self.simulator_url = self._start_simulator()
        self.settings = Settings(
            _env_file=None,
            database_url=SecretStr(app_url),
            redis_url=SecretStr(self.valkey.url),
            encryption_keys=SecretStr(self.key_line),
            ghl_base_url=self.simulator_url,
            data_dir=self.folder / "data",
        )
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HUB_")},
            "HUB_DATABASE_URL": app_url,
            "HUB_REDIS_URL": self.valkey.url,
            "HUB_ENCRYPTION_KEYS": self.settings.encryption_keys.get_secret_value(),
            "HUB_GHL_BASE_URL": self.simulator_url,
            "HUB_DATA_DIR": str(self.folder / "data"),
            "HUB_WEBHOOK_PUBLIC_KEYS": str(self._public_key()),
            "PYTHONUNBUFFERED": "1",
        }
        self.hub: Container = build_container(self.settings, name="chaos")
        for church in self.churches:
            self._add(church)
        self.intake_port = _free_port()
        self._run("intake", *HUB, "intake", "--port", str(self.intake_port))
        self._run("scheduler", *HUB, "scheduler")
        self.web_port = _free_port()
        self._run("web", *HUB, "web", "--port", str(self.web_port))
        for number in range(1, self._workers + 1):
            self._run(f"worker-{number}", sys.executable, "worker.py")
        self._tender = threading.Thread(target=self._tend, name="tender", daemon=True)
        self._tender.start()
        self._watcher = threading.Thread(target=self._watch_redis, name="watcher", daemon=True)
        self._watcher.start()
        wait_for(self._well, within=300, what="the intake does not answer")
        for number, church in enumerate(self.churches):
            self._let_tell(church, app=number % 2 == 0)

    @property
    def longest_latency(self) -> float:
        """Seconds that the simulator takes for an answer at most."""
        return float(self._latency.partition("-")[2] or self._latency)

    @property
    def intake_url(self) -> str:
        return f"http://127.0.0.1:{self.intake_port}"

    @property
    def workers(self) -> list[Part]:
        return [part for name, part in self.parts.items() if name.startswith("worker")]

    def simulator(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the simulator's control API answers, as soon as it listens: the fault `refuse` shuts this door too."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return ask(self.simulator_url, method, path, body)
            except ControlError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def contacts(self, location: str) -> list[dict[str, Any]]:
        """All contacts of a location."""
        return self.simulator("GET", f"contacts?location={location}&limit=10000")["contacts"]

    def outbox(self, location: str) -> list[dict[str, Any]]:
        """All messages that GoHighLevel took from the hub; `at` is when, in seconds since 1970."""
        query = f"messages?location={location}&direction=outbound&limit=10000"
        return [
            {**one, "at": datetime.fromisoformat(one["added_at"]).timestamp()}
            for one in self.simulator("GET", query)["messages"]
            if one["source"] == "api"
        ]

    def inbound(self, location: str) -> list[dict[str, Any]]:
        """All that people wrote from their phones, oldest first; `at` is when, in seconds since 1970."""
        query = f"messages?location={location}&direction=inbound&limit=10000"
        return [
            {**one, "at": datetime.fromisoformat(one["added_at"]).timestamp()}
            for one in self.simulator("GET", query)["messages"]
        ]

    # What may go wrong with our own machines

    def worker(self, number: int) -> Part:
        return self.workers[number % len(self.workers)]

    def second_scheduler(self) -> None:
        """Another one, by mistake; it stays."""
        self._extra.append(
            Part("scheduler-2", (*HUB, "scheduler"), self.environment, self.logs / "scheduler-2.log")
        )

    def stop_postgres(self, mode: str, seconds: float) -> None:
        """Stops PostgreSQL, `immediate` as good as a power cut, and starts it again later."""
        with self._server_lock:
            self.postgres.stop("immediate" if mode == "immediate" else "fast")
            self._stop.wait(seconds)
            self.postgres.start()

    def stop_redis(self, seconds: float) -> None:
        with self._server_lock:
            self.valkey.stop()
            self._stop.wait(seconds)
            self.valkey.start()

    def freeze_redis(self, seconds: float) -> None:
        with self._server_lock:
            self.valkey.freeze()
            self._stop.wait(seconds)
            self.valkey.thaw()

    def freeze_postgres(self, seconds: float) -> None:
        """Every process of PostgreSQL stands still, connections stay open and nobody is answered."""
        with self._server_lock:
            server = psutil.Process(self.postgres.pid)
            standing = [server, *server.children(recursive=True)]
            for process in standing:
                with suppress(psutil.NoSuchProcess):
                    process.suspend()
            self._stop.wait(seconds)
            for process in standing:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def pause(self, number: int, seconds: float) -> None:
        """A church is paused for a while, by its staff."""
        church_id = self.ids[self.churches[number % len(self.churches)].slug]
        self._until_done(lambda: pause(self.hub.database, church_id, reason="a rest", actor="chaos"))
        self._stop.wait(seconds)
        self._until_done(lambda: resume(self.hub.database, church_id, actor="chaos"))
        self.hub.background_waker.wake(church_id)

    def night(self, number: int, seconds: float) -> tuple[ChurchPlan, float, float]:
        """A church has night for a while: texts wait, and its do-not-disturb is compared. From when to when."""
        church = self.churches[number % len(self.churches)]
        church_id = self.ids[church.slug]
        zone = where_it_is(2, datetime.now(UTC))
        # One night at a time: the morning of one would end the other.
        with self._night_lock:
            self._until_done(lambda: self._set_clock(church_id, zone, compare=True))
            began = time.time()
            self._stop.wait(seconds)
            ended = time.time()
            self._until_done(lambda: self._set_clock(church_id, self.timezone, compare=False))
        return church, began, ended

    def _set_clock(self, church_id: UUID, zone: str, *, compare: bool) -> None:
        with self.hub.database.church(church_id) as session:
            session.execute(update(Church).where(Church.id == church_id).values(timezone=zone))
            if compare:
                check_now(session, church_id)

    def _until_done(self, work: Callable[[], object]) -> None:
        """Tries again while the database is away, as people do."""
        deadline = time.monotonic() + 120
        while True:
            try:
                work()
            except SQLAlchemyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
            else:
                return

    def empty_redis(self) -> None:
        with suppress(redis.RedisError), redis.Redis.from_url(self.valkey.url) as client:
            client.flushall()

    def reconnect(self, church: ChurchPlan) -> bool:
        """Pastes the church's token anew, as an admin does; False where GoHighLevel is not well."""
        command = ("connect", church.slug, "--location", church.location)
        return self.command(*command, given=self.tokens[church.location] + "\n") is not None

    def command(self, *words: str, given: str = "", within: float = COMMAND_SECONDS) -> str | None:
        """What a `hub` command printed; None where it failed. One that hangs says where, and raises."""
        process = subprocess.Popen(
            (*HUB, *words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**self.environment, "PYTHONFAULTHANDLER": "1"},
        )
        try:
            said, failed = process.communicate(given, timeout=within)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            raise AssertionError(f"hub {words[0]} hangs: {process.communicate()[1]}") from None
        if process.returncode:
            with (self.logs / "commands.log").open("a") as log:
                log.write(failed)
            return None
        return said

    def all_well(self) -> None:
        """Nothing is frozen any more and every part runs."""
        for part in (*self.parts.values(), *self._extra):
            part.signal(signal.SIGCONT)
        wait_for(self._well, within=300, what="the intake does not come back")

    def close(self) -> None:
        self._stop.set()
        for thread in ("_tender", "_watcher"):
            if hasattr(self, thread):
                getattr(self, thread).join()
        parts = [*self.parts.values(), *self._extra]
        for part in parts:
            if part.name != "simulator":
                part.signal(signal.SIGCONT)
                part.signal(signal.SIGTERM)
        for part in parts:
            part.retire()
        if hasattr(self, "hub"):
            self.hub.close()
        if hasattr(self, "valkey"):
            with suppress(AssertionError):
                self.valkey.thaw()
            self.valkey.stop()
        if hasattr(self, "postgres"):
            self.postgres.stop("immediate")

    # Parts

    def _run(self, name: str, *command: str) -> Part:
        part = self.parts[name] = Part(name, command, self.environment, self.logs / f"{name}.log")
        return part

    def _tend(self) -> None:
        while not self._stop.wait(TEND_EVERY):
            for part in (*self.parts.values(), *self._extra):
                part.tend()

    def _watch_redis(self) -> None:
        """Jobs and markers live for moments: what stands there is looked at over and over."""
        from tests.chaos.evidence import redis_content

        while not self._stop.wait(WATCH_EVERY):
            with suppress(redis.RedisError):
                self.seen_in_redis.update(redis_content(self.valkey.url).splitlines())

    def _well(self) -> bool:
        try:
            return httpx.get(f"{self.intake_url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _start_simulator(self) -> str:
        port = _free_port()
        named = [
            word
            for church in self.churches
            for word in ("--location", church.location, "--token", self.tokens[church.location])
        ]
        self.environment = dict(os.environ)
        self._run(
            "simulator",
            *(*HUB, "simulator", "serve", "--port", str(port), "--latency", self._latency),
            *("--seed", str(self._seed), "--log", str(self.visits), *named),
        )
        url = f"http://127.0.0.1:{port}"

        def ready() -> bool:
            try:
                return httpx.get(f"{url}/__control/", timeout=2, trust_env=False).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for(ready, within=300, what="the simulator does not start")
        for church in self.churches:
            ask(
                url,
                "PATCH",
                f"locations/{church.location}",
                {
                    "allow_duplicate_contact": church.allow_duplicates,
                    "timezone": self.timezone,
                    "export_lag": [0, 3],
                },
            )
        return url

    def _publish(self, session: Session, church_id: UUID) -> None:
        """The church's admin fills in what only they know, and lets all three messages leave."""
        now = datetime.now(UTC)
        ensure_defaults(session, church_id, now=now)
        for template in templates_of(session, church_id):
            body = template.body.replace(PLACEHOLDER, "https://church.example/papers")
            save_draft(session, church_id, template.id, Draft(body=body), actor="chaos", now=now)
            publish(session, church_id, template.id, actor="chaos", now=now)

    def _public_key(self) -> Path:
        path = self.folder / "simulator.pem"
        path.write_text(public_key_pem())
        # The intake may run by another account.
        path.chmod(0o644)
        return path

    def _let_tell(self, church: ChurchPlan, *, app: bool) -> None:
        """The church's workflow tells the hub of stops and replies, and for some an app too: twice, and out of order."""
        public_id = find_church(self.hub.database, church.slug).public_id
        habits = {"times": 2, "late": [0, 3], "pace": 0.1}
        self.simulator(
            "POST",
            "webhooks",
            {
                "location": church.location,
                "url": f"{self.intake_url}/webhooks/workflow/{public_id}",
                "secret": self.workflow_secrets[church.slug],
                "habits": {**habits, "times": 1},
            },
        )
        if app:
            url = f"{self.intake_url}/webhooks/ghl"
            self.simulator("POST", "webhooks", {"location": church.location, "url": url, "habits": habits})

    def _add(self, church: ChurchPlan) -> None:
        database = self.hub.database
        church_id = add_church(
            database, slug=church.slug, name=church.slug.title(), timezone=self.timezone, actor="chaos"
        )
        seen = Location(
            id=church.location,
            name=church.slug,
            country="US",
            allow_duplicate_contact=church.allow_duplicates,
        )
        connect(
            database,
            self.hub.key_ring,
            find_church(database, church.slug),
            location_id=church.location,
            token=self.tokens[church.location],
            test=lambda _token, _location: seen,
            actor="chaos",
        )
        self.ids[church.slug] = church_id
        with database.church(church_id) as session:
            self._publish(session, church_id)
            session.execute(
                insert(MessagingSettings).values(
                    church_id=church_id, undo_seconds=UNDO_SECONDS, ramp_level=5, changed_by="chaos"
                )
            )
            self.workflow_secrets[church.slug] = new_secret(
                session, church_id, actor="chaos"
            ).get_secret_value()
        key = create_source_key(database, church_id, name="Website", actor="chaos").key
        self.source_keys[church.slug] = key.get_secret_value()


def where_it_is_noon(now: datetime) -> str:
    """A zone in which it is about noon, so that texts may leave whenever the run is started."""
    return where_it_is(12, now)


def where_it_is(hour: int, now: datetime) -> str:
    """A zone in which it is about this hour."""
    # The sign of these names is the other way round: Etc/GMT+5 is five hours behind.
    ahead = (hour - now.hour) % 24
    ahead = ahead - 24 if ahead > 12 else ahead
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def _free_port() -> int:
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
