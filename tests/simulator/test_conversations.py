"""What a token may do with messages, and messages against GoHighLevel's OpenAPI file."""

import functools

import httpx
import pytest

from ghl.simulator.tokens import ALL_SCOPES
from tests.support.ghl_openapi import complaints, needs_openapi

NOBODY = {"type": "SMS", "contactId": "connectionTest00Nobody", "message": "Hello"}


def calls(location):
    query = {"locationId": location, "contactId": "nobody"}
    return {
        "conversations/message.write": ("POST", "/conversations/messages", {"json": NOBODY}),
        "conversations/message.readonly": ("GET", "/conversations/messages/export", {"params": query}),
        "conversations.readonly": ("GET", "/conversations/search", {"params": query}),
    }


@pytest.mark.parametrize("scope", sorted(calls("")))
def test_each_wants_its_scope_before_it_looks_who_is_meant(api, location, sim, scope):
    method, path, how = calls(location)[scope]
    for scopes, status in (
        (ALL_SCOPES, 400 if method == "POST" else 200),
        (ALL_SCOPES - {scope}, 401),
    ):
        token = sim.state.add_token(location, scopes=scopes)
        answer = api.request(method, path, headers={"Authorization": f"Bearer {token}"}, **how)
        assert answer.status_code == status
    agency = sim.state.add_token(None)
    answer = api.request(method, path, headers={"Authorization": f"Bearer {agency}"}, **how)
    assert answer.json()["message"] == "Token's user type mismatch!"


def test_what_is_sent_is_checked_first(api, location, sim):
    def refusal(**changes):
        return api.post("/conversations/messages", json={**NOBODY, **changes}).json()["message"]

    assert refusal() == "Contact not found"
    assert "type must be one of" in refusal(type="Pigeon")[0]
    contact = sim.state.add_contact(location, firstName="Ann")
    assert refusal(contactId=contact, message="") == "There is no message or attachments"
    assert refusal(contactId=contact) == "Missing phone number"
    theirs = sim.state.add_location("otherLocation0000001") and sim.state.add_contact(
        "otherLocation0000001", firstName="Zoe"
    )
    assert refusal(contactId=theirs) == "Contact not found"


def test_another_location_is_refused(api):
    for _, path, how in list(calls("elsewhere").values())[1:]:
        assert api.get(path, **how).status_code == 403


@needs_openapi
def test_a_conversation_is_as_documented(sim, location):
    wrong = []

    def check(answer):
        answer.read()
        wrong.extend(complaints(answer.request, answer))

    ann = sim.state.add_contact(location, firstName="Ann", phone="+16155550123", email="ann@example.org")
    headers = {"Authorization": f"Bearer {sim.token()}", "Version": "2021-04-15"}
    with httpx.Client(
        base_url=sim.url, headers=headers, event_hooks={"response": [check]}, trust_env=False
    ) as checked:
        send = functools.partial(checked.post, "/conversations/messages")
        text = send(json={"type": "SMS", "contactId": ann, "message": "Hello"}).json()
        mail = {
            "type": "Email",
            "contactId": ann,
            "subject": "Hi",
            "html": "<p>Hi</p>",
            "emailFrom": "a@b.example",
        }
        email = send(json=mail).json()
        later = {"type": "SMS", "contactId": ann, "message": "Later", "scheduledTimestamp": 1_900_000_000}
        scheduled = send(json=later).json()
        assert send(json={"type": "Email", "contactId": ann, "message": "no HTML"}).status_code == 422
        sim.control.reply(location, "+16155550123", "STOP")
        assert send(json={"type": "SMS", "contactId": ann, "message": "Hello"}).status_code == 400
        sim.control.settings(location, send_status=201)
        assert send(json=mail).status_code == 201
        for path in (
            f"/conversations/messages/{text['messageId']}",
            f"/conversations/messages/{email['messageId']}",
            f"/conversations/messages/email/{email['emailMessageId']}",
            f"/conversations/{text['conversationId']}/messages",
            f"/conversations/messages/export?locationId={location}&channel=SMS&limit=10",
            f"/conversations/messages/export?locationId={location}&channel=Email&contactId={ann}",
            f"/conversations/search?locationId={location}&contactId={ann}",
        ):
            assert checked.get(path).status_code == 200
        sim.control.settings(location, flat_lists=True)
        assert checked.get(f"/conversations/{text['conversationId']}/messages").is_success
        assert checked.delete(f"/conversations/messages/{scheduled['messageId']}/schedule").is_success
    assert wrong == []
