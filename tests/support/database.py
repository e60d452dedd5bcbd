"""A real PostgreSQL for a test run: one server per pytest worker, a fresh migrated database for each test."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from ghl.db.migrate import upgrade
from jobs.supervisor.postgres import EmbeddedPostgres

TEMPLATE = "hub_template"


@dataclass(frozen=True)
class DatabaseUrls:
    """The owner's URL, for migrations, and the application's, whose login owns nothing."""

    admin: str
    app: str


class PostgresServer:
    """The hub's own PostgreSQL, quick and forgetful, with a template database already migrated."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedPostgres(folder / "data", durable=False)
        self._made = 0

    def create(self) -> None:
        """Makes the cluster, starts it, and migrates the template."""
        self.start()
        self._admin("hub", f"CREATE DATABASE {TEMPLATE}")
        urls = self.urls(TEMPLATE)
        upgrade(urls.admin, urls.app)

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        self._server.start()

    def stop(self, mode: str = "fast") -> None:
        """Stops the server; `immediate` is as good as a power cut."""
        self._server.stop("immediate" if mode == "immediate" else "fast")

    def urls(self, database: str) -> DatabaseUrls:
        return DatabaseUrls(
            *(
                make_url(url).set(database=database).render_as_string(hide_password=False)
                for url in (self._server.admin_url, self._server.app_url)
            )
        )

    @contextmanager
    def fresh_database(self) -> Iterator[DatabaseUrls]:
        """A copy of the template, dropped at the end even when somebody is still connected."""
        self._made += 1
        name = f"test_{self._made}"
        self._admin("hub", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY wal_log")
        try:
            yield self.urls(name)
        finally:
            self._admin("hub", f"DROP DATABASE {name} WITH (FORCE)")

    def _admin(self, database: str, *statements: str) -> None:
        engine = create_engine(make_url(self.urls(database).admin), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """A started server in a folder of its own; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="hub-pg-") as folder:
        # The server's own account has to get in, so that its socket stays at the same place over a restart.
        Path(folder).chmod(0o755)
        server = PostgresServer(Path(folder))
        server.create()
        try:
            yield server
        finally:
            server.stop("immediate")
