"""Ports for the parts that people and programs connect to: the wished one, or the next that is free.

Two hubs may start at the same moment, long before their parts listen. So a port is claimed at once: by a UDP
socket of the same number, which nothing else uses and which ends with this process, however it ends.
"""

import errno
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from jobs.supervisor.errors import StartError

TRIES = 200


class Ports:
    """The ports claimed by this process, held until it leaves this context."""

    def __init__(self, host: str) -> None:
        """`host`: the address that the parts will listen on."""
        self._host = host
        self._claims: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for claim in self._claims:
            claim.close()

    def asked_for(self, port: int, *, option: str) -> int:
        """Claims exactly this port. Raises `StartError` when it is in use."""
        if not self._claim(port):
            raise StartError(
                f"Port {port} is in use: stop what uses it, or choose another by {option}"
                f" (without {option} the hub takes the next free one)."
            )
        return port

    def next_free(self, first: int) -> int:
        """Claims `first` or the next free port after it. Raises `StartError` when there is none near."""
        for port in range(first, min(first + TRIES, 65536)):
            if self._claim(port):
                return port
        raise StartError(f"None of the ports {first} to {first + TRIES - 1} is free.")

    def _claim(self, port: int) -> bool:
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._claims.append(claim)
        if _binds(claim, "127.0.0.1", port) and self._is_free(port):
            return True
        claim.close()
        return False

    def _is_free(self, port: int) -> bool:
        """Whether a server could listen there now: nobody answers, and the system would allow it."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # As servers do: connections that ended a moment ago do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if not _binds(probe, self._host, port):
                return False
        # macOS lets one server take an address that another serves by a wider one.
        return not any(_answers(address, port) for address in ("127.0.0.1", "::1"))


def local_address(host: str) -> str:
    """The address under which a browser on this machine reaches a server that listens on `host`."""
    if host in ("", "0.0.0.0", "::", "localhost"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def claim_all(ports: Ports, wishes: Sequence[tuple[int | None, int, str]]) -> list[int]:
    """A port for each `(asked for or None, default, option)`: the asked-for ones first, so that the search for a
    free one does not take them.
    """
    found = [None if wish is None else ports.asked_for(wish, option=option) for wish, _, option in wishes]
    return [
        port if port is not None else ports.next_free(default)
        for port, (_, default, _) in zip(found, wishes, strict=True)
    ]


def _binds(listener: socket.socket, host: str, port: int) -> bool:
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            return False
        raise StartError(f"The hub cannot listen on port {port} of {host}: {error}.") from error
    return True


def _answers(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(0.5)
            return client.connect_ex((address, port)) == 0
    except OSError:
        # A machine without IPv6 cannot even ask.
        return False
