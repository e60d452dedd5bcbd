"""Asking for messages: once each, told the truth when asked again, and never for another church."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from ghl.consent.reasons import Reason
from ghl.messages import afterwards, ask, trial
from ghl.messages.asked import AskedOutcome, counted
from ghl.messages.folding import fold
from ghl.messages.heard import heard_status
from ghl.messages.pace import RAMP
from ghl.statuses import Channel
from tests.support.messages import Sender


def test_ten_people_who_press_at_once_make_one_message(sender):
    card_id = sender.card()
    with ThreadPoolExecutor(10) as people:
        asked = [one for (one,) in people.map(lambda _: sender.ask(card_id), range(10))]
    outcomes = [one.outcome for one in asked]
    assert outcomes.count(AskedOutcome.QUEUED) == 1
    assert outcomes.count(AskedOutcome.ALREADY_WAITING) == 9
    assert len({one.message_id for one in asked}) == 1
    assert sender.query("SELECT count(*) FROM outbox WHERE kind = 'message'") == [(1,)]


def test_many_at_once_and_a_dry_run_that_says_the_same(sender):
    cards = [sender.card(number, arrived=False) for number in range(1, 6)]
    cards.append(sender.card(7, arrived=False, phone=""))
    cards.append(sender.card(8, arrived=False, sms_consent="", email_consent="", consent_wording=""))
    cards.append(sender.card(9, arrived=False, visit_date="2026-01-04"))
    sender.work()
    with sender.hub.database.church(sender.church_id) as session:
        preview = ask.preview_bulk(session, sender.church_id, cards, now=datetime.now(UTC))
    assert sender.states() == []
    asked = sender.ask(*cards)
    assert preview.by_outcome == counted(asked)
    assert preview.texts == 5
    assert [one.outcome for one in asked[5:]] == [
        AskedOutcome.NO_ADDRESS,
        AskedOutcome.NOT_ALLOWED,
        AskedOutcome.TOO_OLD,
    ]
    assert [one.outcome for one in sender.ask(*cards[:2])] == [AskedOutcome.ALREADY_WAITING] * 2
    ((facts,),) = sender.query("SELECT facts FROM audit_entries WHERE action = 'messages.asked'")
    assert facts == {"what": "onboarding", "cards": 5, "sms": 5, "email": 0}


def test_without_words_nothing_is_asked_for(sender):
    sender.query("UPDATE message_templates SET published_version = NULL RETURNING 1")
    (asked,) = sender.ask(sender.card())
    assert asked.outcome is AskedOutcome.NO_TEMPLATE


def test_what_was_taken_back_may_be_asked_for_again_with_the_same_key(sender):
    card_id = sender.card()
    (first,) = sender.ask(card_id)
    sender.do(afterwards.undo, first.message_id)
    (again,) = sender.ask(card_id)
    assert again.outcome is AskedOutcome.QUEUED
    assert again.message_id == first.message_id
    sender.due()
    sender.work()
    assert len(sender.sent()) == 1


def test_another_churchs_cards_and_messages_are_none(sender):
    other = Sender(sender.hub, "hope", location="simLocation000000002")
    try:
        (asked,) = other.ask(other.card())
        assert sender.ask(*(row[0] for row in other.query("SELECT id FROM cards"))) == []
        for act in (afterwards.undo, afterwards.send_now, afterwards.send_again, afterwards.it_arrived):
            assert not sender.do(act, asked.message_id)
        once_more = sender.do(afterwards.send_once_more, asked.message_id, reason="why not")
        assert once_more.outcome is AskedOutcome.NO_TEMPLATE
        with sender.hub.database.church(sender.church_id) as session:
            assert (
                trial.send_test(
                    session,
                    sender.church_id,
                    other.sms,
                    phone_or_email="(615) 555-7777",
                    actor="pat",
                    now=datetime.now(UTC),
                ).outcome
                is AskedOutcome.NO_TEMPLATE
            )
        other.due()
        other.work()
        ((given,),) = other.query("SELECT ghl_message_id FROM messages")
        with sender.hub.database.church(sender.church_id) as session:
            known = heard_status(
                session, sender.church_id, ghl_message_id=given, status="delivered", at=datetime.now(UTC)
            )
        assert not known
        assert other.state() == ("sent", None)
    finally:
        other.close()


def test_once_more_on_purpose_is_another_message_and_twice_pressed_is_one(sender):
    (first,) = sender.ask(sender.card())
    assert (
        sender.do(afterwards.send_once_more, first.message_id, reason="x").outcome
        is AskedOutcome.ALREADY_WAITING
    )
    sender.due()
    sender.work()
    again = sender.do(afterwards.send_once_more, first.message_id, reason="They lost their phone.")
    twice = sender.do(afterwards.send_once_more, first.message_id, reason="They lost their phone.")
    assert again.outcome is AskedOutcome.QUEUED
    assert (twice.outcome, twice.message_id) == (AskedOutcome.ALREADY_WAITING, again.message_id)
    sender.due()
    sender.work()
    assert len(sender.sent()) == 2


def test_texts_beyond_the_days_number_leave_when_the_day_is_over(sender):
    cards = [sender.card(number, arrived=False) for number in range(1, 5)]
    sender.work()
    sender.ask(*cards)
    _texted_before(sender, RAMP[0] - 2)
    sender.due()
    sender.work()
    assert len(sender.sent()) == 2
    assert sender.query(
        "SELECT count(*) FROM messages AS m JOIN outbox AS o ON o.message_id = m.id WHERE m.state = 'waiting'"
        " AND m.cause = 'ramp_tomorrow' AND o.due_at > now() + interval '20 hours' AND m.facts ? 'at'"
    ) == [(2,)]
    sender.later(timedelta(hours=25))
    sender.work()
    assert len(sender.sent()) == 4
    assert sender.query("SELECT ramp_level FROM messaging_settings") == [(2,)]


def _texted_before(sender, texts):
    """So many texts left an hour ago."""
    sender.query(
        "INSERT INTO messages (id, church_id, card_id, template_id, template_version, channel, purpose, address, person,"
        " idempotency_key, state, requested_by, requested_at, not_before, status_changed_at, sending_at, sent_at)"
        " SELECT gen_random_uuid(), church_id, card_id, template_id, 1, 'sms', 'follow-up', 'n' || n, '',"
        " sha256(n::text::bytea), 'sent', '', now(), now(), now(), now() - interval '1 hour', now()"
        " FROM (SELECT * FROM messages LIMIT 1) AS m, generate_series(1, :texts) AS n RETURNING 1",
        texts=texts,
    )
    sender.settings(ramp_since=datetime.now(UTC) - timedelta(minutes=61))


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (["delivered", "sent", "failed"], "delivered"),
        (["failed", "delivered"], "failed"),
        (["sent", "queued", "no such state"], "sent"),
    ],
)
def test_what_is_heard_of_a_message_only_goes_forward(sender, told, ends):
    sender.ask(sender.card())
    sender.due()
    sender.work()
    ((given,),) = sender.query("SELECT ghl_message_id FROM messages")
    for status in told:
        with sender.hub.database.church(sender.church_id) as session:
            assert heard_status(
                session, sender.church_id, ghl_message_id=given, status=status, at=datetime.now(UTC)
            )
    assert sender.state()[0] == ends


def test_a_carrier_that_says_opted_out_is_a_stop(sender):
    sender.ask(sender.card())
    sender.due()
    sender.work()
    ((given,),) = sender.query("SELECT ghl_message_id FROM messages")
    with sender.hub.database.church(sender.church_id) as session:
        heard_status(session, sender.church_id, ghl_message_id=given, status="opt_out", at=datetime.now(UTC))
    assert sender.state()[0] == "not_sent"
    assert sender.query("SELECT channel FROM consent_events WHERE kind = 'stop'") == [(Channel.SMS,)]


def test_the_counts_say_what_is_there(sender):
    sender.ask(sender.card())
    sender.due()
    sender.work()
    with sender.hub.database.system() as session:
        fold(session)
    assert sender.query("SELECT channel, state, messages FROM message_counts WHERE messages <> 0") == [
        ("sms", "sent", 1)
    ]
    assert sender.query("SELECT count(*) FROM message_count_deltas") == [(0,)]


def test_once_more_can_be_asked_for_after_it_was_undone(sender):
    (asked,) = sender.ask(sender.card())
    sender.due()
    sender.work()
    one = sender.do(afterwards.send_once_more, asked.message_id, reason="lost it")
    assert one.outcome == "queued"
    sender.do(afterwards.undo, one.message_id)
    two = sender.do(afterwards.send_once_more, asked.message_id, reason="lost it")
    assert two.outcome == "queued", two


def test_a_stop_goes_before_too_old(sender):
    old = {"visit_date": "2026-01-04"}
    card_id = sender.card(**old)
    assert [one.outcome for one in sender.ask(card_id)] == [AskedOutcome.TOO_OLD]
    sender.stop()
    with sender.hub.database.church(sender.church_id) as session:
        (foreseen,) = ask.foresee_onboarding(session, sender.church_id, [card_id], now=datetime.now(UTC))
    (asked,) = sender.ask(card_id)
    assert (asked.outcome, asked.reason) == (foreseen.outcome, foreseen.reason)
    assert (asked.outcome, asked.reason) == (AskedOutcome.NOT_ALLOWED, Reason.STOPPED)
    assert sender.state() == ("not_sent", Reason.STOPPED)


def test_without_a_yes_nothing_is_only_too_old(sender):
    silent = {"sms_consent": "", "email_consent": "", "consent_wording": ""}
    (asked,) = sender.ask(sender.card(visit_date="2026-01-04", **silent))
    assert (asked.outcome, asked.reason) == (AskedOutcome.NOT_ALLOWED, Reason.NOT_ASKED)


@pytest.mark.parametrize("state", ["sending", "unsure", "failed", "sent"])
def test_what_was_asked_for_before_is_told_with_where_it_stands(sender, state):
    card_id = sender.card()
    sender.ask(card_id)
    sender.query(
        "UPDATE messages SET state = :state, sending_at = now(), sent_at = CASE :state WHEN 'sent' THEN now() END"
        " RETURNING 1",
        state=state,
    )
    (again,) = sender.ask(card_id)
    assert (again.outcome, again.state) == (AskedOutcome.ALREADY_SENT, state)
