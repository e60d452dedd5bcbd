"""The page *May we text?*: Yes or No and why, a stop in two clicks, and replies that somebody has to read."""

import pytest

from dashboard.navigation import CONSENT, pages_for
from ghl.clock import SystemClock
from ghl.people.sessions import current
from ghl.statuses import Role
from tests.web.said import PHONE, a_text, doubt, say_yes, stop

PAGE = "pages/consent.py"
HOSTILE = "**Please** ![x](https://evil.example/x.png) stop texting me"


def texts(app):
    return [one.value for one in app.text]


def said(app, words):
    return [one for one in texts(app) if words in one]


def button(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found


def look_for(app, words):
    app.text_input[0].input(words).run()
    assert not app.exception
    return app


@pytest.fixture
def stops(sql):
    return lambda: sql("SELECT * FROM consent_events WHERE kind = 'stop' ORDER BY id")


@pytest.mark.parametrize("role", list(Role))
def test_everybody_finds_it_in_the_menu_and_asks(open_page, sign_in, database, church, role):
    say_yes(database, church)
    cookie = sign_in(role)
    assert CONSENT in pages_for(current(database, cookie, clock=SystemClock()))
    app = open_page(cookie, PAGE)
    assert said(app, "Type a name or a phone number.")
    look_for(app, "keller")
    [yes] = said(app, "May we text Anna?")
    assert "Yes: Anna said yes on" in yes
    assert "(paper card, card #1, wording v3)" in yes
    assert said(app, "May we e-mail Anna? Yes: Anna said yes on")
    assert "keller" not in str(app.query_params)
    assert bool([one for one in app.button if "Record a stop" in one.label]) is (role is not Role.VIEWER)


@pytest.mark.parametrize("words", ["(615) 555-0123", "6155550123", "anna@example.org", "Anna Keller", "#1"])
def test_a_person_is_found_by_what_people_know(open_page, sign_in, database, church, words):
    say_yes(database, church)
    assert said(look_for(open_page(sign_in(), PAGE), words), "May we text Anna? Yes")


def test_who_was_never_asked_and_who_is_unknown(open_page, sign_in, database, church):
    say_yes(database, church, sms_consent="", email_consent="")
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    [line] = said(app, "May we text Anna?")
    assert "No: We have no yes from Anna. Nobody asked yet, or the box was left blank." in line
    look_for(app, "Zebedee")
    assert said(app, "No. We know nobody of this name")
    look_for(app, "615 555 0177")
    assert said(app, "Nobody on a card")
    assert said(app, "No: We have no yes from this person.")
    erased = "If this person was erased here, their stop is still kept and obeyed when {} is sent."
    assert said(app, erased.format("a text"))
    look_for(app, "nobody@example.org")
    assert said(app, erased.format("an e-mail"))
    stop(database, church, address="+16155550177")
    look_for(app, "615 555 0177")
    assert not said(app, "If this person was erased here")


def test_a_stop_in_two_clicks_says_what_follows(open_page, sign_in, database, church, stops, sql, clock):
    say_yes(database, church)
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    clock.pass_by(seconds=2)
    button(app, "Record a stop of texts").click().run()
    app.text_input[1].input("at the door")
    clock.pass_by(seconds=2)
    button(app, "They said it").click().run()
    assert not app.exception
    [told] = [one.value for one in app.success]
    assert told.startswith("No more texts to (615) 555-0123. GoHighLevel is being told. The law gives until ")
    [line] = said(app, "May we text Anna?")
    assert "No: Anna said no to texts, to somebody of your team, on" in line
    assert "START" in line
    assert said(app, "In GoHighLevel: Asked")
    assert "10 business days left" in said(app, "In GoHighLevel")[0]
    assert not [one for one in app.button if one.label == "Record a stop of texts"]
    [row] = stops()
    assert (row.source, row.note, row.address) == ("spoken", "at the door", PHONE)
    assert row.recorded_by.startswith("user:")
    [entry] = sql("SELECT facts FROM audit_entries WHERE action = 'stop.recorded'")
    assert entry.facts == {"channel": "sms", "source": "spoken"}
    # The yes to e-mails is another matter.
    assert said(app, "May we e-mail Anna? Yes")


def test_the_second_half_of_a_double_click_records_nothing(
    open_page, sign_in, database, church, stops, clock
):
    say_yes(database, church)
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    clock.pass_by(seconds=2)
    button(app, "Record a stop of texts").click().run()
    button(app, "They wrote it").click().run()
    assert stops() == []
    button(app, "Never mind").click().run()
    assert button(app, "Record a stop of texts")


def test_a_text_on_its_way_is_told(open_page, sign_in, database, church, sql, clock):
    say_yes(database, church)
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    a_text(sql, church)
    clock.pass_by(seconds=2)
    button(app, "Record a stop of texts").click().run()
    clock.pass_by(seconds=2)
    button(app, "They wrote it").click().run()
    assert "One text was already on its way at 10:31:07 am." in app.success[0].value


def test_a_stop_of_the_person_is_seen_without_a_click(open_page, sign_in, database, church):
    say_yes(database, church)
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    stop(database, church)
    app.run()
    [line] = said(app, "May we text Anna?")
    assert "No: Anna replied that no more should come" in line
    assert "texting START" in line


def test_who_lost_the_right_records_nothing(open_page, sign_in, database, church, stops, sql, clock):
    say_yes(database, church)
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    clock.pass_by(seconds=2)
    button(app, "Record a stop of texts").click().run()
    sql("UPDATE memberships SET role = 'viewer'")
    clock.pass_by(seconds=2)
    button(app, "They said it").click().run()
    assert stops() == []
    assert [one for one in app.warning if "Nothing was changed" in one.value]


@pytest.mark.parametrize(
    ("label", "state", "stopped"), [("Yes, stop", "stop", 1), ("No, go on", "no_stop", 0)]
)
def test_a_reply_is_read_and_decided(
    open_page, sign_in, database, church, stops, sql, clock, label, state, stopped
):
    say_yes(database, church)
    doubt(database, church, HOSTILE)
    app = look_for(open_page(sign_in(), PAGE), "Anna")
    assert HOSTILE in texts(app)
    [line] = said(app, "May we text Anna?")
    assert "No: Anna wrote something that may be a stop" in line
    clock.pass_by(seconds=2)
    button(app, label).click().run()
    assert not app.exception
    assert len(stops()) == stopped
    assert [row.state for row in sql("SELECT state FROM consent_doubts")] == [state]
    assert HOSTILE not in texts(app)
    assert said(app, f"May we text Anna? {'No' if stopped else 'Yes'}")


def test_a_viewer_reads_the_replies_and_decides_nothing(open_page, sign_in, database, church):
    doubt(database, church, HOSTILE)
    app = open_page(sign_in(Role.VIEWER), PAGE)
    assert HOSTILE in texts(app)
    assert not [one for one in app.button if one.label in {"Yes, stop", "No, go on"}]


def test_a_family_on_one_phone(open_page, sign_in, database, church, clock):
    say_yes(database, church)
    say_yes(database, church, first_name="Ben", email="ben@example.org")
    app = look_for(open_page(sign_in(), PAGE), "Keller")
    clock.pass_by(seconds=2)
    [first, _] = [one for one in app.button if one.label == "Record a stop of texts"]
    first.click().run()
    clock.pass_by(seconds=2)
    button(app, "They said it").click().run()
    assert not app.exception
    assert len(said(app, "? No: ")) == 2


def test_ops_see_nobody(open_page, sign_in, database, church):
    say_yes(database, church)
    app = open_page(sign_in(None, ops=True), PAGE)
    assert app.title[0].value == "This page is not for your role"
