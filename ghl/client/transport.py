"""Sends one documented call and answers with a JSON object or one of `ghl.client.errors`, never anything else.

It knows the token, so it shows nothing of itself, and chains no error of httpx, which would hold the request.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx
import orjson
import structlog
from pydantic import SecretStr, ValidationError

from ghl.client import errors
from ghl.client.answers import read_object
from ghl.client.deadline import Call
from ghl.client.operations import Operation, checked_id
from ghl.client.pool import CALL
from ghl.client.rate_headers import RateHeaders
from ghl.client.retry import RetryPolicy, repeat
from ghl.clock import Clock

T = TypeVar("T")

USER_AGENT = "church-connect-hub/0.1"
"""Our own name: GHL's edge answers 403 to the default names of some libraries."""

_log = structlog.get_logger(__name__)

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Transport:
    """What all resources of a client share. `location_id` is the one its token is for."""

    def __init__(
        self,
        *,
        http: httpx.Client,
        base_url: str,
        token: SecretStr,
        location_id: str,
        clock: Clock,
        guard: Callable[[], None],
        on_answer: Callable[[RateHeaders, float], None],
        may_repeat: Callable[[errors.GHLError], bool],
        deadline: float,
        retries: RetryPolicy,
    ) -> None:
        self.location_id = location_id
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._token = token.get_secret_value().strip()
        self._clock = clock
        self._guard = guard
        self._on_answer = on_answer
        self._may_repeat = may_repeat
        self._deadline = deadline
        self._retries = retries
        self._headers: dict[str, list[tuple[bytes, bytes]]] = {}

    def __repr__(self) -> str:
        return f"<Transport {self._base_url}>"

    def send(
        self,
        operation: Operation,
        *,
        id: str = "",  # noqa: A002  what GHL calls it
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The JSON object GHL answers with. Raises `GHLError`, and ValueError for an id that is none."""
        path = operation.path.replace("{id}", checked_id(id)) if "{id}" in operation.path else operation.path
        url = self._base_url + path
        if query:
            url = f"{url}?{urlencode(query, quote_via=quote)}"
        content = orjson.dumps(body) if body is not None else None
        ends_at = self._clock.monotonic() + self._deadline

        def attempt() -> dict[str, Any]:
            return self._once(operation, url, content, ends_at)

        if not operation.idempotent:
            return attempt()
        return repeat(
            attempt, policy=self._retries, clock=self._clock, ends_at=ends_at, may_repeat=self._may_repeat
        )

    def parsed(self, operation: Operation, parse: Callable[[], T]) -> T:
        """A model out of an answer. Raises `UnreadableAnswerError` when it lacks what makes it one (its id)."""
        try:
            return parse()
        except ValidationError as error:
            missing = sorted({".".join(str(part) for part in fault["loc"]) for fault in error.errors()})
        # Raised outside the handler: pydantic's error holds the answer, which names people.
        raise errors.UnreadableAnswerError(f"no usable {', '.join(missing)[:100]}", operation=operation.name)

    def _once(self, operation: Operation, url: str, content: bytes | None, ends_at: float) -> dict[str, Any]:
        call = Call(clock=self._clock, ends_at=ends_at, before_first_byte=self._guard)
        response = self._response(operation, url, content, call)
        sent_at = call.sent_at if call.sent_at is not None else self._clock.monotonic()
        self._tell(operation, response, sent_at)
        return read_object(operation.name, response, now=self._clock.now(), secret=self._token)

    def _response(self, operation: Operation, url: str, content: bytes | None, call: Call) -> httpx.Response:
        """The raw answer. Raises `NoAnswerError`."""
        failure: errors.NoAnswerError
        try:
            headers = self._headers_of(operation, content)
            self._guard()
            request = httpx.Request(
                operation.method, url, headers=headers, content=content, extensions={CALL: call}
            )
            response = self._http.send(request)
        except errors.NotSentError as error:
            error.operation = error.operation or operation.name
            raise
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = _no_answer(operation, call, error)
        else:
            if call.may_have_left:
                return response
            # The other side closed an idle connection with a last word that is not meant for this call.
            failure = errors.NotSentError(
                "the connection was closed", operation=operation.name, system_error=True
            )
        # Raised outside the handler: httpx's error holds the request, and that the token.
        raise failure

    def _headers_of(self, operation: Operation, content: bytes | None) -> list[tuple[bytes, bytes]]:
        """The headers for a version, made once. Raises `TokenRefusedError` for what can be no header."""
        headers = self._headers.get(operation.version)
        if headers is None:
            if not self._token.isascii() or not self._token.isprintable() or " " in self._token:
                raise errors.TokenRefusedError(
                    "the token holds characters that no token has", operation=operation.name
                )
            headers = self._headers[operation.version] = [
                (b"Authorization", b"Bearer " + self._token.encode("ascii")),
                (b"Version", operation.version.encode("ascii")),
                (b"Accept", b"application/json"),
                (b"Accept-Encoding", b"identity"),
                (b"User-Agent", USER_AGENT.encode("ascii")),
            ]
        return headers if content is None else [*headers, (b"Content-Type", b"application/json")]

    def _tell(self, operation: Operation, response: httpx.Response, sent_at: float) -> None:
        """Hands GHL's words on the budget to whoever keeps it; their failure does not undo the answer."""
        try:
            self._on_answer(RateHeaders.from_headers(response.headers), sent_at)
        except Exception:  # noqa: BLE001  logged; the answer counts, whatever becomes of the budget
            _log.exception("rate_headers_not_taken", operation=operation.name)


def _no_answer(operation: Operation, call: Call, error: Exception) -> errors.NoAnswerError:
    """Tells *certainly not sent* from *unsure*, by whether the first byte left."""
    reason = f"{type(error).__name__}: {error}"
    if not call.may_have_left or isinstance(error, _NEVER_SENT):
        # A wait for one of our own connections says nothing about GHL.
        system_error = not isinstance(error, httpx.PoolTimeout)
        return errors.NotSentError(reason, operation=operation.name, system_error=system_error)
    return errors.AnswerLostError(reason, operation=operation.name)
