"""Which connections this process opens in Python, seen from the sockets themselves. libpq connects in C, unseen."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
_listening: list[list[str]] = []


def _note(event: str, args: tuple[object, ...]) -> None:
    if _listening and event in _EVENTS:
        for opened in _listening:
            opened.append(f"{event} {args[-1] if event != 'socket.getaddrinfo' else args[0]}")


_hooked = False


@contextmanager
def opened_sockets() -> Iterator[list[str]]:
    """What is opened meanwhile, as `socket.connect <address>`. A hook cannot be taken off again, so it sleeps."""
    global _hooked  # noqa: PLW0603
    if not _hooked:
        sys.addaudithook(_note)
        _hooked = True
    opened: list[str] = []
    _listening.append(opened)
    try:
        yield opened
    finally:
        _listening.remove(opened)
