"""*Team*: who is in it, letting somebody in, changing, removing, as an admin sees and presses it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.people import team
from ghl.people.links import redeem
from ghl.people.sessions import current
from ghl.people.users import add_user
from ghl.statuses import Role

PAGE = "pages/team.py"
HOSTILE = "[x](https://evil.example) ![p](https://evil.example/p.png) <b>b</b> :red[r]"


def texts(app):
    return [one.value for one in app.text]


def press(app, label, key=""):
    found = [one for one in app.button if one.label == label and key in (one.key or "")]
    assert len(found) == 1, [(one.label, one.key) for one in app.button]
    return found[0].click().run()


def field(app, kind, name):
    (found,) = [one for one in app.get(kind) if one.key and one.key.endswith(f"_{name}")]
    return found


def fill(app, *, name="Pat Lee", email="pat@example.org", role=None, prayers=False):
    field(app, "text_input", "name").set_value(name)
    field(app, "text_input", "email").set_value(email)
    if role:
        field(app, "selectbox", "role").set_value(role)
    if prayers:
        field(app, "checkbox", "prayers").check()
    return press(app, "Invite")


def names(database, church):
    return {one.name: one for one in team.members(database, church)}


@pytest.fixture
def pat(database, church):
    return add_user(database, "pat@example.org", name="Pat", church_id=church, role=Role.STAFF, actor="test")


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_it_is_for_admins_alone(open_page, sign_in, role):
    app = open_page(sign_in(role, ops=role is None), PAGE)
    assert app.title[0].value == "This page is not for your role"
    assert not app.text_input


def test_inviting_gives_a_link_once_that_signs_them_in(open_page, sign_in, database, church, monkeypatch):
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.org")
    app = fill(open_page(sign_in(Role.ADMIN), PAGE), role=Role.VIEWER, prayers=True)
    assert not app.exception
    url = urlsplit(app.code[0].value)
    assert url.netloc == "hub.example.org"
    assert any("Pat Lee is in the team. Send this link to pat@example.org" in one for one in texts(app))
    assert any("Has not signed in yet" in one for one in texts(app))
    pat = names(database, church)["Pat Lee"]
    assert (pat.role, pat.reads_prayers) == (Role.VIEWER, True)
    cookie = redeem(database, parse_qs(url.query)["t"][0], user_agent="", clock=SystemClock())
    assert current(database, cookie, clock=SystemClock()).user_id == pat.user_id
    app = press(app, "I have it")
    assert not app.code
    assert field(app, "text_input", "name").value == "", "the form is a new one"


def test_where_mail_is_set_up_the_link_is_mailed_and_shown_to_nobody(
    open_page, sign_in, sql, church, monkeypatch
):
    monkeypatch.setenv("HUB_PUBLIC_URL", "https://hub.example.org")
    monkeypatch.setenv("HUB_SMTP_URL", "smtp://127.0.0.1:1")
    monkeypatch.setenv("HUB_MAIL_FROM", "hub@example.org")
    app = fill(open_page(sign_in(Role.ADMIN), PAGE))
    assert not app.exception
    assert not app.code
    assert "Pat Lee is in the team. A link is on its way to pat@example.org." in texts(app)
    assert sql("SELECT kind, church_id FROM mails") == [("invitation", church)]


def test_what_is_wrong_is_said_and_stays(open_page, sign_in, database, church):
    app = fill(open_page(sign_in(Role.ADMIN), PAGE), email="pat@")
    assert "won't do" in app.error[0].value
    assert field(app, "text_input", "name").value == "Pat Lee"
    assert list(names(database, church)) == ["Ruth"]


def test_another_church_s_people_and_accounts_are_not_told_of(open_page, sign_in, database, church):
    hope = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    add_user(
        database, "pat@example.org", name="Patricia of Hope", church_id=hope, role=Role.ADMIN, actor="test"
    )
    cookie = sign_in(Role.ADMIN)
    before = texts(open_page(cookie, PAGE))
    assert not [one for one in before if "Pat" in one]
    app = fill(open_page(cookie, PAGE))
    assert not app.error
    assert app.code, "a link like for anybody else"
    assert not [one for one in texts(app) if "Hope" in one or "Patricia" in one]


def test_change_asks_and_holds(open_page, sign_in, database, church, pat):
    app = press(open_page(sign_in(Role.ADMIN), PAGE), "Change", str(pat))
    app.radio[0].set_value(Role.VIEWER)
    field(app, "checkbox", str(pat)).check()
    app = press(app, "Save")
    assert not app.exception
    assert "Changed: Pat." in texts(app)
    changed = names(database, church)["Pat"]
    assert (changed.role, changed.reads_prayers) == (Role.VIEWER, True)


def test_not_now_changes_nothing(open_page, sign_in, database, church, pat):
    app = press(press(open_page(sign_in(Role.ADMIN), PAGE), "Remove", str(pat)), "Not now")
    assert not [one for one in app.button if one.key == "team_do"]
    assert set(names(database, church)) == {"Pat", "Ruth"}


def test_removing_ends_the_other_s_open_page(open_page, sign_in, database, church, pat):
    theirs = sign_in(Role.STAFF, email="pat@example.org")
    app = press(press(open_page(sign_in(Role.ADMIN), PAGE), "Remove", str(pat)), "Remove", "team_do")
    assert any(one.endswith("is out of the team.") for one in texts(app))
    assert open_page(theirs).title[0].value == "You don't belong to a church"


def test_the_last_admin_is_told_and_stays(open_page, sign_in, database, church, pat):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    ruth = names(database, church)["Ruth"].user_id
    app = press(app, "Remove", str(ruth))
    assert any(one.startswith("This is you.") for one in texts(app))
    app = press(app, "Remove", "team_do")
    assert "last admin" in app.error[0].value
    app = press(press(app, "Not now"), "Change", str(ruth))
    app.radio[0].set_value(Role.STAFF)
    assert "last admin" in press(app, "Save").error[0].value
    assert names(database, church)["Ruth"].role is Role.ADMIN


def test_who_is_no_admin_any_more_does_nothing(open_page, sign_in, database, church, pat):
    cookie = sign_in(Role.ADMIN)
    add_user(database, "ann@example.org", church_id=church, role=Role.ADMIN, actor="test")
    app = press(open_page(cookie, PAGE), "Remove", str(pat))
    ruth = names(database, church)["Ruth"].user_id
    team.change_member(database, church, ruth, role=Role.STAFF, actor="test")
    app = press(app, "Remove", "team_do")
    assert app.title[0].value == "This page is not for your role"
    assert "Pat" in names(database, church)


def test_a_new_link_for_somebody_who_lost_theirs(open_page, sign_in, pat):
    app = press(open_page(sign_in(Role.ADMIN), PAGE), "New link", str(pat))
    assert "/sign-in?t=" in app.code[0].value


def test_hostile_names_stay_text(open_page, sign_in, database, church):
    team.add_member(
        database, church, name=HOSTILE, email="x@example.org", role=Role.STAFF, reads_prayers=False, actor="t"
    )
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert not app.exception
    assert [one for one in texts(app) if one.startswith("[x](https://evil.example)")]
    shown = [one.value for kind in ("markdown", "caption", "header") for one in app.get(kind)]
    assert "evil" not in str(shown)
