"""*Import a list* for each role and step, without a browser: what it says, and that nothing is saved before its time."""

import csv
import io
from datetime import timedelta

import pytest
from openpyxl import Workbook

from dashboard import clicks, services
from dashboard.gate import Viewer
from dashboard.upload.lately import refused_content
from ghl.cards import imports
from ghl.cards.importing import import_table
from ghl.cards.table import Row
from ghl.clock import SystemClock
from ghl.ids import new_id
from ghl.people import sessions
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


@pytest.fixture(autouse=True)
def _each_press_is_one_of_its_own(monkeypatch):
    """A person looks at a step before they press; here that takes no time."""
    monkeypatch.setattr(clicks, "ONE_CLICK", timedelta())


def press(app, label):
    """Presses a button, which is there and can be pressed."""
    [button] = [button for button in app.button if button.label == label]
    assert not button.disabled, said(app)
    button.click().run()
    assert not app.exception
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


BAD = ["Bob", "Ray", "12", "", "", ""]


def another(open_page, cookie):
    """Another tab, or the same after a reload."""
    return open_page(cookie, SCRIPT)


def imported(app):
    press(to_check(app), "Save 2 cards")
    return result(app)


def only_import(sql):
    return sql("SELECT * FROM card_imports")[0]


def test_a_reload_and_a_new_sign_in_find_what_came_of_a_list(upload, open_page, sign_in, sql):
    imported(upload(listed(*guests(2), ["", "", "", "", "", "L"])))
    for cookie in (sign_in(), sign_in()):
        app = another(open_page, cookie)
        assert "Done" in said(app)
        assert "2 new cards are saved." in said(app)
        assert any("1 row was refused." in line for line in said(app))
    assert not only_import(sql).was_read
    press(app, "Import another list")
    app = another(open_page, sign_in())
    assert "Done" not in said(app)
    assert "Lists of the last 30 days" in said(app)
    assert "2 new cards · 1 row refused" in said(app)
    assert "visitors.csv" in said(app)


def going_on(database, church, sql, **how):
    [(user_id,)] = sql("SELECT id FROM users")
    with database.church(church) as session:
        import_id = imports.start(
            session,
            church,
            name="big.csv",
            actor=f"user:{user_id}",
            now=SystemClock().now(),
            total=600,
            **how,
        )
        imports.go_on(session, church, import_id, imports.Counts(200))
    return import_id


def test_the_second_half_of_a_double_press_saves_nothing(upload, monkeypatch, sql):
    app = to_check(upload(listed(*guests(2))))
    monkeypatch.setattr(clicks, "ONE_CLICK", timedelta(hours=1))
    press(app, "Save 2 cards")
    assert sql("SELECT count(*) FROM card_imports") == [(0,)], "nobody has seen the button yet"
    monkeypatch.setattr(clicks, "ONE_CLICK", timedelta())
    press(app, "Save 2 cards")
    assert sql("SELECT count(*) FROM card_imports") == [(1,)]


def test_a_reload_while_a_list_is_saved_shows_how_far_it_is_and_can_stop_it(
    open_page, sign_in, database, church, sql
):
    cookie = sign_in()
    import_id = going_on(database, church, sql)
    app = another(open_page, cookie)
    assert "Saving the cards" in said(app)
    press(app, "Stop")
    assert only_import(sql).stop_asked
    assert "Stopping…" in [one.label for one in app.button]
    with database.church(church) as session:
        imports.end(session, church, import_id, imports.Counts(400), now=SystemClock().now(), finished=False)
    app.run()
    assert "Stopped before the end" in said(app)
    assert any(line.startswith("200 rows were not looked at.") for line in said(app))


def test_another_list_meanwhile(open_page, sign_in, database, church, sql):
    cookie = sign_in()
    import_id = going_on(database, church, sql)
    app = another(open_page, cookie)
    press(app, "Import another list meanwhile")
    assert app.file_uploader
    assert "big.csv" in said(app)
    assert not only_import(sql).was_read, "what comes of it is still to be read"
    with database.church(church) as session:
        imports.end(session, church, import_id, imports.Counts(600), now=SystemClock().now(), finished=True)
    app.run()
    assert "600 new cards" in said(app)
    assert "Done" in said(another(open_page, cookie))


def test_a_list_whose_process_ended_says_so(open_page, sign_in, database, church, sql):
    cookie = sign_in()
    going_on(database, church, sql)
    sql("UPDATE card_imports SET seen_at = now() - interval '5 minutes'")
    app = another(open_page, cookie)
    assert "Stopped before the end" in said(app)
    assert "The hub was started anew" in app.error[0].value
    assert "200 new cards are saved." in said(app)


def test_another_persons_list_is_listed_and_does_not_open(upload, open_page, sign_in):
    imported(upload(listed(*guests(2))))
    app = another(open_page, sign_in(email="ben@example.org"))
    assert "Done" not in said(app)
    assert "2 new cards" in said(app)


def links(app):
    return [
        (one.proto.label, one.proto.query_string) for one in app.get("page_link") if one.proto.query_string
    ]


def test_its_cards_are_shown_by_the_list_and_only_where_there_are_new_ones(upload, open_page, sign_in, sql):
    content = listed(*guests(2), BAD)
    app = upload(content)
    press(to_check(app), "Save 3 cards")
    result(app)
    import_id = only_import(sql).id
    assert ("Show these cards", f"import={import_id}") in links(app)
    assert ("Show those to mend", f"status=needs_attention&import={import_id}") in links(app)
    press(app, "Import another list")
    app.file_uploader[0].upload("next.csv", listed(*guests(3))).run()
    press(to_check(app), "Save 1 card")
    result(app)
    newer = sql("SELECT id FROM card_imports WHERE name = 'next.csv'")[0].id

    def seen(**query):
        page = open_page(sign_in(), "pages/cards.py", **query)
        assert not page.exception
        return " ".join(said(page) + [one.proto.label for one in page.get("page_link")])

    first, second = seen(**{"import": str(import_id)}), seen(**{"import": str(newer)})
    assert "First0" in first
    assert "First2" not in first
    assert "First2" in second
    assert "First0" not in second
    assert "from one list" in second
    mend = seen(**{"import": str(import_id), "status": "needs_attention"})
    assert "Bob" in mend
    assert "First0" not in mend
    assert "No card matches" in seen(**{"import": str(new_id())})
    assert "First2" in seen(**{"import": "nonsense"}), "no filter at all"


def test_the_same_list_again_leads_to_no_cards(upload, sql, database, church):
    app = upload(listed(*guests(2)))
    to_check(app)
    sql_free = sql("SELECT count(*) FROM card_imports")[0][0]
    assert sql_free == 0
    # The same cards come in while this one is being looked at.
    import_table(
        database, church,
        [Row(n, {"first_name": f"First{n}", "last_name": f"Last{n}", "phone": f"615555{n:04d}",
                 "email": f"guest{n}@example.org", "T-Shirt": "M"}) for n in range(2)],
        source_name="x", actor="test", clock=SystemClock(), on_saved=lambda _church: None,
    )  # fmt: skip
    press(app, "Save 2 cards")
    result(app)
    assert "No new card was saved." in said(app)
    assert not [label for label, _ in links(app) if label.startswith("Show")]


def test_the_refused_rows_come_as_a_file_also_later_and_not_to_everybody(
    upload, sign_in, open_page, sql, database, church
):
    app = upload(
        listed(
            ["Ann", "Lee", "615-555-0100", "Peace"],
            ["", "", "", "For my mother"],
            headings=("Given name", "Surname", "Cell", "Prayer"),
        )
    )
    press(to_check(app), "Save 1 card")
    result(app)
    row = only_import(sql)
    assert row.refused_prays
    hub = services.container()
    with database.church(church) as session:
        found = imports.look(session, church, row.id)

    def file_of(cookie):
        person = sessions.current(database, cookie, clock=SystemClock())
        return refused_content(hub, Viewer(person, person.church), found, cookie)

    ruth, ben = sign_in(), sign_in(email="ben@example.org")
    assert b"For my mother" in file_of(ruth)()
    with pytest.raises(imports.ImportRefusedError):
        file_of(ben)()
    assert any("only your prayer team" in line for line in said(another(open_page, ben)))
    sql("UPDATE memberships SET reads_prayers = true")
    assert b"For my mother" in file_of(ben)()
    later = file_of(ruth)
    sql("UPDATE memberships SET role = 'viewer'")
    with pytest.raises(imports.ImportRefusedError):
        later()


def test_a_role_that_was_taken_away_is_told_at_save(upload, cards_saved, sql):
    app = to_check(upload(listed(*guests(2))))
    sql("UPDATE memberships SET role = 'viewer'")
    press(app, "Save 2 cards")
    assert cards_saved() == 0
    assert sql("SELECT count(*) FROM card_imports") == [(0,)]
    assert app.title[0].value != "Import a list"
