"""Sockets that keep the deadline of the whole call. httpx's own timeouts begin anew with each byte, so a server
that drips its answer holds a call for as long as it likes; here every read gets only what is left.

The same place knows whether the first byte left, which decides between *certainly not sent* and *unsure*.
"""

import errno
import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import httpcore

from ghl.client.resolver import Resolver
from ghl.clock import Clock

_PIECE = 16 * 1024
"""One TLS record: a failed write of at most this much was readable to nobody."""

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


class Call:
    """One request on its way: when it must end, whether a byte of it left, and what came back so far."""

    __slots__ = (
        "_before_first_byte",
        "_clock",
        "_ends_at",
        "_head",
        "_head_length",
        "_received",
        "_tail",
        "sent_at",
        "watched",
    )

    def __init__(self, *, clock: Clock, ends_at: float, before_first_byte: Callable[[], None]) -> None:
        self._clock = clock
        self._ends_at = ends_at
        self._before_first_byte = before_first_byte
        self._head = b""
        self._head_length: int | None = None
        self._received = 0
        self._tail = b""
        self.sent_at: float | None = None
        self.watched = False

    def left(self) -> float:
        """Seconds until the call must be over; zero or less means it is."""
        return self._ends_at - self._clock.monotonic()

    @property
    def may_have_left(self) -> bool:
        """Whether a byte left, or nobody watched (a transport other than ours)."""
        return self.sent_at is not None or not self.watched

    def now(self) -> float:
        """Monotonic seconds by the call's own clock."""
        return self._clock.monotonic()

    def about_to_send(self) -> None:
        """Asks the guard once more, when the next byte would be the first. Raises what the guard raises."""
        if self.sent_at is None:
            self._before_first_byte()

    def note_sent(self) -> None:
        """A byte left."""
        if self.sent_at is None:
            self.sent_at = self._clock.monotonic()

    def note_received(self, data: bytes) -> None:
        """Counts what came, to tell at the end whether it was the answer and nothing else."""
        self._received += len(data)
        self._tail = (self._tail + data[-5:])[-5:]
        if self._head_length is None:
            self._head += data
            end = self._head.find(_HEAD_END)
            if end >= 0:
                self._head_length = end + len(_HEAD_END)
                self._head = b""

    def ended_cleanly(self, content_length: int | None) -> bool:
        """Whether nothing came beyond the answer. What did would be taken for the next call's answer."""
        if content_length is None:
            return self._tail == _LAST_CHUNK
        return self._head_length is not None and self._received == self._head_length + content_length


class CurrentCall:
    """The call that this thread is making; httpcore has no way to hand it through to the socket."""

    def __init__(self) -> None:
        self._local = local()

    @contextmanager
    def of(self, call: Call) -> Iterator[None]:
        """Makes `call` the one whose time runs."""
        self._local.call = call
        try:
            yield
        finally:
            self._local.call = None

    def get(self) -> Call:
        """The call of this thread; there is always one while a socket is in use."""
        call: Call = self._local.call
        return call


class DeadlineStream(httpcore.NetworkStream):
    """A connected socket, plain or TLS."""

    def __init__(self, sock: socket.socket, calls: CurrentCall, connect_by: float) -> None:
        self._sock = sock
        self._calls = calls
        self._connect_by = connect_by

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  the call's time counts
        """What comes next, b"" at the end. Raises ReadTimeout when the call's time is over, ReadError."""
        call = self._calls.get()
        left = call.left()
        if left <= 0:
            raise httpcore.ReadTimeout("no time left")
        try:
            self._sock.settimeout(left)
            data = self._sock.recv(max_bytes)
        except TimeoutError:
            raise httpcore.ReadTimeout("no time left") from None
        except OSError as error:
            raise httpcore.ReadError(why(error)) from None
        call.note_received(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  as in `read`
        """Sends all of `buffer`. Raises WriteTimeout, WriteError, and whatever the guard raises."""
        call = self._calls.get()
        rest = memoryview(buffer)
        while rest:
            call.about_to_send()
            left = call.left()
            if left <= 0:
                raise httpcore.WriteTimeout("no time left")
            try:
                self._sock.settimeout(left)
                count = self._sock.send(rest[:_PIECE])
            except TimeoutError:
                raise httpcore.WriteTimeout("no time left") from None
            except OSError as error:
                raise httpcore.WriteError(why(error)) from None
            call.note_sent()
            rest = rest[count:]

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  as in `read`
    ) -> httpcore.NetworkStream:
        """The same connection under TLS; the handshake shares the time for connecting."""
        try:
            self._sock.settimeout(_positive(self._connect_by, self._calls.get()))
            secure = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except TimeoutError:
            self.close()
            raise httpcore.ConnectTimeout("the TLS handshake did not end in time") from None
        except OSError as error:
            self.close()
            raise httpcore.ConnectError(why(error)) from None
        return DeadlineStream(secure, self._calls, self._connect_by)

    def close(self) -> None:
        """Closes the socket without a farewell; nobody waits for the other side."""
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a stream; None for what it is not."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "is_readable":
            return _is_readable(self._sock)
        return self._sock if info == "socket" else None


class DeadlineBackend(httpcore.NetworkBackend):
    """Connects: name, TCP and TLS together within `connect_seconds`, and never beyond the call's end."""

    def __init__(
        self, *, calls: CurrentCall, clock: Clock, connect_seconds: float, resolver: Resolver
    ) -> None:
        self._calls = calls
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  the call's time counts
        local_address: str | None = None,  # noqa: ARG002  never asked for
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002  never asked for
    ) -> httpcore.NetworkStream:
        """A connection to one of the host's addresses. Raises ConnectTimeout or ConnectError."""
        call = self._calls.get()
        connect_by = self._clock.monotonic() + min(self._connect_seconds, call.left())
        try:
            rows = self._resolver.addresses(host, port, connect_by - self._clock.monotonic())
            sock = self._connect(rows, connect_by)
        except TimeoutError:
            raise httpcore.ConnectTimeout("no connection in time") from None
        except OSError as error:
            raise httpcore.ConnectError(why(error)) from None
        return DeadlineStream(sock, self._calls, connect_by)

    def _connect(self, rows: list[Any], connect_by: float) -> socket.socket:
        """The first address that answers; each gets an even share of the time, so a dead one cannot eat it."""
        failure: OSError = TimeoutError()
        for position, (family, kind, protocol, _, address) in enumerate(rows):
            share = (connect_by - self._clock.monotonic()) / (len(rows) - position)
            if share <= 0:
                break
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(share)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure


def why(error: OSError) -> str:
    """The kind of a failure for a log; the text of an OSError may hold more than a log should."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or type(error).__name__}"
    if isinstance(error, socket.gaierror):
        return "the name could not be resolved"
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _positive(connect_by: float, call: Call) -> float:
    """Seconds left for connecting. Raises TimeoutError when there are none."""
    left = min(connect_by - call.now(), call.left())
    if left <= 0:
        raise TimeoutError
    return left


def _is_readable(sock: socket.socket) -> bool:
    """Whether an idle connection has something to say; it can only be the end of it."""
    number = sock.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
