"""Errors as RFC 9457 problem details: one catalogue, so that every answer that is not a yes has one form.

A problem tells the sender what to change. It never repeats a value that was sent, nor tells of our insides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
"""RFC 9457, section 3."""


class Problem(Enum):
    """Every problem this API has: status, title, and what it means. The name is the end of its `type`."""

    BAD_REQUEST = 400, "The request could not be read", "The request is not valid HTTP, or a header is wrong."
    BROKEN_JSON = 400, "The body is not valid JSON", "Send one card as a JSON object, in UTF-8."
    EVENT_INVALID = (
        400,
        "This is no event",
        "An event is a JSON object in UTF-8. One of a workflow names its contact_id and its location.id.",
    )
    KEY_WRONG = (
        401,
        "The source key is missing or wrong",
        "Send the header Authorization: Bearer hubk_… with a key of your church that was not revoked.",
    )
    SIGNATURE_WRONG = (
        401,
        "The signature is missing or wrong",
        "GoHighLevel signs its events in the header X-GHL-Signature. This one it did not sign.",
    )
    SECRET_WRONG = (
        401,
        "The secret is missing or wrong",
        "Send the header X-Hub-Secret with the secret of your church. It stands on the page Connection, once.",
    )
    OTHER_LOCATION = (
        403,
        "This event is of another location",
        "The secret lets in events of the location that your church is connected to, and of no other.",
    )
    NOT_FOUND = 404, "There is nothing here", "The address is wrong, or what it named is not yours."
    METHOD_NOT_ALLOWED = 405, "This method does not work here", "The header Allow lists those that do."
    TOO_SLOW = 408, "The request took too long to arrive", "Send it again. Nothing was saved."
    TOO_LARGE = 413, "The body is too large", "A card has at most 64 KiB of JSON, an event 256 KiB."
    WRONG_MEDIA_TYPE = (
        415,
        "The body is not JSON",
        "Send Content-Type: application/json, and the body as it is, without compression.",
    )
    WRONG_HOST = (
        421,
        "This server has another name",
        "Ask whoever looks after the hub for its address, or name this one in its HUB_ALLOWED_HOSTS.",
    )
    CARD_INVALID = (
        422,
        "The card cannot be saved as it is",
        "The list errors names each field and its problem.",
    )
    KEY_REUSED = (
        422,
        "This Idempotency-Key was used for another card",
        "Send each card with a key of its own. Send the same key only to repeat the same card.",
    )
    TOO_MANY_WRONG_KEYS = (
        429,
        "Too many requests with a wrong key or secret",
        "Wait as long as Retry-After says, then send the right one.",
    )
    OUR_MISTAKE = (
        500,
        "Something went wrong on our side",
        "Send it again later. If it stays, tell support the value of instance.",
    )
    UNAVAILABLE = (
        503,
        "We cannot save cards at this moment",
        "Nothing was lost. Send it again as Retry-After says, with the same Idempotency-Key.",
    )

    def __init__(self, status: int, title: str, meaning: str) -> None:
        self.status = status
        self.title = title
        self.meaning = meaning

    @property
    def slug(self) -> str:
        """The name in an address, such as `card-invalid`."""
        return self.name.lower().replace("_", "-")

    @property
    def type(self) -> str:
        """The `type` member: a reference to the page that explains the problem (RFC 9457, 3.1.1)."""
        return f"/problems/{self.slug}"


BY_SLUG: Mapping[str, Problem] = {problem.slug: problem for problem in Problem}


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field, in words."""

    field: str
    message: str


class ProblemError(Exception):
    """Ends a request with a problem. `detail` is a sentence for whoever sent it; default: what it means."""

    def __init__(
        self,
        problem: Problem,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem.slug)
        self.problem = problem
        self.detail = detail or problem.meaning
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def unavailable(seconds: int = 5) -> ProblemError:
    """The answer while the database is away or everybody is busy; the sender is asked to come back."""
    return ProblemError(Problem.UNAVAILABLE, headers={"Retry-After": str(seconds)})


def answer(error: ProblemError, request_id: str) -> Response:
    """The response for a problem. `instance` is what support looks for in the log; nothing is served there."""
    members: dict[str, Any] = {
        "type": error.problem.type,
        "title": error.problem.title,
        "status": error.problem.status,
        "detail": error.detail,
        "instance": f"/requests/{request_id}",
    }
    if error.errors:
        members["errors"] = [{"field": found.field, "message": found.message} for found in error.errors]
    return Response(
        orjson.dumps(members), status_code=error.problem.status, headers=error.headers, media_type=MEDIA_TYPE
    )


async def explain(request: Request) -> Response:
    """`GET /problems/{slug}`: what a problem means, as plain text."""
    problem = BY_SLUG.get(request.path_params["slug"])
    if problem is None:
        raise ProblemError(Problem.NOT_FOUND)
    words = f"{problem.status} {HTTPStatus(problem.status).phrase}\n{problem.title}.\n{problem.meaning}\n"
    return Response(words, media_type="text/plain")
