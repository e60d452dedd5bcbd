"""A PostgreSQL of a test's own, which it may stop and start without disturbing others."""

from collections.abc import Iterator
from contextlib import contextmanager

from ghl.db.engine import Database
from tests.support.database import PostgresServer, postgres_server


@contextmanager
def own_server() -> Iterator[tuple[PostgresServer, Database]]:
    with postgres_server() as server, server.fresh_database() as urls:
        database = Database(urls.app)
        try:
            yield server, database
        finally:
            database.close()
