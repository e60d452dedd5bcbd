"""The HTTP client that all calls of a process share: pooled connections, a deadline, and a bounded answer.

It follows no redirect, keeps no cookie, reads no environment, and logs nothing: httpx would log whole addresses,
and the address of a duplicate search holds a phone number.
"""

import ssl
import zlib
from collections.abc import Callable
from threading import BoundedSemaphore
from typing import Any

import httpcore
import httpx

from ghl.client.answers import INCOMPLETE
from ghl.client.deadline import Call, CurrentCall, DeadlineBackend
from ghl.client.resolver import Resolver
from ghl.clock import Clock, SystemClock

CONNECTIONS = 32
"""Calls at a time of one client. A call costs about 0.7 ms of CPU with 32 threads, 0.8 with 64, 0.9 with 128."""

CONNECT_SECONDS = 2.0
BODY_LIMIT = 2 * 1024 * 1024
KEEPALIVE_SECONDS = 30.0
"""Shorter than usual edges keep an idle connection, so that few are closed under a call."""

ORIGINS = 4
"""Servers one process talks to: GHL, a demo's simulator, rarely more. Each keeps its own connection in a slot."""

CALL = "ghl.call"
"""The request extension that carries the `Call`."""

_DROPPED = frozenset({b"set-cookie", b"content-encoding"})


def make_http_client(
    *,
    clock: Clock | None = None,
    connections: int = CONNECTIONS,
    connect_seconds: float = CONNECT_SECONDS,
    body_limit: int = BODY_LIMIT,
    ssl_context: ssl.SSLContext | None = None,
    lookup: Callable[..., list[Any]] | None = None,
) -> httpx.Client:
    """A client for up to `connections` threads; close it when the process ends."""
    return _PooledClient(
        DeadlineTransport(
            clock=clock or SystemClock(),
            connections=connections,
            connect_seconds=connect_seconds,
            body_limit=body_limit,
            ssl_context=ssl_context or httpx.create_ssl_context(trust_env=False),
            resolver=Resolver(lookup) if lookup else Resolver(),
        )
    )


class DeadlineTransport(httpx.BaseTransport):
    """Sends one request within its call's time and reads its whole answer, at most `body_limit` bytes."""

    def __init__(
        self,
        *,
        clock: Clock,
        connections: int,
        connect_seconds: float,
        body_limit: int,
        ssl_context: ssl.SSLContext,
        resolver: Resolver,
    ) -> None:
        self._calls = CurrentCall()
        self._body_limit = body_limit
        backend = DeadlineBackend(
            calls=self._calls, clock=clock, connect_seconds=connect_seconds, resolver=resolver
        )
        # A pool for each call at a time: one pool for all looks at every connection twice for each call, under
        # one lock, and loses a connection when a wait for it times out just as it comes free.
        self._slots = BoundedSemaphore(connections)
        self._pools = [
            httpcore.ConnectionPool(
                ssl_context=ssl_context,
                max_connections=ORIGINS,
                keepalive_expiry=KEEPALIVE_SECONDS,
                network_backend=backend,
            )
            for _ in range(connections)
        ]
        self._free = list(self._pools)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, read to its end or marked incomplete. Raises httpx's errors and the guard's."""
        call: Call = request.extensions[CALL]
        call.watched = True
        if not self._slots.acquire(timeout=max(call.left(), 0.0)):
            raise httpx.PoolTimeout("no free connection in time")
        pool = self._free.pop()  # the one used last, whose connection is the warmest
        try:
            with self._calls.of(call):
                return self._exchange(pool, request, call)
        except _CORE_ERRORS as error:
            mapped = _as_httpx(error)
        finally:
            self._free.append(pool)
            self._slots.release()
        raise mapped

    def close(self) -> None:
        """Closes every connection."""
        for pool in self._pools:
            pool.close()

    def _exchange(self, pool: httpcore.ConnectionPool, request: httpx.Request, call: Call) -> httpx.Response:
        url = request.url
        answer = pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.content,
            )
        )
        try:
            body, problem = self._body(answer, call)
            if problem is None and not call.ended_cleanly(_content_length(answer)):
                answer.extensions["network_stream"].close()
        finally:
            answer.close()
        headers = [(name, value) for name, value in answer.headers if name.lower() not in _DROPPED]
        extensions = {} if problem is None else {INCOMPLETE: problem}
        return httpx.Response(answer.status, headers=headers, content=body, extensions=extensions)

    def _body(self, answer: httpcore.Response, call: Call) -> tuple[bytes, str | None]:
        """The body and, where it did not come whole, why."""
        body = bytearray()
        try:
            for piece in answer.iter_stream():
                body += piece
                if len(body) > self._body_limit:
                    return b"", "the answer is too large"
                if call.left() <= 0:
                    return bytes(body), "the answer did not end in time"
        except httpcore.TimeoutException:
            return bytes(body), "the answer did not end in time"
        except _CORE_ERRORS:
            return bytes(body), "the answer was cut off"
        encoding = _header(answer, b"content-encoding")
        return _decoded(bytes(body), encoding, self._body_limit) if encoding else (bytes(body), None)


class _PooledClient(httpx.Client):
    """httpx's client around `DeadlineTransport`, whose `send` hands over the request and does nothing else."""

    def __init__(self, transport: DeadlineTransport) -> None:
        super().__init__(transport=transport, trust_env=False, follow_redirects=False)
        self._deadline_transport = transport

    def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        """The answer, read to its end."""
        return self._deadline_transport.handle_request(request)


_CORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx.HTTPError:
    """The error of the same name in httpx, which has one for each."""
    kind: type[httpx.HTTPError] = getattr(httpx, type(error).__name__, httpx.TransportError)
    return kind(str(error))


def _header(answer: httpcore.Response, name: bytes) -> str:
    return next((value.decode("latin-1").strip() for key, value in answer.headers if key.lower() == name), "")


def _content_length(answer: httpcore.Response) -> int | None:
    """How many bytes the body has by its header; None where it comes in chunks or the length is odd."""
    if _header(answer, b"transfer-encoding"):
        return None
    length = _header(answer, b"content-length")
    if answer.status in {204, 304}:
        return 0
    return int(length) if length.isascii() and length.isdigit() else None


def _decoded(body: bytes, encoding: str, limit: int) -> tuple[bytes, str | None]:
    """A compressed body unpacked, within the same bound. We ask for none, some edges compress all the same."""
    if encoding.lower() not in {"gzip", "x-gzip", "deflate"}:
        return (body, None) if encoding.lower() == "identity" else (b"", "an encoding we cannot read")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        plain = unpacker.decompress(body, limit)
    except zlib.error:
        return b"", "the answer could not be unpacked"
    if unpacker.unconsumed_tail:
        return b"", "the answer is too large"
    return (plain, None) if unpacker.eof else (plain, "the answer was cut off")
