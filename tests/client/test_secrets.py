"""No token, phone number or e-mail address in an error, a repr or a log, at any level, however a server echoes them."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from ghl.client import errors
from ghl.client.client import GHLClient
from ghl.client.models import Contact
from ghl.client.redaction import EXCERPT_CHARACTERS, excerpt, redacted
from tests.support.clients import ANN, CONTACT, TOKEN, UNHURRIED, outcome
from tests.support.nasty_server import Exchange, NastyServer

PERSONAL = ("6155550100", "555-0100", "ann@example.org", "ann%40example.org", "Lee")
ECHO = f"Authorization: Bearer {TOKEN} of Ann <ann@example.org> +16155550100, (615) 555-0100"

ECHOES: list[Callable[[Exchange], None]] = [
    lambda exchange: exchange.answer(ECHO.encode(), status=401),
    lambda exchange: exchange.answer(f"<html><b>{ECHO}</b></html>".encode(), status=502),
    lambda exchange: exchange.answer({"message": ECHO, "traceId": TOKEN}, status=401),
    lambda exchange: exchange.answer({"message": [ECHO, TOKEN], "canonicalCode": TOKEN}, status=422),
    lambda exchange: exchange.answer(
        {"message": ECHO, "canonicalCode": f"CONVERSATIONS_MSG_{TOKEN}"}, status=400
    ),
    lambda exchange: exchange.answer({"contact": {"id": 7, "lastName": "Lee", "phone": ECHO}}),
    lambda exchange: exchange.answer(ECHO.encode()),
    lambda exchange: exchange.answer(b"", status=500, headers={"Retry-After": "1"}),
    Exchange.cut,
    Exchange.reset,
    Exchange.hang,
]


def shown(error: BaseException) -> str:
    """Everything an error could put into a log or onto a page."""
    facts = {name: value for name, value in vars(error).items() if name != "contact_name"}
    chain = (error.__cause__, error.__context__)
    lines = traceback.format_exception(error)
    return f"{error} {error!r} {facts} {chain} {error.args} {''.join(lines)}"


@pytest.mark.parametrize("behave", ECHOES)
def test_nothing_secret_or_personal_is_shown_or_logged(
    behave: Callable[[Exchange], None], connect: Callable[..., GHLClient], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with NastyServer(behave) as server:
        client = connect(server.url, deadline=0.5 if behave is Exchange.hang else 5.0)
        results = [
            outcome(lambda: client.contacts.create(ANN)),
            outcome(lambda: client.contacts.find_duplicate(phone=ANN.phone, email=ANN.email)),
        ]
        assert f"Bearer {TOKEN}".encode() in server.requests[0].raw
    text = caplog.text + repr(client) + repr(vars(client))
    for result in results:
        assert isinstance(result, errors.GHLError)
        assert result.__cause__ is None
        assert result.__context__ is None
        text += shown(result) + result.user_message
    for secret in (TOKEN, TOKEN[4:], *PERSONAL):
        assert secret not in text


def test_a_success_is_not_logged_either(
    connect: Callable[..., GHLClient], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # A process that set up its logs made the libraries quiet; here they may say all they know.
    for library in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=library)
    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
        connect(server.url).contacts.find_duplicate(phone=ANN.phone, email=ANN.email)
    assert caplog.records
    for secret in (TOKEN, *PERSONAL):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "token", ["pit-0000\u20110000", "pit-0000\n0000", "pit-00 00", "pit-0000\x00", "pit-00\r\nHost: x"]
)
def test_a_token_that_can_be_no_header_is_refused_unsent(
    token: str, connect: Callable[..., GHLClient]
) -> None:
    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
        error = outcome(lambda: connect(server.url, token=SecretStr(token)).contacts.create(ANN))
        assert server.requests == []
    assert isinstance(error, errors.TokenRefusedError)
    assert "0000" not in shown(error)


def test_a_pasted_line_end_does_not_spoil_a_token(connect: Callable[..., GHLClient]) -> None:
    with NastyServer(lambda exchange: exchange.answer(CONTACT)) as server:
        connect(server.url, token=SecretStr(f" {TOKEN}\r\n")).contacts.create(ANN)
        assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_models_show_no_person() -> None:
    contact = Contact.model_validate({"id": "c1", "firstName": "Ann", "phone": "+16155550100"})
    assert f"{contact} {contact!r}" == "Contact(c1) Contact(c1)"
    assert f"{ANN} {ANN!r}".count("Ann") == 0


@UNHURRIED
@given(
    before=st.text(max_size=5000), secret=st.just(TOKEN) | st.from_regex(r"pit-[0-9a-f]{8}", fullmatch=True)
)
def test_redaction_is_bounded_and_leaves_no_token(before: str, secret: str) -> None:
    for result in (redacted(before + secret), excerpt((before + " " + secret).encode("utf-8", "replace"))):
        assert len(result) <= EXCERPT_CHARACTERS
        assert secret not in result
        assert "\n" not in result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (
            "Cannot send message as +1 (615) 555-0100 has unsubscribed",
            "Cannot send message as [number] has unsubscribed",
        ),
        ("no ann.lee+x@mail.example.org here", "no [e-mail] here"),
        ("Bearer abc.def", "[token]"),
        ("HTTP 502 at 10:42", "HTTP 502 at 10:42"),
        ("a\nb\x00c", "a b c"),
    ],
)
def test_what_is_taken_out_and_what_stays(text: str, result: Any) -> None:
    assert redacted(text) == result
