"""Events one after the other, stored and handled as a worker does; GoHighLevel is not asked."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from ghl.consent import ledger
from ghl.statuses import Channel, WebhookSource, WebhookState
from ghl.webhooks import reading
from ghl.webhooks.counts import Outcome
from ghl.webhooks.event import read_workflow_event
from ghl.webhooks.handle import handle_next
from ghl.webhooks.receive import keep
from tests.support.telling import CONTACT, EMAIL, LOCATION, PHONE, link, stopped, store, tell

NOW = datetime.now(UTC)
STOP = {
    "type": "InboundMessage",
    "messageType": "SMS",
    "direction": "inbound",
    "contactId": CONTACT,
    "body": "STOP",
}


@pytest.fixture
def linked(database, church):
    link(database, church)


def link_of(rows):
    [found] = rows("SELECT first_name, last_name, phone, email FROM contact_links")
    return tuple(found)


# -- what cannot be written down ---------------------------------------------------------------------


@pytest.mark.parametrize("words", ["STOP \ud83d", "ST\0OP", "\udc00STOP"])
def test_half_an_emoji_keeps_no_stop_from_being_heard(database, church, words):
    handled = tell(database, church, **STOP | {"body": words, "from": PHONE})
    assert handled.state is WebhookState.DONE
    assert stopped(database, church)


def test_half_an_emoji_in_a_sentence_keeps_it_from_nobody(database, church, rows):
    tell(database, church, **STOP | {"body": "please stop texting me \ud83d", "from": PHONE})
    assert [row.said for row in rows("SELECT said FROM consent_doubts")] == ["please stop texting me \ufffd"]


@pytest.mark.usefixtures("linked")
def test_half_an_emoji_in_a_name_keeps_no_stop_from_being_heard(database, church):
    handled = tell(
        database, church, type="ContactUpdate", id=CONTACT, firstName="Mary \ud83d", phone=PHONE, dnd=True,
        timestamp=NOW.isoformat(),
    )  # fmt: skip
    assert handled.state is WebhookState.DONE
    assert stopped(database, church)


def test_of_a_long_reply_only_a_part_is_kept(database, church, rows):
    body = "Thank you for the coffee. " * 500 + "But please stop texting me."
    tell(database, church, **STOP | {"body": body, "from": PHONE})
    [row] = rows("SELECT said FROM consent_doubts")
    assert len(row.said) <= 500
    assert row.said.endswith("please stop texting me.")


# -- whose stop it is --------------------------------------------------------------------------------


@pytest.mark.usefixtures("linked")
def test_do_not_disturb_of_a_contact_that_is_told_without_its_phone_is_obeyed(database, church, rows):
    tell(
        database, church, type="ContactDndUpdate", id=CONTACT,
        dndSettings={"SMS": {"status": "active", "message": "", "code": ""}}, timestamp=NOW.isoformat(),
    )  # fmt: skip
    assert stopped(database, church)
    assert not stopped(database, church, Channel.EMAIL, EMAIL)
    assert link_of(rows) == ("Mary", "Smith", PHONE, EMAIL)


@pytest.mark.usefixtures("linked")
def test_a_contact_whose_phone_was_taken_out_while_it_was_stopped_stays_stopped(database, church, rows):
    """GoHighLevel's user removes the number and sets DND in one go: the number that our card has is meant."""
    tell(database, church, type="ContactUpdate", id=CONTACT, phone=None, dnd=True, timestamp=NOW.isoformat())
    assert stopped(database, church)
    assert link_of(rows) == ("Mary", "Smith", None, EMAIL)


def test_do_not_disturb_of_somebody_whose_number_nobody_knows_asks_for_it(database, church, rows):
    handled = tell(database, church, type="ContactDndUpdate", id=CONTACT, dnd=True)
    assert handled.state is WebhookState.WAITING
    assert [row.kind for row in rows("SELECT kind FROM questions")] == ["contact_dnd"]


def test_a_contact_without_a_number_is_not_asked_about(database, church):
    handled = tell(database, church, type="ContactUpdate", id=CONTACT, phone=None, email="", dnd=True)
    assert handled.state is WebhookState.DONE


def test_a_stop_is_that_of_the_number_in_the_event(database, church):
    nobody = {name: value for name, value in STOP.items() if name != "contactId"}
    assert tell(database, church, **nobody, phone="(615) 555-0188").state is WebhookState.DONE
    assert stopped(database, church)


def test_a_stop_of_nobody_is_shown_and_not_passed_over(database, church, rows):
    nobody = {name: value for name, value in STOP.items() if name != "contactId"}
    assert tell(database, church, **nobody).state is WebhookState.FAILED
    assert [row.cause for row in rows("SELECT cause FROM webhook_events")] == ["no_address"]
    assert tell(database, church, **nobody | {"body": "START"}).state is WebhookState.DONE


def test_what_failed_is_kept_for_a_year(database, church, rows):
    for state in ("failed", "done"):
        rows(
            "INSERT INTO webhook_events (church_id, source, dedupe_key, type, body, state, received_at)"
            " VALUES (:c, 'app', :state, 'InboundMessage', '{}', :state, :at) RETURNING 1",
            c=church,
            state=state,
            at=NOW - timedelta(days=40),
        )
    with database.system() as session:
        assert reading.prune(session, now=NOW) == 1
    assert [row.state for row in rows("SELECT state FROM webhook_events")] == ["failed"]
    with database.system() as session:
        assert reading.prune(session, now=NOW + timedelta(days=366)) == 1


# -- once more, while it is handled ------------------------------------------------------------------


def held(database, church, handling):
    """Somebody has the address; `handling` begins and waits for it. Goes on while it waits, and returns when it is over."""
    thread = threading.Thread(target=handling)
    with database.church(church) as session:
        ledger.lock(session, church, Channel.SMS, PHONE)
        thread.start()
        yield thread
    thread.join(10)
    assert not thread.is_alive()
    yield thread


def waiting_for_the_address(rows):
    return bool(
        rows("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    )


def until_it_waits(rows):
    from tests.support.hub import wait_for

    wait_for(lambda: waiting_for_the_address(rows), what="the handler at the address")


def test_a_repetition_is_answered_while_the_event_is_being_handled(database, church, rows):
    event = STOP | {"from": PHONE, "webhookId": "one"}
    assert store(database, church, **event) is Outcome.KEPT
    turns = held(database, church, lambda: handle_next(database, church, now=datetime.now(UTC)))
    next(turns)
    until_it_waits(rows)
    assert store(database, church, **event) is Outcome.REPEATED
    assert handle_next(database, church, now=datetime.now(UTC)) is None, "it is handled by one at a time"
    next(turns)
    assert [tuple(row) for row in rows("SELECT state, repeats FROM webhook_events")] == [("done", 1)]
    assert stopped(database, church)


def test_a_hint_that_comes_again_while_it_is_handled_is_handled_again(database, church, rows):
    values = {"contact_id": CONTACT, "location": {"id": LOCATION}, "phone": PHONE, "message": "STOP"}
    body = json.dumps(values).encode()
    event = read_workflow_event(body, now=NOW)

    def hint():
        return keep(database, church, WebhookSource.WORKFLOW, event, body, signed_by="test")

    assert hint() is Outcome.KEPT
    turns = held(database, church, lambda: handle_next(database, church, now=datetime.now(UTC)))
    next(turns)
    until_it_waits(rows)
    assert hint() is Outcome.REPEATED
    next(turns)
    assert [tuple(row) for row in rows("SELECT state, repeats, facts FROM webhook_events")] == [
        ("waiting", 1, {})
    ]


def test_a_row_that_somebody_holds_keeps_no_repetition_waiting(database, church, rows):
    event = STOP | {"from": PHONE, "webhookId": "one"}
    store(database, church, **event)
    with database.church(church) as session:
        session.execute(text("SELECT 1 FROM webhook_events FOR UPDATE"))
        assert store(database, church, **event) is Outcome.REPEATED
