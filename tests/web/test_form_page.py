"""The page where an admin decides what stands on the card form."""

import pytest

from dashboard import gate
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.forms import FormChange, change_form, current_wordings, form_of
from ghl.statuses import Channel, Role

PAGE = "pages/form.py"
HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"


@pytest.fixture(autouse=True)
def _address(monkeypatch):
    monkeypatch.setenv("HUB_FORM_URL", "https://cards.example.org")


def texts(app):
    return [one.value for one in app.text]


def field(app, name, kind="text_input"):
    (found,) = [one for one in app.get(kind) if one.key and one.key.endswith(f"_{name}")]
    return found


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


def stored(database, church):
    with database.church(church) as session:
        return form_of(session, church)


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_others_do_not_see_it(open_page, sign_in, role):
    app = open_page(sign_in(role, ops=role is None), PAGE)
    assert not app.exception
    assert app.title[0].value == "This page is not for your role"
    assert not app.text_input


def test_it_shows_the_link_and_the_default_words(open_page, sign_in, sql, church, connected):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    [(public_id,)] = sql("SELECT public_id FROM churches WHERE id = :id", id=church)
    assert not app.exception
    assert app.code[0].value == f"https://cards.example.org/c/{public_id}"
    assert field(app, "sms_wording", "text_area").value.startswith("Yes, Grace Church may text me")
    assert field(app, "email_wording", "text_area").value == "Yes, Grace Church may e-mail me."
    assert not app.warning
    assert sql("SELECT count(*) FROM consent_wordings") == [(0,)], "nobody was shown any so far"


@pytest.mark.parametrize(
    ("address", "said"),
    [("http://127.0.0.1:8502", "can't reach"), ("http://cards.example.org", "on its way")],
)
def test_an_address_that_will_not_do_is_told(open_page, sign_in, monkeypatch, connected, address, said):
    monkeypatch.setenv("HUB_FORM_URL", address)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert said in app.warning[0].value


def test_saving_changes_the_form_and_the_default_words_follow(open_page, sign_in, database, church, sql):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    field(app, "legal_name").set_value("Grace Church of Nashville, Inc.")
    field(app, "privacy_url").set_value("https://grace.example.org/privacy")
    field(app, "services", "text_area").set_value("9 am\n\n  11 am \n9 am")
    press(app, "Save")
    assert app.success[0].value == "Saved. Guests see it within a few seconds."
    form = stored(database, church)
    assert (form.legal_name, form.services) == ("Grace Church of Nashville, Inc.", ("9 am", "11 am"))
    with database.church(church) as session:
        words = current_wordings(session, church)[Channel.SMS]
    assert words.text.startswith("Yes, Grace Church of Nashville, Inc. may text me")
    assert words.text.endswith("Privacy: https://grace.example.org/privacy")
    [(actor, facts)] = sql("SELECT actor, facts FROM audit_entries WHERE action = 'form.changed'")
    assert actor.startswith("user:")
    assert set(facts["fields"]) == {"legal_name", "privacy_url", "services", "sms_wording", "email_wording"}
    assert "Nashville" not in str(facts)


def test_what_is_wrong_is_told_and_what_was_typed_stays(open_page, sign_in, database, church):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    field(app, "privacy_url").set_value("javascript:alert(1)")
    field(app, "sms_wording", "text_area").set_value("Yes, text me.")
    press(app, "Save")
    assert "isn't saved yet" in app.error[0].value
    assert field(app, "privacy_url").value == "javascript:alert(1)"
    assert field(app, "sms_wording", "text_area").value == "Yes, text me."
    said = "\n".join(texts(app))
    assert "A link must begin with https://" in said
    assert "Message and data rates may apply" in said
    assert "30924" in said
    assert stored(database, church).privacy_url == ""
    next(one for one in app.button if one.label == "Put the usual words here").click().run()
    assert field(app, "sms_wording", "text_area").value.startswith("Yes, Grace Church may text me")


def test_another_admins_change_of_another_field_stays(open_page, sign_in, database, church):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    with database.church(church) as session:
        change_form(session, church, FormChange(welcome="Hello"), actor="test", now=SystemClock().now())
    field(app, "campuses", "text_area").set_value("North")
    press(app, "Save")
    form = stored(database, church)
    assert (form.welcome, form.campuses) == ("Hello", ("North",))


def test_saving_nothing_new_says_so(open_page, sign_in, sql):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    press(app, "Save")
    assert app.success[0].value == "Nothing was different."
    assert sql("SELECT count(*) FROM audit_entries WHERE action = 'form.changed'") == [(0,)]


def test_somebody_who_is_no_admin_any_more_saves_nothing(open_page, sign_in, sql, database, church):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    sql("UPDATE memberships SET role = 'staff'")
    field(app, "welcome", "text_area").set_value("Hello")
    press(app, "Save")
    assert app.title[0].value != "Card form"
    assert stored(database, church).welcome == ""


def test_the_words_of_a_version_stay_on_the_page(open_page, sign_in, database, church):
    with database.church(church) as session:
        old = current_wordings(session, church)[Channel.EMAIL].text
        new = "Yes, Grace Church may e-mail me once a week."
        change_form(session, church, FormChange(email_wording=new), actor="user:x", now=SystemClock().now())
    said = texts(open_page(sign_in(Role.ADMIN), PAGE))
    assert old in said
    assert new in said
    assert any(one.startswith("E-mail, version 2:") for one in said)


def test_another_churchs_form_is_its_own(open_page, sign_in, database, church):
    other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    app = open_page(sign_in(Role.ADMIN, church_id=other), PAGE)
    field(app, "welcome", "text_area").set_value("Hello")
    press(app, "Save")
    assert stored(database, other).welcome == "Hello"
    assert stored(database, church).welcome == ""


def test_hostile_settings_are_shown_as_text(open_page, sign_in, database, church):
    change = FormChange(legal_name=HOSTILE, welcome=HOSTILE, services=(HOSTILE,))
    with database.church(church) as session:
        change_form(session, church, change, actor="test", now=SystemClock().now())
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert not app.exception
    shown = [
        one.value for kind in ("markdown", "caption", "warning", "error", "success") for one in app.get(kind)
    ]
    assert "evil" not in str(shown)


def test_the_database_away_while_saving(open_page, sign_in, database, church, sql, monkeypatch):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    field(app, "welcome", "text_area").set_value("Hello")
    sql("REVOKE INSERT, UPDATE ON card_forms FROM hub_tenant")
    press(app, "Save")
    assert "isn't saved yet" in app.error[0].value
    assert field(app, "welcome", "text_area").value == "Hello"
    sql("GRANT INSERT, UPDATE ON card_forms TO hub_tenant")
    press(app, "Save")
    assert stored(database, church).welcome == "Hello"


def drafts_kept(sql):
    return sql("SELECT count(*) FROM card_drafts WHERE place = 'form'")[0][0]


def test_what_was_typed_survives_a_reload_and_a_new_sign_in(open_page, sign_in, database, church, sql):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    field(app, "welcome", "text_area").set_value("Hello and welcome").run()
    field(app, "sms_wording", "text_area").set_value("Yes, text me.").run()
    next(one for one in app.toggle if one.key.endswith("_is_open")).set_value(False).run()
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert field(app, "welcome", "text_area").value == "Hello and welcome"
    assert field(app, "sms_wording", "text_area").value == "Yes, text me."
    assert not app.toggle[0].value
    assert any("did not save is back." in one for one in texts(app))
    assert any("30924" in one for one in texts(app)), "what the words lack is told at once"
    assert stored(database, church).welcome == ""
    other = open_page(sign_in(Role.ADMIN, email="ben@example.org"), PAGE)
    assert field(other, "welcome", "text_area").value == ""
    app = open_page(sign_in(Role.ADMIN), PAGE)
    field(app, "sms_wording", "text_area").set_value(field(other, "sms_wording", "text_area").value).run()
    press(app, "Save")
    assert app.success[0].value == "Saved. Guests see it within a few seconds."
    assert (stored(database, church).welcome, stored(database, church).is_open) == (
        "Hello and welcome",
        False,
    )
    assert drafts_kept(sql) == 0
    assert not any("is back." in one for one in texts(open_page(sign_in(Role.ADMIN), PAGE)))


def test_a_draft_is_given_up_or_taken_back_by_hand(open_page, sign_in, sql):
    cookie = sign_in(Role.ADMIN)
    app = open_page(cookie, PAGE)
    field(app, "welcome", "text_area").set_value("Hello").run()
    assert drafts_kept(sql) == 1
    field(app, "welcome", "text_area").set_value("").run()
    assert drafts_kept(sql) == 0, "the page says what is saved"
    field(app, "welcome", "text_area").set_value("Hello").run()
    app = open_page(cookie, PAGE)
    press(app, "Start again from what is saved")
    assert field(app, "welcome", "text_area").value == ""
    assert drafts_kept(sql) == 0
    assert not any("is back." in one for one in texts(app))


def test_what_somebody_else_changed_meanwhile_is_named(open_page, sign_in, database, church):
    cookie = sign_in(Role.ADMIN)
    app = open_page(cookie, PAGE)
    field(app, "welcome", "text_area").set_value("Mine").run()
    field(app, "campuses", "text_area").set_value("North").run()
    with database.church(church) as session:
        change_form(
            session, church, FormChange(welcome="Theirs", services=("9",)), actor="x", now=SystemClock().now()
        )
    app = open_page(cookie, PAGE)
    assert "Somebody else changed meanwhile: Words of welcome." in texts(app)
    assert field(app, "services", "text_area").value == "9"
    press(app, "Save")
    form = stored(database, church)
    assert (form.welcome, form.services, form.campuses) == ("Mine", ("9",), ("North",))


def test_a_save_that_was_not_allowed_says_so_and_loses_nothing(
    open_page, sign_in, sql, database, church, monkeypatch
):
    cookie = sign_in(Role.ADMIN)
    app = open_page(cookie, PAGE)
    field(app, "welcome", "text_area").set_value("Hello").run()
    allowed = gate.acting
    monkeypatch.setattr(gate, "acting", lambda *_: None)
    press(app, "Save")
    assert "This isn't saved: your sign-in has ended" in app.error[0].value
    assert field(app, "welcome", "text_area").value == "Hello"
    monkeypatch.setattr(gate, "acting", allowed)
    sql("UPDATE memberships SET role = 'staff'")
    press(app, "Save")
    assert app.title[0].value != "Card form"
    assert stored(database, church).welcome == ""
    sql("UPDATE memberships SET role = 'admin'")
    assert field(open_page(cookie, PAGE), "welcome", "text_area").value == "Hello"


def test_words_are_looked_at_when_a_button_is_pressed(open_page, sign_in):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    before = texts(app)
    field(app, "sms_wording", "text_area").set_value("Yes.").run()
    assert texts(app) == before, "nothing comes or goes while somebody types"
    press(app, "Check the words")
    assert any("30924" in one for one in texts(app))
