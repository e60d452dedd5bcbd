"""A request and an answer as values, and an answer as bytes. Nothing here knows GoHighLevel."""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson

JSON = "application/json; charset=utf-8"


@dataclass(slots=True)
class Request:
    """One HTTP request, whole; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> dict[str, Any]:
        """The body, an object. Raises ValueError or TypeError for any other."""
        body = orjson.loads(self.body or b"{}")
        if not isinstance(body, dict):
            raise TypeError("The body is a JSON object.")
        return body


@dataclass(slots=True)
class Response:
    """One HTTP answer: either `payload`, which becomes JSON, or `raw` bytes as they are."""

    status: int
    payload: Any = None
    raw: bytes | None = None
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The bytes of the body."""
        return orjson.dumps(self.payload) if self.raw is None else self.raw


_REASONS = {status.value: status.phrase for status in HTTPStatus}


def encode(response: Response) -> tuple[bytes, bytes]:
    """Head and body of `response` for the wire, the head with its closing empty line."""
    body = response.body()
    lines = [
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}",
        f"content-type: {response.content_type}",
        f"content-length: {len(body)}",
    ]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), body
