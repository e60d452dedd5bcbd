"""The CSV of cards: whole, in order, harmless in a spreadsheet, without what must not leave, and recorded."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from ghl.cards.actions import Action, Chosen, act
from ghl.cards.export import CHUNK, HEADER, export_csv
from ghl.cards.find import CardFilter
from ghl.statuses import CardSource, CardStatus
from tests.support.churches import card_values, church, save

RUTH = "user:0199a000-0000-7000-8000-000000000001"
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
LABELS = {status: status.value.upper() for status in CardStatus}


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def export(database, church_id):
    """The rows of the file, as a program reads them."""

    def export(chosen=Chosen(wanted=CardFilter()), *, of=None, **how):  # noqa: B008
        pieces = export_csv(
            database, of or church_id, chosen, actor=RUTH, now=NOW, zone=ZoneInfo("America/Chicago"),
            names={RUTH: "Ruth"}, labels=LABELS, **how,
        )  # fmt: skip
        content = b"".join(pieces)
        assert content.startswith(b"\xef\xbb\xbf"), "Excel knows UTF-8 by it"
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))

    return export


def entries(database, church_id):
    with database.church(church_id) as session:
        found = session.execute(
            text("SELECT actor, subject, facts FROM audit_entries WHERE action = 'card.exported' ORDER BY id")
        )
        return [tuple(row) for row in found]


def test_all_that_is_written_on_a_card(database, church_id, export):
    values = {
        "first_name": "Zoë",
        "last_name": "Díaz",
        "phone": "(615) 555-0123",
        "email": "zoe@example.org",
        "address": "1 Main St",
        "birthday": "1990-02-28",
        "visit_date": "2026-11-22",
        "service": "9:00 am",
        "campus": "East",
        "first_time": "yes",
        "volunteer": "no",
        "interests": "Choir; Kids",
        "notes": 'Said "hello",\nthen left',
        "prayer_request": "For my mother",
        "sms_consent": "yes",
        "consent_wording": "Yes, text me",
        "T-Shirt": "M",
        "Allergies": "Nuts\nand milk",
    }
    save(database, church_id, values, now=NOW)
    (row,) = export()
    assert list(row) == list(HEADER)
    assert "prayer_request" not in row
    assert "mother" not in str(row)
    told = {name: value for name, value in row.items() if value}
    assert told == {
        **{
            name: value
            for name, value in values.items()
            if name not in ("prayer_request", "T-Shirt", "Allergies")
        },
        "number": "1",
        "status": "WAITING",
        "why": "Your church isn't connected to GoHighLevel yet. Your cards are safe and waiting.",
        "received": "2026-11-22 09:30",
        "answers": "Allergies: Nuts\nand milk\nT-Shirt: M",
    }


@pytest.mark.parametrize(
    "evil",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "=cmd|' /C calc'!A0",
        "\N{FULLWIDTH EQUALS SIGN}1+1",
        '="a"&"b"',
        "=\nHYPERLINK(1)",
    ],
)
def test_no_cell_is_a_formula(database, church_id, export, evil):
    save(
        database,
        church_id,
        card_values(first_name=evil, notes=evil, service=evil, interests=evil, **{evil: evil}),
    )
    (row,) = export()
    assert row["first_name"].startswith("'")
    assert row["answers"].startswith("'")
    for cell in row.values():
        assert not cell.startswith(tuple("=+-@\t\r\n\N{FULLWIDTH EQUALS SIGN}"))


def test_hostile_text_stays_in_its_cell(database, church_id, export):
    nasty = 'a","b";\r\n"c\n=1'
    save(
        database,
        church_id,
        card_values(notes=nasty, first_name='",=1+1', last_name="\u202e😀 <b>"),
        card_values(),
    )
    rows = export()
    assert len(rows) == 2
    assert rows[1]["notes"] == nasty.replace("\r\n", "\n") or rows[0]["notes"] == nasty.replace("\r\n", "\n")
    assert {row["first_name"] for row in rows} > {'",=1+1'}


def test_a_very_long_cell_is_cut(database, church_id, export):
    save(database, church_id, card_values(**{f"Question {n}": "x" * 2000 for n in range(40)}))
    (row,) = export()
    assert len(row["answers"]) == 32_001


def test_the_chosen_in_order_and_in_pieces(database, church_id, export):
    ids = [save(database, church_id, card_values(n), now=NOW - timedelta(minutes=n))[0].id for n in range(8)]
    more = [card_values(n) for n in range(100, 100 + CHUNK)]
    save(database, church_id, *more, now=NOW - timedelta(days=1), source=CardSource.IMPORT)
    seen = []
    rows = export(progress=lambda *told: seen.append(told))
    assert len({row["number"] for row in rows}) == len(rows) == CHUNK + 8
    assert [row["number"] for row in rows[:8]] == [str(n) for n in range(1, 9)]
    assert seen == [(CHUNK, CHUNK + 8), (CHUNK + 8, CHUNK + 8)]
    assert [row["number"] for row in export(Chosen(ids=(ids[4], ids[2])))] == ["5", "3"]
    until = Chosen(wanted=CardFilter(words="keller"), until=NOW - timedelta(minutes=3))
    assert [row["number"] for row in export(until)][:2] == ["4", "5"]
    assert entries(database, church_id) == [
        (RUTH, None, {"cards": CHUNK + 8}),
        (RUTH, None, {"cards": 2}),
        (RUTH, None, {"cards": CHUNK + 5}),
    ]


def test_who_set_it_aside_and_why(database, church_id, export):
    (saved,) = save(database, church_id, card_values())
    with database.church(church_id) as session:
        assert act(session, church_id, Action.SET_ASIDE, saved.id, reason="=Twice", actor=RUTH, now=NOW)
    (row,) = export()
    assert (row["status"], row["why"]) == ("DISMISSED", "By Ruth: =Twice. Not sent.")


def test_another_church_s_cards_are_not_in_it(database, church_id, export):
    (saved,) = save(database, church_id, card_values())
    other = church(database)
    assert export(of=other) == []
    assert export(Chosen(ids=(saved.id,)), of=other) == []
    assert entries(database, other) == [(RUTH, None, {"cards": 0})] * 2


def test_a_reader_who_goes_away_is_recorded(database, church_id):
    save(database, church_id, *(card_values(n) for n in range(3)))
    pieces = export_csv(
        database, church_id, Chosen(wanted=CardFilter()), actor=RUTH, now=NOW, zone=ZoneInfo("UTC"), names={},
        labels=LABELS,
    )  # fmt: skip
    next(pieces)
    next(pieces)
    pieces.close()
    assert entries(database, church_id) == [(RUTH, None, {"cards": 3})]
