"""Valkey for installations that bring no Redis: on a private socket, never on the network.

It keeps nothing on disk: the work is in PostgreSQL, and what was here is found again or measured anew.
"""
# ruff: noqa: PLC0415 - the driver loads while the server starts

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from jobs.supervisor.account import server_account
from jobs.supervisor.binaries import readable_program, valkey_server
from jobs.supervisor.children import Child, ChildSpec
from jobs.supervisor.errors import StartError
from jobs.supervisor.folders import SocketFolder, make_data_dir, make_folder

READY_SECONDS = 20.0


class EmbeddedValkey:
    """One Valkey whose socket lies below `<data>/sockets/valkey`."""

    def __init__(
        self, data_dir: Path, *, lock: int | None = None, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """`lock`: see `ChildSpec`. `pause` waits, and may raise what ends the waiting."""
        self._data_dir = data_dir.absolute()
        self._lock = lock
        self._pause = pause
        self._log = self._data_dir / "logs" / "valkey.log"
        self._account = server_account()
        self._sockets = SocketFolder(self._data_dir, "valkey", self._account)
        self._socket_folder: Path | None = None
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """The server's URL, as redis-py reads it."""
        if self._socket_folder is None:
            raise RuntimeError("Valkey was not started.")
        return f"unix://{self._socket_folder}/valkey.sock?db=0"

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._child is None:
            raise RuntimeError("Valkey was not started.")
        return self._child.pid

    def start(self) -> str:
        """Starts the server and waits until it answers: its URL. Raises `StartError` with one line."""
        child = self.launch()
        try:
            self.wait_until_ready(child)
        except BaseException:
            child.stop()
            raise
        return self.url

    def launch(self) -> Child:
        """Starts the server and returns at once: the caller watches it. The URL is the same as before."""
        if self._child is not None and self._child.poll() is None:
            return self._child
        make_data_dir(self._data_dir)
        make_folder(self._log.parent)
        if self._socket_folder is None:
            self._socket_folder = self._sockets.make()
        settings = {
            "port": "0",
            "unixsocket": str(self._socket_folder / "valkey.sock"),
            "unixsocketperm": "700",
            "dir": str(self._socket_folder),
            "save": "",
            "appendonly": "no",
            # Losing keys silently would lose a pause that GHL asked for; a refused write is seen.
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
            "set-proc-title": "no",
            "loglevel": "warning",
        }
        program = readable_program(valkey_server(), self._account)
        self._child = Child(
            ChildSpec(
                name="Valkey",
                command=(
                    str(program),
                    *(part for name, value in settings.items() for part in (f"--{name}", value)),
                ),
                environment={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
                log=self._log,
                folder=self._socket_folder,
                account=self._account,
                lock=self._lock,
            )
        )
        return self._child

    def wait_until_ready(self, child: Child) -> None:
        """Returns when the server answers. Raises `StartError` when it ends or stays silent."""
        import redis

        deadline = time.monotonic() + READY_SECONDS
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            while True:
                if child.poll() is not None:
                    raise StartError(f"Valkey does not start: {child.last_words()} (see {self._log})")
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError) as error:
                    if time.monotonic() > deadline:
                        raise StartError(f"Valkey does not answer (see {self._log})") from error
                    self._pause(0.01)
                else:
                    return

    def stop(self) -> None:
        """Stops the server; what was in it is gone."""
        if self._child is not None:
            self._child.signal(signal.SIGTERM)
            self._child.wait_or_kill(self._child.spec.stop_seconds)
        self._sockets.remove()
        self._socket_folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
