"""The body of a request: bounded in size and in time, and read as one JSON object."""

import asyncio
import json
from typing import Any

from starlette.requests import ClientDisconnect, Request

from ghl.intake.problems import FieldError, Problem, ProblemError

CLOSE = {"Connection": "close"}
"""What still arrives of a refused body is not read: the connection ends."""


class _TwiceError(ValueError):
    """A name stands twice in a JSON object, so it is not plain which value was meant."""

    def __init__(self, name: str) -> None:
        super().__init__("A name stands twice.")
        self.name = name


def check_type(request: Request) -> None:
    """Raises `ProblemError` unless the request says that its body is plain JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if media_type != "application/json" or coding != "identity":
        raise ProblemError(
            Problem.WRONG_MEDIA_TYPE, headers={"Accept": "application/json", "Accept-Encoding": "identity"}
        )


async def read_body(request: Request, *, most: int, seconds: float) -> bytes:
    """The whole body. Raises `ProblemError` when it has more than `most` bytes or takes longer than `seconds`.

    The time is for the body as a whole: one that drips in byte by byte ends like one that never comes.
    """
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 12 or int(length) > most):
        raise ProblemError(Problem.TOO_LARGE, headers=CLOSE)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise ProblemError(Problem.TOO_LARGE, headers=CLOSE)
    except (TimeoutError, ClientDisconnect):
        raise ProblemError(Problem.TOO_SLOW, headers=CLOSE) from None
    return bytes(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises `ProblemError`.

    Python's own reader and not a faster one: it takes half an emoji, which browsers send when a text was cut
    in its middle, and a card must not be lost over it.
    """
    try:
        found = json.loads(body, parse_constant=_refuse, object_pairs_hook=_once)
    except _TwiceError as twice:
        raise ProblemError(
            Problem.CARD_INVALID, errors=[FieldError(_named(twice.name), "This name stands there twice.")]
        ) from None
    except (ValueError, RecursionError):
        raise ProblemError(Problem.BROKEN_JSON) from None
    if not isinstance(found, dict):
        raise ProblemError(
            Problem.CARD_INVALID, errors=[FieldError("card", "A card is a JSON object, in curly brackets.")]
        )
    deep = [FieldError(_named(name), "Text is expected here.") for name in found if _too_deep(found[name])]
    if deep:
        raise ProblemError(Problem.CARD_INVALID, errors=deep)
    return found


def _too_deep(value: object, left: int = 3) -> bool:
    """Whether lists and objects stand in each other deeper than any field needs."""
    if not isinstance(value, list | dict):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_too_deep(part, left - 1) for part in inner)


def _refuse(_constant: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of two answers to "may we text you?" neither may be dropped in silence.
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _named(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")[:40]
