"""GoHighLevel's official SDK against the simulator. It sends `Version: v3` with everything."""

import asyncio
import warnings

import pytest

with warnings.catch_warnings():
    # The package is generated and does not keep up with the pydantic it asks for.
    warnings.simplefilter("ignore")
    from highlevel import HighLevel
    from highlevel.error import GHLError

from ghl.simulator.tokens import fake_token


def run(sim, story, token=None):
    """Runs `story` with an SDK that speaks to the simulator, and closes it."""

    class LocalHighLevel(HighLevel):
        BASE_URL = sim.url

    async def told():
        sdk = LocalHighLevel(private_integration_token=token or sim.token(), log_level="error")
        try:
            return await story(sdk)
        finally:
            await sdk.http_client.aclose()

    return asyncio.run(told())


def test_a_contacts_life(sim, location):
    ann = {"locationId": location, "firstName": "Ann", "email": "ann@example.org", "phone": "+16155550100"}

    async def story(sdk):
        place = await sdk.locations.get_location(location)
        first = await sdk.contacts.upsert_contact({**ann, "dndSettings": {"sms": {"status": "active"}}})
        again = await sdk.contacts.upsert_contact(ann)
        contact_id = first["contact"]["id"]
        tags = await sdk.contacts.add_tags(contact_id, {"tags": ["Guest"]})
        less = await sdk.contacts.remove_tags(contact_id, {"tags": ["guest"]})
        changed = await sdk.contacts.update_contact(contact_id, {"lastName": "Lee"})
        found = await sdk.contacts.get_duplicate_contact(location, number="+16155550100")
        searched = await sdk.contacts.search_contacts_advanced({"locationId": location, "pageLimit": 20})
        fields = await sdk.locations.get_custom_fields(location)
        read = await sdk.contacts.get_contact(contact_id)
        gone = await sdk.contacts.delete_contact(contact_id)
        return place, first, again, tags, less, changed, found, searched, fields, read, gone

    place, first, again, tags, less, changed, found, searched, fields, read, gone = run(sim, story)
    assert place["location"]["id"] == location
    assert (first["new"], again["new"]) == (True, False)
    assert again["contact"]["id"] == first["contact"]["id"]
    assert first["contact"]["dndSettings"] == {"sms": {"status": "active"}}
    assert (tags["tags"], less["tags"]) == (["guest"], [])
    assert changed["succeeded"] is True
    assert found["contact"]["name"] == "Ann Lee"
    assert searched["total"] == 1
    assert len(fields["customFields"]) == 8
    assert read["contact"]["phone"] == "+16155550100"
    assert gone["succeded"] is True
    assert sim.state.count() == 0


@pytest.mark.parametrize(
    ("token", "place", "status", "message"),
    [
        (None, "elsewhere", 403, "The token does not have access to this location."),
        (fake_token(99), "ve9EPM428h8vShlRW1KT", 401, "Invalid Private Integration token"),
    ],
)
def test_refusals(sim, token, place, status, message):
    async def story(sdk):
        await sdk.locations.get_location(place)

    with pytest.raises(GHLError) as caught:
        run(sim, story, token)
    assert (caught.value.status_code, caught.value.message) == (status, message)


def test_a_duplicate_and_a_fault(sim, location):
    ann = {"locationId": location, "firstName": "Ann", "email": "ann@example.org"}

    async def story(sdk):
        await sdk.contacts.create_contact(ann)
        await sdk.contacts.create_contact(ann)

    with pytest.raises(GHLError) as caught:
        run(sim, story)
    assert caught.value.status_code == 400
    assert caught.value.response["meta"]["matchingField"] == "email"
    sim.faults.add("server_error", status=503)
    with pytest.raises(GHLError) as caught:
        run(sim, story)
    assert caught.value.status_code == 503


def test_messages(sim, location):
    ann = {"locationId": location, "firstName": "Ann", "email": "ann@example.org", "phone": "+16155550100"}

    async def story(sdk):
        contact = (await sdk.contacts.create_contact(ann))["contact"]["id"]
        send = sdk.conversations.send_a_new_message
        text = await send({"type": "SMS", "contactId": contact, "message": "Welcome!"})
        email = await send({"type": "Email", "contactId": contact, "subject": "Hi", "html": "<p>Hi</p>"})
        # The SDK's calls for one message take no id: generated from a file that forgets to name it.
        listed = await sdk.conversations.get_messages(text["conversationId"])
        found = await sdk.conversations.search_conversation(location_id=location, contact_id=contact)
        exported = await sdk.conversations.export_messages_by_location(location, limit=10, channel="SMS")
        return text, email, listed, found, exported

    text, email, listed, found, exported = run(sim, story)
    assert text["msg"] == "Message queued successfully."
    assert [one["id"] for one in listed["messages"]["messages"]] == [email["messageId"], text["messageId"]]
    assert found["total"] == 1
    assert [message["id"] for message in exported["messages"]] == [text["messageId"]]


def test_a_person_who_unsubscribed(sim, location):
    ann = {"locationId": location, "phone": "+16155550100"}

    async def story(sdk):
        contact = (await sdk.contacts.create_contact(ann))["contact"]["id"]
        sim.control.reply(location, "+16155550100", "STOP")
        body = {"type": "SMS", "contactId": contact, "message": "Hi"}
        await sdk.conversations.send_a_new_message(body)

    with pytest.raises(GHLError) as caught:
        run(sim, story)
    assert caught.value.response["canonicalCode"] == "CONVERSATIONS_MSG_UNSUBSCRIBED_SMS"
