"""Messages: what is sent, refused and shown, and what becomes of it on the clock."""

from contextlib import suppress
from datetime import timedelta

import httpx
import pytest

from ghl.simulator.server import SimulatorServer

PHONE, EMAIL = "+16155550123", "ann@example.org"
FOOTER = "\n\nThanks, Grace Church\nReply STOP to unsubscribe"


@pytest.fixture
def ann(sim, location):
    return sim.state.add_contact(location, firstName="Ann", lastName="Lee", phone=PHONE, email=EMAIL)


@pytest.fixture
def send(api, ann):
    def sent(text="Hello Ann", **more):
        return api.post(
            "/conversations/messages", json={"type": "SMS", "contactId": ann, "message": text, **more}
        )

    return sent


@pytest.fixture
def email(api, ann):
    def sent(**more):
        body = {"type": "Email", "contactId": ann, "subject": "Welcome", "html": "<p>Hello</p>", **more}
        return api.post("/conversations/messages", json=body)

    return sent


def status_of(api, message_id):
    return api.get(f"/conversations/messages/{message_id}").json()["status"]


def test_a_text_is_queued_sent_and_delivered(api, send, clock, ann):
    answer = send()
    assert answer.status_code == 200
    body = answer.json()
    assert body["msg"] == "Message queued successfully."
    assert "emailMessageId" not in body
    seen = []
    for _ in range(3):
        seen.append(status_of(api, body["messageId"]))
        clock.go_on(1.5)
    assert seen == ["pending", "sent", "delivered"]
    shown = api.get(f"/conversations/messages/{body['messageId']}").json()
    assert (shown["direction"], shown["source"], shown["messageType"]) == ("outbound", "api", "TYPE_SMS")
    assert (shown["contactId"], shown["conversationId"]) == (ann, body["conversationId"])
    assert send().json()["conversationId"] == body["conversationId"]


def test_an_email_has_an_object_of_its_own(api, email, clock):
    body = email().json()
    clock.go_on(5)
    shown = api.get(f"/conversations/messages/email/{body['emailMessageId']}").json()
    assert (shown["status"], shown["subject"], shown["to"]) == ("delivered", "Welcome", [EMAIL])
    assert shown["body"] == "<p>Hello</p>"
    assert api.get("/conversations/messages/email/nowhere").json()["message"] == "Message not found"
    assert api.get("/conversations/messages/nowhere").status_code == 400


def test_the_first_text_gets_lines_below_it_and_again_after_thirty_days(sim, send, clock):
    for _ in range(2):
        send()
    clock.go_on(30 * 24 * 3600 + 1)
    send()
    bodies = [message["body"] for message in sim.control.sent()]
    assert bodies == [f"Hello Ann{FOOTER}", "Hello Ann", f"Hello Ann{FOOTER}"]
    assert {message["asked"] for message in sim.control.sent()} == {"Hello Ann"}


@pytest.mark.parametrize("text", ["Hi. Reply STOP to opt out.", "Text STOP to end", "to unsubscribe say so"])
def test_who_says_how_to_stop_gets_nothing_below(sim, send, text):
    send(text)
    assert [message["body"] for message in sim.control.sent()] == [text]


def test_a_text_for_later_leaves_then_and_may_be_cancelled(api, send, clock):
    at = int((clock.now() + timedelta(hours=1)).timestamp())
    first, second = send(scheduledTimestamp=at).json(), send(scheduledTimestamp=at).json()
    assert status_of(api, first["messageId"]) == "scheduled"
    assert api.delete(f"/conversations/messages/{second['messageId']}/schedule").status_code == 200
    clock.go_on(3610)
    assert status_of(api, first["messageId"]) == "delivered"
    assert api.get(f"/conversations/messages/{second['messageId']}").status_code == 400
    assert api.delete(f"/conversations/messages/{first['messageId']}/schedule").status_code == 400
    milliseconds = send(scheduledTimestamp=at * 1000)
    assert milliseconds.status_code == 422


def refused(answer):
    body = answer.json()
    assert body["traceId"]
    return answer.status_code, body["message"], body.get("canonicalCode")


def test_do_not_disturb_is_refused_by_channel(api, ann, send, email):
    api.put(f"/contacts/{ann}", json={"dndSettings": {"SMS": {"status": "active"}}})
    assert refused(send()) == (
        400,
        "Cannot send message as DND is active for SMS.",
        "CONVERSATIONS_MSG_DND_ACTIVE_SMS",
    )
    assert email().is_success
    api.put(f"/contacts/{ann}", json={"dndSettings": {"Email": {"status": "active"}}})
    assert refused(email())[2] == "CONVERSATIONS_MSG_DND_ACTIVE_EMAIL"
    api.put(f"/contacts/{ann}", json={"dnd": True})
    assert refused(send()) == (400, "Cannot send message as DND is active.", None)


def test_what_cannot_be_addressed_is_refused(api, sim, location, email, send):
    bare = sim.state.add_contact(location, firstName="Bob")
    assert refused(send(contactId=bare)) == (400, "Missing phone number", None)
    assert refused(email(contactId=bare))[1:] == (
        "Unable to send e-mail, contact's e-mail is invalid",
        "CONVERSATIONS_MSG_INVALID_EMAIL",
    )
    assert refused(email(emailTo="Ann@Example.org"))[2] == "CONVERSATIONS_MSG_INVALID_EMAILTO"
    assert email(emailTo=EMAIL).is_success
    assert refused(email(html=None, message="plain"))[::2] == (422, "CONVERSATIONS_MSG_NO_CONTENT")
    assert refused(send(""))[0] == 422
    assert refused(send(toNumber="6155550123"))[1] == "Invalid country calling code"
    assert refused(send(conversationProviderId="x"))[::2] == (401, "CONVERSATIONS_MSG_PROVIDER_NO_ACCESS")
    assert send(nonsense=1).json()["message"] == ["property nonsense should not exist"]
    sim.control.settings(location, phone_number="")
    assert send().status_code == 400


def test_the_carrier_decides_what_becomes_of_a_text(api, sim, location, ann, send, clock):
    api.put(f"/contacts/{ann}", json={"dndSettings": {"SMS": {"status": "inactive"}}})
    for outcome, status, dnd in (
        ("undelivered", "undelivered", "inactive"),
        ("failed", "failed", "inactive"),
        ("stuck", "sent", "inactive"),
        ("unreachable", "undelivered", "active"),
        ("opt_out", "opt_out", "permanent"),
    ):
        sim.control.carrier(location, PHONE, outcome)
        message = send().json()["messageId"]
        clock.go_on(10)
        assert status_of(api, message) == status
        settings = api.get(f"/contacts/{ann}").json()["contact"]["dndSettings"]
        assert settings["SMS"]["status"] == dnd
        api.put(f"/contacts/{ann}", json={"dndSettings": {"SMS": {"status": "inactive"}}})
    # What a carrier made permanent is not cleared by the API.
    assert refused(send())[2] == "CONVERSATIONS_MSG_DND_ACTIVE_SMS"


def test_a_bounced_email_is_refused_from_then_on(sim, location, email, clock):
    sim.control.carrier(location, EMAIL, "bounced")
    assert email().is_success
    clock.go_on(10)
    assert refused(email())[2] == "CONVERSATIONS_MSG_INVALID_EMAIL"


def test_an_email_that_was_unsubscribed_is_refused(sim, location, email):
    sim.control.unsubscribe(location, EMAIL)
    assert refused(email()) == (
        400,
        f"Cannot send email as {EMAIL} has unsubscribed",
        "CONVERSATIONS_MSG_UNSUBSCRIBED",
    )


def test_a_new_number_has_a_limit_a_day(api, sim, location, send, clock):
    sim.control.settings(location, texts_a_day=2)
    ids = [send().json()["messageId"] for _ in range(3)]
    clock.go_on(10)
    assert [status_of(api, one) for one in ids] == ["delivered", "delivered", "failed"]
    clock.go_on(24 * 3600)
    later = send().json()["messageId"]
    clock.go_on(10)
    assert status_of(api, later) == "delivered"


def export(api, location, **query):
    return api.get("/conversations/messages/export", params={"locationId": location, **query})


def test_the_export_lags_behind_and_goes_by_channel(api, sim, location, ann, send, email, clock):
    sim.control.settings(location, export_lag=[5, 5])
    send("one")
    email()
    assert export(api, location, channel="SMS").json()["messages"] == []
    clock.go_on(5)
    texts = export(api, location, channel="SMS", contactId=ann).json()
    assert [message["body"] for message in texts["messages"]] == [f"one{FOOTER}"]
    assert (texts["total"], texts["nextCursor"]) == (1, None)
    assert [m["messageType"] for m in export(api, location).json()["messages"]] == ["TYPE_SMS"]
    assert [m["subject"] for m in export(api, location, channel="Email").json()["messages"]] == ["Welcome"]
    assert export(api, location, contactId="nobody").json()["total"] == 0


def test_the_export_goes_on_from_a_cursor(api, sim, location, send, clock):
    for number in range(25):
        send(f"text {number}")
        clock.go_on(1)
    seen, cursor = [], None
    while True:
        page = export(api, location, limit=10, **({"cursor": cursor} if cursor else {})).json()
        seen += [message["body"].split("\n")[0] for message in page["messages"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == [f"text {number}" for number in reversed(range(25))]
    sim.control.settings(location, repeats_cursor=True)
    first = export(api, location, limit=10).json()["nextCursor"]
    second = export(api, location, limit=10, cursor=first).json()["nextCursor"]
    assert export(api, location, limit=10, cursor=second).json()["nextCursor"] == second


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"startDate": "1700000000000"}, 400, "CONVERSATIONS_MSG_INVALID_START_DATE_FORMAT"),
        ({"endDate": "yesterday"}, 400, "CONVERSATIONS_MSG_INVALID_END_DATE_FORMAT"),
        ({"startDate": "2026-02-30"}, 400, "CONVERSATIONS_MSG_INVALID_START_DATE_FORMAT"),
        ({"limit": "9"}, 422, None),
        ({"channel": "sms"}, 422, None),
        ({"cursor": "nonsense"}, 400, None),
    ],
)
def test_the_export_is_strict(api, location, query, status, code):
    assert refused(export(api, location, **query))[::2] == (status, code)


def test_the_export_keeps_to_its_dates(api, location, send, clock):
    before = clock.now()
    send("old")
    clock.go_on(60)
    send("new")
    start = (before + timedelta(seconds=30)).isoformat(timespec="milliseconds")
    assert [m["body"] for m in export(api, location, startDate=start).json()["messages"]] == ["new"]
    assert export(api, location, endDate=start.replace("+00:00", "Z")).json()["total"] == 1


def test_a_conversation_is_listed_nested_and_flat_by_switch(api, sim, location, ann, send):
    conversation = send("one").json()["conversationId"]
    send("two")
    sim.control.reply(location, PHONE, "Thank you!")
    path = f"/conversations/{conversation}/messages"
    nested = api.get(path, params={"limit": 2}).json()["messages"]
    assert [message["body"] for message in nested["messages"]] == ["Thank you!", "two"]
    assert nested["nextPage"] is True
    rest = api.get(path, params={"lastMessageId": nested["lastMessageId"]}).json()["messages"]
    assert [message["body"] for message in rest["messages"]] == [f"one{FOOTER}"]
    sim.control.settings(location, flat_lists=True, wraps_message=True)
    flat = api.get(path).json()
    assert len(flat["messages"]) == 3
    one = flat["messages"][0]["id"]
    assert api.get(f"/conversations/messages/{one}").json()["message"]["id"] == one
    found = api.get("/conversations/search", params={"locationId": location, "contactId": ann}).json()
    assert found["total"] == 1
    assert found["conversations"][0] | {"id": conversation, "unreadCount": 1} == found["conversations"][0]
    assert api.get("/conversations/nowhere/messages").status_code == 400


def test_everything_is_there_again_after_a_restart(tmp_path, clock):
    path = tmp_path / "state.jsonl"
    with SimulatorServer(journal=path, clock=clock) as sim:
        here = sim.location_id
        sim.state.add_contact(here, phone=PHONE)
        sim.control.reply(here, PHONE, "STOP")
        sim.control.carrier(here, "+16155550199", "landline")
        before = sim.control.messages(here)
    with SimulatorServer(journal=path, clock=clock) as again:
        assert again.control.messages(here) == before
        assert again.state.mail[here].unsubscribed == {PHONE}
        assert again.state.mail[here].outcomes == {"+16155550199": "landline"}


@pytest.mark.parametrize("fault", ["cut_after", "no_id", "broken_json", "empty_200"])
def test_a_text_goes_out_though_nobody_hears_of_it(api, sim, send, fault):
    sim.control.fault(fault, operation="conversations.send", times=1)
    with suppress(httpx.HTTPError, ValueError):
        assert "messageId" not in send().json()
    assert len(sim.control.sent()) == 1


@pytest.mark.parametrize(("fault", "status"), [("server_error", 500), ("html_error", 502)])
@pytest.mark.parametrize("effect", [True, False])
def test_a_server_error_says_nothing_about_the_effect(sim, send, fault, status, effect):
    sim.control.fault(fault, operation="conversations.send", effect=effect, times=1)
    assert send().status_code == status
    assert len(sim.control.sent()) == int(effect)
