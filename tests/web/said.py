"""Cards that say yes, stops and replies, saved through the product's doors: for the consent pages' tests."""

from ghl.cards.consent import Words
from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.consent import ledger
from ghl.statuses import CardSource, Channel

PHONE = "+16155550123"
WORDS = "Yes, Grace Church may text me about my visit. Reply STOP to stop."


def say_yes(database, church, *, source=CardSource.TYPED, now=None, ip=None, words=WORDS, **values):
    """A card with its boxes ticked; `values` are more of its fields, or others."""
    now = now or SystemClock().now()
    given = {
        "first_name": "Anna",
        "last_name": "Keller",
        "phone": "(615) 555-0123",
        "email": "anna@example.org",
        "sms_consent": "yes",
        "email_consent": "yes",
        "consent_at": now.date().isoformat(),
    } | values
    shown = {channel: Words(words, "v3") for channel in Channel}
    new = NewCard(parse_card(given), source, words=shown)
    with database.church(church) as session:
        (saved,) = save_cards(session, church, [new], now=now)
    return saved


def stop(database, church, *, address=PHONE, channel=Channel.SMS, source="keyword", by="system", now=None):
    """A stop, as the person or somebody of the team gives it."""
    with database.church(church) as session:
        return ledger.record_stop(
            session,
            church,
            channel=channel,
            address=address,
            source=source,
            recorded_by=by,
            now=now or SystemClock().now(),
        )


def doubt(database, church, said, *, address=PHONE, channel=Channel.SMS):
    """A reply that may be a stop."""
    with database.church(church) as session:
        return ledger.open_doubt(
            session,
            church,
            channel=channel,
            address=address,
            said=said,
            source="keyword",
            now=SystemClock().now(),
        )
