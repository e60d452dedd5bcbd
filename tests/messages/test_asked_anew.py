"""What was asked for is asked about anew: a test, a card that was corrected, words that are about something else now."""

from datetime import UTC, datetime

from sqlalchemy import text

from ghl.cards.correct import correct
from ghl.cards.fields import parse_card
from ghl.messages import afterwards, trial
from ghl.messages.own_phone import TESTS_A_DAY
from tests.support.churches import card_values
from tests.support.messages import AGREED


def change(sender, card_id, number=1, **changes):
    with sender.hub.database.church(sender.church_id) as session:
        revision = session.execute(
            text("SELECT revision FROM cards WHERE id = :id"), {"id": card_id}
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


def test_a_text_to_a_number_that_was_corrected_ends_and_says_so(sender):
    """Nobody in GoHighLevel has the old number any more, which is no reason to look for the contact."""
    card = sender.card(1)
    sender.ask(card)
    change(sender, card, phone="(615) 555-0199")
    sender.work()
    sender.due()
    sender.work()
    assert sender.states()[0] == ("not_sent", "address_changed")
    assert sender.sent() == []


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
    sender.do(afterwards.undo, asked.message_id)
    sender.query("UPDATE message_templates SET purpose = 'giving' WHERE id = :id RETURNING 1", id=sender.sms)
    sender.do(afterwards.send_again, asked.message_id)
    sender.work()
    assert sender.sent() == []


def test_a_test_goes_to_no_phone_of_a_guest_who_never_agreed(sender):
    sender.card(1, sms_consent="", email_consent="", consent_wording="")
    phone = str(card_values(1)["phone"])
    with sender.hub.database.church(sender.church_id) as session:
        trial.send_test(
            session, sender.church_id, sender.sms, phone_or_email=phone, actor="anna", now=datetime.now(UTC)
        )
    sender.work()
    assert sender.sent() == []


def press_test(sender, phone, actor="anna"):
    with sender.hub.database.church(sender.church_id) as session:
        return trial.send_test(
            session, sender.church_id, sender.sms, phone_or_email=phone, actor=actor, now=datetime.now(UTC)
        )


def test_ten_tests_a_day_and_each_is_counted_without_the_number(sender):
    for _ in range(TESTS_A_DAY):
        assert press_test(sender, "(615) 555-7777").outcome == "queued"
    over = press_test(sender, "(615) 555-7778")
    assert (over.outcome, over.reason) == ("not_allowed", "tests_used_up")
    assert press_test(sender, "(615) 555-7777", actor="pat").outcome == "queued"
    facts = sender.query(
        "SELECT facts FROM audit_entries WHERE action = 'message.tested' ORDER BY id DESC LIMIT 2"
    )
    assert facts == [({"channel": "sms", "of_the_day": 1},), ({"channel": "sms", "of_the_day": 10},)]


def test_a_test_may_go_to_a_phone_on_a_card_whose_person_agreed(sender):
    sender.card(1)
    assert press_test(sender, str(card_values(1)["phone"])).outcome == "queued"


def test_a_test_does_not_leave_once_its_phone_is_on_a_card(sender):
    phone = str(card_values(1)["phone"])
    assert press_test(sender, phone).outcome == "queued"
    sender.hub.sim.state.add_contact(sender.location, firstName="Pat", phone=phone)
    sender.card(1, arrived=False, sms_consent="", email_consent="", consent_wording="")
    sender.work()
    assert sender.state() == ("not_sent", "test_on_a_card")
    assert sender.sent() == []
