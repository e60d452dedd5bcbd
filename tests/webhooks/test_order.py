"""What was said when: stops and starts that come late or twice, one event after the other, without a worker."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from ghl.consent import ledger
from ghl.statuses import CardSource, WebhookSource
from ghl.webhooks.results import Place, Told
from ghl.webhooks.workflow import hinted
from tests.support.churches import save
from tests.support.telling import CONTACT, PHONE, link, record_stop, stopped, tell, texted

NOW = datetime.now(UTC)


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


def test_a_second_stop_is_noted_and_what_a_contact_shows_again_is_not(database, church):
    texted(database, church, "STOP", ago=30)
    assert stops_of(database, church) == (1, 1)
    texted(database, church, "STOP", ago=20)
    assert stops_of(database, church) == (2, 1), "one on its way into GoHighLevel is enough"
    shown = {"type": "ContactUpdate", "id": CONTACT, "phone": PHONE, "dnd": True}
    for ago in (15, 10, 5):
        tell(database, church, **shown, timestamp=(NOW - timedelta(minutes=ago)).isoformat())
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
        hinted(session, Place(church, "US", location), Told(WebhookSource.WORKFLOW, values, NOW, NOW, None))
    first = list(dict.fromkeys(taken))
    assert first == sorted(first)
