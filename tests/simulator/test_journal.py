"""What a killed simulator finds again."""

import os
import signal
import subprocess
import sys

import httpx
import pytest

from ghl.simulator.journal import JournalError
from ghl.simulator.server import SimulatorServer


def call(sim, method, path, **more):
    headers = {"Authorization": f"Bearer {sim.token()}", "Version": "2021-07-28"}
    return httpx.request(method, f"{sim.url}{path}", headers=headers, trust_env=False, **more)


def test_everything_is_there_again(tmp_path):
    path = tmp_path / "state.jsonl"
    with SimulatorServer(journal=path, seed=7) as sim:
        here = sim.location_id
        call(
            sim, "POST", "/contacts/", json={"locationId": here, "email": "ann@example.org", "tags": ["vip"]}
        )
        kept = sim.state.contacts(here)[0]
        gone = sim.state.add_contact(here, phone="+16155550101")
        call(sim, "DELETE", f"/contacts/{gone}")
        call(sim, "PUT", f"/contacts/{kept['id']}", json={"firstName": "Ann", "dateOfBirth": "1990-09-25"})
        sim.state.change_location(here, allow_duplicate_contact=True, search_lag=[1, 2])
        ended = sim.state.add_token(here)
        sim.state.revoke_token(ended)
        kept = sim.state.contacts(here)
        listed = call(sim, "GET", f"/locations/{here}/customFields").json()["customFields"]
        tags = call(sim, "GET", f"/locations/{here}/tags").json()["tags"]
    with SimulatorServer(journal=path, seed=7) as again:
        assert again.state.contacts(here) == kept
        assert again.state.locations[here].settings.search_lag == (1, 2)
        assert call(again, "GET", f"/locations/{here}/customFields").json()["customFields"] == listed
        assert call(again, "GET", f"/locations/{here}/tags").json()["tags"] == tags
        assert call(
            again, "POST", "/contacts/", json={"locationId": here, "email": "ann@example.org"}
        ).is_success
        assert not again.state.tokens.find(ended).works(again.state.clock.now())
        found = call(
            again, "GET", f"/contacts/search/duplicate?locationId={here}&email=ann@example.org"
        ).json()
        assert found["contact"]["id"] == kept[0]["id"]


def test_a_torn_last_line_is_forgotten(tmp_path):
    path = tmp_path / "state.jsonl"
    with SimulatorServer(journal=path) as sim:
        sim.state.add_contact(sim.location_id, firstName="Ann")
        sim.state.add_contact(sim.location_id, firstName="Bob")
    path.write_bytes(path.read_bytes()[:-30])
    with SimulatorServer(journal=path) as again:
        assert [contact["firstName"] for contact in again.state.contacts(again.location_id)] == ["Ann"]
        again.state.add_contact(again.location_id, firstName="Cid")
    with SimulatorServer(journal=path) as third:
        assert third.state.count() == 2


@pytest.mark.parametrize(
    "line", [b"no json\n", b'{"kind":"mystery"}\n', b'{"kind":"contact","contact":{}}\n']
)
def test_a_broken_line_in_the_middle_is_said(tmp_path, line):
    path = tmp_path / "state.jsonl"
    with SimulatorServer(journal=path):
        pass
    path.write_bytes(path.read_bytes() + line + b"{}\n")
    with pytest.raises(JournalError):
        SimulatorServer(journal=path)


def start(*arguments):
    code = "from ghl.simulator.commands import app; app()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", "0", *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Simulator ready: http://127.0.0.1:")
    return process, line.split()[-1]


def test_a_process_killed_in_the_middle_of_work(tmp_path):
    path = tmp_path / "state.jsonl"
    process, url = start(
        "--state",
        str(path),
        "--location",
        "churchOne00000000001",
        "--token",
        f"pit-0000{'1' * 4}-1111-1111-1111-{'1' * 12}",
    )
    headers = {
        "Authorization": f"Bearer pit-0000{'1' * 4}-1111-1111-1111-{'1' * 12}",
        "Version": "2021-07-28",
    }
    with process, httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        made = [
            client.post(
                "/contacts/", json={"locationId": "churchOne00000000001", "phone": f"+161555501{number:02d}"}
            ).json()["contact"]["id"]
            for number in range(20)
        ]
        os.kill(process.pid, signal.SIGKILL)
    process, url = start("--state", str(path))
    with process, httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
        assert [client.get(f"/contacts/{contact}").status_code for contact in made] == [200] * 20
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
