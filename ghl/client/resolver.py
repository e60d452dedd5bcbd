"""Name resolution that keeps a deadline: the system's resolver has none that a caller could set.

It takes as long as it likes (often 5 s for each name server), so it runs in a thread of its own.
"""

import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import Future
from threading import Lock, Thread
from typing import Any


class Resolver:
    """Looks up a host at most once at a time, however many calls wait for it; keeps nothing afterwards."""

    def __init__(self, lookup: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._lookup = lookup
        self._lock = Lock()
        self._running: dict[tuple[str, int], Future[list[Any]]] = {}

    def addresses(self, host: str, port: int, seconds: float) -> list[Any]:
        """`getaddrinfo` rows for a TCP connection. Raises OSError, of which TimeoutError is one kind."""
        if _is_address(host):
            return self._lookup(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        key = (host, port)
        with self._lock:
            answer = self._running.get(key)
            if answer is None:
                answer = self._running[key] = Future()
                Thread(target=self._look_up, args=(key, answer), name="resolver", daemon=True).start()
        return answer.result(timeout=max(seconds, 0.0))

    def _look_up(self, key: tuple[str, int], answer: Future[list[Any]]) -> None:
        try:
            rows = self._lookup(*key, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001  handed to whoever waits, who raises it
            self._finish(key)
            answer.set_exception(error)
        else:
            self._finish(key)
            answer.set_result(rows)

    def _finish(self, key: tuple[str, int]) -> None:
        with self._lock:
            del self._running[key]


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
