"""A receipt is what was handed out, or it is told that it is not; and the log as a file runs nothing in a spreadsheet."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from ghl.churches import add_church
from ghl.consent import ask, receipt
from ghl.consent.brought import days_left
from ghl.consent.business_days import due_on
from ghl.consent.export import export_csv
from ghl.consent.log import Wanted, page
from ghl.statuses import Channel, ConsentKind
from tests.web.said import WORDS, say_yes, stop

NOW = datetime(2026, 11, 26, 18, tzinfo=UTC)
ZONE = ZoneInfo("America/Chicago")


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace Church", timezone="America/Chicago", actor="test")


@pytest.fixture
def made(database, church):
    saved = say_yes(database, church, now=NOW, first_name="<b>Anna</b>")
    with database.church(church) as session:
        person = ask.of_card(session, church, saved.id, now=NOW)
        return receipt.make(session, church, person, actor="user:x", now=NOW, zone=ZONE, name_of=str)


def test_it_holds_the_exact_words_and_is_found_good(database, church, made):
    raw = receipt.as_json(made)
    [sms] = [line for line in orjson.loads(raw)["said"] if line["channel"] == "sms"]
    assert (sms["words"], sms["words_version"], sms["signed_on"]) == (WORDS, "v3", "2026-11-26")
    assert sms["recorded_at_church"] == "2026-11-26T12:00:00-06:00"
    with database.church(church) as session:
        checked = receipt.check(session, church, raw)
    assert checked.good


def test_the_one_to_print_runs_nothing_and_needs_nothing_else(made):
    shown = receipt.as_html(made).decode()
    assert "&lt;b&gt;Anna&lt;/b&gt;" in shown
    assert "<b>" not in shown
    assert made.checksum in shown
    assert "<script" not in shown
    assert "http:" not in shown
    assert "https:" not in shown


@pytest.mark.parametrize("what", ["person", "made_at", "words", "words and their hash"])
def test_what_was_changed_is_told(database, church, made, what):
    content = orjson.loads(receipt.as_json(made))
    if what.startswith("words"):
        content["said"][0]["words"] = "Other words"
    else:
        content[what] = "other"
    if what == "words and their hash":
        content["said"][0]["words_sha256"] = receipt.wording_hash("Other words").hex()
        del content["checksum"]
        content["checksum"] = receipt._checksum(content)
    with database.church(church) as session:
        checked = receipt.check(session, church, orjson.dumps(content))
    assert checked.readable
    assert not checked.good
    # Who makes up a whole new one still cannot put it into the change log.
    assert checked.whole is (what == "words and their hash")
    assert (checked.made_at is None) is (what == "words and their hash")


def test_a_receipt_of_another_church_is_none_of_ours(database, church, made):
    del church
    other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    with database.church(other) as session:
        checked = receipt.check(session, other, receipt.as_json(made))
    assert (checked.whole, checked.made_at) == (True, None)


@pytest.mark.parametrize(
    "raw", [b"", b"x", b"[]", b"{}", b'{"kind": "church-connect-hub consent receipt 1"}']
)
def test_what_is_no_receipt(database, church, raw):
    with database.church(church) as session:
        assert not receipt.check(session, church, raw).readable


def test_the_file_of_the_log_runs_nothing(database, church):
    say_yes(database, church, now=NOW, words="=HYPERLINK(1)", first_name="+Anna")
    stop(database, church, now=NOW)
    made = b"".join(
        export_csv(database, church, Wanted(), actor="user:x", zone=ZONE, name_of=lambda _: "@Ruth")
    ).decode()
    head, *rows = list(csv.reader(io.StringIO(made.lstrip("\N{ZERO WIDTH NO-BREAK SPACE}"))))
    assert head[:3] == ["when", "when (UTC)", "channel"]
    assert len(rows) == 3
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert {"'=HYPERLINK(1)", "'@Ruth", "'+16155550123"} <= {cell for row in rows for cell in row}


def test_pages_of_the_log_hold_every_line_once_whatever_the_filter(database, church):
    say_yes(database, church, now=NOW)
    for _ in range(7):
        stop(database, church, now=NOW)
    for wanted, many in (
        (Wanted(), 9),
        (Wanted(kind=ConsentKind.STOP), 7),
        (Wanted(channel=Channel.EMAIL), 1),
        (Wanted(source="typed"), 2),
        (Wanted(since=NOW), 9),
        (Wanted(before=NOW), 0),
    ):
        seen, after, more = [], None, True
        with database.church(church) as session:
            while more:
                found = page(session, church, wanted, after=after, limit=2)
                seen += [one.id for one in found.lines]
                after, more = found.last, found.more
        assert len(seen) == len(set(seen)) == many
        assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("today", "left"),
    [("2026-11-26", 10), ("2026-11-27", 9), ("2026-12-09", 1), ("2026-12-10", 0), ("2026-12-11", -1)],
)
def test_business_days_that_are_left(today, left):
    due = due_on(NOW.date())
    assert due.isoformat() == "2026-12-10"  # the day it was asked on is none of them
    assert days_left(datetime.fromisoformat(today).date(), due) == left
