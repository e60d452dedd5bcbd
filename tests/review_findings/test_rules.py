"""Rules that need no database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ghl.client.messages import Message
from ghl.consent.keywords import Heard, read_reply
from ghl.messages.look import Sought, candidates
from ghl.statuses import Channel
from ghl.webhooks.said import said_in

CHICAGO = ZoneInfo("America/Chicago")


def test_a_reaction_with_more_words_behind_it_is_read():
    for said in (
        'Disliked "Welcome to Grace" stop texting me',
        'Liked "the service" but please stop texting me',
        'Questioned "Welcome to Grace. Reply STOP to end"\nSTOP',
    ):
        assert read_reply(said) is not Heard.NOTHING, said


def test_another_email_with_the_same_subject_is_not_ours():
    sent_at = datetime(2026, 11, 27, 12, tzinfo=UTC)
    sought = Sought(Channel.EMAIL, "Welcome to Grace", "Hello Mary, here are the documents.", sent_at)
    other = Message(
        id="someworkflowsmail",
        direction="outbound",
        subject="Welcome to Grace",
        body="<p>Pastor's own automation, quite other words.</p>",
        dateAdded=(sent_at + timedelta(seconds=20)).isoformat(),
    )
    assert candidates([other], sought) == ()


def test_a_stop_at_the_end_of_a_long_text_is_read():
    body = "Thank you for the lovely service and the coffee. " * 11 + "But please stop texting me."
    said = said_in({"messageType": "SMS", "direction": "inbound", "body": body})
    assert said is not None
    assert read_reply(said.words) is Heard.DOUBT
