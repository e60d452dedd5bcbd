"""The course of `hub up`: what it needs, then its servers, then its parts, and back again. Decides little itself."""
# ruff: noqa: PLC0415 - what is needed late, or not by everybody, loads late

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from ghl.clock import Clock, SystemClock
from ghl.config import Settings
from jobs import running
from jobs.supervisor import lock, plan
from jobs.supervisor.children import Child, ChildSpec
from jobs.supervisor.errors import StartError
from jobs.supervisor.fleet import Fleet
from jobs.supervisor.folders import make_data_dir, make_folder
from jobs.supervisor.ports import Ports, claim_all
from jobs.supervisor.postgres import EmbeddedPostgres
from jobs.supervisor.secret_files import encryption_key_file
from jobs.supervisor.terminal import Stopped, StopWish, complain, say
from jobs.supervisor.valkey import EmbeddedValkey

PROJECT = Path(__file__).parents[2]
TICK = 0.2
SLOW_START_SECONDS = 30.0


def migrate(admin_url: str, app_url: str) -> None:
    """Brings the database to its newest form. Raises `StartError` with one line."""
    from ghl.db.errors import DatabaseSetupError
    from ghl.db.migrate import upgrade

    try:
        upgrade(admin_url, app_url)
    except DatabaseSetupError as error:
        raise StartError(str(error)) from error


def check_keys(settings: Settings, app_url: str) -> None:
    """Whether the encryption keys are those that this hub has worked with. Raises `StartError` with one line."""
    from ghl.crypto import KeyRingError
    from ghl.db.engine import Database
    from ghl.keys import check, sources

    database = Database(app_url, name="hub-up", pool_size=1)
    try:
        check.check_keys(database, sources.load_key_ring(settings))
    except KeyRingError as error:
        raise StartError(str(error)) from error
    finally:
        database.close()


def first_sign_in(app_url: str, base_url: str) -> str | None:
    """The link for the first person of a new installation, or None."""
    from ghl.db.engine import Database
    from ghl.people.links import first_sign_in_link

    database = Database(app_url, name="hub-up", pool_size=1)
    try:
        return first_sign_in_link(database, clock=SystemClock(), base_url=base_url)
    finally:
        database.close()


@dataclass(frozen=True)
class Wiring:
    """What `hub up` works with. Tests give other parts; everything else is real."""

    parts: Callable[..., tuple[plan.Part, ...]] = plan.parts
    migrate: Callable[[str, str], None] = migrate
    check_keys: Callable[[Settings, str], None] = check_keys
    first_sign_in: Callable[[str, str], str | None] = first_sign_in
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    python: str = sys.executable
    project: Path = PROJECT
    clock: Clock = field(default_factory=SystemClock)
    say: Callable[[str], None] = say


class Hub:
    """One run of `hub up`."""

    def __init__(
        self, options: plan.UpOptions, settings: Settings, wiring: Wiring, wish: StopWish, stack: ExitStack
    ) -> None:
        self._options = options
        self._settings = settings
        self._wiring = wiring
        self._wish = wish
        self._stack = stack
        self._fleet = Fleet(clock=wiring.clock, say=wiring.say)
        self._lock = -1
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None

    def run(self) -> None:
        """Starts everything and watches it. Returns only by an exception: `Stopped` or `StartError`."""
        ground, admin_url = self._prepare()
        ground = self._start_servers(ground)
        if self._options.demo:
            self._add(self._part_maker(plan.simulator, ground))
        admin_url = self._await_servers(admin_url)
        self._wiring.migrate(admin_url, ground.database_url)
        given = {"encryption_keys_file": ground.keys_file} if ground.keys_file else {}
        self._wiring.check_keys(self._settings.model_copy(update=given), ground.database_url)
        parts = self._wiring.parts(
            self._options,
            ground,
            base=self._wiring.environment,
            python=self._wiring.python,
            project=self._wiring.project,
        )
        for part in parts:
            self._add(part)
        self._wait_until_ready(parts)
        self._announce(ground, admin_url)
        if self._options.demo:
            seeding = self._part_maker(plan.seeding, ground)
            self._fleet.run_once(seeding.kind, seeding.name, lambda: self._launch(seeding))
        while True:
            self._tick()

    def _prepare(self) -> tuple[plan.Ground, str]:
        """Everything that can be wrong with what was asked for, before anything is started."""
        options, settings = self._options, self._settings
        self._lock = self._stack.enter_context(lock.held(options.data_dir, pause=self._wish.pause))
        ports = self._stack.enter_context(Ports(options.host))
        wishes = [
            (options.port, plan.WEB_PORT, "--port"),
            (options.intake_port, plan.INTAKE_PORT, "--intake-port"),
        ]
        if options.demo:
            wishes.append((None, plan.SIMULATOR_PORT, ""))
        web, intake, *simulator = claim_all(ports, wishes)
        database_url = admin_url = redis_url = ""
        if settings.database_url or settings.database_admin_url or settings.redis_url:
            from jobs.supervisor import checks

            database_url, admin_url, redis_url = checks.given_servers(settings)
        own_keys = not self._keys_are_given()
        ground = plan.Ground(
            database_url=database_url,
            redis_url=redis_url,
            web_port=web,
            intake_port=intake,
            simulator_port=simulator[0] if simulator else None,
            public_url=settings.public_url,
            form_url=settings.form_url,
            keys_file=encryption_key_file(options.data_dir) if own_keys else None,
        )
        return ground, admin_url

    def _keys_are_given(self) -> bool:
        """Whether a setting names encryption keys; that they can be had is tried at once."""
        from ghl.crypto import KeyRingError
        from ghl.keys.sources import load_key_ring, named_source

        try:
            given = named_source(self._settings) is not None
            if given:
                load_key_ring(self._settings)
        except KeyRingError as error:
            raise StartError(str(error)) from error
        return given

    def _start_servers(self, ground: plan.Ground) -> plan.Ground:
        """Starts the servers that were not given; both come up while the other does."""
        data_dir, pause = self._options.data_dir, self._wish.pause
        # Registered first, so it comes last: the parts stop in order before the folders are tidied up.
        self._stack.callback(self._tidy_up)
        self._stack.callback(self._fleet.stop, plan.STOP_ORDER, hurry=self._wish.insists)
        if not ground.redis_url:
            self._valkey = EmbeddedValkey(data_dir, lock=self._lock, pause=pause)
            self._fleet.add("valkey", "Valkey", self._valkey.launch, child=self._valkey.launch())
            ground = replace(ground, redis_url=self._valkey.url)
        if not ground.database_url:
            self._postgres = EmbeddedPostgres(data_dir, lock=self._lock, pause=pause)
            self._fleet.add("postgres", "PostgreSQL", self._postgres.launch, child=self._postgres.launch())
            ground = replace(ground, database_url=self._postgres.app_url)
        return ground

    def _await_servers(self, admin_url: str) -> str:
        if self._postgres is not None:
            admin_url, _ = self._postgres.start()
        if self._valkey is not None:
            self._valkey.start()
        return admin_url

    def _tidy_up(self) -> None:
        running.remove_note(self._options.data_dir)
        for server in (self._valkey, self._postgres):
            if server is not None:
                server.stop()

    def _part_maker(self, make: Callable[..., plan.Part], ground: plan.Ground) -> plan.Part:
        return make(self._options, ground, base=self._wiring.environment, python=self._wiring.python)

    def _add(self, part: plan.Part) -> None:
        self._fleet.add(part.kind, part.name, lambda: self._launch(part))

    def _launch(self, part: plan.Part) -> Child:
        return Child(
            ChildSpec(
                name=part.name,
                command=part.command,
                environment=part.environment,
                log=make_folder(self._options.data_dir / "logs") / f"{part.name}.log",
                folder=self._wiring.project,
                lock=self._lock,
                stop_seconds=part.stop_seconds,
            )
        )

    def _tick(self) -> None:
        self._fleet.tend()
        self._wish.pause(TICK)

    def _wait_until_ready(self, parts: tuple[plan.Part, ...]) -> None:
        waiting = [part for part in parts if part.health_url]
        warn_at: float | None = self._wiring.clock.monotonic() + SLOW_START_SECONDS
        while waiting:
            waiting = [part for part in waiting if not self._is_well(part)]
            if warn_at is not None and waiting and self._wiring.clock.monotonic() > warn_at:
                names = " and ".join(part.name for part in waiting)
                self._wiring.say(f"Still waiting for {names}. See {self._options.data_dir / 'logs'}.")
                warn_at = None
            if waiting:
                self._fleet.tend()
                self._wish.pause(TICK / 4)

    def _is_well(self, part: plan.Part) -> bool:
        return self._fleet.all_run((part.kind,)) and answers(part.health_url)

    def _announce(self, ground: plan.Ground, admin_url: str) -> None:
        web_url = plan.web_url(self._options, ground)
        keys_file = ground.keys_file or self._settings.encryption_keys_file
        note = running.RunningHub(
            pid=os.getpid(),
            database_url=ground.database_url,
            redis_url=ground.redis_url,
            encryption_keys_file=str(keys_file or ""),
            web_url=web_url,
            intake_url=plan.intake_url(self._options, ground),
            simulator_url=ground.simulator_url,
            database_admin_url=admin_url,
            ghl_base_url=self._settings.ghl_base_url,
        )
        running.write_note(self._options.data_dir, note)
        self._wiring.say(f"Hub ready: {web_url}")
        link = self._wiring.first_sign_in(ground.database_url, ground.public_url or web_url)
        if link:
            self._wiring.say(f"Sign in: {link}")
            # Imported here: only a first start needs it.
            from ghl.people.links import FIRST_USER

            self._wiring.say(f"That is {FIRST_USER}. A new link: .venv/bin/hub sign-in-link {FIRST_USER}")
        else:
            self._wiring.say(
                "To sign in again: .venv/bin/hub sign-in-link EMAIL (.venv/bin/hub user list shows who may)"
            )
        self._wiring.say(f"Cards API: {note.intake_url} (described at /openapi.json)")


def answers(url: str) -> bool:
    """Whether a part on this machine answers 200 there, within a second."""
    try:
        # No proxy of the environment stands between a machine and itself.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def run(options: plan.UpOptions, settings: Settings, wiring: Wiring | None = None) -> int:
    """Runs the hub until somebody stops it. Returns the exit code: 0 when it was asked to stop, 2 when it could
    not start as asked, which one line has told then.
    """
    wiring = wiring or Wiring()
    try:
        options = replace(options, data_dir=make_data_dir(options.data_dir))
        with StopWish() as wish, ExitStack() as stack:
            try:
                Hub(options, settings, wiring, wish, stack).run()
            except Stopped:
                wiring.say("Stopping. Cards that wait are safe and go on when the hub starts again.")
    except StartError as error:
        complain(str(error))
        return 2
    return 0
