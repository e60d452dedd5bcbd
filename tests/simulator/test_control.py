"""Steering a running simulator: the control API, the command line, and what both refuse."""

import json

import httpx
import pytest
from typer.testing import CliRunner

from ghl.simulator.commands import app
from ghl.simulator.faults import MEANING, Kind
from ghl.simulator.latency import Range
from ghl.simulator.loopback import NotLoopbackError, check_loopback
from ghl.simulator.serve import ServeOptions, run
from ghl.simulator.server import SimulatorServer
from ghl.simulator.tokens import fake_token


@pytest.fixture
def control(sim):
    with httpx.Client(base_url=f"{sim.control_url}/", trust_env=False) as client:
        yield client


def test_faults_by_the_control_api(control, api, location):
    added = control.post("faults", json={"kind": "server_error", "status": 503, "times": 1}).json()
    assert api.get(f"/locations/{location}").status_code == 503
    assert api.get(f"/locations/{location}").status_code == 200
    listed = control.get("faults").json()["faults"]
    assert [(fault["id"], fault["fired"], fault["active"]) for fault in listed] == [(added["id"], 1, False)]
    assert control.delete(f"faults/{added['id']}").json() == {"cleared": 1}
    assert control.post("faults", json={"kind": "boredom"}).status_code == 400
    assert control.post("faults", json=[]).status_code == 400


def test_even_an_outage_can_be_ended_from_outside(control, api, location):
    control.post("faults", json={"kind": "outage"})
    with pytest.raises(httpx.ReadError):
        api.get(f"/locations/{location}")
    assert control.delete("faults").json() == {"cleared": 1}
    assert api.get(f"/locations/{location}").status_code == 200


def test_locations_tokens_and_settings(control, api):
    made = control.post(
        "locations",
        json={
            "id": "otherLocation0000001",
            "token": fake_token(55),
            "allow_duplicate_contact": True,
            "custom_fields": [{"name": "T-shirt size", "data_type": "RADIO", "options": ["S", "M"]}],
        },
    ).json()
    assert made["tokens"] == [fake_token(55)]
    assert made["custom_fields"][0]["field_key"] == "contact.t_shirt_size"
    headers = {"Authorization": f"Bearer {fake_token(55)}"}
    path = "/locations/otherLocation0000001"
    assert api.get(path, headers=headers).json()["location"]["settings"]["allowDuplicateContact"] is True
    control.patch("locations/otherLocation0000001", json={"name": "Hope Church"})
    assert api.get(path, headers=headers).json()["location"]["name"] == "Hope Church"
    new = control.post("tokens/rotate", json={"token": fake_token(55), "expire_now": True}).json()["token"]
    assert api.get(path, headers=headers).status_code == 401
    assert api.get(path, headers={"Authorization": f"Bearer {new}"}).status_code == 200
    control.post("tokens/revoke", json={"token": new})
    assert api.get(path, headers={"Authorization": f"Bearer {new}"}).status_code == 401
    control.post("tokens/restore", json={"token": new})
    narrow = control.post("tokens", json={"location": "otherLocation0000001", "scopes": []}).json()["token"]
    works = {token["value"]: token["works"] for token in control.get("tokens").json()["tokens"]}
    assert (works[fake_token(55)], works[new], works[narrow]) == (False, True, True)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "tokens", {"token": "pit-8c1f2a3b-1111-4222-8333-123456789abc"}, 400),
        ("POST", "tokens/revoke", {"token": fake_token(99)}, 404),
        ("POST", "tokens/forge", {}, 404),
        ("PATCH", "locations/nowhere", {}, 404),
        ("PATCH", "locations/ve9EPM428h8vShlRW1KT", {"colour": "red"}, 400),
        ("PATCH", "locations/ve9EPM428h8vShlRW1KT", {"search_lag": [2, 1]}, 400),
        ("PATCH", "locations/ve9EPM428h8vShlRW1KT", {"unique_fields": ["name"]}, 400),
        ("POST", "locations", {}, 404),
        ("POST", "latency", {"seconds": "fast"}, 400),
        ("POST", "faults", {"kind": "refuse"}, 400),
        ("GET", "contacts/nobody", None, 404),
        ("GET", "weather", None, 404),
    ],
)
def test_what_the_control_api_refuses(control, method, path, body, status):
    answer = control.request(method, path, json=body)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


def test_contacts_and_the_whole_state(control, sim, location):
    ids = [sim.state.add_contact(location, firstName=name) for name in ("Ann", "Bob", "Cid")]
    shown = control.get("contacts", params={"location": location, "limit": 1, "skip": 1}).json()
    assert (shown["count"], [contact["id"] for contact in shown["contacts"]]) == (3, [ids[1]])
    assert control.get(f"contacts/{ids[0]}").json()["contact"]["firstName"] == "Ann"
    state = control.get("state").json()
    assert set(state) == {"locations", "tokens", "contacts", "faults", "latency", "stats"}
    assert [contact["id"] for contact in state["contacts"][location]] == ids
    assert control.get("").json() == {"simulator": "ready", "locations": 1, "contacts": 3}


def test_statistics_and_their_reset(control, api, location):
    api.get(f"/locations/{location}")
    api.get("/nowhere")
    stats = control.get("stats").json()
    assert stats["operations"] == {"locations.get": 1, "unknown": 1}
    assert stats["statuses"] == {"200": 1, "404": 1}
    assert stats["locations"][location]["max_in_10_s"] == 2
    assert control.delete("stats").json()["requests"] == 0


def test_latency_by_location_and_operation(control, api, location, sim):
    control.post("latency", json={"seconds": "0.15-0.2", "location": location, "operation": "locations.get"})
    assert api.get(f"/locations/{location}").elapsed.total_seconds() >= 0.15
    assert api.get(f"/locations/{location}/tags").elapsed.total_seconds() < 0.15
    assert sim.latency.rules()[1] == {
        "location": location,
        "operation": "locations.get",
        "seconds": "0.15-0.2",
    }


@pytest.mark.parametrize("text", ["", "-1", "2-1", "a-b", "1-2-3"])
def test_what_is_no_latency(text):
    with pytest.raises(ValueError, match=r"range|float"):
        Range.parse(text)


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://127.0.0.1:1"}])
def test_no_browser_and_no_foreign_name_steers_it(control, headers):
    assert control.get("state", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org", ""])
def test_only_loopback(host):
    with pytest.raises(NotLoopbackError):
        check_loopback(host)
    with pytest.raises(NotLoopbackError), SimulatorServer(host=host):
        pass


def test_one_clear_line_and_exit_code_2(capsys, sim, tmp_path):
    assert run(ServeOptions(port=0, host="0.0.0.0")) == 2
    assert run(ServeOptions(port=sim.port)) == 2
    assert run(ServeOptions(port=0, latency="soon")) == 2
    assert run(ServeOptions(port=0, locations=(("x", "pit-real"),))) == 2
    assert run(ServeOptions(port=0, state=tmp_path / "no" / "folder")) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 5
    assert lines[1] == f"The simulator cannot use port {sim.port}: Address already in use"


def command(sim, *words):
    result = CliRunner().invoke(app, [*words, "--url", sim.url])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_line(sim, api, location):
    code, out, _ = command(sim, "fault", "add", "server_error", "--status", "502", "--location", location)
    assert code == 0
    assert api.get(f"/locations/{location}").status_code == 502
    assert json.loads(command(sim, "fault", "list")[1])["faults"][0]["fired"] == 1
    assert json.loads(command(sim, "fault", "clear", json.loads(out)["id"])[1]) == {"cleared": 1}
    sim.state.add_contact(location, firstName="Ann")
    assert json.loads(command(sim, "contacts", "count", "--location", location)[1]) == {"count": 1}
    assert json.loads(command(sim, "contacts", "list")[1])["contacts"][0]["firstName"] == "Ann"
    assert json.loads(command(sim, "stats", "--reset")[1])["requests"] == 1
    assert json.loads(command(sim, "stats")[1])["requests"] == 0


def test_the_command_line_says_what_is_wrong(sim):
    assert command(sim, "fault", "add", "boredom")[0] == 1
    nobody = CliRunner().invoke(app, ["stats", "--url", "http://127.0.0.1:1"])
    assert (nobody.exit_code, nobody.stderr.count("\n")) == (1, 1)
    foreign = CliRunner().invoke(app, ["stats", "--url", "https://services.example"])
    assert (foreign.exit_code, foreign.stderr) == (
        1,
        "https://services.example is not a simulator on this machine.\n",
    )


def test_every_kind_is_explained():
    listed = CliRunner().invoke(app, ["fault", "kinds"]).stdout
    assert set(MEANING) == set(Kind)
    assert all(kind.value in listed for kind in Kind)
