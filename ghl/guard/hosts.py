"""By which names a server of the hub is spoken to, and from which pages. A pure rule, and ASGI middleware that keeps it.

A name that is not ours leads here by somebody else's name server, to let a page of theirs speak for whoever looks at it.
"""

import socket
from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Hosts:
    """Which hosts are ours: `names`, `*.example.org` for all below one, `*` for any; this machine itself always.

    `any_address` lets every bare IP address in: no name server can make one lead elsewhere.
    """

    names: frozenset[str]
    any_address: bool = False
    pages: frozenset[str] = frozenset()
    """Where our own pages are, as `host` or `host:port`, also when a proxy asks by another name."""

    def allows(self, host: str) -> bool:
        """Whether a `Host` header, with or without a port, is one of ours."""
        name = name_of(host)
        if name in LOOPBACK or name in self.names or "*" in self.names:
            return bool(name)
        if self.any_address and _is_address(name):
            return True
        return any(name.endswith(one[1:]) for one in self.names if one.startswith("*."))

    def allows_page(self, origin: str, host: str) -> bool:
        """Whether a page of this origin may open a connection here: only ours. Another port is another site."""
        there = urlsplit(origin).netloc.lower()
        return bool(there) and (there == host.lower() or there in self.pages)


def hosts_of(urls: Collection[str], allowed: Collection[str], *, machine: str = "") -> Hosts:
    """The rule that follows from the settings: the hosts of our own addresses, and what was named besides.

    Where no address has a name of its own, the hub is at home on somebody's machine: bare addresses of it are ours,
    and `machine`, its name.
    """
    named = {name for url in urls if (name := name_of(urlsplit(url).netloc))}
    at_home = all(name in LOOPBACK or _is_address(name) for name in named)
    more = {machine.lower(), f"{machine.lower()}.local"} if at_home and machine else set()
    pages = frozenset(netloc for url in urls if (netloc := urlsplit(url).netloc.lower()))
    return Hosts(frozenset({*named, *allowed, *more}), any_address=at_home, pages=pages)


def this_machine() -> str:
    """What this machine calls itself."""
    return socket.gethostname()


def name_of(host: str) -> str:
    """The name or address in a `Host` header, lower-cased, without its port; empty for what is none."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return ""
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return ""
    return (parts.hostname or "").removesuffix(".")


class OwnHosts:
    """Answers requests for other hosts with `refuse`, and lets no page of another site open a WebSocket.

    `open_paths` answer to any name: whoever looks whether a server lives knows only its address.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Hosts,
        refuse: Callable[[Request], Response],
        open_paths: Collection[str] = (),
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._refuse = refuse
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or scope["path"] in self._open_paths:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if scope["type"] == "http":
            ours = self._hosts.allows(host)
            await (self._app if ours else self._refuse(Request(scope)))(scope, receive, send)
        elif self._hosts.allows(host) and (origin is None or self._hosts.allows_page(origin, host)):
            await self._app(scope, receive, send)
        else:
            # Before the connection is accepted this answers 403. A browser always says which page asks.
            await receive()
            await send({"type": "websocket.close", "code": 1008})


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
