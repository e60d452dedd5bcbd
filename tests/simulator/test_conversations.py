"""Messages, as far as a token's rights show there: a contact that is not there is found only by who may send."""

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


def test_what_is_sent_is_checked_and_never_goes_out(api, location, sim):
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
def test_lists_are_as_documented(api, location):
    for method, path, how in list(calls(location).values())[1:]:
        answer = api.request(method, path, headers={"Version": "2021-04-15"}, **how)
        assert answer.status_code == 200
        assert not complaints(answer.request, answer)
