"""The consent log as an admin sees it: filters, pages, and the file."""

import pytest

from ghl.cards.correct import correct
from ghl.cards.fields import parse_card
from ghl.statuses import Channel, Role
from tests.web.said import say_yes, stop

PAGE = "pages/consent_log.py"


def texts(app):
    return [one.value for one in app.text]


def said(app, words):
    return [one for one in texts(app) if words in one]


def choose(app, label, value):
    (found,) = [one for one in app.selectbox if one.label == label]
    found.select(value).run()
    assert not app.exception


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER])
def test_others_do_not_see_it(open_page, sign_in, database, church, role):
    say_yes(database, church)
    app = open_page(sign_in(role), PAGE)
    assert app.title[0].value == "This page is not for your role"
    assert not said(app, "keller")


def test_empty(open_page, sign_in):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert not app.exception
    assert said(app, "Nobody has said anything yet.")


def test_filters_and_the_way_back(open_page, sign_in, database, church):
    say_yes(database, church)
    stop(database, church)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert not app.exception
    assert said(app, "No more texts")
    assert said(app, "Yes to e-mails")
    choose(app, "Said", "stop")
    assert said(app, "No more texts")
    assert not said(app, "Yes to")
    choose(app, "Said", "")
    choose(app, "Channel", Channel.EMAIL)
    assert said(app, "Yes to e-mails")
    assert not said(app, "No more texts")
    choose(app, "How it came", "keyword")
    assert said(app, "Nothing matches.")
    [clear] = [one for one in app.button if one.label == "Clear filters"]
    clear.click().run()
    assert said(app, "No more texts")
    assert said(app, "Yes to texts")


def test_names_and_numbers_read_as_people_write_them(open_page, sign_in, database, church, sql):
    parent = {
        "guardian_name": "Ruth O'Neill",
        "guardian_phone": "+44 121 234 5678",
        "guardian_consent": "yes",
    }
    say_yes(database, church, first_name="Mary-Ann", last_name="Núñez", adult="no", **parent)
    stop(database, church, address="+16155550177")
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert said(app, "Yes to texts · Ruth O'Neill · for Mary-Ann Núñez · for follow-up · paper card, card #1")
    assert said(app, "Yes to texts")[0].endswith(" · +44 121 234 5678")
    assert said(app, "Yes to e-mails · Mary-Ann Núñez")
    assert said(app, "No more texts")[0].endswith(" · (615) 555-0177")
    sql("UPDATE churches SET region = 'GB' WHERE id = :c", c=church)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert said(app, "Yes to texts")[0].endswith(" · 0121 234 5678")
    assert said(app, "No more texts")[0].endswith(" · +1 615-555-0177")


def test_a_name_that_was_corrected_since_reads_as_it_was_said(open_page, sign_in, database, church, clock):
    saved = say_yes(database, church, first_name="ANNA")
    with database.church(church) as session:
        correct(
            session,
            church,
            saved.id,
            parse_card({"first_name": "Hanna", "last_name": "Keller", "phone": "(615) 555-0123"}),
            base_revision=1,
            actor="user:1",
            now=clock.now(),
        )
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert said(app, "Yes to texts · ANNA Keller")


def test_paging(open_page, sign_in, database, church):
    say_yes(database, church)
    for _ in range(25):
        stop(database, church)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert not said(app, "Yes to texts")
    [older] = [one for one in app.button if one.label == "Older"]
    older.click().run()
    assert said(app, "Yes to texts")
    assert next(one for one in app.button if one.label == "Older").disabled


def test_the_file_is_noted(open_page, sign_in, database, church, sql):
    say_yes(database, church)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    [make] = [one for one in app.button if one.label == "Make a CSV file"]
    make.click().run()
    assert not app.exception
    assert [one.proto.label.startswith("Save consent-log-") for one in app.get("download_button")] == [True]
    [entry] = sql("SELECT facts FROM audit_entries WHERE action = 'consent.exported'")
    assert entry.facts == {"entries": 2}
