"""The page where an admin connects the church: what each role sees, and each press."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from dashboard import clicks, services
from dashboard.components.notices import notice
from dashboard.situation import Situation
from ghl.cards.why import ChurchState
from ghl.client.models import Location
from ghl.connection.paste import read_paste
from ghl.connection.probes import PROBES
from ghl.connection.switch import store
from ghl.connection.trials import box_context, note, open_trial, publish_sealing_keys
from ghl.connection.verdict import REFUSED
from ghl.crypto import KeyRing, new_key_line
from ghl.delivery.facts import token_context
from ghl.sealed_box import Box, BoxOpener
from ghl.simulator.tokens import fake_token
from ghl.statuses import Role
from tests.support.sockets import opened_sockets

PAGE = "pages/connection.py"
LOCATION = "grace000000000000001"
TOKEN = fake_token(0xABCDE1)
HOSTILE = "[click](https://evil.example) ![x](https://evil.example/p.png) **b** $x$ :red[r]"


@pytest.fixture(scope="module")
def ring():
    return KeyRing.parse(new_key_line(1))


@pytest.fixture(autouse=True)
def _workers_key(database, ring):
    with database.system() as session:
        publish_sealing_keys(session, ring)


@pytest.fixture(autouse=True)
def _each_press_is_one_of_its_own(monkeypatch):
    """A test presses faster than a person."""
    monkeypatch.setattr(clicks, "ONE_CLICK", timedelta())


@pytest.fixture
def connect(database, ring, church):
    def connect(token=TOKEN, location=LOCATION, name="Grace Nashville", church_id=None):
        with database.church(church_id or church) as session:
            store(
                session,
                ring,
                church_id or church,
                pasted=read_paste(location, token),
                seen=Location(id=location, name=name, allow_duplicate_contact=False),
                actor="test",
            )

    return connect


@pytest.fixture
def tried(database, ring, church, sql):
    """Notes what a worker found of the token on trial."""

    def tried(**found):
        with database.church(church) as session:
            trial = open_trial(session, church)
            ((box, version),) = session.execute(
                text("SELECT box, box_key_version FROM token_trials WHERE id = :id"), {"id": trial.id}
            )
            token = BoxOpener(ring).open(Box(bytes(box), version), box_context(church, trial.id))
            sealed = ring.seal(token.get_secret_value(), token_context(church, trial.id))
            for name in PROBES:
                cause = found.get(name)
                seen = {"name": "Grace Nashville", "allow_duplicates": False} if name == "location" else {}
                note(session, church, trial.id, name, cause=cause, seen=seen, sealed=sealed)
        return token

    return tried


def texts(app):
    assert not app.exception, app.exception
    kinds = ("text", "error", "warning", "success", "info")
    return "\n".join(one.value for kind in kinds for one in app.get(kind))


def press(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found.click().run()


def paste(app, form, *, token=TOKEN, location=LOCATION):
    if location is not None:
        app.text_input(key=f"{form}_location").set_value(location)
    app.text_input(key=f"{form}_token").set_value(token)
    return app.button(key=f"test_{form}").click().run()


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_others_do_not_see_it(open_page, sign_in, role, connect):
    connect()
    app = open_page(sign_in(role, ops=role is None), PAGE)
    assert app.title[0].value == "This page is not for your role"
    assert not app.text_input
    assert LOCATION not in texts(app)


def test_pasting_asks_for_a_test_and_leaves_no_token_behind(
    open_page, sign_in, sql, tried, redis_url, church
):
    app = open_page(sign_in(Role.ADMIN), PAGE)
    with opened_sockets() as opened:
        app = paste(app, "first", token=f" Bearer {TOKEN}\n")
    own = redis_url.partition("://")[2].partition("?")[0]
    assert [one for one in opened if own not in one and "/" not in one.split()[-1]] == [], "a worker asks"
    assert f"Ends in {TOKEN[-4:]}" in texts(app)
    assert app.get("progress")
    assert sql("SELECT count(*), count(DISTINCT params->>'probe') FROM questions") == [(len(PROBES),) * 2]
    assert TOKEN not in repr(app.session_state)
    assert TOKEN not in texts(app)
    assert not sql("SELECT 1 FROM card_drafts")
    sql("UPDATE questions SET asked_at = now() - interval '2 minutes'")
    assert "takes longer than usual" in texts(app.run())
    sql("DELETE FROM heartbeats")
    services.look_again(church)
    assert "The sender is not running" in texts(app.run())
    assert tried().get_secret_value() == TOKEN


def test_a_mistake_is_told_beside_its_field_and_nothing_is_asked(open_page, sign_in, sql):
    app = paste(open_page(sign_in(Role.ADMIN), PAGE), "first", token="eyJhbGciOi.eyJsb2MiOiJ4In0.c2ln")
    assert "begins with eyJ" in texts(app)
    assert app.text_input(key="first_token").value == ""
    assert app.text_input(key="first_location").value == LOCATION
    app = paste(app, "first", location=TOKEN)
    assert "This is the token" in texts(app)
    assert app.text_input(key="first_token").value == TOKEN, "the token is right, and is not pasted again"
    assert app.text_input(key="first_location").value == "", "and stands where nobody reads it"
    assert sql("SELECT count(*) FROM token_trials") == [(0,)]


def test_a_tested_token_is_connected_with_and_nothing_else(open_page, sign_in, sql, tried, church):
    app = paste(open_page(sign_in(Role.ADMIN), PAGE), "first")
    assert not [one for one in app.button if one.label == "Connect"], "not before its test"
    tried()
    app = press(app.run(), "Connect")
    assert "Connected to Grace Nashville in GoHighLevel" in texts(app)
    assert f"ends in {TOKEN[-4:]}" in texts(app)
    assert "Put in by Ruth" in texts(app)
    assert sql("SELECT state FROM credentials") == [("current",)]
    assert sql("SELECT ghl_id FROM locations WHERE active") == [(LOCATION,)]


def test_a_token_that_will_not_do_says_why_and_can_be_pasted_anew(open_page, sign_in, sql, tried):
    app = paste(open_page(sign_in(Role.ADMIN), PAGE), "first")
    tried(location="token_refused")
    app = app.run()
    assert REFUSED in texts(app)
    assert not [one for one in app.button if one.label in {"Connect", "Test again"}]
    app = press(app, "Paste another token")
    assert app.text_input(key="first_token")
    assert sql("SELECT count(*) FROM credentials") == [(0,)]


def test_a_missing_box_is_named_and_tried_again_without_pasting(open_page, sign_in, sql, tried):
    app = paste(open_page(sign_in(Role.ADMIN), PAGE), "first")
    tried(write_contacts="scope_missing")
    app = app.run()
    assert "“Edit Contacts” (contacts.write)" in texts(app)
    app = press(app, "Test again")
    assert app.get("progress")
    tried()
    assert [one for one in app.run().button if one.label == "Connect"]


def test_rotating_rolling_back_and_finishing(open_page, sign_in, sql, tried, connect):
    connect(fake_token(1))
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert "Rotate and expire this token later" in texts(app)
    app = paste(app, "rotate", location=None)
    tried()
    app = press(app.run(), "Switch to this token")
    assert "It ends in 0001" in texts(app)
    app = press(app, "Roll back to the old token")
    assert "Token: ends in 0001" in texts(app)
    assert "Testing…" in texts(app), "whether GoHighLevel still takes it"
    assert "Cards go out with the token that ends in 0001 again." in texts(app)
    assert "Cards go out with the old token again." in texts(app)
    assert "press Expire Now." not in texts(app), "it would end the one in use"
    app = press(app, "Use the new token again")
    assert f"Token: ends in {TOKEN[-4:]}" in texts(app)
    assert "Cards go out with the new token." in texts(app)
    app = press(app, "Finish")
    assert "erased" in texts(app)
    assert sql("SELECT state, last4 FROM credentials") == [("current", TOKEN[-4:])]


def test_a_double_press_goes_back_once(open_page, sign_in, sql, connect, monkeypatch):
    connect(fake_token(1))
    connect(fake_token(2))
    monkeypatch.setattr(clicks, "ONE_CLICK", timedelta(hours=1))
    app = press(open_page(sign_in(Role.ADMIN), PAGE), "Roll back to the old token")
    app = press(press(app, "Use the new token again"), "Erase the new token here")
    assert sql("SELECT last4 FROM credentials ORDER BY state") == [("0001",), ("0002",)]
    paste(app, "rotate", location=None)
    assert sql("SELECT last4 FROM token_trials WHERE state = 'testing'") == [(TOKEN[-4:],)], "that is meant"


def test_another_location_is_asked_about(open_page, sign_in, sql, tried, connect):
    connect(fake_token(1))
    app = paste(open_page(sign_in(Role.ADMIN), PAGE), "move", location="second00000000000001")
    tried()
    app = app.run()
    assert "connected to another location" in texts(app)
    assert app.button(key="switch").disabled
    app = press(app.checkbox[0].check().run(), "Connect")
    assert sql("SELECT ghl_id FROM locations WHERE active") == [("second00000000000001",)]
    assert sql("SELECT count(*) FROM credentials") == [(1,)]


def test_the_token_that_is_used_is_tested_on_demand(open_page, sign_in, sql, connect):
    connect()
    app = press(open_page(sign_in(Role.ADMIN), PAGE), "Test now")
    assert "Testing…" in texts(app)
    sql("UPDATE questions SET state = 'failed', cause = 'token_refused', answered_at = now()")
    assert "no longer takes your church's token" in texts(app.run())
    sql("UPDATE questions SET state = 'answered', cause = NULL, answer = '{}'")
    assert "It works: tested" in texts(app.run())
    assert sql("SELECT kind FROM questions") == [("location",)]


def test_disconnecting_wants_the_churchs_name(open_page, sign_in, sql, connect):
    connect()
    app = open_page(sign_in(Role.ADMIN), PAGE)
    app.text_input(key="typed_name").set_value("Grace")
    app = press(app, "Disconnect")
    assert "not your church's name" in texts(app)
    assert sql("SELECT count(*) FROM credentials") == [(1,)]
    app.text_input(key="typed_name").set_value("grace church")
    app = press(app, "Disconnect")
    assert "Not connected yet" in texts(app)
    assert sql("SELECT count(*) FROM credentials") == [(0,)]


def test_an_old_token_is_told_of_here_and_on_home_to_admins(open_page, sign_in, sql, connect):
    connect()
    cookie, staff = sign_in(Role.ADMIN), sign_in(Role.STAFF, email="tom@example.org")
    for days, told in ((74, ""), (76, "two weeks"), (86, "this week"), (95, "now")):
        sql("UPDATE credentials SET created_at = now() - make_interval(days => :days)", days=days)
        said = texts(open_page(cookie, "pages/home.py"))
        assert (f"Your GoHighLevel token is {days} days old" in said) is bool(told)
        assert told in said
    assert "95 days old" in texts(open_page(cookie, PAGE))
    assert "days old" not in texts(open_page(staff, "pages/home.py"))


def test_without_a_sender_nothing_is_kept_and_it_is_told(open_page, sign_in, sql):
    sql("DELETE FROM sealing_keys")
    app = paste(open_page(sign_in(Role.ADMIN), PAGE), "first")
    assert "The sender is not running" in texts(app)
    assert sql("SELECT count(*) FROM token_trials") == [(0,)]


def test_names_from_elsewhere_are_text(open_page, sign_in, connect):
    connect(name=HOSTILE)
    app = open_page(sign_in(Role.ADMIN), PAGE)
    assert HOSTILE[:40] in texts(app)
    drawn = [one.value for kind in ("markdown", "caption", "header") for one in app.get(kind)]
    assert not [one for one in drawn if "evil" in one]


def test_another_churchs_token_is_not_seen(open_page, sign_in, database, connect):
    from ghl.churches import add_church

    hope = add_church(database, slug="hope", name="Hope", timezone="UTC", actor="test")
    connect(fake_token(0xBEEF), "second00000000000001", church_id=hope)
    said = texts(open_page(sign_in(Role.ADMIN), PAGE))
    assert "Not connected yet" in said
    assert "beef" not in said


def test_whoever_lost_their_role_meanwhile_changes_nothing(open_page, sign_in, sql, connect):
    connect(fake_token(1))
    connect(fake_token(2))
    app = open_page(sign_in(Role.ADMIN), PAGE)
    sql("UPDATE memberships SET role = 'staff'")
    press(app, "Finish")
    assert sql("SELECT count(*) FROM credentials") == [(2,)]


def test_the_banner_leads_those_here_who_can_mend_it():
    for cause in ("token_refused", "scope_missing", "agency_token", "wrong_location", None):
        for role in Role:
            state = ChurchState(location=LOCATION if cause else None, hold_cause=cause)
            shown = notice(Situation(state=state), role=role, zone=ZoneInfo("UTC"))
            assert shown.opens is (role is Role.ADMIN)
            assert ("Connection page" in shown.text) is (role is Role.ADMIN)
