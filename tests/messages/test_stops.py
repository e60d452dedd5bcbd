"""Stops, and who says what about them later: a correction, and a late word of GoHighLevel."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from ghl.cards.correct import correct
from ghl.cards.fields import parse_card
from ghl.consent import ledger
from ghl.messages.heard import heard_status
from ghl.statuses import CardSource, Channel
from tests.support.churches import card_values, save
from tests.support.messages import AGREED
from tests.support.telling import record_start, record_stop


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
    where = sender.hub.database, sender.church_id
    record_stop(*where, address=phone, source="keyword", by="x", ago=timedelta(minutes=3))
    record_start(*where, address=phone, ago=timedelta(minutes=2))
    with sender.hub.database.church(sender.church_id) as session:
        heard_status(
            session, sender.church_id, ghl_message_id=ghl_id, status="opt_out", at=now - timedelta(minutes=3)
        )
    with sender.hub.database.church(sender.church_id) as session:
        assert not ledger.is_stopped(session, sender.church_id, Channel.SMS, phone)
