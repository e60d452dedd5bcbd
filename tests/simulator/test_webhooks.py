"""What the simulator tells: signed app webhooks, a church's workflow, and both of them badly."""

import base64

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ghl.simulator.control_client import ControlError
from ghl.simulator.server import SimulatorServer
from tests.support.hub import wait_for
from tests.support.listening import listening

PHONE, EMAIL = "+16155550123", "ann@example.org"


@pytest.fixture
def ear():
    with listening() as told:
        yield told


@pytest.fixture
def ann(sim, location):
    return sim.state.add_contact(location, firstName="Ann", lastName="Lee", phone=PHONE, email=EMAIL)


def kinds(events):
    return [event["type"] for event in events]


def test_an_app_hears_signed_events(api, sim, location, ann, ear):
    sim.control.app_hook(location, ear.url)
    api.put(f"/contacts/{ann}", json={"city": "Nashville"})
    api.post(f"/contacts/{ann}/tags", json={"tags": ["choir"]})
    api.put(f"/contacts/{ann}", json={"dndSettings": {"SMS": {"status": "active"}}})
    api.delete(f"/contacts/{ann}")
    events = ear.wait_for(4)
    assert kinds(events) == ["ContactUpdate", "ContactTagUpdate", "ContactDndUpdate", "ContactDelete"]
    assert {event["id"] for event in events} == {ann}
    assert events[1]["tags"] == ["choir"]
    assert events[2]["dndSettings"] == {"SMS": {"status": "active"}}
    assert all(event["locationId"] == location and event["timestamp"] for event in events)
    assert len({event["webhookId"] for event in events}) == 4
    key = load_pem_public_key(sim.control.public_key().encode())
    for headers, body in ear.got:
        key.verify(base64.b64decode(headers["x-ghl-signature"]), body)
        assert headers["deliveryid"]
    with pytest.raises(InvalidSignature):
        key.verify(base64.b64decode(ear.got[0][0]["x-ghl-signature"]), ear.got[1][1])


def test_an_app_hears_of_messages_and_what_becomes_of_them(api, sim, location, ann, ear, clock):
    sim.control.app_hook(location, ear.url)
    send = {"type": "SMS", "contactId": ann, "message": "Hello"}
    text = api.post("/conversations/messages", json=send).json()
    clock.go_on(10)
    out = ear.wait_for(2)
    assert [(event["type"], event["status"]) for event in out] == [
        ("OutboundMessage", "sent"),
        ("OutboundMessage", "delivered"),
    ]
    assert {event["messageId"] for event in out} == {text["messageId"]}
    mail = {"type": "Email", "contactId": ann, "subject": "Hi", "html": "<p>Hi</p>"}
    email = api.post("/conversations/messages", json=mail).json()
    clock.go_on(10)
    stats = ear.wait_for(5)[4]["webhookPayload"]
    assert (stats["event"], stats["id"], stats["recipient"]) == ("delivered", email["emailMessageId"], EMAIL)
    sim.control.unsubscribe(location, EMAIL)
    assert kinds(ear.wait_for(7)[5:]) == ["ContactDndUpdate", "LCEmailStats"]
    sim.control.reply(location, PHONE, "STOP")
    assert kinds(ear.wait_for(10)[7:]) == ["InboundMessage", "ContactDndUpdate", "OutboundMessage"]


def test_a_merge_is_a_contact_less_and_one_changed(sim, location, ann, ear):
    sim.control.settings(location, allow_duplicate_contact=True)
    gone = sim.state.add_contact(location, firstName="Anne", email="anne@example.org")
    sim.control.app_hook(location, ear.url)
    kept = sim.control.merge(ann, gone)
    assert kept["additionalEmails"] == [{"email": "anne@example.org"}]
    assert [(event["type"], event["id"]) for event in ear.wait_for(2)] == [
        ("ContactDelete", gone),
        ("ContactUpdate", ann),
    ]


def test_twice_and_late_and_out_of_order(sim, location, ann, ear, clock):
    sim.control.app_hook(location, ear.url)
    events = [{"type": "ContactUpdate", "id": ann, "city": str(number)} for number in range(3)]
    sim.control.emit(*events, times=2, order="reversed")
    told = ear.wait_for(6)
    assert [event["city"] for event in told] == ["2", "2", "1", "1", "0", "0"]
    assert told[0]["webhookId"] == told[1]["webhookId"] != told[2]["webhookId"]
    assert len({headers["deliveryid"] for headers, _ in ear.got}) == 6
    sim.control.emit(*events, late=60)
    assert sim.control.all_told()
    clock.go_on(60)
    assert len(ear.wait_for(9)) == 9
    sim.control.emit({"type": "ContactUpdate", "webhookId": "mine", "timestamp": "2020-01-01T00:00:00.000Z"})
    last = ear.wait_for(10)[9]
    assert (last["webhookId"], last["timestamp"][:4]) == ("mine", "2020")


@pytest.mark.parametrize(("status", "wait"), [(503, 10), (429, 660)])
def test_who_cannot_listen_now_is_told_again(sim, location, ann, ear, clock, status, wait):
    sim.control.app_hook(location, ear.url)
    ear.answers = [status]
    sim.control.emit({"type": "ContactUpdate", "id": ann})
    ear.wait_for(1)
    wait_for(sim.control.all_told)
    clock.go_on(wait)
    first, second = ear.wait_for(2)
    assert first == second
    assert ear.got[0][0]["deliveryid"] == ear.got[1][0]["deliveryid"]
    wait_for(lambda: sim.control.deliveries()[-1]["over"])
    assert sim.control.deliveries()[-1]["answered"] == [status, 200]


def test_who_refuses_is_not_told_again(sim, location, ann, ear, clock):
    sim.control.app_hook(location, ear.url)
    ear.answers = [401]
    sim.control.emit({"type": "ContactUpdate", "id": ann})
    ear.wait_for(1)
    wait_for(lambda: sim.control.deliveries()[-1]["over"])
    assert sim.control.deliveries()[-1]["answered"] == [401]


def test_a_workflow_tells_of_stops_and_answers_with_its_secret(sim, location, ann, ear):
    sim.control.workflow_hook(location, ear.url, "a secret of the church")
    sim.control.reply(location, PHONE, "STOP")
    sim.control.reply(location, PHONE, "please do not text me")
    stop, answer = ear.wait_for(2)
    assert stop["workflow"]["name"] == "Church Connect Hub: dnd"
    assert stop["contact_id"] == answer["contact_id"] == ann
    assert stop["location"]["id"] == location
    assert (stop["phone"], stop["full_name"]) == (PHONE, "Ann Lee")
    assert answer["message"]["body"] == "please do not text me"
    for headers, _ in ear.got:
        assert headers["x-hub-secret"] == "a secret of the church"
        assert "x-ghl-signature" not in headers


def test_a_workflow_may_start_at_answers_alone(sim, location, ann, ear):
    sim.control.workflow_hook(location, ear.url, "secret", about=["replied"])
    sim.control.reply(location, PHONE, "STOP")
    sim.control.reply(location, PHONE, "UNSUBSCRIBE")
    # *Customer Replied* was seen not to start for STOP, and to start for the other words.
    assert [event["message"]["body"] for event in ear.wait_for(1)] == ["UNSUBSCRIBE"]


def test_nobody_elsewhere_is_told(sim, location):
    for url in ("http://example.org/hook", "https://127.0.0.1/hook", "http://10.0.0.1/x"):
        with pytest.raises(ControlError):
            sim.control.app_hook(location, url)
    assert sim.state.listeners == {}


def test_who_listens_is_known_after_a_restart(tmp_path, clock, ear):
    path = tmp_path / "state.jsonl"
    with SimulatorServer(journal=path, clock=clock) as sim:
        sim.control.app_hook(None, ear.url, times=2)
        before = sim.state.listeners
    with SimulatorServer(journal=path, clock=clock) as again:
        assert again.state.listeners == before
        assert ear.got == []
        again.control.remove_hooks(again.location_id)
    with SimulatorServer(journal=path, clock=clock) as third:
        assert third.state.listeners == {}
