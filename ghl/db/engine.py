"""Transactions: the only place that opens and commits them, each in a role that sees only its part.

A transaction belongs to one church, or to the system, or to sign-in. None may be open while GoHighLevel
is called: `open_transactions` lets the sender check that.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from ghl.db.roles import ERASER_ROLE, IDENTITY_ROLE, SERVER_OPTIONS, SYSTEM_ROLE, TENANT_ROLE
from ghl.db.url import database_url

# `SET LOCAL role = :role` takes no parameter; set_config does, and both settings end with the transaction.
# `app.origin` is from where the transaction was asked for: the change log notes it with each entry.
ENTER = text(
    "SELECT set_config('role', :role, true), set_config('app.org', :church, true),"
    " set_config('app.origin', :origin, true)"
)


# A server that vanishes from the network is noticed in seconds and not by the kernel's hours.
NETWORK = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 8000,
}


class Database:
    """Connections of one process to the hub's database. Thread-safe; sessions belong to one thread.

    `ask_first` asks each connection whether it still lives before it is used: a round trip that spares people
    an error after the server was restarted. Workers try again by themselves and do without.
    `origin` is from where this process changes things, as the change log says it: `worker`, `command line`;
    a thread that serves somebody's request says so by `come_from`.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str = "hub",
        pool_size: int = 10,
        ask_first: bool = True,
        origin: str = "",
    ) -> None:
        self._origin = origin
        self._engine = create_engine(
            database_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_pre_ping=ask_first,
            # The text of an error must not hold what was on a card.
            hide_parameters=True,
            connect_args={"application_name": name, "options": SERVER_OPTIONS, **NETWORK},
        )
        self._sessions = sessionmaker(self._engine, expire_on_commit=False, autoflush=False)
        self._local = threading.local()

    @contextmanager
    def church(self, church_id: UUID) -> Iterator[Session]:
        """A transaction that sees one church and nothing else. Commits at the end, rolls back on an error."""
        with self._transaction(TENANT_ROLE, str(church_id)) as session:
            yield session

    @contextmanager
    def system(self) -> Iterator[Session]:
        """A transaction for work over all churches: what is due, who is alive; never what is on a card."""
        with self._transaction(SYSTEM_ROLE, "") as session:
            yield session

    @contextmanager
    def identity(self) -> Iterator[Session]:
        """A transaction for signing in: people, their roles, links and sessions."""
        with self._transaction(IDENTITY_ROLE, "") as session:
            yield session

    @contextmanager
    def erasing(self, church_id: UUID) -> Iterator[Session]:
        """A transaction that sees one church and may take its rows away: for `ghl.erasing` alone."""
        with self._transaction(ERASER_ROLE, str(church_id)) as session:
            yield session

    def come_from(self, origin: str) -> None:
        """What this thread changes from now on comes from there, such as somebody's address."""
        self._local.origin = origin

    @contextmanager
    def coming_from(self, origin: str) -> Iterator[None]:
        """The same for a while: for a thread that serves somebody else next."""
        before = getattr(self._local, "origin", self._origin)
        self._local.origin = origin
        try:
            yield
        finally:
            self._local.origin = before

    @property
    def open_transactions(self) -> int:
        """How many transactions this thread has open."""
        return getattr(self._local, "open", 0)

    def close(self) -> None:
        """Closes the pooled connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self, role: str, church: str) -> Iterator[Session]:
        self._local.open = self.open_transactions + 1
        try:
            with self._sessions() as session, session.begin():
                origin = getattr(self._local, "origin", self._origin)
                session.execute(ENTER, {"role": role, "church": church, "origin": origin})
                yield session
        finally:
            self._local.open -= 1
