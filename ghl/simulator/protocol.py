"""HTTP/1.1 on a raw asyncio transport: parse, wait the latency out, send; and every way to send it badly."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import parse_qsl, unquote

import httptools

from ghl.simulator.application import Application, Visit
from ghl.simulator.fault_endings import Ending, Manner
from ghl.simulator.wire import Request, Response, encode

BODY_LIMIT = 2 * 1024 * 1024
"""Bytes of a request's body; more is answered with 413."""

CONTROL = "/__control"

Control = Callable[[Request], Response]


class Connection(asyncio.Protocol):
    """One client's connection: one request at a time, in order."""

    def __init__(self, application: Application, control: Control, connections: set["Connection"]) -> None:
        self._application = application
        self._control = control
        self._connections = connections
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool, bool]] = deque()
        self._open: Visit | None = None
        self._busy = False
        self._drip: asyncio.TimerHandle | None = None
        self.is_control = False
        self._begin()

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (asyncio's signature)
        self._connections.discard(self)
        self._waiting.clear()
        if self._drip is not None:
            self._drip.cancel()
        if self._open is not None:
            self._application.ended(self._open, None)
            self._open = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            # A mistake of ours, not of the client: whoever runs the loop shall hear of it.
            self._transport.abort()
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.write(
                b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
            self._transport.close()

    # httptools' side

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._chunks: list[bytes] = []
        self._size = 0

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= BODY_LIMIT:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        url = httptools.parse_url(self._url)
        query = dict(parse_qsl(url.query.decode("latin-1"), keep_blank_values=True)) if url.query else {}
        request = Request(
            method=self._parser.get_method().decode("ascii"),
            path=unquote(url.path.decode("latin-1")),
            query=query,
            headers=self._headers,
            body=b"".join(self._chunks),
        )
        self._waiting.append((request, self._parser.should_keep_alive(), self._size > BODY_LIMIT))
        if not self._busy:
            self._next()

    # From request to answer

    def _next(self) -> None:
        request, self._keep_alive, too_large = self._waiting.popleft()
        self._busy = True
        try:
            if too_large:
                self._send(Response(413, {"statusCode": 413, "message": "request entity too large"}))
            elif request.path.startswith(CONTROL):
                self.is_control = True
                self._send(self._control(request))
            else:
                visit = self._open = self._application.arrive(request)
                if visit.delay > 0:
                    self._loop.call_later(visit.delay, self._finish, visit)
                else:
                    self._finish(visit)
        except BaseException:
            self._transport.abort()
            raise

    def _finish(self, visit: Visit) -> None:
        """Answers, or does what the fault says. The effect happens even if the client is gone by now."""
        try:
            ending = self._application.answer(visit)
            if ending.effect_later is not None:
                self._loop.call_later(ending.effect_later, self._application.perform, visit)
            if ending.manner is not Manner.SILENT and self._open is visit:
                self._open = None
                self._application.ended(visit, ending.response.status if ending.response else None)
            if not self._transport.is_closing():
                self._end(ending)
        except BaseException:
            self._transport.abort()
            raise

    def _end(self, ending: Ending) -> None:
        response = ending.response
        match ending.manner:
            case Manner.RESET:
                self.reset()
            case Manner.CLOSE:
                self._transport.close()
            case Manner.SILENT:
                pass
            case Manner.WHOLE if response:
                self._send(response)
            case Manner.CUT_BODY if response:
                head, body = encode(response)
                self._transport.write(head + body[: len(body) // 2])
                self._transport.close()
            case Manner.DRIP_HEAD if response:
                head, body = encode(response)
                self._drip_on(iter(head + body), ending.pace)
            case Manner.DRIP_BODY if response:
                head, body = encode(response)
                self._transport.write(head)
                self._drip_on(iter(body), ending.pace)

    def _send(self, response: Response) -> None:
        if not self._keep_alive:
            response.headers["connection"] = "close"
        head, body = encode(response)
        self._transport.write(head + body)
        self._done()

    def _done(self) -> None:
        self._busy = False
        if not self._keep_alive:
            self._transport.close()
        elif self._waiting:
            # Not at once: a long row of requests sent ahead would pile up calls.
            self._loop.call_soon(self._next_if_any)

    def _next_if_any(self) -> None:
        if self._waiting and not self._busy:
            self._next()

    def _drip_on(self, rest: Iterator[int], pace: float) -> None:
        byte = next(rest, None)
        if byte is None:
            self._done()
        elif not self._transport.is_closing():
            self._transport.write(bytes((byte,)))
            self._drip = self._loop.call_later(pace, self._drip_on, rest, pace)

    def reset(self) -> None:
        """Ends the connection with a reset, so that the client sees ECONNRESET and not a tidy end."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
