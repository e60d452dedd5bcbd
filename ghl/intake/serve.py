"""The intake on a port. Uvicorn with h11, whose headers are bounded in size; here they are bounded in time too."""

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ghl.intake import problems
from ghl.intake.problems import Problem, ProblemError

REQUEST_SECONDS = 15.0
"""The longest a request may take to arrive whole, headers and body; above `IntakeLimits.body_seconds`, so that
a slow body gets its answer before the connection ends."""
KEEP_ALIVE_SECONDS = 30
STOP_SECONDS = 10
"""How long requests that run may end when the process stops; the supervisor waits about as long."""


def run(app: ASGIApp, host: str = "127.0.0.1", port: int = 8502, *, trusted_proxies: str = "") -> None:
    """Serves until SIGTERM or Ctrl-C, then lets running requests end and returns. Raises `OSError` (port taken).

    `trusted_proxies` (addresses, comma-separated) may say on whose behalf they ask; by default nobody may.
    """
    with listen(host, port) as listener:
        server = make_server(app, trusted_proxies=trusted_proxies)
        with _quiet_signals(server):
            server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; port 0 is any free one. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)


def make_server(app: ASGIApp, *, trusted_proxies: str = "") -> uvicorn.Server:
    """The server with its settings, not started; the tests start the same."""
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=trusted_proxies or None,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return uvicorn.Server(config)


class PatientProtocol(H11Protocol):
    """Uvicorn's HTTP/1.1, patient for `REQUEST_SECONDS` and no longer; bad HTTP is answered with a problem."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words are not ours
        """Answers what is not HTTP, as far as it still can be answered."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        answer = problems.answer(ProblemError(Problem.BAD_REQUEST), "unread")
        headers = [*answer.raw_headers, (b"connection", b"close")]
        for event in (
            h11.Response(status_code=answer.status_code, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """Between requests uvicorn's own keep-alive timer watches; here it is about requests half arrived."""
        half = self.conn.their_state is h11.SEND_BODY or (
            self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])
        )
        if half and self._late is None:
            self._arm()
        elif not half:
            self._disarm()

    def _arm(self) -> None:
        self._late = self.loop.call_later(REQUEST_SECONDS, self._end)

    def _disarm(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


@contextmanager
def _quiet_signals(server: uvicorn.Server) -> Iterator[None]:
    """Uvicorn stops on a signal and then raises it again; here that must not end the process, because the
    caller still has its connections to close. One that comes before uvicorn listens for it counts too.
    """

    def stop(_number: int, _frame: object) -> None:
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
