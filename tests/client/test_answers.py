"""Every refusal of the reference, word for word, and what becomes of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.causes import CAUSES, CauseCode
from ghl.client import errors
from ghl.client.answers import from_response, read_object, retry_after
from ghl.client.client import GHLClient
from ghl.client.rate_headers import RateHeaders
from tests.support.clients import ANN, UNHURRIED, outcome
from tests.support.nasty_server import Exchange, NastyServer

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
DUPLICATE = {
    "statusCode": 400,
    "message": "This location does not allow duplicated contacts.",
    "meta": {"contactId": "nmF1", "matchingField": "email", "contactName": "Ann Lee"},
}


def error_for(
    status: int,
    body: Any,
    *,
    operation: str = "contacts.get",
    headers: dict[str, str] | None = None,
) -> errors.GHLError:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return from_response(operation, httpx.Response(status, content=content, headers=headers), now=NOW)


def said(message: Any, **more: Any) -> dict[str, Any]:
    return {"statusCode": 400, "message": message, **more}


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (401, "Invalid Private Integration token", errors.TokenRefusedError),
        (401, "Invalid JWT", errors.TokenRefusedError),
        (401, "Invalid token: access token is invalid", errors.TokenRefusedError),
        (401, "something new", errors.TokenRefusedError),
        (401, "The token is not authorized for this scope.", errors.ScopeMissingError),
        (403, "Forbidden resource", errors.ScopeMissingError),
        (401, "Token's user type mismatch!", errors.AgencyTokenError),
        (403, "The token does not have access to this location.", errors.WrongLocationError),
        (401, "This location is not accessible from this token!", errors.WrongLocationError),
        (401, "version header was not found.", errors.VersionHeaderError),
        (401, "version header is invalid", errors.VersionHeaderError),
        (400, "Invalid API version segment 'bogus-version' at position 0", errors.VersionHeaderError),
        (400, "Contact not found", errors.NotFoundError),
        (404, "Contact not found", errors.NotFoundError),
        (404, "gone", errors.NotFoundError),
        (404, "Cannot GET /contacts/x", errors.InvalidRequestError),
        (400, "Location not found", errors.WrongLocationError),
        (400, "something is wrong", errors.InvalidRequestError),
        (422, ["phone must be valid"], errors.InvalidRequestError),
        (409, "busy", errors.AnswerError),
    ],
)
def test_refusals_are_told_apart_by_their_text(
    status: int, message: Any, kind: type[errors.GHLError]
) -> None:
    error = error_for(status, said(message, traceId="t-1"))
    assert type(error) is kind
    assert error.status == status
    assert error.trace_id == "t-1"
    assert error.operation == "contacts.get"
    assert error.certainly_not_sent
    assert not error.system_error
    assert not error.unsure
    assert error.cause in CAUSES
    assert error.user_message


@pytest.mark.parametrize("key", ["statusCode", "status"])
def test_both_spellings_of_the_status_are_read(key: str) -> None:
    assert type(error_for(401, {key: 401, "message": "Invalid JWT"})) is errors.TokenRefusedError


@pytest.mark.parametrize("status", [400, 500])
def test_duplicate_names_the_contact_whatever_the_status(status: int) -> None:
    error = error_for(status, DUPLICATE, operation="contacts.create")
    assert isinstance(error, errors.DuplicateContactError)
    assert (error.contact_id, error.matching_field, error.contact_name) == ("nmF1", "email", "Ann Lee")
    assert error.certainly_not_sent
    assert "Ann" not in f"{error} {error!r}"


@pytest.mark.parametrize("meta", [None, [], {"contactId": 7}, {"contactId": ""}])
def test_duplicate_without_its_facts_is_still_one(meta: Any) -> None:
    error = error_for(400, {**DUPLICATE, "meta": meta})
    assert isinstance(error, errors.DuplicateContactError)
    assert error.contact_id is None


@pytest.mark.parametrize(
    ("status", "message", "code", "cause", "opted_out"),
    [
        (
            400,
            "Cannot send message as DND is active for SMS.",
            "CONVERSATIONS_MSG_DND_ACTIVE_SMS",
            "asked",
            True,
        ),
        (
            500,
            "Cannot send message as DND is active for SMS.",
            "CONVERSATIONS_MSG_DND_ACTIVE_SMS",
            "asked",
            True,
        ),
        (400, "Cannot send message as DND is active.", None, "asked", True),
        (500, "Cannot send message as +16155550100 has unsubscribed", None, "asked", True),
        (400, "x", "CONVERSATIONS_MSG_UNSUBSCRIBED_SMS", "asked", True),
        (400, "Cannot send email as ann@example.org has unsubscribed", None, "asked", True),
        (400, "Unable to send e-mail, contact's e-mail is invalid", None, "email_refused", False),
        (400, "Missing phone number", None, "phone_refused", False),
        (500, "Invalid country calling code", None, "phone_refused", False),
        (422, "There is no message or attachments", "CONVERSATIONS_MSG_NO_CONTENT", "refused_by_ghl", False),
        (401, "no", "CONVERSATIONS_MSG_PROVIDER_NO_ACCESS", "refused_by_ghl", False),
    ],
)
def test_messages_refused_are_known_by_code_or_text_even_with_500(
    status, message, code, cause, opted_out
) -> None:
    error = error_for(status, said(message, canonicalCode=code), operation="conversations.send")
    assert isinstance(error, errors.MessageRefusedError)
    assert error.opted_out is opted_out
    assert error.cause == (CauseCode.ASKED_FOR_NO_TEXTS if cause == "asked" else cause)
    assert error.certainly_not_sent
    assert not error.system_error
    assert "6155550100" not in str(error)
    assert "example.org" not in str(error)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 408, 425])
@pytest.mark.parametrize("body", [b"", b"<html>bad gateway</html>", said("Internal server error")])
def test_server_trouble_says_nothing_about_the_card(status: int, body: Any) -> None:
    error = error_for(status, body)
    assert type(error) is errors.ServerError
    assert error.system_error
    assert error.unsure
    assert not error.certainly_not_sent
    assert error.cause == CauseCode.GHL_NOT_ANSWERING


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 401, 403, 404, 422])
@pytest.mark.parametrize("body", [b"", b"<h1>Access denied</h1> Error 1010", b'{"a":', b"7", b'"text"'])
def test_what_is_no_json_object_is_unreadable(status: int, body: bytes) -> None:
    error = error_for(status, body)
    assert type(error) is errors.UnreadableAnswerError
    assert error.system_error
    assert error.unsure


@pytest.mark.parametrize(
    ("messages", "cause"),
    [
        (["phone must be a valid phone number"], CauseCode.PHONE_REFUSED),
        (["email must be an email"], CauseCode.EMAIL_REFUSED),
        (["email must be an email", "phone must be valid"], CauseCode.REFUSED_BY_GHL),
        (["property locationId should not exist"], CauseCode.PROGRAM_ERROR),
        (["firstName is too long"], CauseCode.REFUSED_BY_GHL),
    ],
)
def test_a_refused_field_has_its_own_cause(messages: list[str], cause: CauseCode) -> None:
    error = error_for(422, said(messages, error="Unprocessable Entity"), operation="contacts.update")
    assert isinstance(error, errors.InvalidRequestError)
    assert error.messages == tuple(messages)
    assert error.cause == cause
    assert error.certainly_not_sent


def test_422_of_a_create_may_have_created() -> None:
    error = error_for(422, said(["x"]), operation="contacts.create")
    assert error.unsure
    assert not error.certainly_not_sent
    assert not error.system_error


@pytest.mark.parametrize("body", [b"", b"<html>slow down</html>", said("Too many requests")])
@pytest.mark.parametrize(("left", "daily"), [("0", True), ("17", False), ("x", False), (None, False)])
def test_429_is_known_without_its_body(body: Any, left: str | None, *, daily: bool) -> None:
    headers = {"Retry-After": "12", **({"X-RateLimit-Daily-Remaining": left} if left else {})}
    error = error_for(429, body, headers=headers)
    assert isinstance(error, errors.RateLimitedError)
    assert error.retry_after == 12.0
    assert error.daily is daily
    assert error.cause == (CauseCode.DAILY_LIMIT_REACHED if daily else CauseCode.GOING_SLOWLY)
    assert error.certainly_not_sent
    assert not error.system_error


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("value", "seconds"),
        [
            (None, None),
            ("", None),
            ("soon", None),
            ("-5", None),
            ("nan", None),
            ("inf", None),
            ("7", 7.0),
            (" 1.5 ", 1.5),
            ("999999999", 86_400.0),
        ],
    )
    def test_seconds(self, value: str | None, seconds: float | None) -> None:
        assert retry_after(value, now=NOW) == seconds

    @pytest.mark.parametrize(("ahead", "seconds"), [(30, 30.0), (-30, 0.0), (900_000, 86_400.0)])
    def test_date(self, ahead: int, seconds: float) -> None:
        value = format_datetime(NOW + timedelta(seconds=ahead), usegmt=True)
        assert retry_after(value, now=NOW) == seconds

    @UNHURRIED
    @given(st.text())
    def test_any_text_is_a_bounded_number_or_none(self, value: str) -> None:
        seconds = retry_after(value, now=NOW)
        assert seconds is None or 0 <= seconds <= 86_400


HEADER_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E))


@UNHURRIED
@given(
    st.dictionaries(
        st.sampled_from(["X-RateLimit-Max", "x-ratelimit-daily-remaining", "Retry-After"]), HEADER_TEXT
    )
)
def test_any_header_values_leave_a_429_a_429(headers: dict[str, str]) -> None:
    error = error_for(429, b"", headers=headers)
    assert isinstance(error, errors.RateLimitedError)


@UNHURRIED
@given(st.integers(200, 599), st.binary(max_size=400))
def test_any_body_with_any_status_is_an_object_or_a_typed_error(status: int, body: bytes) -> None:
    result = outcome(lambda: read_object("contacts.get", httpx.Response(status, content=body), now=NOW))
    if isinstance(result, errors.GHLError):
        assert result.system_error or result.certainly_not_sent
        assert len(str(result)) < 600
    else:
        assert isinstance(result, dict)
        assert 200 <= status < 300


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["message", "error", "statusCode", "canonicalCode", "traceId", "meta", "msg"]


@UNHURRIED
@given(st.integers(400, 599), st.dictionaries(st.sampled_from(KEYS), JSON))
def test_any_error_object_is_a_typed_error(status: int, body: dict[str, Any]) -> None:
    error = error_for(status, body)
    assert error.system_error + (isinstance(error, errors.AnswerError | errors.RateLimitedError)) == 1


def test_each_answer_tells_its_limits_and_when_it_was_sent(connect: Callable[..., GHLClient]) -> None:
    heard: list[tuple[RateHeaders, float]] = []

    def behave(exchange: Exchange) -> None:
        headers = {"X-RateLimit-Max": "100", "x-ratelimit-REMAINING": "7"}
        exchange.answer(DUPLICATE, status=400, headers=headers)

    with NastyServer(behave) as server:
        client = connect(server.url, on_answer=lambda headers, sent_at: heard.append((headers, sent_at)))
        for _ in range(2):
            with pytest.raises(errors.DuplicateContactError):
                client.contacts.create(ANN)
    assert [headers for headers, _ in heard] == [RateHeaders(limit=100, remaining=7)] * 2
    assert heard[0][1] < heard[1][1]


def test_a_keeper_of_the_budget_that_fails_does_not_undo_an_answer(connect: Callable[..., GHLClient]) -> None:
    def forget(_headers: RateHeaders, _sent_at: float) -> None:
        raise ConnectionError("the budget's server is away")

    with NastyServer(lambda exchange: exchange.answer({"contact": {"id": "c1"}})) as server:
        assert connect(server.url, on_answer=forget).contacts.create(ANN).id == "c1"
