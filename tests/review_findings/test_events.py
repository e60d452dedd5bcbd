"""What GoHighLevel tells: stored and handled, one event after the other."""

import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from ghl.consent import ledger
from ghl.statuses import Channel, WebhookSource
from ghl.webhooks.event import read_app_event
from ghl.webhooks.handle import handle_next
from ghl.webhooks.receive import keep
from tests.webhooks.world import PHONE

NOW = datetime.now(UTC)
CONTACT = "nmFmQEsNgz6AVpgLVUJ0"


def tell(database, church, **event):
    body = json.dumps({"locationId": "LocGrace", "webhookId": uuid4().hex, **event}).encode()
    keep(database, church, WebhookSource.APP, read_app_event(body, delivery_id=None), body, signed_by="test")
    return handle_next(database, church, now=datetime.now(UTC))


def texted(database, church, words, ago):
    return tell(
        database,
        church,
        type="InboundMessage",
        messageType="SMS",
        direction="inbound",
        contactId=CONTACT,
        body=words,
        **{"from": PHONE},
        dateAdded=(NOW - timedelta(minutes=ago)).isoformat(),
    )


def stopped(database, church):
    with database.church(church) as session:
        return ledger.is_stopped(session, church, Channel.SMS, PHONE)


def test_a_repetition_is_answered_while_the_event_is_being_handled(database, church):
    """GoHighLevel sends again what a worker is at just now, which waits for an address: 50 ms, says the promise."""
    body = json.dumps({"locationId": "LocGrace", "webhookId": "one", "type": "InboundMessage"}).encode()
    event = read_app_event(body, delivery_id=None)
    keep(database, church, WebhookSource.APP, event, body, signed_by="test")
    with database.church(church) as session:
        session.execute(text("SELECT 1 FROM webhook_events FOR UPDATE"))
        told = threading.Thread(
            target=keep, args=(database, church, WebhookSource.APP, event, body), kwargs={"signed_by": "test"}
        )
        told.start()
        told.join(2)
        waits = told.is_alive()
    told.join(10)
    assert not waits


@pytest.mark.parametrize("words", ["STOP \ud83d", "please stop texting me \ud83d"])
def test_half_an_emoji_keeps_no_stop_from_being_heard(database, church, words):
    handled = texted(database, church, words, ago=1)
    assert str(handled.state) == "done"


def test_half_an_emoji_in_a_name_keeps_no_stop_from_being_heard(database, church):
    link(database, church)
    handled = tell(
        database, church, type="ContactUpdate", id=CONTACT, firstName="Mary \ud83d", phone=PHONE, dnd=True,
        timestamp=NOW.isoformat(),
    )  # fmt: skip
    assert str(handled.state) == "done"
    assert stopped(database, church)


def link(database, church):
    with database.church(church) as session:
        session.execute(
            text(
                "INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, email,"
                " seen_at, newest_applied_at) SELECT id, :contact, church_id, 'Mary', 'Smith', :phone,"
                " 'mary@example.org', CAST(:seen AS timestamptz), CAST(:seen AS timestamptz)"
                " FROM locations WHERE church_id = :church"
            ),
            {"contact": CONTACT, "phone": PHONE, "church": church, "seen": NOW - timedelta(days=1)},
        )


def test_do_not_disturb_of_a_contact_that_is_told_without_its_phone_is_obeyed(database, church):
    link(database, church)
    tell(
        database, church, type="ContactDndUpdate", id=CONTACT,
        dndSettings={"SMS": {"status": "active", "message": "", "code": ""}}, timestamp=NOW.isoformat(),
    )  # fmt: skip
    assert stopped(database, church)


def test_a_contact_whose_phone_was_taken_out_while_it_was_stopped_stays_stopped(database, church):
    """GoHighLevel's user removes the number and sets DND in one go: the number that our card has is meant."""
    link(database, church)
    tell(
        database, church, type="ContactUpdate", id=CONTACT, phone=None, dnd=True, timestamp=NOW.isoformat(),
    )  # fmt: skip
    assert stopped(database, church)
