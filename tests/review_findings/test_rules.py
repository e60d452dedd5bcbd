"""Rules that need no database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ghl.consent.keywords import Heard, read_reply
from ghl.consent.standing import Entry, standing
from ghl.statuses import ConsentKind
from ghl.webhooks.said import said_in

CHICAGO = ZoneInfo("America/Chicago")


def test_a_card_typed_on_the_day_of_the_stop_with_tomorrows_date_lifts_nothing():
    """Saturday: STOP at 9 am, and at 10 am somebody types a card with the date of Sunday's visit."""
    stop_at = datetime(2026, 11, 28, 15, tzinfo=UTC)
    stop = Entry(1, ConsentKind.STOP, "keyword", "", stop_at, None)
    card = Entry(
        2,
        ConsentKind.YES,
        "typed",
        "mary smith",
        stop_at + timedelta(hours=1),
        datetime(2026, 11, 29, tzinfo=UTC),
        purpose="follow-up",
    )
    stands = standing([stop, card], person="mary smith", purpose="follow-up", zone=CHICAGO)
    assert stands.stop is stop


def test_a_reaction_with_more_words_behind_it_is_read():
    for said in (
        'Disliked "Welcome to Grace" stop texting me',
        'Liked "the service" but please stop texting me',
        'Questioned "Welcome to Grace. Reply STOP to end"\nSTOP',
    ):
        assert read_reply(said) is not Heard.NOTHING, said


def test_a_stop_at_the_end_of_a_long_text_is_read():
    body = "Thank you for the lovely service and the coffee. " * 11 + "But please stop texting me."
    said = said_in({"messageType": "SMS", "direction": "inbound", "body": body})
    assert said is not None
    assert read_reply(said.words) is Heard.DOUBT
