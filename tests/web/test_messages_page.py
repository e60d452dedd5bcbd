"""The page where an admin writes what the church says by text and e-mail, and decides when it may leave."""

import pytest

from dashboard import gate
from ghl.churches import add_church
from ghl.clock import SystemClock
from ghl.messages import templates
from ghl.messages.settings import rules_of
from ghl.messages.templates import Draft, publish, save_draft, templates_of, versions_of
from ghl.ops.read import one_church
from ghl.ops.setup import Step
from ghl.statuses import CardStatus, Role

PAGE = "pages/messages.py"
HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) <b>x</b> **b** $x$ :red[r]"
GOOD = "Hi {first_name|friend}, {church_name} here. Reply STOP to stop, HELP for help."
WHO = {"actor": "user:other", "now": SystemClock().now()}


def texts(app):
    return [one.value for one in app.text]


def said(app, part):
    return any(part in one for one in texts(app))


def field(app, name, kind="text_input"):
    (found,) = [one for one in app.get(kind) if one.key and one.key.endswith(f"_{name}")]
    return found


def body(app):
    return field(app, "body", "text_area")


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


def known(database, church):
    with database.church(church) as session:
        return {one.key or one.name: one for one in templates_of(session, church)}


def open_named(app, database, church, name):
    one = known(database, church)[name]
    (found,) = [button for button in app.button if button.key == f"open_{one.id}"]
    return found.click().run()


@pytest.fixture
def page(open_page, sign_in):
    """The page as an admin finds it."""
    return lambda **how: open_page(sign_in(Role.ADMIN, **how), PAGE)


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_others_do_not_see_it(open_page, sign_in, role):
    app = open_page(sign_in(role, ops=role is None), PAGE)
    assert not app.exception
    assert app.title[0].value == "This page is not for your role"
    assert not app.text_area


def test_a_new_church_has_three_drafts(page, database, church):
    app = page()
    assert not app.exception
    assert {one.key for one in known(database, church).values()} == set(templates.DEFAULTS)
    assert not any(one.published for one in known(database, church).values())
    assert body(app).value.startswith("Hi {first_name|friend}, this is {church_name}.")
    assert said(app, "Will go with Send onboarding materials, once it is published.")
    assert said(app, "Hi Anna, this is Grace Church."), "without a card it is shown on one that is made up"
    assert said(app, "1 part") or said(app, "2 parts")


def test_publishing_lets_the_words_leave(page, database, church, sql):
    app = page()
    body(app).set_value(GOOD)
    press(app, "Publish")
    assert said(app, "Published. From now on people get version 2.")
    one = known(database, church)["welcome_sms"]
    assert (one.published_version, one.body) == (2, GOOD)
    actions = sql("SELECT action, actor FROM audit_entries WHERE action LIKE 'template.%' ORDER BY id")
    assert [action for action, _ in actions] == ["template.changed", "template.published"]
    assert all(actor.startswith("user:") for _, actor in actions)
    assert one_church(database, church).set_up.steps[Step.WORDS], "Home asks for it no longer"
    press(app, "Stop sending it")
    assert known(database, church)["welcome_sms"].published_version is None
    assert not one_church(database, church).set_up.steps[Step.WORDS]


def test_what_is_wrong_is_told_and_nothing_is_published(page, database, church):
    app = page()
    body(app).set_value("Hello {frist_name}, see http://bit.ly/x")
    press(app, "Publish")
    assert "saved as a draft, and not published" in app.error[0].value
    for part in ("{frist_name}", "Say who writes", "Say how to stop", "https://", "bit.ly"):
        assert said(app, part), part
    one = known(database, church)["welcome_sms"]
    assert (one.published, one.version) == (False, 2), "it is saved as a draft all the same"
    assert body(app).value == "Hello {frist_name}, see http://bit.ly/x"


def test_a_draft_changes_nothing_that_people_get(page, database, church):
    app = page()
    press(app, "Publish")
    body(app).set_value("Something else")
    press(app, "Save as a draft")
    assert said(app, "People get these words once you publish them.")
    one = known(database, church)["welcome_sms"]
    assert (one.version, one.published_version) == (2, 1)
    assert said(app, "Version 1 is what people get.")
    press(app, "Save as a draft")
    assert said(app, "Nothing was different.")


def test_the_preview_is_what_leaves_for_a_real_card(page, database, church, cards):
    cards(CardStatus.SYNCED, first_name="Mary{church_name} https://evil.example")
    cards(CardStatus.DISMISSED, first_name="Aside")
    cards(CardStatus.SYNCED, first_name="Old")

    def shown():
        [found] = {one for one in texts(app) if one.endswith("here. Reply STOP to stop, HELP for help.")}
        return found

    app = page()
    body(app).set_value(f"To {GOOD}").run()
    first = shown()
    assert first.startswith("To Hi Mary{church_name}"), "what a visitor wrote is no field"
    assert "http" not in first
    press(app, "Another card")
    assert shown() == "To Hi Old, Grace Church here. Reply STOP to stop, HELP for help."
    press(app, "Another card")
    assert shown() == first


def test_signs_that_make_it_dear_are_named(page):
    app = page()
    body(app).set_value("You\u2019re welcome \U0001f600 " + GOOD).run()
    assert said(app, "\u2019")
    assert said(app, "Write ' for \u2019.")
    assert said(app, "A part then holds 70 signs, not 160.")
    body(app).set_value("Only hello").run()
    assert said(app, "to somebody who got a text before, GoHighLevel may add:")
    assert said(app, "Thanks, Grace Church\nReply STOP to unsubscribe")


def test_an_email_has_a_subject_and_links_but_no_html(page, database, church):
    app = open_named(page(), database, church, "documents_email")
    field(app, "subject").set_value("Papers for {first_name|you}")
    body(app).set_value("Hello,\n\nread https://grace.example.org/a.pdf <b>now</b>\n\n{church_name}").run()
    [html] = [one.proto.body for one in app.get("html") if "<p>" in one.proto.body]
    assert '<a href="https://grace.example.org/a.pdf"' in html
    assert "&lt;b&gt;now" in html
    press(app, "Publish")
    assert said(app, "Published.")


def test_a_field_is_put_in_by_a_press(page):
    app = page()
    body(app).set_value("Hello").run()
    press(app, "First name")
    assert body(app).value == "Hello {first_name|friend}"
    press(app, "The campus")
    assert body(app).value == "Hello {first_name|friend} {campus}"


def test_a_template_of_ones_own(page, database, church):
    app = page()
    press(app, "Add it")
    assert app.error[0].value == "Give the new template a name first."
    app.text_input(key="new_template_name").set_value("Newcomers' lunch")
    press(app, "Add it")
    assert said(app, "It is there.")
    body(app).set_value(GOOD)
    field(app, "purpose", "selectbox").set_value("events")
    field(app, "within", "selectbox").set_value("168")
    press(app, "Publish")
    one = known(database, church)["Newcomers' lunch"]
    assert (one.published, one.purpose, one.send_within_hours, one.onboarding) == (True, "events", 168, False)
    assert said(app, "Goes when somebody asks for it on a card. Within 1 week after the visit.")
    press(app, "Stop sending it")
    press(app, "Archive")
    assert "Newcomers' lunch" not in known(database, church)
    assert said(app, "is archived.")
    assert body(app).value.startswith("Hi {first_name|friend}")


def test_old_words_are_compared_and_come_back(page, database, church):
    app = page()
    old = body(app).value
    body(app).set_value("New words")
    press(app, "Save as a draft")
    field(app, "version", "selectbox").set_value(1).run()
    assert said(app, "What version 2 says otherwise:")
    assert said(app, "+ New words")
    press(app, "Bring these words back")
    assert said(app, "Version 3 says what version 1 said.")
    assert body(app).value == old
    with database.church(church) as session:
        found = versions_of(session, church, known(database, church)["welcome_sms"].id)
    assert [one.number for one in found] == [3, 2, 1]


def test_a_test_goes_to_the_admin_alone_and_says_what_becomes_of_it(page, database, church, connected, sql):
    app = page()
    press(app, "Send a test to my phone")
    assert "That is no phone number" in app.error[0].value
    app.text_input(key="test_to_sms").set_value("(615) 555-0142")
    press(app, "Send a test to my phone")
    assert said(app, "Your test is on its way.")
    [(address, is_test, card)] = sql("SELECT address, is_test, card_id FROM messages")
    assert (address, is_test, card) == ("+16155550142", True, None)
    sql("UPDATE messages SET state = 'not_sent', cause = 'stopped', facts = '{}'")
    app.run()
    assert said(app, "Your test was not sent.")
    assert said(app, "asked for no more texts")
    sql("UPDATE messages SET state = 'delivered', cause = NULL, sent_at = now()")
    app.run()
    assert said(app, "Your test was delivered at")
    body(app).set_value("Something else").run()
    press(app, "Send a test to my phone")
    assert "Save first" in app.error[0].value
    assert sql("SELECT count(*) FROM messages") == [(1,)]
    app = open_named(app, database, church, "welcome_email")
    assert app.text_input(key="test_to_email").value == "ruth@example.org"


def test_the_rules_are_changed_and_noted(page, database, church, sql):
    app = page()
    field(app, "texts_from", "selectbox").set_value("9:30 am")
    field(app, "texts_until", "selectbox").set_value("7:00 pm")
    field(app, "sunday_from", "selectbox").set_value("12:00 pm")
    field(app, "undo_seconds", "selectbox").set_value("300")
    field(app, "from_number").set_value("(615) 555-0100")
    field(app, "email_from").set_value("Grace <hello@grace.example.org>")
    press(app, "Save the rules")
    assert said(app, "The rules are saved.")
    with database.church(church) as session:
        rules = rules_of(session, church)
    assert [f"{at:%H:%M}" for at in (rules.texts_from, rules.texts_until, rules.sunday_from)] == [
        "09:30",
        "19:00",
        "12:00",
    ]
    assert (rules.undo_seconds, rules.from_number) == (300, "+16155550100")
    assert rules.email_from == "Grace <hello@grace.example.org>"
    [(facts,)] = sql("SELECT facts FROM audit_entries WHERE action = 'messaging.changed'")
    assert "615" not in str(facts)
    press(app, "Save the rules")
    assert said(app, "Nothing was different.")
    field(app, "texts_from", "selectbox").set_value("8:00 pm")
    press(app, "Save the rules")
    assert "aren't saved yet" in app.error[0].value
    assert said(app, "The end has to be later than the start.")
    assert field(app, "texts_from", "selectbox").value == "8:00 pm"


def test_how_many_texts_a_day_is_told(page, church, sql):
    app = page()
    assert said(app, "A new number sends 100 texts in 24 hours. 0 went out in the last 24 hours.")
    sql(
        "INSERT INTO messaging_settings (church_id, ramp_level, ramp_since, changed_by)"
        " VALUES (:church, 2, now(), 'system')",
        church=church,
    )
    app = app.run()
    assert said(app, "A new number sends 250 texts")
    assert said(app, "It is 500 texts from tomorrow")
    sql("UPDATE messaging_settings SET ramp_level = 8")
    app = app.run()
    assert said(app, "past GoHighLevel's limits")


def test_what_was_typed_survives_a_reload_and_others_changes_are_named(page, database, church, sql):
    app = page()
    body(app).set_value("Half a thou").run()
    one = known(database, church)["welcome_sms"]
    app = page()
    assert body(app).value == "Half a thou"
    assert said(app, "and did not save is back.")
    other = page(email="ben@example.org")
    assert body(other).value == one.body
    with database.church(church) as session:
        save_draft(session, church, one.id, Draft(body="Theirs", name="Hello"), **WHO)
    app = page()
    assert said(app, "Somebody else changed meanwhile: Words.")
    press(app, "Start again from what is saved")
    assert body(app).value == "Theirs"
    assert sql("SELECT count(*) FROM card_drafts") == [(0,)]


def test_what_somebody_else_saved_is_shown_where_nothing_was_typed(page, database, church):
    app = page()
    one = known(database, church)["welcome_sms"]
    with database.church(church) as session:
        save_draft(session, church, one.id, Draft(body=GOOD), **WHO)
        publish(session, church, one.id, **WHO)
    assert body(app.run()).value == GOOD
    with database.church(church) as session:
        save_draft(session, church, one.id, Draft(name="Our welcome"), **WHO)
    body(app).set_value("Mine")
    press(app, "Save as a draft")
    one = known(database, church)["welcome_sms"]
    assert (one.name, one.body) == ("Our welcome", "Mine"), "neither undoes what the other did"


def test_another_churchs_templates_are_its_own(page, database, church):
    other = add_church(database, slug="hope", name="Hope", timezone="America/Chicago", actor="test")
    app = page(church_id=other)
    body(app).set_value(GOOD)
    press(app, "Publish")
    assert known(database, other)["welcome_sms"].published
    assert not any(one.published for one in known(database, church).values())


def test_foreign_text_is_shown_as_text(page, database, church, cards):
    cards(CardStatus.SYNCED, first_name=HOSTILE[:60], last_name=HOSTILE[:60])
    app = page()
    app.text_input(key="new_template_name").set_value(HOSTILE[:80])
    press(app, "Add it")
    body(app).set_value(f"{HOSTILE} {{first_name}}").run()
    assert not app.exception
    kinds = ("markdown", "caption", "warning", "error", "success", "header", "subheader", "html")
    assert "evil" not in str([str(one) for kind in kinds for one in app.get(kind)])


def test_somebody_who_is_no_admin_any_more_changes_nothing(page, database, church, sql, monkeypatch):
    app = page()
    body(app).set_value(GOOD)
    allowed = gate.acting
    monkeypatch.setattr(gate, "acting", lambda *_: gate.NOT_ALLOWED)
    press(app, "Publish")
    assert "Nothing was changed" in app.error[0].value
    assert body(app).value == GOOD
    press(app, "Save the rules")
    assert said(app, "Rules") or app.error
    monkeypatch.setattr(gate, "acting", allowed)
    sql("UPDATE memberships SET role = 'staff'")
    press(app, "Publish")
    assert app.title[0].value != "Messages"
    assert known(database, church)["welcome_sms"].version == 1


def test_the_database_away_while_saving(page, database, church, sql):
    app = page()
    body(app).set_value(GOOD)
    sql("REVOKE INSERT ON message_template_versions FROM hub_tenant")
    press(app, "Publish")
    assert "isn't saved yet" in app.error[0].value
    assert body(app).value == GOOD
    sql("GRANT INSERT ON message_template_versions TO hub_tenant")
    press(app, "Publish")
    assert known(database, church)["welcome_sms"].published
