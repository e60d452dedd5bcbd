"""Logs: one JSON object a line, and no line that names a person or opens a door."""

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ghl.ids import new_id
from ghl.logging import HIDDEN, bound, redact, redact_traceback, set_up_logging

SECRETS = (
    "pit-00000000-0000-4000-8000-000000000001",
    "hubk_abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
    "Bearer abc.def",
    "anna.keller+church@mail.example.org",
    "+1 (512) 555-0143",
    "512-555-0143",
    "(512) 555 0143",
    "5125550143",
    "+15125550143",
)


@pytest.fixture
def lines():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    set_up_logging("test", level="INFO", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_a_line_says_when_where_and_what(lines):
    church = new_id()
    with bound(church=church, job="j1"):
        structlog.get_logger("hub.test").info("card saved", number=7)
    structlog.get_logger("hub.test").info("later")
    first, second = lines()
    assert first["event"] == "card saved"
    assert (first["church"], first["job"], first["number"]) == (str(church), "j1", 7)
    assert (first["level"], first["process"], first["logger"]) == ("info", "test", "hub.test")
    assert first["timestamp"].endswith("+00:00")
    assert "church" not in second


def test_the_standard_library_comes_out_the_same(lines):
    logging.getLogger("other").warning("called %s", "512-555-0143")
    (line,) = lines()
    assert line["event"] == f"called {HIDDEN}"
    assert line["level"] == "warning"


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_comes_through_by_any_way(lines, secret):
    log = structlog.get_logger()
    event = f"about {secret} here"
    log.info(event)
    log.info("deep", data={"list": [{"text": f"x {secret}"}]}, error=ValueError(secret))
    try:
        int(secret + "?")
    except ValueError:
        log.exception("failed")
    assert secret not in json.dumps(lines())
    assert len(lines()) == 3


@pytest.mark.parametrize(
    "name",
    ["token", "access_token", "password", "Authorization", "first_name", "email", "prayer_request", "notes"],
)
def test_some_names_are_hidden_whatever_they_hold(lines, name):
    structlog.get_logger().info("x", **{name: "short"}, inside={name: "short"})
    (line,) = lines()
    assert line[name] == HIDDEN
    assert line["inside"][name] == HIDDEN


def test_what_helps_is_kept(lines):
    card = new_id()
    structlog.get_logger().info(
        "kept",
        card=card,
        at="2026-03-04T10:20:30.123+00:00",
        seconds=12.5,
        trace_id="5f2b9c1e-77aa",
        status=422,
    )
    (line,) = lines()
    assert line["card"] == str(card)
    assert line["at"] == "2026-03-04T10:20:30.123+00:00"
    assert (line["seconds"], line["trace_id"], line["status"]) == (12.5, "5f2b9c1e-77aa", 422)


def test_a_password_in_an_address_goes():
    assert "secret" not in redact("cannot reach postgresql://app:secret@db:5432/hub")


def test_rows_that_a_database_quotes_go():
    told = redact_traceback(
        "Traceback\nDETAIL:  Key (last_name)=(Keller) exists.\n[parameters: ('Anna',)]\nend"
    )
    assert told == "Traceback\nend"


def test_an_unknown_level_is_no_reason_to_stay_down(lines):
    set_up_logging("test", level="LOUD", stream=io.StringIO())
    assert logging.getLogger().level == logging.INFO


@given(st.text(max_size=300))
def test_any_text_is_taken_and_nothing_grows(text):
    assert redact(redact(text)) == redact(text)


@given(
    st.integers(min_value=200, max_value=999),
    st.integers(min_value=0, max_value=9_999_999),
    st.sampled_from(" .-"),
)
def test_every_phone_number_goes(area, rest, between):
    digits = f"{rest:07d}"
    number = f"{area}{between}{digits[:3]}{between}{digits[3:]}"
    assert number not in redact(f"call {number} now")
