"""A person's page: the answers, the whole history, and the receipt."""

import pytest

from ghl.clock import SystemClock
from ghl.consent import ask, receipt
from ghl.statuses import CardSource, Role
from tests.web.said import WORDS, say_yes, stop

PAGE = "pages/person.py"


def texts(app):
    return [one.value for one in app.text]


def said(app, words):
    return [one for one in texts(app) if words in one]


@pytest.mark.parametrize("role", list(Role))
def test_all_that_was_said(open_page, sign_in, database, church, role):
    say_yes(database, church)
    stop(database, church)
    app = open_page(sign_in(role), PAGE, number="1")
    assert not app.exception
    assert said(app, "May we text Anna? No: Anna replied")
    assert said(app, "May we e-mail Anna? Yes")
    assert said(app, "No more texts · reply of the person · (615) 555-0123")
    assert said(app, "Yes to texts · Anna Keller · for follow-up · paper card, card #1")
    assert WORDS in texts(app)
    assert said(app, "SHA-256 ")
    assert said(app, " UTC)")
    assert said(app, "In GoHighLevel: Asked") or said(app, "in GoHighLevel: Asked")
    assert bool([one for one in app.button if one.label == "Make a receipt"]) is (role is not Role.VIEWER)


@pytest.mark.parametrize("number", ["", "2", "x", "9" * 30])
def test_a_number_that_is_no_card(open_page, sign_in, database, church, number):
    say_yes(database, church)
    app = open_page(sign_in(), PAGE, number=number)
    assert not app.exception
    assert app.title[0].value == "There is no such card"


def test_nothing_was_said(open_page, sign_in, database, church):
    say_yes(database, church, sms_consent="", email_consent="")
    app = open_page(sign_in(), PAGE, number="1")
    assert said(app, "Nothing was said yet")


def test_older_and_newer(open_page, sign_in, database, church):
    say_yes(database, church)
    for _ in range(26):
        stop(database, church)
    app = open_page(sign_in(), PAGE, number="1")
    assert not said(app, "Yes to texts")
    [older] = [one for one in app.button if one.label == "Older"]
    older.click().run()
    assert said(app, "Yes to texts")
    [newer] = [one for one in app.button if one.label == "Newer"]
    newer.click().run()
    assert not said(app, "Yes to texts")


def test_a_receipt_is_made_noted_and_verified(open_page, sign_in, database, church, sql):
    say_yes(database, church)
    app = open_page(sign_in(), PAGE, number="1")
    [make] = [one for one in app.button if one.label == "Make a receipt"]
    make.click().run()
    assert not app.exception
    assert [one.proto.label for one in app.get("download_button")] == [
        "Save to print (HTML)",
        "Save for programs (JSON)",
    ]
    [entry] = sql("SELECT facts FROM audit_entries WHERE action = 'consent.receipt_made'")
    assert entry.facts["entries"] == 2
    assert len(entry.facts["checksum"]) == 64


def test_a_yes_of_the_web_form_shows_its_origin(open_page, sign_in, database, church, sql):
    say_yes(database, church, source=CardSource.FORM)
    # Only the form itself notes these; the page shows what stands there.
    sql(
        "SET session_replication_role = replica; UPDATE consent_events SET ip = '192.0.2.7', user_agent = 'Safari'"
    )
    app = open_page(sign_in(), PAGE, number="1")
    assert said(app, "from 192.0.2.7, Safari")


def test_the_receipt_is_of_the_person_of_this_card(database, church):
    saved = say_yes(database, church)
    say_yes(database, church, first_name="Ben", phone="615 555 0177", email="ben@example.org")
    with database.church(church) as session:
        person = ask.of_card(session, church, saved.id, now=SystemClock().now())
        made = receipt.make(
            session, church, person, actor="user:x", now=SystemClock().now(), zone=None, name_of=str
        )
    assert b"ben" not in receipt.as_json(made)
