"""The whole way of a message, from the press of a button to its arrival, by a worker's own turns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ghl.messages import afterwards, trial
from ghl.messages.asked import AskedOutcome
from tests.support.churches import card_values
from tests.support.messages import WORDS


def test_a_text_is_asked_for_sent_once_and_followed_until_it_arrived(sender):
    card_id = sender.card()
    (asked,) = sender.ask(card_id)
    assert asked.outcome is AskedOutcome.QUEUED
    sender.work()
    assert sender.state() == ("waiting", None)
    sender.due()
    sender.work()
    assert sender.state() == ("sent", None)
    (text,) = sender.sent()
    assert text["asked"].startswith(WORDS)
    assert text["address"] == card_values(1)["phone"]
    sender.hub.sim.control.settings(sender.location, message_delays=[0, 0])
    sender.later(timedelta(minutes=1))
    sender.work()
    assert sender.state()[0] in {"sent", "delivered"}
    assert len(sender.sent()) == 1


def test_it_leaves_after_the_undo_time_and_not_before(sender):
    card_id = sender.card()
    (asked,) = sender.ask(card_id)
    ((due_at, not_before),) = sender.query(
        "SELECT o.due_at, m.not_before FROM messages AS m JOIN outbox AS o ON o.message_id = m.id"
    )
    assert due_at == not_before == asked.at
    assert timedelta(seconds=9) < due_at - datetime.now(UTC) <= timedelta(seconds=10)


def test_undo_takes_it_back(sender):
    (asked,) = sender.ask(sender.card())
    assert sender.do(afterwards.undo, asked.message_id)
    sender.due()
    sender.work()
    assert sender.state() == ("not_sent", "undone")
    assert sender.sent() == []
    assert not sender.do(afterwards.undo, asked.message_id)


def test_undo_while_the_worker_looks_at_the_contact(sender):
    (asked,) = sender.ask(sender.card())
    sender.due()
    run, caller = sender.worker()
    (job,) = run.turn(50).jobs
    assert sender.do(afterwards.undo, asked.message_id)
    run.put(caller.work(job))
    assert not run.turn(50).jobs
    assert sender.state() == ("not_sent", "undone")
    assert sender.sent() == []
    assert sender.query("SELECT 1 FROM message_attempts WHERE ended_at IS NULL") == []


def test_undo_is_too_late_once_it_is_marked(sender):
    (asked,) = sender.ask(sender.card())
    sender.due()
    sender.until_sent()
    assert not sender.do(afterwards.undo, asked.message_id)


def test_a_message_waits_until_its_card_is_in_gohighlevel(sender):
    card_id = sender.card(arrived=False)
    sender.query("UPDATE outbox SET due_at = now() + interval '1 hour' WHERE kind = 'card' RETURNING 1")
    sender.ask(card_id)
    sender.due()
    sender.work()
    assert sender.state() == ("waiting", "waits_for_card")
    assert sender.calls("conversations.send") == 0
    sender.query("UPDATE outbox SET due_at = now() WHERE kind = 'card' RETURNING 1")
    sender.work()
    assert sender.state()[0] == "sent", "the arrival of the card brings it"


def test_an_email_goes_with_its_subject(sender):
    sender.onboarding(sender.email)
    sender.ask(sender.card())
    sender.due()
    sender.work()
    (mail,) = sender.sent("Email")
    assert mail["subject"] == "Welcome to Grace"
    assert sender.state() == ("sent", None)


def test_too_late_is_not_sent_and_may_be_sent_singly(sender):
    (asked,) = sender.ask(sender.card())
    sender.later(timedelta(hours=73))
    sender.work()
    assert sender.state() == ("not_sent", "too_old")
    assert sender.sent() == []
    assert sender.do(afterwards.send_again, asked.message_id)
    sender.work()
    assert sender.state()[0] == "sent"


def test_a_card_that_is_too_old_says_so_when_it_is_asked_for(sender):
    card_id = sender.card(visit_date="2026-01-04")
    (asked,) = sender.ask(card_id)
    assert asked.outcome is AskedOutcome.TOO_OLD
    assert sender.state() == ("not_sent", "too_old")


def test_nobody_who_did_not_agree_is_texted(sender):
    card_id = sender.card(sms_consent="", email_consent="", consent_wording="")
    (asked,) = sender.ask(card_id)
    assert asked.outcome is AskedOutcome.NOT_ALLOWED
    assert asked.reason
    assert sender.state()[0] == "not_sent"
    sender.due()
    sender.work()
    assert sender.sent() == []


def test_what_gohighlevel_says_of_the_contact_is_obeyed_and_written_down(sender):
    sender.ask(sender.card())
    (contact,) = sender.hub.contacts()
    sender.hub.sim.control.set_dnd(contact["id"], "permanent")
    sender.due()
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.sent() == []
    assert sender.query("SELECT kind, source FROM consent_events WHERE kind = 'stop'") == [("stop", "ghl")]


def test_a_contact_with_another_number_is_held(sender):
    sender.ask(sender.card())
    (contact,) = sender.hub.contacts()
    found = sender.hub.sim.state.find(contact["id"])
    sender.hub.sim.state.put(replace(found, phone="+16155559999"))
    sender.due()
    sender.work()
    assert sender.state()[0] == "held"
    assert sender.sent() == []


def test_a_merged_contact_is_looked_up_by_its_number(sender):
    sender.ask(sender.card())
    (gone,) = sender.hub.contacts()
    kept = sender.hub.sim.state.add_contact(sender.location, firstName="Anna1", email="other@example.org")
    sender.hub.sim.control.merge(kept, gone["id"])
    sender.due()
    sender.work()
    assert sender.state()[0] == "sent"
    assert sender.query("SELECT contact_id FROM messages") == [(kept,)]


def test_a_contact_that_is_gone_for_good_is_held(sender):
    sender.ask(sender.card())
    (gone,) = sender.hub.contacts()
    sender.hub.sim.state.remove(sender.hub.sim.state.find(gone["id"]))
    sender.due()
    sender.work()
    assert sender.state() == ("held", "message_contact_gone")


def test_gohighlevels_no_is_an_opt_out_and_ends_it(sender):
    sender.ask(sender.card())
    sender.hub.sim.faults.add(
        "server_error",
        operation="conversations.send",
        status=400,
        message="Cannot send message as +16155550001 has unsubscribed",
    )
    sender.due()
    sender.work()
    assert sender.state()[0] == "not_sent"
    assert sender.query("SELECT kind FROM consent_events WHERE kind = 'stop'") == [("stop",)]
    assert sender.query("SELECT state FROM outbox WHERE kind = 'message'") == [("done",)]


def test_another_no_of_gohighlevel_is_for_a_person(sender):
    (asked,) = sender.ask(sender.card())
    fault = sender.hub.sim.faults.add(
        "server_error", operation="conversations.send", status=400, message="Missing phone number"
    )
    sender.due()
    sender.work()
    assert sender.state() == ("failed", "message_refused")
    sender.hub.sim.faults.clear(fault.id)
    assert sender.do(afterwards.send_again, asked.message_id)
    sender.work()
    assert sender.state()[0] == "sent"
    assert len(sender.sent()) == 1


@pytest.mark.parametrize(
    ("status", "ends"), [("opt_out", "not_sent"), ("failed", "failed"), ("delivered", "delivered")]
)
def test_how_it_fared_is_asked_for_a_day(sender, status, ends):
    sender.hub.sim.control.settings(sender.location, message_delays=[0, 0])
    sender.hub.sim.control.carrier(sender.location, str(card_values(1)["phone"]), status)
    sender.ask(sender.card())
    sender.due()
    sender.work()
    sender.later(timedelta(minutes=1))
    sender.work()
    assert sender.state()[0] == ends
    stops = sender.query("SELECT count(*) FROM consent_events WHERE kind = 'stop'")
    assert stops == [(int(status == "opt_out"),)]


def test_the_status_is_asked_seldom_and_not_for_ever(sender):
    sender.hub.sim.control.carrier(sender.location, str(card_values(1)["phone"]), "stuck")
    sender.ask(sender.card())
    sender.due()
    sender.work()
    for _ in range(30):
        sender.later(timedelta(hours=1))
        sender.work()
    assert sender.state() == ("sent", None)
    assert sender.calls("conversations.get") <= 8
    assert sender.query("SELECT state FROM outbox WHERE kind = 'message'") == [("done",)]


def test_a_test_goes_to_a_phone_of_staff_at_once(sender):
    sender.hub.sim.state.add_contact(sender.location, firstName="Pat", phone="+16155557777")
    with sender.hub.database.church(sender.church_id) as session:
        asked = trial.send_test(
            session,
            sender.church_id,
            sender.sms,
            phone_or_email="(615) 555-7777",
            actor="pat",
            now=datetime.now(UTC),
        )
    assert asked.outcome is AskedOutcome.QUEUED
    sender.work()
    assert sender.state()[0] == "sent"
    (text,) = sender.sent()
    assert text["address"] == "+16155557777"


def test_a_token_that_is_refused_holds_the_church_and_sends_nothing(sender):
    sender.ask(sender.card())
    sender.hub.sim.state.revoke_token(sender.hub.sim.token(sender.location))
    sender.due()
    sender.work()
    assert sender.state() == ("waiting", "token_refused")
    assert sender.query("SELECT hold_cause FROM churches") == [("token_refused",)]
    assert sender.sent() == []


def test_a_token_that_may_not_send_holds_messages_and_no_cards(sender):
    sender.ask(sender.card())
    sender.hub.sim.faults.add(
        "server_error",
        operation="conversations.send",
        status=401,
        message="The token is not authorized for this scope.",
    )
    sender.due()
    sender.work()
    assert sender.state() == ("waiting", "message_scope_missing")
    assert sender.query("SELECT hold_cause FROM churches") == [(None,)]


def test_a_text_waits_for_the_day(sender):
    card_id = sender.card()
    sender.settings(texts_from="08:00", texts_until="09:00")
    (asked,) = sender.ask(card_id)
    assert asked.outcome is AskedOutcome.QUEUED
    assert asked.at is not None
    assert timedelta(hours=18) < asked.at - datetime.now(UTC) < timedelta(hours=22)
    sender.due()
    sender.work()
    assert sender.state() == ("waiting", "quiet_hours")
    assert sender.sent() == []
    sender.settings(texts_until="20:00")
    sender.due()
    sender.work()
    assert sender.state()[0] == "sent"
