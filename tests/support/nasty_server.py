"""A raw-socket server that behaves as badly as a test asks: one function decides what each request gets."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import orjson

HEAD_END = b"\r\n\r\n"


@dataclass
class Request:
    """One request as it came over the wire."""

    raw: bytes
    number: int
    on_connection: int

    @property
    def method(self) -> str:
        return self.raw.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        return self.raw.split(b" ", 2)[1].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.raw.split(HEAD_END, 1)[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> bytes:
        return self.raw.split(HEAD_END, 1)[1]

    def json(self) -> object:
        return orjson.loads(self.body)


@dataclass
class Exchange:
    """What a behaviour can do with one request. Every wait ends when the server is stopped."""

    socket: socket.socket
    request: Request
    stopped: threading.Event
    open: bool = field(default=True)

    def send(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except OSError:
            self.open = False

    def answer(
        self, body: bytes | object = b"", *, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.send(http_answer(body, status=status, headers=headers))

    def drip(self, data: bytes, *, every: float) -> None:
        for byte in data:
            self.send(bytes([byte]))
            if not self.open or self.stopped.wait(every):
                return

    def hang(self) -> None:
        self.stopped.wait()

    def cut(self) -> None:
        """Ends the connection in an orderly way."""
        self.open = False

    def reset(self) -> None:
        """Ends the connection with a reset, which throws away what is still in flight."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


def http_answer(
    body: bytes | object = b"", *, status: int = 200, headers: dict[str, str] | None = None
) -> bytes:
    """An honest HTTP/1.1 answer; a body that is no bytes becomes JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    all_headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
    return f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content


class NastyServer:
    """Listens on a loopback port; `behave` runs in the connection's own thread for each request."""

    def __init__(self, behave: Callable[[Exchange], None], *, tls: ssl.SSLContext | None = None) -> None:
        self.behave = behave
        self.requests: list[Request] = []
        self.connections = 0
        self.closed = 0
        self._tls = tls
        self._stopped = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
        for thread in self._threads:
            thread.join(5)

    def wait_until_closed(self, connections: int) -> None:
        """Returns when that many connections have come to their end, after five seconds in any case."""
        for _ in range(1000):
            if self.closed >= connections or self._stopped.wait(0.005):
                return

    def reset_connections(self) -> None:
        """Resets every idle connection, and returns when the other side has been told."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for sock in sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RD)  # wakes its thread, whose close then resets
        for thread in self._threads[1:]:
            thread.join(5)

    def _start(self, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            if self._stopped.is_set():
                sock.close()
                return
            with self._lock:
                self._sockets.append(sock)
                self.connections += 1
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
            self._converse(sock)
        except OSError:
            pass
        finally:
            sock.close()
            with self._lock:
                self.closed += 1

    def _converse(self, sock: socket.socket) -> None:
        buffer = b""
        on_connection = 0
        while not self._stopped.is_set():
            end = buffer.find(HEAD_END)
            if end >= 0:
                length = end + len(HEAD_END) + _content_length(buffer[:end])
                if len(buffer) >= length:
                    on_connection += 1
                    with self._lock:
                        request = Request(buffer[:length], len(self.requests) + 1, on_connection)
                        self.requests.append(request)
                    buffer = buffer[length:]
                    exchange = Exchange(sock, request, self._stopped)
                    self.behave(exchange)
                    if not exchange.open:
                        return
                    continue
            data = sock.recv(65536)
            if not data:
                return
            buffer += data


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":", 1)[1])
    return 0
