"""Somebody who listens for webhooks, on a loopback port: keeps what comes and answers as told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Listening:
    """What came in, oldest first. The next requests are answered with `answers`, all later ones with 200."""

    url: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int, seconds: float = 5) -> list[dict[str, Any]]:
        """The events, once there are so many. Raises AssertionError when that takes too long."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.got) >= count, seconds), self.events()
        return self.events()

    def events(self) -> list[dict[str, Any]]:
        """The bodies."""
        return [json.loads(body) for _, body in self.got]


@contextmanager
def listening() -> Iterator[Listening]:
    """Listens while it is open."""
    told = Listening()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with told.changed:
                told.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status = told.answers.pop(0) if told.answers else 200
                told.changed.notify_all()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (http.server's name)
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
