"""Messages, with the simulator and a worker's turns."""

from datetime import UTC, datetime, timedelta

from ghl.cards.correct import correct
from ghl.cards.fields import parse_card
from ghl.consent import ledger
from ghl.messages import ask
from ghl.messages.heard import heard_status
from ghl.statuses import CardSource, Channel
from tests.support.churches import card_values, save
from tests.support.messages import AGREED


def change(sender, card_id, number=1, **changes):
    with sender.hub.database.church(sender.church_id) as session:
        revision = session.execute(
            __import__("sqlalchemy").text("SELECT revision FROM cards WHERE id = :id"), {"id": card_id}
        ).scalar_one()
        correct(
            session,
            sender.church_id,
            card_id,
            parse_card(card_values(number, **AGREED | changes)),
            base_revision=revision,
            actor="anna",
            now=datetime.now(UTC),
        )


def test_a_test_goes_to_no_phone_of_a_guest_who_never_agreed(sender):
    sender.card(1, sms_consent="", email_consent="", consent_wording="")
    phone = str(card_values(1)["phone"])
    with sender.hub.database.church(sender.church_id) as session:
        ask.send_test(
            session, sender.church_id, sender.sms, phone_or_email=phone, actor="anna", now=datetime.now(UTC)
        )
    sender.work()
    assert sender.sent() == []


def test_a_card_whose_name_was_corrected_can_be_sent_again_as_the_page_says(sender):
    card = sender.card(1)
    sender.ask(card)
    change(sender, card, first_name="Corrected")
    sender.work()
    sender.due()
    sender.work()
    assert sender.states()[0] == ("not_sent", "address_changed")
    (again,) = sender.ask(card)  # "Send it again from the card."
    assert again.outcome == "queued"
    sender.due()
    sender.work()
    assert len(sender.sent()) == 1, sender.states()


def test_a_revived_message_is_asked_for_the_purpose_that_its_template_has_now(sender):
    """The template became one about giving; nobody agreed to that."""
    card = sender.card(1, visit_date="", sms_consent="")
    (first,) = sender.ask(card)
    assert first.outcome == "not_allowed"
    change(sender, card)
    sender.work()
    sender.query("UPDATE message_templates SET purpose = 'giving' WHERE id = :id RETURNING 1", id=sender.sms)
    (asked,) = sender.ask(card)
    assert asked.outcome == "not_allowed"
    assert sender.query("SELECT purpose FROM messages") == [("giving",)]


def test_a_waiting_message_is_not_sent_for_a_purpose_that_nobody_agreed_to(sender):
    card = sender.card(1)
    (asked,) = sender.ask(card)
    sender.do(ask.undo, asked.message_id)
    sender.query("UPDATE message_templates SET purpose = 'giving' WHERE id = :id RETURNING 1", id=sender.sms)
    sender.do(ask.send_again, asked.message_id)
    sender.work()
    assert sender.sent() == []


def test_a_look_that_is_refused_for_days_is_told_to_a_person(sender):
    """Its contact is not there any more: the look is refused, and nobody is ever told."""
    (asked,) = sender.ask(sender.card())
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


def test_once_more_can_be_asked_for_after_it_was_undone(sender):
    (asked,) = sender.ask(sender.card())
    sender.due()
    sender.work()
    one = sender.do(ask.send_once_more, asked.message_id, reason="lost it")
    assert one.outcome == "queued"
    sender.do(ask.undo, one.message_id)
    two = sender.do(ask.send_once_more, asked.message_id, reason="lost it")
    assert two.outcome == "queued", two


def test_a_correction_lifts_no_written_no(sender):
    """The card itself said no; on the next day somebody writes yes on it, with today's date."""
    yesterday = datetime.now(UTC) - timedelta(days=2)
    values = card_values(1, **AGREED | {"sms_consent": "no", "consent_at": yesterday.date().isoformat()})
    (saved,) = save(sender.hub.database, sender.church_id, values, now=yesterday, source=CardSource.TYPED)
    sender.work()
    phone = str(values["phone"])
    with sender.hub.database.church(sender.church_id) as session:
        assert ledger.is_stopped(session, sender.church_id, Channel.SMS, phone)
    change(sender, saved.id, sms_consent="yes", consent_at=datetime.now(UTC).date().isoformat())
    with sender.hub.database.church(sender.church_id) as session:
        assert ledger.is_stopped(session, sender.church_id, Channel.SMS, phone)


def test_a_late_word_about_an_old_message_takes_no_start_back(sender):
    """STOP at 1, START at 2; that our message of noon was refused for the STOP is told at 3 (or polled then)."""
    sender.ask(sender.card())
    sender.due()
    sender.work()
    phone = str(card_values(1)["phone"])
    now = datetime.now(UTC)
    ((ghl_id,),) = sender.query("SELECT ghl_message_id FROM messages")
    with sender.hub.database.church(sender.church_id) as session:
        ledger.record_stop(
            session, sender.church_id, channel=Channel.SMS, address=phone, source="keyword", recorded_by="x",
            now=now - timedelta(minutes=3),
        )  # fmt: skip
        ledger.record_start(
            session, sender.church_id, channel=Channel.SMS, address=phone, source="keyword", recorded_by="x",
            now=now - timedelta(minutes=2),
        )  # fmt: skip
    with sender.hub.database.church(sender.church_id) as session:
        heard_status(
            session, sender.church_id, ghl_message_id=ghl_id, status="opt_out", at=now - timedelta(minutes=3)
        )
    with sender.hub.database.church(sender.church_id) as session:
        assert not ledger.is_stopped(session, sender.church_id, Channel.SMS, phone)


def test_an_unsure_text_is_found_after_its_contact_was_merged_away(sender):
    (asked,) = sender.ask(sender.card())
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
    assert sender.state()[0] in {"sent", "delivered"}, sender.state()
