"""A message of which nobody knows whether it went out is looked for in GoHighLevel before anything else."""

from datetime import timedelta

import httpx
import pytest

from ghl.clock import SystemClock
from ghl.messages import afterwards
from ghl.messages.asked import AskedOutcome
from jobs.dispatcher.caller import Caller
from jobs.dispatcher.connections import Connections

WITH_EFFECT = [
    ("cut_after", {}),
    ("cut_in_body", {}),
    ("broken_json", {}),
    ("empty_200", {}),
    ("no_id", {}),
    ("server_error", {"effect": True}),
    ("html_error", {"effect": True}),
]
WITHOUT_EFFECT = [
    ("cut_before", {}),
    ("cut_before", {"body_contains": "SMS"}),
    ("server_error", {}),
    ("html_error", {}),
    ("cloudflare", {}),
]


def unsure(sender, kind="cut_after", *, number=1, **fault):
    """A message whose request brought no usable answer."""
    (asked,) = sender.ask(sender.card(number))
    known = sender.hub.sim.faults.add(kind, operation="conversations.send", times=1, **fault)
    sender.due()
    sender.work()
    sender.hub.sim.faults.clear(known.id)
    return asked.message_id


@pytest.mark.parametrize(("kind", "fault"), WITH_EFFECT, ids=str)
def test_one_that_went_out_is_found_and_never_sent_again(sender, kind, fault):
    unsure(sender, kind, **fault)
    assert sender.state() == ("unsure", None)
    sender.work()
    assert sender.calls("conversations.export") == 0, "it is not looked for before a minute is over"
    sender.later(timedelta(seconds=61))
    sender.work()
    assert sender.state()[0] in {"sent", "delivered"}
    (text,) = sender.sent()
    assert sender.query("SELECT ghl_message_id FROM messages") == [(text["id"],)]


@pytest.mark.parametrize(("kind", "fault"), WITHOUT_EFFECT, ids=str)
def test_one_that_did_not_go_out_is_looked_for_three_times_and_then_a_person_decides(sender, kind, fault):
    message_id = unsure(sender, kind, **fault)
    assert sender.state() == ("unsure", None)
    for seconds in (61, 121, 421):
        assert sender.state() == ("unsure", None)
        sender.later(timedelta(seconds=seconds))
        sender.work()
    assert sender.state() == ("unsure", "unsure_none_found")
    assert sender.calls("conversations.export") == 3
    assert sender.sent() == []
    assert sender.do(afterwards.send_again, message_id)
    sender.work()
    assert sender.state()[0] == "sent"
    assert len(sender.sent()) == 1


def test_a_person_says_that_it_arrived(sender):
    message_id = unsure(sender, "cut_before")
    for seconds in (61, 121, 421):
        sender.later(timedelta(seconds=seconds))
        sender.work()
    assert sender.do(afterwards.it_arrived, message_id)
    assert sender.state() == ("sent", "said_arrived")
    assert not sender.do(afterwards.send_again, message_id)
    sender.due()
    sender.work()
    assert sender.sent() == []


def test_what_the_export_does_not_show_is_found_in_the_conversation(sender):
    unsure(sender)
    sender.hub.sim.control.settings(sender.location, export_lag=[3600, 3600])
    known = sender.hub.sim.faults.add("server_error", operation="conversations.export", status=500)
    sender.later(timedelta(seconds=61))
    sender.work()
    assert sender.state() == ("unsure", None), "a look that failed leaves it unsure"
    assert sender.query("SELECT looks FROM messages") == [(0,)]
    sender.hub.sim.faults.clear(known.id)
    sender.due()
    sender.work()
    assert sender.state()[0] == "sent"


def test_a_look_that_the_token_may_not_make_leaves_it_unsure_and_is_made_again(sender):
    unsure(sender)
    known = sender.hub.sim.faults.add(
        "server_error",
        operation="conversations.export",
        status=401,
        message="The token is not authorized for this scope.",
    )
    for _ in range(4):
        sender.later(timedelta(minutes=6))
        sender.work()
    assert sender.state() == ("unsure", "look_scope_missing")
    assert sender.query("SELECT looks FROM messages") == [(0,)]
    sender.hub.sim.faults.clear(known.id)
    sender.later(timedelta(minutes=6))
    sender.work()
    assert sender.state()[0] == "sent"
    assert len(sender.sent()) == 1


def test_two_of_the_same_go_to_a_person(sender):
    unsure(sender)
    (text,) = sender.sent()
    token = sender.hub.sim.token(sender.location)
    again = {"type": "SMS", "contactId": text["contact_id"], "message": text["asked"]}
    httpx.post(
        f"{sender.hub.sim.url}/conversations/messages",
        json=again,
        headers={"Authorization": f"Bearer {token}", "Version": "2021-04-15"},
    ).raise_for_status()
    sender.later(timedelta(seconds=61))
    sender.work()
    assert sender.state() == ("unsure", "unsure_two_found")


def test_an_id_that_another_message_has_is_no_hit(sender):
    """The same words to the same person, twice on purpose: the second did not go out."""
    (asked,) = sender.ask(sender.card())
    sender.due()
    sender.work()
    again = sender.do(afterwards.send_once_more, asked.message_id, reason="They lost their phone.")
    assert again.outcome is AskedOutcome.QUEUED
    known = sender.hub.sim.faults.add("cut_before", operation="conversations.send", times=1)
    sender.due()
    sender.work()
    sender.hub.sim.faults.clear(known.id)
    for seconds in (61, 121, 421):
        sender.later(timedelta(seconds=seconds))
        sender.work()
    assert sender.states()[1] == ("unsure", "unsure_none_found")
    assert len(sender.sent()) == 1


def test_an_email_may_be_set_to_go_once_more_by_itself(sender):
    sender.onboarding(sender.email)
    sender.settings(email_sends_again=True)
    unsure(sender, "cut_before")
    for seconds in (61, 121, 421):
        sender.later(timedelta(seconds=seconds))
        sender.work()
    assert sender.state()[0] == "sent"
    assert len(sender.sent("Email")) == 1


def test_an_email_goes_once_more_by_itself_only_once(sender):
    sender.onboarding(sender.email)
    sender.settings(email_sends_again=True)
    (_,) = sender.ask(sender.card())
    sender.hub.sim.faults.add("cut_before", operation="conversations.send")
    sender.due()
    for seconds in (0, 61, 121, 421, 61, 121, 421):
        sender.later(timedelta(seconds=seconds))
        sender.work()
    assert sender.state() == ("unsure", "unsure_none_found")
    assert sender.calls("conversations.send") == 2


def test_a_text_is_never_set_to_go_again_by_itself(sender):
    sender.settings(email_sends_again=True)
    unsure(sender, "cut_before")
    for seconds in (61, 121, 421):
        sender.later(timedelta(seconds=seconds))
        sender.work()
    assert sender.state() == ("unsure", "unsure_none_found")


def test_what_was_certainly_not_sent_waits_and_goes_again(sender):
    """No connection: nobody listens at GoHighLevel's door."""
    sender.ask(sender.card())
    sender.due()
    run, _, job = sender.until_sent()
    nobody = Caller(
        connections=Connections(threads=1, clock=SystemClock()),
        key_ring=sender.hub.container.key_ring,
        base_url="http://127.0.0.1:9",
        clock=SystemClock(),
    )
    run.put(nobody.work(job))
    run.turn(50)
    assert sender.state() == ("waiting", "ghl_not_answering")
    sender.due()
    sender.work()
    assert sender.state()[0] == "sent"
    assert len(sender.sent()) == 1


def test_a_look_that_is_refused_for_days_is_told_to_a_person(sender):
    """Its contact is not there any more: the look is refused, and that is told."""
    sender.ask(sender.card())
    known = sender.hub.sim.faults.add("cut_after", operation="conversations.send", times=1)
    sender.due()
    sender.work()
    sender.hub.sim.faults.clear(known.id)
    assert sender.state()[0] == "unsure"
    assert len(sender.sent()) == 1
    missing = sender.hub.sim.faults.add(
        "server_error", operation="conversations.export", status=404, message="Contact not found"
    )
    for _ in range(12):
        sender.later(timedelta(hours=7))
        sender.work()
    sender.hub.sim.faults.clear(missing.id)
    state, cause = sender.state()
    assert (state, cause) != ("unsure", None), "three days later nobody was told"


def test_an_unsure_text_is_found_after_its_contact_was_merged_away(sender):
    sender.ask(sender.card())
    known = sender.hub.sim.faults.add("cut_after", operation="conversations.send", times=1)
    sender.due()
    sender.work()
    sender.hub.sim.faults.clear(known.id)
    ((gone,),) = sender.query("SELECT contact_id FROM messages")
    kept = sender.hub.sim.state.add_contact(sender.location, firstName="Anna", email="other@example.org")
    sender.hub.sim.control.merge(kept, gone)
    for seconds in (61, 121, 421, 4000, 40000):
        sender.later(timedelta(seconds=seconds))
        sender.work()
    (text,) = sender.sent()
    assert sender.query("SELECT ghl_message_id FROM messages") == [(text["id"],)]
    assert sender.state()[0] != "unsure"
