"""The only wiring: what a process needs, built from its settings when it is first asked for.

Entry points hold a container and pass its parts on as values; nothing below an entry point is given one.
A part that a process never asks for is never built, nor imported: the web needs no key ring.
"""
# ruff: noqa: PLC0415 - each part's imports stand with the part

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar, overload

from pydantic import SecretStr

from ghl.clock import Clock, SystemClock
from ghl.config import Settings

if TYPE_CHECKING:
    from redis import Redis

    from ghl.client.breaker import Breakers
    from ghl.client.throttle import Throttle
    from ghl.crypto import KeyRing
    from ghl.db.engine import Database
    from ghl.mail import SmtpServer
    from ghl.people.oidc.provider import ProviderSettings
    from jobs.wake import BackgroundWaker, Waker

Part = TypeVar("Part")

ORIGINS = {"command": "command line", "web": "dashboard"}
"""From where a process changes things, as the change log says it; others by their own name."""


class NotConfiguredError(Exception):
    """A setting that this process cannot do without is missing. The message is one line that names it."""


class part(Generic[Part]):  # noqa: N801 (reads as a decorator, like functools.cached_property)
    """A method that builds a part once, under the container's lock: threads that ask at once get the same."""

    def __init__(self, build: Callable[["Container"], Part]) -> None:
        self._build = build
        self._name = build.__name__
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, container: None, owner: type) -> "part[Part]": ...
    @overload
    def __get__(self, container: "Container", owner: type) -> Part: ...
    def __get__(self, container: "Container | None", owner: type) -> "Part | part[Part]":
        if container is None:
            return self
        # The instance's dictionary goes before this descriptor, so only the first question comes here.
        return container.built(self._name, self._build)


class Container:
    """The parts of one process. Thread-safe; `close` ends what was built, newest first."""

    def __init__(
        self, settings: Settings, *, name: str, clock: Clock, pool_size: int = 10, ask_first: bool = True
    ) -> None:
        self.settings = settings
        self.name = name
        self.clock = clock
        self._pool_size = pool_size
        self._ask_first = ask_first
        self._lock = threading.RLock()
        self._closers: list[Callable[[], None]] = []

    @property
    def database_url(self) -> str:
        """The address of the database, with the application's login. Raises `NotConfiguredError`."""
        return _needed(self.settings.database_url, "HUB_DATABASE_URL")

    @part
    def database(self) -> "Database":
        """The database, by the application's login. No connection is made before the first transaction."""
        from ghl.db.engine import Database

        database = Database(
            self.database_url,
            name=f"hub-{self.name}",
            pool_size=self._pool_size,
            ask_first=self._ask_first,
            origin=ORIGINS.get(self.name, self.name),
        )
        self._closers.append(database.close)
        return database

    @part
    def redis(self) -> "Redis":
        """Redis or Valkey. No connection is made before the first command."""
        from ghl.redis import connect_redis

        redis = connect_redis(_needed(self.settings.redis_url, "HUB_REDIS_URL"))
        self._closers.append(redis.close)
        return redis

    @part
    def key_ring(self) -> "KeyRing":
        """The keys that seal and open tokens, read when they are first asked for. `ghl.keys.check` tells whether they
        are the right ones.
        """
        from ghl.keys.sources import load_key_ring

        return load_key_ring(self.settings)

    @part
    def smtp(self) -> "SmtpServer | None":
        """Where mail is handed in, or None where no mail server is set. Nothing connects here."""
        from ghl.mail import smtp_server

        url = self.settings.smtp_url
        return smtp_server(url.get_secret_value(), sender=self.settings.mail_from) if url else None

    @part
    def identity_provider(self) -> "ProviderSettings | None":
        """Where people have their accounts, or None where no provider is set. Nothing connects here."""
        from ghl.people.oidc.provider import provider_settings

        return provider_settings(self.settings)

    @part
    def throttle(self) -> "Throttle":
        """GHL's limits, shared with every other process through Redis."""
        from ghl.client.throttle import Throttle

        return Throttle(self.redis, clock=self.clock)

    @part
    def breakers(self) -> "Breakers":
        """The circuit breakers, shared with every other process through Redis."""
        from ghl.client.breaker import Breakers

        return Breakers(self.redis)

    @part
    def waker(self) -> "Waker":
        """Wakes the workers and waits until Redis took it: for workers, the scheduler and commands."""
        from jobs.wake import Waker

        return Waker(self.redis)

    @part
    def background_waker(self) -> "BackgroundWaker":
        """Wakes the workers without ever waiting for Redis: for what saves cards."""
        from jobs.wake import BackgroundWaker

        waker = BackgroundWaker(self.waker)
        self._closers.append(waker.close)
        return waker

    def built(self, name: str, build: Callable[["Container"], Part]) -> Part:
        """The part of this name, built now if nobody asked for it before."""
        with self._lock:
            if name not in self.__dict__:
                self.__dict__[name] = build(self)
            found: Part = self.__dict__[name]
            return found

    def close(self) -> None:
        """Ends what was built, newest first. The container is not used afterwards."""
        with self._lock:
            while self._closers:
                self._closers.pop()()


def build_container(
    settings: Settings,
    *,
    name: str,
    clock: Clock | None = None,
    pool_size: int = 10,
    ask_first: bool = True,
) -> Container:
    """The container of the process `name` (`web`, `worker` …), which PostgreSQL shows beside its connections.

    `ask_first` as in `Database`.
    """
    return Container(
        settings, name=name, clock=clock or SystemClock(), pool_size=pool_size, ask_first=ask_first
    )


def _needed(value: SecretStr | None, variable: str) -> str:
    if value is None:
        raise NotConfiguredError(
            f"{variable} is not set and no hub runs from this folder: start one with `hub up`, or set it."
        )
    return value.get_secret_value()
