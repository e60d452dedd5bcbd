"""What GoHighLevel tells: stored and handled, one event after the other."""

import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from ghl.consent import ledger
from ghl.statuses import CardSource, Channel, WebhookSource
from ghl.webhooks.event import read_app_event
from ghl.webhooks.handle import handle_next
from ghl.webhooks.receive import keep
from ghl.webhooks.results import Place, Told
from ghl.webhooks.workflow import hinted
from tests.support.churches import save
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


def test_a_start_that_comes_late_lifts_no_stop_that_was_said_after_it(database, church):
    """STOP, START, STOP; the START arrives last. The last word of the person is STOP."""
    texted(database, church, "STOP", ago=30)
    texted(database, church, "STOP", ago=10)
    texted(database, church, "START", ago=20)
    assert stopped(database, church)


def test_a_late_start_lifts_no_dnd_that_was_set_after_it(database, church):
    """A stop recorded by staff at noon; DND set by the person at GoHighLevel at 2; a START of 1 that comes at 3."""
    with database.church(church) as session:
        ledger.record_stop(
            session, church, channel=Channel.SMS, address=PHONE, source="spoken", recorded_by="user:1",
            now=NOW - timedelta(minutes=30),
        )  # fmt: skip
    tell(
        database, church, type="ContactDndUpdate", id=CONTACT, phone=PHONE, dnd=True,
        timestamp=(NOW - timedelta(minutes=10)).isoformat(),
    )  # fmt: skip
    texted(database, church, "START", ago=20)
    assert stopped(database, church)


def test_a_card_signed_before_the_last_stop_lifts_nothing(database, church):
    """STOP five days ago and again yesterday; today somebody types a card that was signed in between."""
    texted(database, church, "STOP", ago=5 * 24 * 60)
    texted(database, church, "STOP", ago=24 * 60)
    values = {
        "first_name": "Mary",
        "phone": PHONE,
        "sms_consent": "yes",
        "consent_wording": "You may text me.",
        "consent_at": (NOW - timedelta(days=3)).date().isoformat(),
    }
    save(database, church, values, source=CardSource.TYPED)
    assert stopped(database, church)


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


def test_a_hint_takes_addresses_in_the_order_that_everybody_takes_them_in(database, church, monkeypatch):
    link(database, church)
    taken = []
    real = ledger.lock_all

    def noting(session, church_id, pairs):
        pairs = sorted((str(channel), address) for channel, address in pairs)
        taken.extend(pairs)
        real(session, church_id, pairs)

    monkeypatch.setattr(ledger, "lock_all", noting)
    values = {
        "contact_id": CONTACT,
        "message": "STOP",
        "customData": {"event": "dnd_on", "channel": "email"},
    }
    with database.church(church) as session:
        location = session.execute(text("SELECT id FROM locations")).scalar_one()
        hinted(session, Place(church, "US", location), Told(WebhookSource.WORKFLOW, values, NOW, NOW, None))
    first = list(dict.fromkeys(taken))
    assert first == sorted(first)


def test_a_hint_that_nobody_signed_lifts_no_stop_that_is_not_in_gohighlevel_yet(world):
    """A stop said on the phone a moment ago; its DND is not set yet, so the read-back shows nothing in the way."""
    contact = world.card()
    world.quiet()
    secret = world.workflow()
    with world.hub.database.church(world.church) as session:
        ledger.record_stop(
            session, world.church, channel=Channel.SMS, address=PHONE, source="spoken", recorded_by="user:1",
            now=datetime.now(UTC) - timedelta(seconds=1),
        )  # fmt: skip
    [(public_id,)] = world.rows("SELECT public_id FROM churches")
    answer = httpx.post(
        f"{world.intake.url}/webhooks/workflow/{public_id}",
        json={"contact_id": contact, "location": {"id": world.location}, "message": "START"},
        headers={"X-Hub-Secret": secret},
    )
    assert answer.status_code == 200
    world.handled(1)
    assert world.stopped()
