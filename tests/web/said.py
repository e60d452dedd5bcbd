"""Cards that say yes, stops and replies, saved through the product's doors: for the consent pages' tests."""

from ghl.cards.consent import Words
from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, save_cards
from ghl.clock import SystemClock
from ghl.consent import ledger
from ghl.statuses import CardSource, Channel
from tests.support.telling import record_stop

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
    return record_stop(database, church, address=address, channel=channel, source=source, by=by, at=now)


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


def a_text(sql, church, *, state="sending", cause=None, address=PHONE):
    """A text to Anna because of her card, in this state; one that is being sent left at 10:31:07 in the church's morning."""
    sql(
        "INSERT INTO message_templates (id, church_id, key, name, channel, purpose, onboarding, changed_by)"
        " VALUES (gen_random_uuid(), :c, 'x', 'Welcome', 'sms', 'follow-up', true, 'x')",
        c=church,
    )
    sql(
        "INSERT INTO messages (id, church_id, card_id, template_id, template_version, channel, address, person, purpose,"
        " idempotency_key, state, cause, requested_by, requested_at, not_before, status_changed_at, sending_at)"
        " SELECT gen_random_uuid(), c.church_id, c.id, t.id, 1, 'sms', :p, 'anna keller', 'follow-up',"
        " decode(repeat('ab', 32), 'hex'), :state, :cause, 'x', now(), now(), now(),"
        " CASE WHEN :state = 'sending' THEN timestamptz '2026-11-26T16:31:07Z' END"
        " FROM cards AS c, message_templates AS t WHERE c.church_id = :c ORDER BY c.number LIMIT 1",
        c=church,
        p=address,
        state=state,
        cause=cause,
    )
    sql(
        "INSERT INTO outbox (church_id, kind, message_id, state, priority, due_at)"
        " SELECT church_id, 'message', id, CASE WHEN state = 'held' THEN 'parked' ELSE 'due' END, 5, now()"
        " FROM messages WHERE church_id = :c",
        c=church,
    )
