"""`hub simulator` finds the simulator of a running demo."""

import json
import os
from pathlib import Path

import httpx

from ghl.churches import find_church
from ghl.simulator.tokens import ALL_SCOPES
from jobs.running import RunningHub, write_note


def test_the_demo_simulator_is_found_by_the_note(hub, environment, simulator, monkeypatch):
    monkeypatch.setenv("HUB_DEMO_SIMULATOR_URL", "")
    monkeypatch.delenv("HUB_DEMO_SIMULATOR_URL")
    folder = Path(environment["HUB_DATA_DIR"])
    folder.mkdir()
    note = RunningHub(os.getpid(), "postgresql://x", "redis://x", "", simulator_url=simulator.url)
    write_note(folder, note)
    added = hub("simulator", "fault", "add", "outage", "--times", "1")
    assert added.code == 0, added.err
    assert json.loads(added.out)["kind"] == "outage"
    assert len(simulator.faults.list()) == 1


def test_none_there_is_one_line(hub, monkeypatch):
    refused = hub("simulator", "contacts", "count", HUB_DEMO_SIMULATOR_URL="http://127.0.0.1:1")
    assert refused.code == 1
    assert "No simulator answers" in refused.err
    assert refused.err.count("\n") == 1


def test_what_went_out_is_read_and_answered(hub, simulator):
    here, url = simulator.location_id, {"HUB_DEMO_SIMULATOR_URL": simulator.url}
    assert "Nothing went out yet." in hub("simulator", "outbox", "--address", "+16155550144", **url).out
    contact = simulator.state.add_contact(here, phone="+16155550144")
    headers = {"Authorization": f"Bearer {simulator.token()}", "Version": "2021-04-15"}
    body = {"type": "SMS", "contactId": contact, "message": "Welcome, Ann!"}
    httpx.post(f"{simulator.url}/conversations/messages", json=body, headers=headers, trust_env=False)
    shown = hub("simulator", "outbox", "--address", "+16155550144", **url).out
    assert "SMS    to +16155550144  " in shown
    assert "    Welcome, Ann!\n" in shown
    answered = hub("simulator", "reply", "+16155550144", "STOP", **url).out
    assert "from +16155550144" in answered
    assert "You have successfully been unsubscribed." in answered
    as_json = json.loads(hub("simulator", "outbox", "--json", "--replies", "--limit", "2", **url).out)
    assert [one["body"][:4] for one in as_json["messages"]] == ["STOP", "You "]


def test_a_token_lacks_the_boxes_that_are_not_ticked(hub, simulator):
    url = {"HUB_DEMO_SIMULATOR_URL": simulator.url}
    made = hub("simulator", "token", "--without", "conversations/message.write", **url)
    assert made.code == 0, made.err
    scopes = simulator.state.tokens.find(made.out.strip()).scopes
    assert scopes == ALL_SCOPES - {"conversations/message.write"}
    two = hub("simulator", "token", "--scopes", "contacts.readonly", "--scopes", "contacts.write", **url)
    assert simulator.state.tokens.find(two.out.strip()).scopes == {"contacts.readonly", "contacts.write"}
    wrong = hub("simulator", "token", "--scopes", "everything", **url)
    assert wrong.code == 2
    assert "There is no box everything." in wrong.err


def test_a_second_church_of_the_demo_speaks_to_the_simulator(hub, database, simulator):
    url = {"HUB_DEMO_SIMULATOR_URL": simulator.url}
    token = hub("simulator", "location", "secondChurch00000001", "--name", "Second Church", **url).out.strip()
    words = ("church", "add", "second", "--name", "Second Church", "--timezone", "America/Chicago", "--demo")
    assert "no simulator" in hub(*words).err
    assert hub(*words, **url).code == 0
    connected = hub(
        *("connect", "second", "--location", "secondChurch00000001"),
        given=token + "\n",
        HUB_GHL_BASE_URL="http://127.0.0.1:1",
    )
    assert connected.code == 0, connected.err
    church = find_church(database, "second")
    assert church.is_demo
    assert church.location_ghl_id == "secondChurch00000001"


def test_who_is_told_is_set_and_seen(hub, simulator):
    url = {"HUB_DEMO_SIMULATOR_URL": simulator.url}
    here, hook = ("--location", simulator.location_id), "http://127.0.0.1:1/webhooks/workflow/x"
    told = hub("simulator", "workflow", hook, *here, given="a secret\n", **url)
    assert told.code == 0, told.err
    assert hub("simulator", "app", "http://127.0.0.1:1/webhooks/ghl", *here, "--times", "2", **url).code == 0
    shown = json.loads(hub("simulator", "webhooks", "--json", **url).out)
    assert [one["secret"] for one in shown["listeners"]] == ["…", None]
    simulator.state.add_contact(simulator.location_id, phone="+16155550144")
    assert hub("simulator", "reply", "+16155550144", "thanks a lot", **url).code == 0
    seen = hub("simulator", "webhooks", **url).out
    assert f"{simulator.location_id} tells {hook}" in seen
    assert "Church Connect Hub: replied" in seen
    assert "'thanks a lot'" in seen
    assert "a secret" not in seen
    assert hub("simulator", "key", **url).out.startswith("-----BEGIN PUBLIC KEY-----")
    assert "stays on this machine" in hub("simulator", "app", "http://example.org/", *here, **url).err


def test_the_location_is_the_one_that_is_lived_in(hub, simulator):
    """The demo has two: its church's, and the simulator's own example, where nobody is."""
    url = {"HUB_DEMO_SIMULATOR_URL": simulator.url}
    token = hub("simulator", "location", "secondChurch00000001", **url).out.strip()
    assert hub("simulator", "reply", "+16155550144", "STOP", **url).code == 1
    simulator.state.add_contact("secondChurch00000001", phone="+16155550144")
    assert "unsubscribed" in hub("simulator", "reply", "+16155550144", "STOP", **url).out
    made = hub("simulator", "token", **url).out.strip()
    assert simulator.state.tokens.find(made).location_id == simulator.state.tokens.find(token).location_id
    simulator.state.add_contact(simulator.location_id, phone="+16155550145")
    assert hub("simulator", "token", **url).code == 2
    assert "from +16155550144" in hub("simulator", "reply", "+16155550144", "thanks", **url).out
