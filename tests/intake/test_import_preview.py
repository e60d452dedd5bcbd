"""What would become of a list, told without saving anything, and the same list imported for real."""

import csv
import io

import pytest

from ghl.cards.import_preview import preview
from ghl.cards.importing import import_table
from ghl.cards.list_file import open_list
from ghl.cards.list_plan import WHERE_QUESTION, ListPlan
from ghl.cards.suggest import suggest
from ghl.churches import add_church
from ghl.clock import SystemClock

HEADINGS = ["First name", "Last name", "Cell", "E-mail", "May we text you?", "Birthday", "Shirt"]


@pytest.fixture
def church(database):
    return add_church(database, slug="grace", name="Grace", timezone="America/Chicago", actor="test")


def opened(*rows):
    out = io.StringIO()
    csv.writer(out).writerows([HEADINGS, *rows])
    return open_list(out.getvalue().encode())


def planned(list_file, **decided):
    places = range(len(list_file.headings))
    targets = suggest(list_file.headings, [list_file.values(place) for place in places])
    return ListPlan(list_file.headings, tuple(one.target for one in targets), **decided)


@pytest.fixture
def look(database, church):
    def look(list_file, **decided):
        plan = planned(list_file, **decided)
        now = SystemClock().now()
        rows = plan.rows(list_file.rows, today=now.date())
        return preview(database, church, rows, now=now, heading_of=plan.heading_of)

    return look


@pytest.fixture
def load(database, church):
    def load(list_file, *, review=False, stop=lambda: False, progress=lambda _received: None, **decided):
        plan = planned(list_file, **decided)
        return import_table(
            database,
            church,
            plan.rows(list_file.rows, today=SystemClock().now().date()),
            source_name="list.csv",
            actor="test",
            clock=SystemClock(),
            on_saved=lambda _church: None,
            heading_of=plan.heading_of,
            review=review,
            stop=stop,
            progress=progress,
        )

    return load


def guests(count):
    return [
        [f"First{n}", f"Last{n}", f"615555{n:04d}", f"guest{n}@example.org", "yes", "2/3/1990", "M"]
        for n in range(count)
    ]


MIXED = (
    ["Ann", "Lee", "615-555-0100", "", "yes", "", ""],
    ["ANN", "lee", "(615) 555-0100", "", "yes", "", ""],
    ["Bob", "Ray", "12", "", "no", "", "M"],
    ["Eve", "Ng", "", "eve@", "", "", "M"],
    ["Kim", "Doe", "", "", "", "", ""],
    ["Max", "Poe", "615-555-0101", "", "perhaps", "31/31/1990", ""],
    ["", "", "", "", "", "1/2/1990", ""],
)


def test_it_tells_what_an_import_then_does(look, load, rows):
    load(opened(["Zed", "Old", "615-555-0109", "", "", "", ""]))
    everything = opened(*MIXED, ["Zed", "Old", "615-555-0109", "", "", "", ""])
    before = rows("SELECT count(*) FROM cards")

    shown = look(everything)

    assert rows("SELECT count(*) FROM cards") == before
    assert (shown.rows, shown.new, shown.here, shown.twice) == (8, 4, 1, 1)
    assert [one.row for one in shown.refused] == [7, 8]
    assert "Birthday: This day is not in the calendar." in shown.refused[0].reason
    assert "May we text you?: Write yes or no, or leave it blank." in shown.refused[0].reason
    assert [one.row for one in shown.to_mend] == [4, 5, 6]
    assert (shown.texts.yes, shown.texts.no, shown.texts.blank, shown.texts.yes_without_words) == (1, 1, 2, 1)
    report = load(everything)
    assert (report.created, report.duplicates, len(report.rejected)) == (4, 2, 2)
    assert [one.reason for one in report.rejected] == [one.reason for one in shown.refused]


def test_blank_answers_leave_no_trace(load, rows):
    blanks = ["", "  ", "-", "n/a", "None", "?"]
    load(opened(*[[f"A{n}", "Lee", f"615-555-01{n:02d}", "", word, "", ""] for n, word in enumerate(blanks)]))
    assert rows("SELECT count(*) FROM cards") == [(6,)]
    assert rows("SELECT count(*) FROM consent_events") == [(0,)]


def test_the_words_are_kept_with_each_yes(load, rows):
    load(opened(*MIXED[:3]), wording="I agree to texts.", where="Paper card")
    assert rows("SELECT kind, wording FROM consent_events") == [("yes", "I agree to texts.")]
    fields = rows(
        "SELECT fields FROM card_revisions r JOIN cards c ON c.id = r.card_id WHERE first_name = 'Ann'"
    )[0][0]
    assert fields["custom_answers"] == {WHERE_QUESTION: "Paper card"}


def test_other_words_for_the_same_list_double_nothing(load, look):
    everything = opened(*guests(5))
    assert load(everything, wording="I agree.", where="Paper card").created == 5
    assert look(everything, wording="Yes, I do agree.").here == 5
    assert load(everything).duplicates == 5


def test_review_first(load, rows):
    load(opened(*guests(3)), review=True)
    assert rows("SELECT DISTINCT status FROM cards") == [("to_review",)]
    assert rows("SELECT DISTINCT state FROM outbox") == [("parked",)]


def test_stopped_it_keeps_what_is_saved_and_goes_on_later(load, rows):
    everything, received = opened(*guests(650)), []
    report = load(everything, stop=lambda: len(received) == 2, progress=received.append)
    assert (report.created, report.finished) == (400, False)
    assert rows("SELECT facts ->> 'finished' FROM audit_entries WHERE action = 'cards.imported'") == [
        ("false",)
    ]
    report = load(everything)
    assert (report.created, report.duplicates, report.finished) == (250, 400, True)


def test_another_church_has_cards_of_its_own(database, load, look):
    other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    everything = opened(*guests(3))
    load(everything)
    now = SystemClock().now()
    shown = preview(database, other, planned(everything).rows(everything.rows, today=now.date()), now=now)
    assert (shown.new, shown.here) == (3, 0)


def test_a_list_longer_than_one_question_to_the_database(look, load):
    load(opened(*guests(300)))
    shown = look(opened(*guests(1500)))
    assert (shown.new, shown.here) == (1200, 300)
