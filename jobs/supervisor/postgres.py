"""PostgreSQL in the data folder, for installations that bring none: on a private socket, never on the network.

The application gets a login that owns nothing; the superuser's password stays in a file for migrations.
"""
# ruff: noqa: PLC0415 - the driver loads while the server starts

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import urlencode

from jobs.supervisor import leftover, secret_files
from jobs.supervisor.account import server_account
from jobs.supervisor.binaries import postgres_programs
from jobs.supervisor.children import Child, ChildSpec
from jobs.supervisor.errors import StartError
from jobs.supervisor.folders import SocketFolder, make_data_dir, make_folder
from jobs.supervisor.keeper import HANDED_FD

if TYPE_CHECKING:
    from psycopg import Connection

ADMIN, APP, DATABASE, PORT = "hub_admin", "hub_app", "hub", 5432
"""The port is only part of the socket's name."""

READY_SECONDS = 120.0
"""After a crash PostgreSQL first replays its log, which may take a while."""

StopMode = Literal["fast", "immediate"]
SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
"""PostgreSQL's documentation, 18.5 Shutting Down the Server."""

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # What a visitor wrote must not reach a log: an error's statement and details quote it. The application
    # gets each error anyway; the log keeps what concerns the server.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One PostgreSQL below `<data>/postgres`. `durable=False` (tests) is quick and loses data with the power."""

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        lock: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`lock`: see `ChildSpec`. `pause` waits, and may raise what ends the waiting."""
        self._data_dir = data_dir.absolute()
        self._durable = durable
        self._lock = lock
        self._pause = pause
        self._home = self._data_dir / "postgres"
        self._cluster = self._home / "cluster"
        self._log = self._data_dir / "logs" / "postgres.log"
        self._account = server_account(self._home)
        self._sockets = SocketFolder(self._data_dir, "postgres", self._account)
        self._programs: Path | None = None
        self._socket_folder: Path | None = None
        self._child: Child | None = None

    @property
    def admin_url(self) -> str:
        """SQLAlchemy's URL for the superuser: migrations, and nothing else."""
        return self._url(ADMIN)

    @property
    def app_url(self) -> str:
        """SQLAlchemy's URL for the application's login."""
        return self._url(APP)

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._running().pid

    def start(self) -> tuple[str, str]:
        """Starts the server, made on the first run, and waits for it: `(admin_url, app_url)`.

        Raises `StartError` with one line when it does not come up.
        """
        child = self.launch()
        try:
            self._wait_until_ready(child)
        except BaseException:
            child.stop()
            raise
        return self.admin_url, self.app_url

    def launch(self) -> Child:
        """Starts the server and returns at once: the caller watches it. The URLs are the same as before."""
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._prepare()
        leftover.stop_postmaster(self._cluster)
        arguments = {**SETTINGS, **({} if self._durable else NOT_DURABLE)}
        arguments["unix_socket_directories"] = str(self._socket_folder)
        options = [part for name, value in arguments.items() for part in ("-c", f"{name}={value}")]
        self._child = Child(self._spec("postgres", "-D", self._as_seen(self._cluster), *options))
        return self._child

    def stop(self, mode: StopMode = "fast") -> None:
        """Stops the server: `fast` ends sessions and writes everything, `immediate` is a crash on purpose."""
        if self._child is not None:
            self._child.signal(SIGNALS[mode])
            self._child.wait_or_kill(self._child.spec.stop_seconds)
        self._sockets.remove()
        self._socket_folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop("fast" if self._durable else "immediate")

    def _running(self) -> Child:
        if self._child is None:
            raise RuntimeError("PostgreSQL was not started.")
        return self._child

    def _prepare(self) -> None:
        make_data_dir(self._data_dir)
        make_folder(self._home, owner=self._account)
        make_folder(self._log.parent)
        if self._programs is None:
            self._programs = postgres_programs(self._account)
        if not self._cluster.exists():
            self._initialise()
        if self._socket_folder is None:
            self._socket_folder = self._sockets.make()

    def _initialise(self) -> None:
        """Makes the cluster under another name first, so that a killed start leaves no half one."""
        half, password = self._home / "cluster.new", self._home / "password.new"
        shutil.rmtree(half, ignore_errors=True)
        with ExitStack() as stack:
            stack.callback(password.unlink, missing_ok=True)
            secret_files.write_private(password, self._password(ADMIN))
            if self._account:
                os.chown(password, self._account.uid, self._account.gid)
            options = {
                "pgdata": self._as_seen(half),
                "username": ADMIN,
                "auth": "scram-sha-256",
                "pwfile": self._as_seen(password),
                "encoding": "UTF8",
                # Sorts and compares the same on every machine, and needs no locale installed.
                "locale-provider": "builtin",
                "builtin-locale": "C.UTF-8",
                "locale": "C",
            }
            arguments = [f"--{name}={value}" for name, value in options.items()]
            self._run("initdb", *arguments, "--no-sync", "--no-instructions")
        if self._durable:
            # Once at the end: while it is made it costs seconds on a slow disk.
            self._run("initdb", f"--pgdata={self._as_seen(half)}", "--sync-only")
        half.rename(self._cluster)

    def _run(self, program: str, *arguments: str) -> None:
        child = Child(self._spec(program, *arguments))
        try:
            while (code := child.poll()) is None:
                self._pause(0.01)
        finally:
            child.stop()
        if code != 0:
            raise StartError(f"PostgreSQL cannot make its folder {self._home}: {child.last_words()}")

    def _spec(self, program: str, *arguments: str) -> ChildSpec:
        assert self._programs is not None
        return ChildSpec(
            name="PostgreSQL",
            command=(str(self._programs / program), *arguments),
            environment={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
            log=self._log,
            folder=self._home,
            account=self._account,
            handed_folder=self._home if self._handed_over else None,
            lock=self._lock,
            stop_signal=SIGNALS["fast"],
            death_signal=SIGNALS["immediate"],
        )

    @cached_property
    def _handed_over(self) -> bool:
        """Root may keep its data in a folder that the server's user cannot enter. Opening that folder wider
        is not for us to do; Linux lets the server work in it through an open handle instead.
        """
        if self._account is None or self._account.may_enter(self._data_dir):
            return False
        if sys.platform != "linux":
            raise StartError(
                f"PostgreSQL runs as {self._account.name}, who may not enter {self._data_dir}:"
                " choose another folder by --data-dir."
            )
        return True

    def _as_seen(self, path: Path) -> str:
        """The path of something in `<data>/postgres` as the server's user reaches it."""
        if self._handed_over:
            return f"/proc/self/fd/{HANDED_FD}/{path.relative_to(self._home)}"
        return str(path)

    def _wait_until_ready(self, child: Child) -> None:
        import psycopg

        deadline = time.monotonic() + READY_SECONDS
        while True:
            if child.poll() is not None:
                raise StartError(f"PostgreSQL does not start: {child.last_words()} (see {self._log})")
            try:
                self._make_login_and_database()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise StartError(f"PostgreSQL does not answer (see {self._log})") from error
                self._pause(0.01)
            else:
                return

    def _make_login_and_database(self) -> None:
        """Brings login and database to what they must be, also after a stop in between."""
        from psycopg import sql

        with self._connect("postgres") as admin:
            known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone()
            verb = sql.SQL("ALTER" if known else "CREATE")
            admin.execute(
                sql.SQL(
                    "{} ROLE {} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                    " PASSWORD {}"
                ).format(verb, sql.Identifier(APP), sql.Literal(self._password(APP)))
            )
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
                admin.execute("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")

    def _connect(self, database: str) -> "Connection":
        import psycopg

        return psycopg.connect(
            host=str(self._socket_folder),
            port=PORT,
            user=ADMIN,
            password=self._password(ADMIN),
            dbname=database,
            autocommit=True,
            connect_timeout=10,
        )

    def _password(self, login: str) -> str:
        return secret_files.secret(self._data_dir, f"postgres-{login}", secret_files.new_password)

    def _url(self, login: str) -> str:
        self._running()
        # Neither name nor password holds a character with a meaning in a URL.
        query = urlencode({"host": str(self._socket_folder), "port": PORT})
        return f"postgresql+psycopg://{login}:{self._password(login)}@/{DATABASE}?{query}"
