"""`hub church`, `connect`, `pause`, `resume`, `source-key`."""

import json

from sqlalchemy import text

from ghl.churches import find_church
from ghl.clock import SystemClock
from ghl.sources import KnownSources
from tests.cli.conftest import LOCATION


def test_a_church_is_added_and_listed(hub):
    added = hub("church", "add", "grace", "--name", "Grace Church", "--timezone", "America/Chicago", "--json")
    assert added.code == 0, added.err
    assert json.loads(added.out)["slug"] == "grace"
    listed = hub("church", "list", "--json")
    (church,) = json.loads(listed.out)
    assert (church["slug"], church["state"]) == ("grace", "not connected")
    assert "Grace Church" in hub("church", "list").out


def test_no_church_yet_says_how_to_add_one(hub):
    listed = hub("church", "list")
    assert listed.code == 0
    assert "hub church add" in listed.out


def test_what_cannot_be_added_is_told_in_one_line(hub, grace):
    for arguments, told in (
        (("grace", "--name", "Other", "--timezone", "UTC"), "already a church"),
        (("Grace!", "--name", "Grace", "--timezone", "UTC"), "lower-case letters"),
        (("hope", "--name", "Hope", "--timezone", "Mars/Base"), "no time zone"),
    ):
        refused = hub("church", "add", *arguments)
        assert refused.code == 1
        assert refused.out == ""
        assert refused.err.startswith("hub: ")
        assert told in refused.err
        assert refused.err.count("\n") == 1


def test_a_name_cannot_steer_the_terminal(hub):
    hub("church", "add", "grace", "--name", "Grace\x1b[2J", "--timezone", "UTC")
    assert "\x1b" not in hub("church", "list").out


def test_a_church_is_connected_with_a_tested_token(hub, grace, token, database):
    connected = hub("connect", "grace", "--location", LOCATION, given=f"{token}\n")
    assert connected.code == 0, connected.err
    assert "connected" in connected.out
    assert token not in connected.out
    assert find_church(database, "grace").location_ghl_id == LOCATION
    (church,) = json.loads(hub("church", "list", "--json").out)
    assert church["state"] == "ready"


def test_a_wrong_token_is_refused_with_the_reason_and_not_kept(hub, grace, token, database):
    wrong = token[:-4] + ("0000" if token[-4:] != "0000" else "1111")
    refused = hub("connect", "grace", "--location", LOCATION, given=wrong)
    assert refused.code == 1
    assert "doesn't know this token" in refused.err
    assert wrong not in refused.err
    assert find_church(database, "grace").location_ghl_id is None


def test_no_token_at_all_is_told(hub, grace):
    refused = hub("connect", "grace", "--location", LOCATION)
    assert refused.code == 1
    assert "No token came in" in refused.err


def test_an_unknown_church_is_told_by_every_command(hub):
    for arguments in (
        ("connect", "nowhere", "--location", LOCATION),
        ("pause", "nowhere", "--reason", "x"),
        ("resume", "nowhere"),
        ("source-key", "nowhere", "--name", "Website"),
        ("status", "nowhere"),
        ("user", "add", "ann@example.org", "--church", "nowhere", "--role", "staff"),
        ("import-cards", "nowhere", "README.md"),
    ):
        refused = hub(*arguments)
        assert refused.code == 1, arguments
        assert "no church called 'nowhere'" in refused.err, arguments


def test_a_church_is_paused_with_a_reason_and_goes_on(hub, grace, database):
    assert hub("pause", "grace", "--reason", "We clean up tags").code == 0
    assert find_church(database, "grace").paused_reason == "We clean up tags"
    assert json.loads(hub("church", "list", "--json").out)[0]["state"] == "paused"
    assert hub("resume", "grace").code == 0
    assert find_church(database, "grace").paused_at is None


def test_a_pause_needs_a_reason(hub, grace):
    refused = hub("pause", "grace", "--reason", " ")
    assert refused.code == 1
    assert "Say why" in refused.err


def test_a_source_key_is_printed_once_and_works(hub, grace, database):
    made = hub("source-key", "grace", "--name", "Website")
    assert made.code == 0, made.err
    source = KnownSources(database, SystemClock()).church_of(made.out.strip())
    assert source is not None
    assert source.name == "Website"
    with database.system() as session:
        kept = session.execute(text("SELECT key_hash FROM source_keys")).scalar_one()
    assert made.out.strip().encode() not in bytes(kept)
