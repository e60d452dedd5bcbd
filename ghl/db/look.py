"""A short look at the database for commands that must answer at once: no pool, no SQLAlchemy, nothing written.

The same roles as everywhere: a look sees what `Database` would show, each question in a transaction of its own.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg

from ghl.db.errors import DatabaseSetupError
from ghl.db.roles import SERVER_OPTIONS, SYSTEM_ROLE, TENANT_ROLE

SCHEME = re.compile(r"^postgres(ql)?(\+psycopg)?://")
ENTER = "SELECT set_config('role', %s, true), set_config('app.org', %s, true)"


class Look:
    """Questions on one connection, for one thread."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def system(self, question: str, **values: object) -> list[tuple[Any, ...]]:
        """What the system role sees: never what is on a card."""
        return self._ask(SYSTEM_ROLE, "", question, values)

    def church(self, church_id: UUID, question: str, **values: object) -> list[tuple[Any, ...]]:
        """What one church sees."""
        return self._ask(TENANT_ROLE, str(church_id), question, values)

    def _ask(self, role: str, church: str, question: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        with self._connection.transaction():
            self._connection.execute(ENTER, (role, church))
            return self._connection.execute(question.encode(), values).fetchall()


@contextmanager
def looking(url: str) -> Iterator[Look]:
    """A look at the database with this address. Raises `psycopg.Error`, and `DatabaseSetupError` for no address."""
    address, found = SCHEME.subn("postgresql://", url)
    if not found:
        # Not repeated: it may hold a password.
        raise DatabaseSetupError("This is not the address of a database: postgresql://… is.")
    options = {"connect_timeout": 3, "application_name": "hub-look", "options": SERVER_OPTIONS}
    with psycopg.connect(address, **options) as connection:  # type: ignore[arg-type]
        connection.read_only = True
        yield Look(connection)
