"""Lists in files as people hand them over: opened, planned, and their refused rows written and read back."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghl.cards.columns import FULL_NAME
from ghl.cards.dates import DateOrder
from ghl.cards.encoding import decoded
from ghl.cards.fields import parse_card
from ghl.cards.formulas import as_it_was, harmless
from ghl.cards.list_file import MAX_LIST_ROWS, NO_NAMES, open_list
from ghl.cards.list_plan import (
    WHERE_QUESTION,
    ListPlan,
    order_of_dates,
    shortened_numbers,
    unclear_words,
    whole_number,
)
from ghl.cards.refused import WHY_COLUMN, refused_file
from ghl.cards.suggest import KEEP, LEAVE
from ghl.cards.table import RawRow, TableError

TODAY = date(2026, 11, 22)


def as_csv(*rows, separator=",", encoding="utf-8"):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def book(*sheets):
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, *rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(targets, *cells, **decided):
    """The values of one row under these targets."""
    plan = ListPlan(tuple(f"H{n}" for n in range(len(targets))), tuple(targets), **decided)
    [row] = plan.rows([RawRow(2, cells)], today=TODAY)
    assert row.problem is None
    return row


class TestLetters:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac-roman"])
    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_what_offices_write(self, encoding, separator):
        names = ["Zoë Müller", "José Núñez", "O\N{RIGHT SINGLE QUOTATION MARK}Brien", "Renée", "García"]
        opened = open_list(
            as_csv(
                ["Name", "Shirt"], *([name, "M"] for name in names), separator=separator, encoding=encoding
            )
        )
        assert [row.cells[0] for row in opened.rows] == names
        assert opened.separator == separator

    @pytest.mark.parametrize(
        "text",
        ["Jürgen Größl", "François", "Bjørn Åse", "Peña", "MARÍA", "Émile", "ángel", "I\N{RIGHT SINGLE QUOTATION MARK}d", "naïve",
         "a \N{LEFT DOUBLE QUOTATION MARK}b\N{RIGHT DOUBLE QUOTATION MARK} c", "Ramón \N{EN DASH} López"],
    )  # fmt: skip
    @pytest.mark.parametrize("encoding", ["cp1252", "mac-roman"])
    def test_windows_and_mac_are_told_apart(self, text, encoding):
        assert decoded(f"name\n{text}\n".encode(encoding)) == (f"name\n{text}\n", encoding)

    def test_a_person_may_say_otherwise(self):
        content = "Яков;Name\nЖив;Anna\n".encode("cp1251")
        assert open_list(content, encoding="cp1251").headings[0] == "Яков"

    def test_a_zero_byte_costs_nothing(self):
        opened = open_list(b"first_name,notes\nAn\x00n," + b"x" * 200 + b"\n")
        assert opened.rows[0].cells[0] == "Ann"


class TestNamesOfColumns:
    def test_a_title_above_is_passed_over(self):
        opened = open_list(as_csv(["Visitors November"], [], ["First name", "Cell"], ["Ann", "615"]))
        assert (opened.header, opened.skipped, opened.headings) == (3, 1, ("First name", "Cell"))

    def test_a_person_says_where_they_stand_or_that_there_are_none(self):
        content = as_csv(["Ann", "615"], ["Bob", "616"])
        assert open_list(content).headings == ("Ann", "615")
        opened = open_list(content, header=NO_NAMES)
        assert (opened.headings, len(opened.rows)) == (("Column A", "Column B"), 2)

    def test_merged_names_are_told(self):
        opened = open_list(book(("Sheet", ["Name", None, "Cell"], ["Ann", "Lee", "615"])))
        assert (opened.headings, opened.nameless) == (("Name", "Column B", "Cell"), (1,))

    def test_the_first_sheet_with_something_on_it_unless_another_is_chosen(self):
        content = book(("Empty",), ("One", ["Name"], ["Ann"]), ("Two", ["Name"], ["Bob"]))
        assert (open_list(content).sheet, open_list(content).sheets) == ("One", ("Empty", "One", "Two"))
        assert open_list(content, sheet="Two").rows[0].cells == ("Bob",)

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "empty"),
            (as_csv(["First name"]), "nothing below"),
            (as_csv(["First name"], *[["Ann"]] * (MAX_LIST_ROWS + 1)), "more than 20,000 rows"),
            (as_csv([f"Q{n}" for n in range(201)], ["x"]), "more than 200 columns"),
            (b"\xd0\xcf\x11\xe0old", "old Excel file"),
            (b"PK\x03\x04rest", "not an Excel list"),
        ],
    )
    def test_what_is_no_list_is_told(self, content, words):
        with pytest.raises(TableError, match=words):
            open_list(content)


class TestConsent:
    @pytest.mark.parametrize(
        "cell", ["", "   ", "\u00a0", "-", "\N{EN DASH}", "—", "n/a", "N/A", "none", "?", "\t", None]
    )
    @pytest.mark.parametrize("field", ["sms_consent", "email_consent"])
    def test_a_blank_is_neither_yes_nor_no(self, cell, field):
        row = read(["first_name", field], "Ann", cell, wording="I agree", where="Paper card")
        assert field not in row.values
        assert row.added == {}
        assert getattr(parse_card(row.values).fields, field) is None

    @given(st.text())
    def test_no_word_is_taken_for_a_yes_unless_it_is_one(self, cell):
        row = read(["first_name", "sms_consent"], "Ann", cell)
        if str(row.values.get("sms_consent", "")).strip().casefold() not in {
            "yes", "y", "true", "t", "1", "x", "✓", "✔", "☑", "on", "checked", "ticked",
        }:  # fmt: skip
            assert row.added == {}

    def test_the_words_go_with_a_yes_only(self):
        decided = {"wording": "I agree", "where": "Paper card"}
        assert read(["first_name", "sms_consent"], "Ann", "yes", **decided).added == {
            "consent_wording": "I agree",
            WHERE_QUESTION: "Paper card",
        }
        assert read(["first_name", "sms_consent"], "Ann", "no", **decided).added == {}
        own = read(["first_name", "sms_consent", "consent_wording"], "Ann", "yes", "Mine", **decided)
        assert "consent_wording" not in own.added

    def test_a_word_means_what_a_person_says(self):
        opened = open_list(
            as_csv(["Name", "Texts"], ["Ann", "I agree"], ["Bob", "-"], ["Eve", "yes"], ["Kim", "I AGREE"])
        )
        targets = (FULL_NAME, "sms_consent")
        assert unclear_words(opened, targets) == {"i agree": 2}
        for meaning, value in ((True, True), (False, False), (None, None)):
            row = read(targets, "Ann", "I agree", meanings={"i agree": meaning})
            assert row.values.get("sms_consent") is value


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "whole"),
        [
            ("6155550142.0", "6155550142"), ("6.155550142E+09", "6155550142"), ("6.16E+09", "6.16E+09"),
            ("'6155550142", "6155550142"), ("'+1 (615) 555", "+1 (615) 555"), (6155550142.0, 6155550142.0),
            ("(615) 555-0142", "(615) 555-0142"), ("02139", "02139"),
        ],
    )  # fmt: skip
    def test_numbers_that_a_spreadsheet_took_for_numbers(self, cell, whole):
        assert whole_number(cell) == whole

    def test_digits_thrown_away_are_told(self):
        opened = open_list(as_csv(["Name", "Cell"], ["Ann", "6.16E+09"], ["Bob", "6155550142"]))
        assert shortened_numbers(opened, (FULL_NAME, "phone")) == 1

    def test_dates_in_the_order_of_the_list(self):
        opened = open_list(as_csv(["Name", "Visit"], ["Ann", "22/11/2026"]))
        assert order_of_dates(opened, (FULL_NAME, "visit_date")) == (DateOrder.DAY_FIRST, True)
        row = read([FULL_NAME, "visit_date"], "Ann Lee", "4/3/2026", order=DateOrder.DAY_FIRST)
        assert row.values == {"first_name": "Ann", "last_name": "Lee", "visit_date": "2026-03-04"}

    def test_what_holds_for_all_fills_blanks_only(self):
        row = read(["first_name", "service"], "Ann", "", service="9:00 am", campus="North", visit_date=TODAY)
        assert row.values == {
            "first_name": "Ann",
            "service": "9:00 am",
            "campus": "North",
            "visit_date": TODAY,
        }
        assert read(["first_name", "service"], "Ann", "Late", service="9:00 am").values["service"] == "Late"

    def test_interests_of_a_form_are_split(self):
        row = read(["first_name", "interests"], "Ann", "Choir, Kids, Youth")
        assert parse_card(row.values).fields.interests == ("Choir", "Kids", "Youth")

    def test_kept_columns_have_names_that_fit(self):
        plan = ListPlan(("phone", "Phone", "x" * 150, "X" * 150, "full_name"), (KEEP,) * 5)
        questions = plan.questions()
        assert len({question.casefold() for question in questions}) == 5
        assert all(len(question) <= 100 for question in questions)
        assert "phone" not in questions

    def test_two_columns_to_one_field_are_told(self):
        plan = ListPlan(
            ("Mobile", "Home", "Prayer", "Pray"), ("phone", "phone", "prayer_request", "prayer_request")
        )
        assert plan.doubled() == {"phone": ("Mobile", "Home")}
        assert plan.names_somebody()
        assert not ListPlan(("Shirt",), (LEAVE,)).names_somebody()


class TestRefused:
    @given(st.text())
    def test_a_cell_is_harmless_and_comes_back(self, text):
        written = harmless(text)
        assert not written.startswith(tuple("=+-@\t\r\n＝＋－＠"))  # noqa: RUF001
        assert as_it_was(written) == text

    @pytest.mark.parametrize("evil", ["＝1+1", "\n=1+1", "＠SUM(A1)"])  # noqa: RUF001
    def test_no_way_to_write_a_formula_gets_through(self, evil):
        assert harmless(evil) == f"'{evil}"
        rows = [RawRow(2, (evil, "b"))]
        assert f"'{evil}" in refused_file(("Name", "Note"), rows, {2: "Why."}).decode("utf-8-sig")

    @given(
        st.lists(
            st.lists(st.text(alphabet="ab=+-@'\"\t\r\n,;é ", max_size=8), min_size=2, max_size=2), min_size=1
        )
    )
    def test_a_file_of_refused_rows_is_read_as_the_list_was(self, cells):
        rows = [RawRow(number, tuple(row)) for number, row in enumerate(cells, start=2)]
        content = refused_file(("First name", "=cmd()"), rows, {row.number: "=Why." for row in rows})
        opened = open_list(content)
        assert opened.mended
        assert opened.headings == ("First name", "=cmd()", WHY_COLUMN)
        assert [list(row.cells[:2]) for row in opened.rows] == [list(row.cells) for row in rows]

    def test_refused_twice_has_one_reason(self):
        first = refused_file(("Name", "Cell"), [RawRow(2, ("Ann", "+1"))], {2: "One."}, separator=";")
        opened = open_list(first)
        again = refused_file(opened.written_headings(), opened.rows, {2: "Two."}, separator=opened.separator)
        assert again.decode("utf-8-sig").splitlines() == [f"Name;Cell;{WHY_COLUMN}", "Ann;'+1;Two."]

    def test_cells_beyond_the_columns_stay(self):
        content = refused_file(("Name",), [RawRow(2, ("Ann", "x"))], {2: "Too many."})
        assert content.decode("utf-8-sig").splitlines()[1] == "Ann,Too many.,x"
