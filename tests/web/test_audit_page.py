"""The change log as admins and ops see it."""

import pytest

from dashboard.whence import sender
from ghl import audit
from ghl.chain.seal import seal
from ghl.chain.watch import watch
from ghl.churches import add_church
from ghl.statuses import CardStatus, Role
from tests.support.cards import CardMaker

PAGE = "pages/audit.py"


@pytest.fixture
def entry(database, church):
    def entry(action="card.sent_again", *, actor="user:x", subject=None, church_id=church, **facts):
        with database.church(church_id) as session:
            audit.record(
                session, church_id=church_id, actor=actor, action=action, subject=subject, facts=facts
            )

    return entry


def texts(app):
    return [one.value for one in app.text]


def field(app, kind, label):
    (found,) = [one for one in app.get(kind) if one.label == label]
    return found


def button(app, label):
    (found,) = [one for one in app.button if label in one.label]
    return found


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_others_do_not_see_it(open_page, sign_in, role, entry):
    entry()
    app = open_page(sign_in(role), PAGE)
    assert app.title[0].value == "This page is not for your role"
    assert not any("sent" in one for one in texts(app))


def test_an_admin_reads_in_plain_words_who_did_what(open_page, sign_in, cards, entry, sql):
    card = cards(CardStatus.WAITING)
    cookie = sign_in(Role.ADMIN)
    [(user,)] = sql("SELECT id FROM users")
    entry(actor=f"user:{user}", subject=str(card))
    entry("card.held", subject="019a0000-0000-7000-8000-000000000001")
    app = open_page(cookie, PAGE)
    assert not app.exception
    said = texts(app)
    assert "Ruth sent card 1 again" in said
    assert "Somebody who is no longer in your team kept a card that was erased back" in said
    assert "The hub" not in said
    assert any(one.startswith("Not checked yet") for one in said)
    assert not any("Keller" in one for one in said)


def test_the_line_says_up_to_where_it_is_unbroken(open_page, sign_in, entry, database, sql):
    cookie = sign_in(Role.ADMIN)
    seal(database)
    watch(database)
    app = open_page(cookie, PAGE)
    [checked] = [one for one in texts(app) if one.startswith("Checked up to entry")]
    assert checked.endswith("unbroken.")
    sql("SET session_replication_role = replica; UPDATE audit_entries SET actor = 'x'")
    for _ in range(2):  # a turn reads one chain again: this church's, and that of the installation
        watch(database)
    app.run()
    assert "changed from outside" in app.error[0].value
    del entry


def test_filters_and_the_way_back(open_page, sign_in, cards, entry):
    card = cards(CardStatus.WAITING)
    entry("card.held", subject=str(card))
    entry("form.changed", fields=["welcome"])
    app = open_page(sign_in(Role.ADMIN), PAGE)

    def said(words):
        return any(words in one for one in texts(app))

    field(app, "selectbox", "What").select("Card form").run()
    assert said("changed the card form: welcome")
    assert not said("kept card")
    button(app, "Clear filters").click().run()
    assert said("kept card")
    field(app, "text_input", "Card number").input("#1").run()
    assert said("kept card")
    assert not said("card form")
    field(app, "text_input", "Card number").input("999").run()
    assert said("There is no card 999")
    field(app, "text_input", "Card number").input("").run()
    field(app, "selectbox", "Who").select("user:x").run()
    assert said("kept card")
    assert not said("added the church")
    assert not app.exception


def test_paging(open_page, sign_in, entry):
    cookie = sign_in(Role.ADMIN)
    for number in range(30):
        entry("cards.imported", created=number + 1000)
    app = open_page(cookie, PAGE)
    assert any("1,029 saved" in one for one in texts(app))
    assert not any("1,001 saved" in one for one in texts(app))
    button(app, "Older").click().run()
    assert any("1,001 saved" in one for one in texts(app))
    assert button(app, "Older").disabled
    button(app, "Newer").click().run()
    assert any("1,029 saved" in one for one in texts(app))


def test_ops_see_the_installations_log_and_no_churchs(open_page, sign_in, entry, database):
    entry("card.held")
    with database.system() as session:
        audit.record(session, church_id=None, actor="command line", action="user.added", facts={"ops": True})
    app = open_page(sign_in(None, ops=True), PAGE)
    assert not app.exception
    said = texts(app)
    assert any("Whoever runs the hub added" in one for one in said)
    assert not any("kept" in one for one in said)
    assert not [one for one in app.text_input if one.label == "Card number"]


def test_an_admin_who_runs_the_hub_has_both(open_page, sign_in, entry):
    entry("card.held")
    app = open_page(sign_in(Role.ADMIN, ops=True), PAGE)
    assert any("kept" in one for one in texts(app))
    app.get("button_group")[0].set_value("The installation").run()
    assert not app.exception
    assert not any("kept" in one for one in texts(app))


def test_another_church_is_not_in_it(open_page, sign_in, entry, database):
    other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    CardMaker(database, other)(CardStatus.WAITING)
    entry("card.mended", church_id=other)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert not any("mended" in one for one in texts(app))


def test_the_file_is_made_for_who_may_and_noted(open_page, sign_in, sql, entry):
    entry("card.held")
    app = open_page(sign_in(Role.ADMIN), PAGE)
    button(app, "Make a CSV file").click().run()
    assert not app.exception
    assert sql("SELECT origin FROM audit_entries WHERE action = 'changes.exported'") == [("dashboard",)]
    sql("UPDATE memberships SET role = 'staff'")
    app.run()
    assert app.title[0].value == "This page is not for your role"


@pytest.mark.parametrize(
    ("connected", "forwarded", "trusted", "said"),
    [
        ("192.0.2.1", "", "", "192.0.2.1"),
        (None, "", "", None),
        ("192.0.2.1", "198.51.100.7", "", "192.0.2.1"),
        (None, "198.51.100.7", "127.0.0.1", "198.51.100.7"),
        ("10.0.0.2", "203.0.113.9, 198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
        ("10.0.0.2", "203.0.113.9, 10.0.0.3", "10.0.0.0/8", "203.0.113.9"),
        ("10.0.0.2", "nonsense", "10.0.0.0/8", "10.0.0.2"),
        ("nonsense", "", "", None),
    ],
)
def test_where_a_browser_is(connected, forwarded, trusted, said):
    assert sender(connected, forwarded, trusted) == said
