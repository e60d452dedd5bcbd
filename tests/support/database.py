"""A real PostgreSQL for a test run: one server per pytest worker, a fresh migrated database for each test.

To copy the template takes a fifth of a second on a busy machine, for many tests longer than the test. So a database
that a test left in the template's form is emptied and used again; any other is dropped.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from ghl.db.migrate import upgrade
from jobs.supervisor.postgres import EmbeddedPostgres

TEMPLATE = "hub_template"

MOST_BYTES = 30_000_000
"""A database that has grown beyond this is dropped: to empty it would take longer than to copy the template."""

CATALOGUES = (
    *("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_type", "pg_namespace"),
    *(
        "pg_proc",
        "pg_trigger",
        "pg_policy",
        "pg_rewrite",
        "pg_default_acl",
        "pg_extension",
        "pg_event_trigger",
    ),
)
FORM = " UNION ALL ".join(
    f"SELECT '{catalogue}', count(*), sum(xmin::text::bigint) FROM {catalogue}" for catalogue in CATALOGUES
)
"""Changes with each definition, right and rule of a database: a changed row of a catalogue has another `xmin`."""

SIZE = "SELECT pg_database_size(current_database())"
ANALYSED = "SELECT count(*) FROM pg_statistic WHERE starelid >= 16384"
TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text = ANY(:schemas)"
SEQUENCES = "SELECT format('%I.%I', schemaname, sequencename), last_value IS NOT NULL FROM pg_sequences"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
SCHEMAS = ["public", "hub"]


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
        self._idle: list[str] = []
        self._tables: Sequence[str] = ()
        self._sequences: frozenset[str] = frozenset()
        self._template_form: list[tuple[str, int, int]] = []
        self._template_kept: dict[str, str] = {}

    def create(self) -> None:
        """Makes the cluster, starts it, and migrates the template."""
        self.start()
        self._admin("hub", f"CREATE DATABASE {TEMPLATE}")
        urls = self.urls(TEMPLATE)
        upgrade(urls.admin, urls.app)
        self._learn_form()

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
        """A database as the migrations leave it, for the caller alone; whoever is connected at the end is cut off."""
        name = self._idle.pop() if self._idle else self._copy()
        try:
            yield self.urls(name)
        finally:
            if self._emptied(name):
                self._idle.append(name)
            else:
                self._admin("hub", f"DROP DATABASE {name} WITH (FORCE)")

    def _copy(self) -> str:
        self._made += 1
        name = f"test_{self._made}"
        self._admin("hub", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY wal_log")
        return name

    def _emptied(self, name: str) -> bool:
        """Empties a database that still has the template's form; False where it has another, or became big."""
        engine = create_engine(make_url(self.urls(name).admin), poolclass=NullPool)
        with engine.connect() as connection:
            if connection.execute(text(SIZE)).scalar_one() > MOST_BYTES:
                return False
            connection.execute(text(f"SELECT pg_terminate_backend(pid) {OTHERS}"))
            while connection.execute(text(f"SELECT count(*) {OTHERS}")).scalar_one():
                connection.rollback()  # the view stands still within a transaction
            used = self._without_churches_sequences(connection)
            if self._form(connection) != self._template_form:
                return False
            kept = self._kept(connection)
            if kept != self._template_kept:
                return False
            # No trigger and no foreign key: entries that the application may only add go as well, in any order.
            connection.execute(text("SET session_replication_role = replica"))
            for table in self._filled(connection):
                if table not in kept:
                    connection.execute(text(f"DELETE FROM {table}"))
            for sequence in used:
                connection.execute(text(f"SELECT setval('{sequence}', 1, false)"))
            connection.commit()
        return True

    def _without_churches_sequences(self, connection: Connection) -> list[str]:
        """Drops the sequences that came with a church, for its card numbers; those that are left and were used."""
        found = connection.execute(text(SEQUENCES)).all()
        if added := [name for name, _ in found if name not in self._sequences]:
            connection.execute(text(f"DROP SEQUENCE {', '.join(added)}"))
        return [name for name, used in found if used and name in self._sequences]

    def _learn_form(self) -> None:
        """Reads from the first copy what all of them have to look like, and what rows the migrations put in."""
        engine = create_engine(make_url(self.urls(name := self._copy()).admin), poolclass=NullPool)
        with engine.connect() as connection:
            self._template_form = self._form(connection)
            self._tables = connection.execute(text(TABLES), {"schemas": SCHEMAS}).scalars().all()
            self._sequences = frozenset(name for name, _ in connection.execute(text(SEQUENCES)).all())
            self._template_kept = {table: self._rows(connection, table) for table in self._filled(connection)}
        self._idle.append(name)

    def _kept(self, connection: Connection) -> dict[str, str]:
        return {table: self._rows(connection, table) for table in self._template_kept}

    @staticmethod
    def _rows(connection: Connection, table: str) -> str:
        """The rows of a table as one text."""
        query = f"SELECT coalesce(string_agg(t::text, E'\n' ORDER BY t::text), '') FROM {table} AS t"
        rows: str = connection.execute(text(query)).scalar_one()
        return rows

    @staticmethod
    def _form(connection: Connection) -> list[tuple[str, int, int]]:
        rows = connection.execute(text(FORM)).all()
        analysed = connection.execute(text(ANALYSED)).scalar_one()
        return sorted(
            (name, count, int(ages or 0)) for name, count, ages in [*rows, ("analysed", analysed, 0)]
        )

    def _filled(self, connection: Connection) -> list[str]:
        """The tables that hold any row."""
        query = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in self._tables
        )
        return list(connection.execute(text(query)).scalars())

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
