"""What was said when: stops and starts that come late or twice, one event after the other, without a worker."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from ghl.consent import ledger
from ghl.statuses import CardSource, CardStatus, MessageState, WebhookSource, WebhookState
from ghl.webhooks.handle import handle_next
from ghl.webhooks.results import Place, Told
from ghl.webhooks.workflow import hinted
from tests.support.cards import CardMaker
from tests.support.churches import save
from tests.support.message_rows import MessageMaker
from tests.support.telling import CONTACT, EMAIL, PHONE, link, record_stop, stopped, tell, texted


def before(minutes=0):
    """So long ago, counted from the moment at which it is asked."""
    return datetime.now(UTC) - timedelta(minutes=minutes)


MARY = {"phone": PHONE, "email": EMAIL}


def merged(database, church, rows, found):
    """The contact is gone, and a worker found these with its phone and e-mail."""
    tell(database, church, type="ContactDelete", id=CONTACT)
    answer = json.dumps({"id": CONTACT, "gone": True, "found": found})
    rows(
        "UPDATE questions SET state = 'answered', answer = CAST(:answer AS jsonb), answered_at = now()",
        answer=answer,
    )
    rows("UPDATE webhook_events SET due_at = now()")
    assert handle_next(database, church, now=datetime.now(UTC)).state is WebhookState.DONE


@pytest.fixture
def unsure(database, church, rows):
    """A text to the contact, of which nobody knows whether it went out."""

    def unsure(state="unsure"):
        card = CardMaker(database, church)(CardStatus.SYNCED)
        message = MessageMaker(database, church)(card, MessageState(state))
        rows("UPDATE messages SET contact_id = :contact WHERE id = :id", contact=CONTACT, id=message)
        return message

    return unsure


def stops_of(database, church):
    """The stops in the log, and those on their way into GoHighLevel."""
    with database.church(church) as session:
        said = session.scalar(text("SELECT count(*) FROM consent_events WHERE kind = 'stop'"))
        return said, session.scalar(text("SELECT count(*) FROM opt_outs"))


def test_a_start_that_comes_late_lifts_no_stop_that_was_said_after_it(database, church):
    """STOP, START, STOP; the START arrives last. The last word of the person is STOP."""
    texted(database, church, "STOP", ago=30)
    texted(database, church, "STOP", ago=10)
    texted(database, church, "START", ago=20)
    assert stopped(database, church)


def test_a_late_start_lifts_no_dnd_that_was_set_after_it(database, church):
    """A stop recorded by staff at noon; DND set by the person at GoHighLevel at 2; a START of 1 that comes at 3."""
    record_stop(database, church, ago=timedelta(minutes=30))
    tell(
        database, church, type="ContactDndUpdate", id=CONTACT, phone=PHONE, dnd=True,
        timestamp=before(10).isoformat(),
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
        "consent_at": before(3 * 24 * 60).date().isoformat(),
    }
    save(database, church, values, source=CardSource.TYPED)
    assert stopped(database, church)


def test_a_second_stop_is_noted_and_what_a_contact_shows_again_is_not(database, church):
    texted(database, church, "STOP", ago=30)
    assert stops_of(database, church) == (1, 1)
    texted(database, church, "STOP", ago=20)
    assert stops_of(database, church) == (2, 1), "one on its way into GoHighLevel is enough"
    shown = {"type": "ContactUpdate", "id": CONTACT, "phone": PHONE, "dnd": True}
    for ago in (15, 10, 5):
        tell(database, church, **shown, timestamp=before(ago).isoformat())
    assert stops_of(database, church) == (3, 1)


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
        hinted(
            session,
            Place(church, "US", location),
            Told(WebhookSource.WORKFLOW, values, before(), before(), None),
        )
    first = list(dict.fromkeys(taken))
    assert first == sorted(first)


# -- who the contact was merged into -----------------------------------------------------------------


def test_an_unsure_message_is_looked_for_at_the_contact_that_its_own_was_merged_into(
    database, church, rows, unsure
):
    link(database, church)
    message = unsure()
    merged(database, church, rows, [{"id": "keptOne", "first_name": "Mary", "last_name": "Smith", **MARY}])
    [row] = rows("SELECT contact_id, state FROM messages WHERE id = :id", id=message)
    assert tuple(row) == ("keptOne", "unsure")


def test_with_two_contacts_nobody_knows_which_and_the_message_keeps_its_own(database, church, rows, unsure):
    link(database, church)
    message = unsure()
    name = {"first_name": "Mary", "last_name": "Smith"}
    phone, email = {"phone": PHONE, "email": ""}, {"phone": "", "email": EMAIL}
    merged(database, church, rows, [{"id": "one", **name, **phone}, {"id": "two", **name, **email}])
    [row] = rows("SELECT contact_id FROM messages WHERE id = :id", id=message)
    assert row.contact_id == CONTACT


def test_what_is_known_of_the_messages_own_contact_is_left_alone(database, church, rows, unsure):
    """Sent and delivered ones name the contact that they went to."""
    link(database, church)
    message = unsure(state="delivered")
    merged(database, church, rows, [{"id": "keptOne", "first_name": "Mary", "last_name": "Smith", **MARY}])
    [row] = rows("SELECT contact_id FROM messages WHERE id = :id", id=message)
    assert row.contact_id == CONTACT
