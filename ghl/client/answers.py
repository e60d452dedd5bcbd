"""Turns what came back into an answer or an error, by the text first and the status second. Pure: no I/O.

GHL says one thing with many statuses: a 401 has five meanings, and refusals have been seen with a 5xx.
The texts are those of GHL's documentation and of measured answers; matching ignores case.
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import httpx
import orjson

from ghl.causes import CauseCode
from ghl.client import errors
from ghl.client.rate_headers import RateHeaders
from ghl.client.redaction import answer_without_people, excerpt, redacted

LONGEST_WAIT_SECONDS = 86_400.0
"""No `Retry-After` is believed beyond a day, the longest of GHL's own windows."""

INCOMPLETE = "incomplete"
"""The response extension that says why a body was not read to its end."""

_NO_SUCH_PATH = re.compile(r"^cannot (get|post|put|delete) /", re.IGNORECASE)
_OUR_MISTAKE = re.compile(r"should not exist|\blocationid\b|cannot (get|post|put|delete) /", re.IGNORECASE)
_EMAIL_TROUBLE = re.compile(r"e-?mail", re.IGNORECASE)
_PHONE_TROUBLE = re.compile(r"phone|calling code|number", re.IGNORECASE)
_OPTED_OUT = re.compile(r"has unsubscribed|\bdnd is active\b", re.IGNORECASE)
_MESSAGE_REFUSED = re.compile(
    r"cannot send (message|e-?mail) as|unable to send e-?mail|missing phone number|invalid country calling code"
    r"|there is no message or attachments",
    re.IGNORECASE,
)
_SERVER_STATUSES = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})
"""4xx that speak about the server or the line, not about what was asked (RFC 9110, RFC 8470)."""


def read_object(
    operation: str, response: httpx.Response, *, now: datetime, secret: str = ""
) -> dict[str, Any]:
    """The JSON object of a 2xx. Raises the error that any other answer stands for."""
    if response.is_success:
        answer = _json_object(response)
        if answer is not None:
            return answer
    raise from_response(operation, response, now=now, secret=secret)


def from_response(
    operation: str, response: httpx.Response, *, now: datetime, secret: str = ""
) -> errors.GHLError:
    """The error for an answer that is no usable success; `secret` is the token, should a server echo it.

    `now` turns a `Retry-After` date into seconds.
    """
    error = _error(operation, response, now=now, secret=secret)
    error.answer = answer_without_people(response.content, secret=secret) or None
    return error


def _error(operation: str, response: httpx.Response, *, now: datetime, secret: str) -> errors.GHLError:
    status = response.status_code
    answer = _json_object(response)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        limits = RateHeaders.from_headers(response.headers)
        return errors.RateLimitedError(
            "too many requests",
            operation=operation,
            trace_id=_trace_id(answer, secret),
            retry_after=retry_after(response.headers.get("retry-after"), now=now),
            daily=limits.daily_remaining == 0,
        )
    if answer is None or status < 400:
        return _unreadable(operation, response, secret)
    return _from_object(operation, status, answer, secret)


def retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds to wait from a `Retry-After` header (RFC 9110 10.2.3: seconds or a date); None when unreadable."""
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
        return min(float(value), LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(value)
        seconds = (moment.replace(tzinfo=moment.tzinfo or now.tzinfo) - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT_SECONDS)


def _from_object(operation: str, status: int, answer: dict[str, Any], secret: str) -> errors.GHLError:
    """The error for a JSON object that came with 4xx or 5xx."""
    texts = _messages(answer)
    said = "; ".join(texts)
    messages = tuple(redacted(text, secret=secret) for text in texts[:20])
    reason = redacted(said, secret=secret)
    trace_id = _trace_id(answer, secret)
    code = answer.get("canonicalCode")
    code = redacted(code, secret=secret)[:80] if isinstance(code, str) else None

    if "does not allow duplicated contacts" in said.lower():
        return _duplicate(operation, status, answer, reason, trace_id)
    refused = (code or "").startswith("CONVERSATIONS_MSG_")
    if refused or (operation == "conversations.send" and _MESSAGE_REFUSED.search(said)):
        opted_out = bool(_OPTED_OUT.search(said)) or bool(re.search(r"UNSUBSCRIBED|DND_ACTIVE", code or ""))
        return errors.MessageRefusedError(
            reason,
            operation=operation,
            status=status,
            trace_id=trace_id,
            canonical_code=code,
            cause=CauseCode.ASKED_FOR_NO_TEXTS if opted_out else _address_cause(said),
            opted_out=opted_out,
        )
    if status >= 500 or status in _SERVER_STATUSES:
        return errors.ServerError(reason, operation=operation, status=status, trace_id=trace_id)
    kind = _refusal_kind(operation, status, said)
    if kind is not errors.InvalidRequestError:
        return kind(reason, operation=operation, status=status, trace_id=trace_id, canonical_code=code)
    return errors.InvalidRequestError(
        reason,
        operation=operation,
        status=status,
        trace_id=trace_id,
        canonical_code=code,
        messages=messages,
        cause=CauseCode.PROGRAM_ERROR if _OUR_MISTAKE.search(said) else _address_cause(said),
        # GHL has answered 422 to a create and made the contact all the same (highlevel-api-docs #64).
        effect_possible=status == HTTPStatus.UNPROCESSABLE_ENTITY and operation == "contacts.create",
    )


def _refusal_kind(operation: str, status: int, said: str) -> type[errors.AnswerError]:
    """Which refusal a 4xx is, by its text; GHL's documentation names only the statuses 400, 401 and 422."""
    said = said.lower()
    if "version header" in said or "api version" in said:
        return errors.VersionHeaderError
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        if "scope" in said:
            return errors.ScopeMissingError
        if "user type mismatch" in said:
            return errors.AgencyTokenError
        if "location" in said:
            return errors.WrongLocationError
        unknown = status == HTTPStatus.UNAUTHORIZED
        return errors.TokenRefusedError if unknown else errors.ScopeMissingError
    missing = "not found" in said or (status == HTTPStatus.NOT_FOUND and not _NO_SUCH_PATH.search(said))
    if missing and status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        of_location = operation.startswith("locations.") or "location" in said
        return errors.WrongLocationError if of_location else errors.NotFoundError
    if status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return errors.InvalidRequestError
    return errors.AnswerError


def _address_cause(said: str) -> CauseCode:
    """Whether a refusal is about the e-mail address, the phone number, or neither or both."""
    email, phone = bool(_EMAIL_TROUBLE.search(said)), bool(_PHONE_TROUBLE.search(said))
    if email == phone:
        return CauseCode.REFUSED_BY_GHL
    return CauseCode.EMAIL_REFUSED if email else CauseCode.PHONE_REFUSED


def _duplicate(
    operation: str, status: int, answer: dict[str, Any], reason: str, trace_id: str | None
) -> errors.DuplicateContactError:
    meta = answer.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    contact_id, field, name = (
        value if isinstance(value, str) and value else None
        for value in (meta.get("contactId"), meta.get("matchingField"), meta.get("contactName"))
    )
    return errors.DuplicateContactError(
        reason,
        operation=operation,
        status=status,
        trace_id=trace_id,
        contact_id=contact_id,
        matching_field=field,
        contact_name=name,
    )


def _unreadable(operation: str, response: httpx.Response, secret: str) -> errors.GHLError:
    """A body that is no JSON object: the server's own trouble on 5xx, otherwise unreadable."""
    status = response.status_code
    reason = response.extensions.get(INCOMPLETE)
    if not isinstance(reason, str):
        reason = excerpt(response.content, secret=secret) or "an empty answer"
        if response.is_success and _json_object(response) is None:
            reason = f"no JSON object: {reason}"
    if status >= 500 or status in _SERVER_STATUSES:
        return errors.ServerError(reason, operation=operation, status=status)
    return errors.UnreadableAnswerError(reason, operation=operation, status=status)


def _json_object(response: httpx.Response) -> dict[str, Any] | None:
    """The body as a JSON object, or None; a body that was not read to its end is none."""
    if INCOMPLETE in response.extensions or not response.content:
        return None
    try:
        answer = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return answer if isinstance(answer, dict) else None


def _messages(answer: dict[str, Any]) -> list[str]:
    """What GHL says: `message` is a text or a list of texts; `error` stands in where there is none."""
    for name in ("message", "msg", "error"):
        value = answer.get(name)
        if isinstance(value, dict):
            value = value.get("message")
        texts = [
            text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text
        ]
        if texts:
            return texts
    return []


def _trace_id(answer: dict[str, Any] | None, secret: str) -> str | None:
    """GHL's own number for the call, which its support asks for; bounded, since it is another system's text."""
    trace_id = (answer or {}).get("traceId")
    if not isinstance(trace_id, str) or (secret and secret in trace_id):
        return None
    return trace_id if re.fullmatch(r"[\w.:/+=-]{1,100}", trace_id) else None
