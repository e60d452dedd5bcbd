"""What people text back: the keywords, what they set, and the simulator's automatic answers."""

import pytest

PHONE = "+16155550123"


@pytest.fixture
def ann(sim, location):
    return sim.state.add_contact(location, firstName="Ann", phone=PHONE)


@pytest.fixture
def send(api, ann):
    def sent(contact=ann):
        body = {"type": "SMS", "contactId": contact, "message": "Hello"}
        return api.post("/conversations/messages", json=body)

    return sent


def dnd(api, contact):
    return api.get(f"/contacts/{contact}").json()["contact"]["dndSettings"].get("SMS")


@pytest.mark.parametrize("word", ["STOP", "stop ", "StopAll", "UNSUBSCRIBE", "cancel", "END", "Quit"])
def test_stop_blocks_the_phone_and_nobody_can_lift_it(api, sim, location, ann, send, word):
    sim.control.reply(location, PHONE, word)
    assert dnd(api, ann) == {"status": "permanent", "message": "STOP_KEYWORD"}
    answer = send()
    assert answer.status_code == 400
    assert answer.json()["canonicalCode"] == "CONVERSATIONS_MSG_UNSUBSCRIBED_SMS"
    assert answer.json()["message"] == f"Cannot send message as {PHONE} has unsubscribed"
    api.put(f"/contacts/{ann}", json={"dndSettings": {"SMS": {"status": "inactive"}}})
    assert dnd(api, ann)["status"] == "permanent"
    automatic = [message for message in sim.control.messages(location) if message["automatic"]]
    assert [message["body"][:24] for message in automatic] == ["You have successfully be"]


@pytest.mark.parametrize("word", ["START", "yes", "UNSTOP"])
def test_start_lifts_it(api, sim, location, ann, send, word):
    sim.control.reply(location, PHONE, "STOP")
    sim.control.reply(location, PHONE, word)
    assert dnd(api, ann)["status"] == "inactive"
    assert send().is_success


def test_yes_is_a_word_like_any_other_where_nothing_is_blocked(sim, location, ann):
    sim.control.reply(location, PHONE, "YES")
    assert [message["direction"] for message in sim.control.messages(location)] == ["inbound"]


@pytest.mark.parametrize("word", ["REVOKE", "OPTOUT"])
def test_the_newer_words_hold_by_switch(api, sim, location, ann, word):
    sim.control.reply(location, PHONE, word)
    assert dnd(api, ann) is None
    sim.control.settings(location, newer_stop_words=True)
    sim.control.reply(location, PHONE, word)
    assert dnd(api, ann)["status"] == "permanent"


@pytest.mark.parametrize("text", ["please stop texting me", "opt out", "STOP it", "Stop."])
def test_a_sentence_is_no_keyword(api, sim, location, ann, send, text):
    sim.control.reply(location, PHONE, text)
    assert dnd(api, ann) is None
    assert send().is_success


def test_help_is_answered_and_blocks_nothing(sim, location, ann, send):
    sim.control.reply(location, PHONE, "help")
    assert [message["automatic"] for message in sim.control.messages(location)] == [False, True]
    assert send().is_success


def test_what_was_queued_before_stop_does_not_leave(api, sim, location, send, clock):
    queued = send().json()["messageId"]
    sim.control.reply(location, PHONE, "STOP")
    clock.go_on(10)
    assert api.get(f"/conversations/messages/{queued}").json()["status"] == "failed"


def test_stop_blocks_others_with_the_phone_though_their_contact_says_nothing(api, sim, location, ann, send):
    sim.control.settings(location, allow_duplicate_contact=True)
    other = sim.state.add_contact(location, firstName="Ben", phone=PHONE)
    sim.control.reply(location, PHONE, "STOP")
    assert dnd(api, ann)["status"] == "permanent"
    assert dnd(api, other) is None
    assert send(other).json()["canonicalCode"] == "CONVERSATIONS_MSG_UNSUBSCRIBED_SMS"


def test_a_new_number_keeps_the_contacts_setting(api, sim, location, ann, send):
    sim.control.reply(location, PHONE, "STOP")
    api.put(f"/contacts/{ann}", json={"phone": "+16155550199"})
    assert send().json()["canonicalCode"] == "CONVERSATIONS_MSG_DND_ACTIVE_SMS"


def test_a_phone_may_be_written_in_any_way(api, sim, location, ann, send):
    assert sim.control.reply(None, "(615) 555-0123", "STOP")["contact_id"] == ann
    assert sim.state.count() == 1
    assert send().json()["canonicalCode"] == "CONVERSATIONS_MSG_UNSUBSCRIBED_SMS"


def test_whoever_is_not_known_becomes_a_contact(sim, location):
    message = sim.control.reply(location, "+16155550177", "Who is this?")
    assert sim.state.contact(message["contact_id"])["phone"] == "+16155550177"


def test_an_email_is_answered_without_keywords(api, sim, location):
    ben = sim.state.add_contact(location, firstName="Ben", email="ben@example.org", phone=PHONE)
    sim.control.reply(location, "ben@example.org", "STOP", subject="Re: Welcome")
    assert dnd(api, ben) is None
    assert sim.control.messages(location)[0]["channel"] == "Email"


def test_somebody_sets_do_not_disturb_on_the_screen(api, sim, ann, send):
    sim.control.set_dnd(ann, "active")
    assert send().json()["canonicalCode"] == "CONVERSATIONS_MSG_DND_ACTIVE_SMS"
    sim.control.set_dnd(ann, "inactive")
    sim.control.set_dnd(ann, "active", channel="all")
    assert send().json()["message"] == "Cannot send message as DND is active."
