"""Around every request: an id, one log line without personal data, and a problem instead of a stack trace."""

import re
import time
from collections.abc import Sequence
from pathlib import PurePath
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ghl.churches import ChurchNotFoundError
from ghl.db.availability import is_away, sqlstate
from ghl.intake import problems
from ghl.intake.problems import Problem, ProblemError
from ghl.intake.threads import BusyError

REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a sender's own X-Request-ID may be; any other is replaced by one of ours, never logged."""

HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

log = structlog.get_logger(__name__)


class Requests:
    """ASGI middleware, outermost. Whatever is raised inside becomes a problem; nothing of it is shown."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        state = scope.setdefault("state", {})
        state.update(request_id=request_id, log={})
        status = 0
        began = time.perf_counter()

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-ID"] = request_id
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_on)
            except Exception as error:  # noqa: BLE001 - the outermost door: told to the log, not to the sender
                problem = as_problem(error)
                if not status:
                    await problems.answer(problem, request_id)(scope, receive, send_on)
            finally:
                _log(scope, status, time.perf_counter() - began)


def as_problem(error: Exception) -> ProblemError:
    """The problem that tells of an error; a surprise is logged by type and place, never by its text."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, HTTPException):
        found = {404: Problem.NOT_FOUND, 405: Problem.METHOD_NOT_ALLOWED}.get(error.status_code)
        return ProblemError(found or Problem.BAD_REQUEST, headers=error.headers)
    if isinstance(error, ChurchNotFoundError):
        # It is being removed: for some seconds its keys and its form are still remembered.
        return ProblemError(Problem.NOT_FOUND)
    if isinstance(error, BusyError):
        log.warning("busy")
        return problems.unavailable(seconds=2)
    if is_away(error):
        log.warning("database_away", error=type(error).__name__, sqlstate=sqlstate(error))
        return problems.unavailable()
    # The text of a database error holds the values of the row: only its type and place may be logged.
    log.error("request_failed", error=type(error).__name__, sqlstate=sqlstate(error), where=_places(error))
    return ProblemError(Problem.OUR_MISTAKE)


def _places(error: BaseException) -> Sequence[str]:
    """The innermost places of our own code in the traceback, without the text of the error."""
    places: list[str] = []
    step = error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        if str(step.tb_frame.f_globals.get("__name__")).startswith("ghl."):
            places.append(f"{PurePath(code.co_filename).name}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return places[-6:]


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else str(uuid4())


def _log(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("endpoint"), "__name__", "none")
    healthy = route in {"healthz", "readyz"} and status < 400
    (log.debug if healthy else log.info)(
        "request",
        method=scope["method"] if scope["method"].isalpha() else "?",
        route=route,
        status=status,
        milliseconds=round(seconds * 1000, 1),
        **scope["state"]["log"],
    )
