"""*Import a list* for each role and step, without a browser: what it says, and that nothing is saved before its time."""

import csv
import io

import pytest
from openpyxl import Workbook

from ghl.statuses import Role
from tests.support.browser import poll

SCRIPT = "pages/upload.py"
HEADINGS = ("Given name", "Surname", "Cell", "E-Mail Address", "Opt in", "T-Shirt")


def listed(*rows, headings=HEADINGS, separator=",", encoding="utf-8"):
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([headings, *rows])
    return text.getvalue().encode(encoding)


def guests(count):
    return [
        [f"First{n}", f"Last{n}", f"615555{n:04d}", f"guest{n}@example.org", "", "M"] for n in range(count)
    ]


def said(app):
    return [element.value for element in (*app.text, *app.header)]


def press(app, label):
    """Presses a button until the step changes: right after one came up a press is taken for a double click."""

    def gone():
        buttons = [button for button in app.button if button.label == label]
        assert all(not button.disabled for button in buttons), said(app)
        for button in buttons:
            button.click().run()
        assert not app.exception
        return not any(button.label == label for button in app.button)

    poll(gone, 20)
    return app


@pytest.fixture
def upload(open_page, sign_in):
    def upload(content, name="visitors.csv", role=Role.STAFF):
        app = open_page(sign_in(role), SCRIPT)
        app.file_uploader[0].upload(name, content).run()
        assert not app.exception
        return app

    return upload


@pytest.fixture
def cards_saved(sql, church):
    return lambda: sql("SELECT count(*) FROM cards WHERE church_id = :church", church=church)[0][0]


def to_check(app):
    return press(app, "Next: check the rows")


def result(app):
    poll(lambda: "Done" in [one.value for one in app.run().header], 20)
    return app


def test_a_viewer_may_not(open_page, sign_in):
    app = open_page(sign_in(Role.VIEWER), SCRIPT)
    assert app.title[0].value == "This page is not for your role"
    assert not app.file_uploader


@pytest.mark.parametrize("role", [Role.ADMIN, Role.STAFF])
def test_a_list_goes_step_by_step(upload, cards_saved, role, sql):
    app = upload(listed(*guests(3), ["", "", "", "", "", "L"], ["Bob", "Ray", "12", "", "", ""]), role=role)
    assert "5 rows · 6 columns" in said(app)
    goes_to = [one.value for one in app.selectbox if one.label.startswith("Column ")]
    assert goes_to == ["first_name", "last_name", "phone", "email", "keep"], (
        "a column without a value is left out"
    )
    assert cards_saved() == 0

    to_check(app)
    assert "4 cards will be saved · 1 row will be refused" in said(app)
    assert "The card has no name, no phone and no e-mail." in said(app)
    assert cards_saved() == 0, "a preview saves nothing"

    press(app, "Save 4 cards")
    result(app)
    assert cards_saved() == 4
    assert "4 new cards are saved." in said(app)
    assert sql("SELECT DISTINCT source_name FROM cards") == [("visitors.csv",)]


def test_xlsx(upload):
    book = Workbook()
    book.active.append(HEADINGS)
    book.active.append(["Ann", "Lee", 6155550100, None, "yes", "M"])
    file = io.BytesIO()
    book.save(file)
    app = to_check(upload(file.getvalue(), "visitors.xlsx"))
    assert "1 card will be saved" in said(app)


HOSTILE = (
    "![evil](http://evil.example/x.png) **evil** <img src=x onerror=evil()> \u202eevil $evil$ :red[evil]"
)


def test_a_hostile_list_is_plain_text(upload, cards_saved):
    headings = ("First name", "Cell", f"={HOSTILE}", HOSTILE, "May we text you?", "Prayer")
    content = listed(
        [HOSTILE, "=cmd()", HOSTILE * 200, "x" * 10_000, "evil", "evil"],
        ["Ann", "615-555-0100", HOSTILE[:50], "\x00", "evil", "evil"],
        ["Bob", HOSTILE[:40], "", "", "evil " + HOSTILE, ""],
        headings=headings,
    )
    app = upload(content, name=f"{HOSTILE}.csv")
    assert not evil(app)
    assert any("evil" in line for line in said(app)), "it is there, as text"
    to_check(app)
    assert not evil(app)
    assert not any(line == "evil" for line in said(app)), "prayers are not shown"
    assert cards_saved() == 0


def evil(app):
    """What of a list stands where Streamlit reads Markdown."""
    drawn = [
        one.value for part in (app.markdown, app.header, app.title, app.warning, app.error) for one in part
    ]
    drawn += [one.label for part in (app.button, app.selectbox, app.expander, app.radio) for one in part]
    return [words for words in drawn if "evil" in words]


def test_a_file_that_is_no_list_is_told(open_page, sign_in, cards_saved):
    app = open_page(sign_in(), SCRIPT)
    app.file_uploader[0].upload("letter.csv", b"").run()
    assert [error.value for error in app.error] == ["The file is empty."]
    app.file_uploader[0].upload("old.xls", b"\xd0\xcf\x11\xe0old").run()
    assert "old Excel file" in app.error[0].value
    assert cards_saved() == 0


def test_two_columns_to_one_field_are_told_and_the_choice_is_remembered(upload, cards_saved):
    headings = ("Name", "Mobile", "Home phone")
    content = listed(["Ann Lee", "615-555-0100", "615-555-0101"], headings=headings)
    app = upload(content)
    where = {one.label: one for one in app.selectbox}
    where["Column 3 goes to"].set_value("phone").run()
    assert any("“Mobile” and “Home phone” both go to Mobile phone" in line for line in said(app))
    [goes_on] = [one for one in app.button if one.label == "Next: check the rows"]
    assert goes_on.disabled
    {one.label: one for one in app.selectbox}["Column 2 goes to"].set_value("leave").run()
    press(to_check(app), "Save 1 card")
    result(app)
    press(app, "Import another list")
    app.file_uploader[0].upload("next.csv", content).run()
    assert [one.value for one in app.selectbox if one.label.startswith("Column ")] == [
        "full_name",
        "leave",
        "phone",
    ]
    to_check(app)
    assert "Every card of this list is here already. There is nothing to save." in said(app)


def test_a_word_that_is_neither_yes_nor_no_is_asked_about(upload, sql):
    app = upload(
        listed(["Ann Lee", "615-555-0100", "I agree"], headings=("Name", "Cell", "May we text you?"))
    )
    [asked] = [one for one in app.selectbox if one.label == "Answer 1 says"]
    asked.set_value("Yes").run()
    to_check(app)
    assert "Texts: 1 said yes, 0 said no." in said(app)
    [save] = [one for one in app.button if one.label == "Save 1 card"]
    assert save.disabled, "the words are asked for first"
    app.text_area[0].set_value("I agree to texts of Grace Church.").run()
    press(app, "Save 1 card")
    result(app)
    assert sql("SELECT kind, wording FROM consent_events") == [("yes", "I agree to texts of Grace Church.")]


def test_the_session_may_end_before_the_save(upload, cards_saved, sql):
    app = to_check(upload(listed(*guests(2))))
    [desk] = [
        value
        for name, value in app.session_state._state.filtered_state.items()
        if str(name).startswith("upload_")
    ]
    desk.since = 0.0
    sql("DELETE FROM web_sessions")
    [save] = [one for one in app.button if one.label == "Save 2 cards"]
    save.click().run()
    assert app.title[0].value == "You are signed out"
    assert cards_saved() == 0
