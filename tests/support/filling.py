"""Fills a database with very many cards, quickly: written by the owner, past the product's doors, for size alone."""

from sqlalchemy import create_engine, text

from ghl.db.url import database_url
from tests.support.database import DatabaseUrls

CHURCHES = """
INSERT INTO churches (id, slug, name, timezone, public_id)
SELECT md5('church' || n)::uuid, 'church-' || n, 'Church ' || n, 'America/Chicago', 'public-' || n
FROM generate_series(1, :churches) AS n
"""

LEASES = "INSERT INTO delivery_leases (church_id) SELECT id FROM churches ON CONFLICT DO NOTHING"

LOCATIONS = """
INSERT INTO locations (id, church_id, ghl_id, active, allow_duplicates, checked_at)
SELECT md5('location' || n)::uuid, md5('church' || n)::uuid, 'LOC' || n, true, false, now()
FROM generate_series(1, :churches) AS n
"""

# Each church's cards of a list came with lists of some hundreds.
IMPORTS = """
INSERT INTO card_imports (id, church_id, name, started_by, started_at, seen_at, ended_at, finished, begun)
SELECT md5('import' || n || '-' || list)::uuid, md5('church' || n)::uuid, 'list ' || list, 'filling', now(), now(),
       now(), true, true
FROM generate_series(1, :churches) AS n, generate_series(0, :lists) AS list
"""

# The first church has a fifth of all cards, the others share the rest. One card in ten waits for a person. Names
# repeat as in a town: "anna" stands on one card in ten, "Zebedee" on one
# in ten thousand.
CARDS = """
INSERT INTO cards (id, church_id, number, status, cause, source, import_id, fingerprint, first_name, last_name, phone, email,
                   received_at, status_changed_at, synced_at, visit_date, service, campus, first_time, search)
SELECT md5('card' || n)::uuid, church, n, status,
       CASE status WHEN 'needs_attention' THEN 'phone_invalid' WHEN 'held' THEN 'same_person_doubt' END,
       (ARRAY['import', 'api', 'form', 'typed'])[1 + n / 7 % 4],
       CASE n / 7 % 4 WHEN 0 THEN md5('import' || church_no || '-' || n / 10000)::uuid END, decode(md5('f' || n), 'hex'), first, last, phone,
       email, at, at, CASE status WHEN 'synced' THEN at END, at::date,
       (ARRAY['9:00 am', '11:00 am', '6:00 pm', 'Wednesday', NULL])[1 + n / 11 % 5],
       (ARRAY['Downtown', 'Eastside', NULL])[1 + n / 13 % 3], (ARRAY[true, false, NULL])[1 + n / 17 % 3],
       lower(format(' %s %s %s %s', first, last, email, ltrim(phone, '+')))
FROM (
    SELECT *, '+1615' || lpad((n::bigint * 7919 % 10000000)::text, 7, '0') AS phone,
           lower(format('%s.%s%s@example.org', first, last, n)) AS email
    FROM (
        SELECT n, church_no, md5('church' || church_no)::uuid AS church,
               now() - n * interval '25 seconds' AS at,
               CASE WHEN n % 10 = 3 OR n % 50 = 15 THEN 'needs_attention' WHEN n % 50 IN (5, 7) THEN 'waiting'
                    WHEN n % 250 = 35 THEN 'to_review' WHEN n % 5000 = 40 THEN 'held' ELSE 'synced' END AS status,
               CASE WHEN n % 10000 = 4995 THEN 'Zebedee'
                    ELSE (ARRAY['Anna', 'Ben', 'Chloe', 'Daniel', 'Esther', 'Felix', 'Grace', 'Hannah', 'Isaac', 'Julia',
                                'Kelvin', 'Lily', 'Maria', 'Noah', 'Olivia', 'Peter', 'Ruth', 'Samuel', 'Tabitha'])
                         [1 + n / 5 * 7 % 19] END AS first,
               (ARRAY['Keller', 'Smith', 'Johnson', 'Garcia', 'Nguyen', 'Brown', 'Liddell', 'Okafor', 'Petrov', 'Kim',
                      'Lopez', 'Oneill', 'Walker', 'Young', 'Quist', 'Martin', 'Lee', 'Adams', 'Baker', 'Clark', 'Davis',
                      'Evans', 'Foster', 'Gray', 'Hill', 'Irving', 'Jones'])[1 + n / 5 * 11 % 27] AS last
        FROM generate_series(1, :cards) AS n,
             LATERAL (SELECT CASE WHEN n % 5 = 0 THEN 1 ELSE 1 + n % :churches END AS church_no) AS whose
    ) AS people
) AS made
"""

REVISIONS = """
INSERT INTO card_revisions (card_id, no, church_id, fields, created_at, created_by)
SELECT id, 1, church_id, jsonb_build_object('first_name', first_name, 'last_name', last_name, 'phone', phone,
                                            'email', email), received_at, 'filling' FROM cards
"""

OUTBOX = """
INSERT INTO outbox (church_id, kind, card_id, state, priority, due_at, phone, email, tries, attempts)
SELECT church_id, 'card', id,
       CASE status WHEN 'synced' THEN 'done' WHEN 'waiting' THEN 'due' ELSE 'parked' END, 20, received_at, phone,
       email, 1, 1
FROM cards ORDER BY received_at
"""

WORDS = "INSERT INTO card_words SELECT id, church_id, search || ' #' || number || ' ' FROM cards"

CONTACTS = """
INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, phone, email, newest_applied_at,
                           seen_at)
SELECT l.id, md5(c.id::text), c.church_id, c.first_name, c.last_name, c.phone, c.email, c.received_at, c.received_at
FROM cards AS c JOIN locations AS l ON l.church_id = c.church_id
WHERE c.status = 'synced' AND c.number % 3 = 0
"""

# What a church that wrote to each of its people has: one text a person that was delivered, and a few that wait, are on
# their way, are unsure or need somebody.
TEMPLATES = """
INSERT INTO message_templates (id, church_id, name, channel, purpose, onboarding, published_version, changed_by)
SELECT md5('template' || id::text)::uuid, id, 'Welcome', 'sms', 'follow-up', true, 1, 'filling' FROM churches
"""

TEMPLATE_WORDS = """
INSERT INTO message_template_versions (template_id, version, church_id, body, created_by)
SELECT id, 1, church_id, 'Welcome! Reply STOP to end, HELP for help.', 'filling' FROM message_templates
"""

MESSAGES = """
INSERT INTO messages (id, church_id, card_id, template_id, template_version, channel, purpose, address, person,
                      idempotency_key, state, cause, requested_by, requested_at, not_before, contact_id, ghl_message_id,
                      ghl_email_message_id, sending_at, sent_at, status_changed_at)
SELECT md5('message' || id::text)::uuid, church_id, id, md5('template' || church_id::text)::uuid, 1, channel, 'follow-up',
       CASE channel WHEN 'sms' THEN phone ELSE email END, 'x', sha256(id::text::bytea), state,
       CASE WHEN state IN ('failed', 'held') THEN 'carrier_refused' END, 'filling', received_at, received_at,
       md5(id::text), CASE WHEN went THEN 'm' || id::text END, CASE WHEN went AND channel = 'email' THEN 'e' || id::text END,
       CASE WHEN went THEN received_at END, CASE WHEN went THEN received_at END, received_at
FROM (SELECT *, state NOT IN ('waiting', 'held', 'not_sent') AS went FROM (
        SELECT *, CASE number % 4 WHEN 3 THEN 'email' ELSE 'sms' END AS channel,
               CASE number % 100 WHEN 1 THEN 'waiting' WHEN 2 THEN 'sending' WHEN 3 THEN 'unsure' WHEN 4 THEN 'failed'
                    WHEN 5 THEN 'held' WHEN 6 THEN 'sent' WHEN 7 THEN 'not_sent' ELSE 'delivered' END AS state
        FROM cards) AS stands) AS written
"""

MESSAGE_WORK = """
INSERT INTO outbox (church_id, kind, message_id, state, priority, due_at, lease_token, leased_until)
SELECT church_id, 'message', id,
       CASE state WHEN 'waiting' THEN 'due' WHEN 'unsure' THEN 'due' WHEN 'sent' THEN 'due' WHEN 'sending' THEN 'leased'
                  WHEN 'failed' THEN 'parked' WHEN 'held' THEN 'parked' ELSE 'done' END, 20, requested_at,
       CASE state WHEN 'sending' THEN id END, CASE state WHEN 'sending' THEN requested_at END
FROM messages
"""

MESSAGE_TRIES = """
INSERT INTO message_attempts (church_id, message_id, lease_token, kind, started_at, ended_at, outcome)
SELECT church_id, id, id, 'send', requested_at, CASE WHEN state <> 'sending' THEN requested_at END,
       CASE WHEN state <> 'sending' THEN 'sent' END FROM messages
"""

CONSENT = """
INSERT INTO consent_events (church_id, channel, address, person, kind, purpose, wording, source, recorded_by, card_id,
                            recorded_at)
SELECT church_id, channel, CASE channel WHEN 'sms' THEN phone ELSE email END, 'x',
       CASE number % 50 WHEN 9 THEN 'stop' ELSE 'yes' END, 'all', 'You may text me.', 'form', 'filling', id, received_at
FROM cards, (VALUES ('sms'), ('email')) AS channels(channel)
"""

LOCKS = """
INSERT INTO consent_addresses (church_id, channel, address)
SELECT DISTINCT church_id, channel, address FROM consent_events
"""

STOPS = """
INSERT INTO opt_outs (id, church_id, channel, address, event_id, asked_at, due_on, due_at, state)
SELECT gen_random_uuid(), church_id, channel, address, id, recorded_at, recorded_at::date + 14, recorded_at,
       CASE id / 20 % 40 WHEN 0 THEN 'waiting' WHEN 1 THEN 'sent' ELSE 'confirmed' END
FROM consent_events WHERE kind = 'stop' OR id % 20 = 0
"""

DOUBTS = """
INSERT INTO consent_doubts (id, church_id, channel, address, said, source, received_at, state, decided_by, decided_at)
SELECT gen_random_uuid(), church_id, channel, address, 'please no more', 'ghl', recorded_at,
       CASE id % 100 WHEN 0 THEN 'open' ELSE 'no_stop' END, CASE WHEN id % 100 <> 0 THEN 'filling' END,
       CASE WHEN id % 100 <> 0 THEN recorded_at END
FROM consent_events WHERE id % 10 = 0
"""

EVENTS = """
INSERT INTO webhook_events (church_id, source, dedupe_key, type, body, state, received_at, due_at)
SELECT church_id, 'app', 'w:' || id::text, (ARRAY['ContactUpdate', 'InboundMessage', 'OutboundMessage'])[number % 3 + 1],
       '{}', CASE number % 50 WHEN 0 THEN 'waiting' WHEN 1 THEN 'failed' ELSE 'done' END, received_at, received_at
FROM cards
"""

TOLD = (
    TEMPLATES,
    TEMPLATE_WORDS,
    MESSAGES,
    MESSAGE_WORK,
    MESSAGE_TRIES,
    CONSENT,
    LOCKS,
    STOPS,
    DOUBTS,
    EVENTS,
)

COUNTS = """
INSERT INTO card_counts (church_id, status, cause, cards)
SELECT church_id, status, CASE WHEN status IN ('needs_attention', 'held') THEN coalesce(cause, '') ELSE '' END, count(*)
FROM cards GROUP BY 1, 2, 3
"""


def fill(urls: DatabaseUrls, *, cards: int, churches: int, messages: bool = False) -> None:
    """Adds the churches and cards, and lets PostgreSQL know how much there is. `messages`: with a message to each
    person, what they said to that, and what GoHighLevel told.
    """
    engine = create_engine(database_url(urls.admin))
    with engine.begin() as connection:
        for statement in (CHURCHES, LEASES, LOCATIONS):
            connection.execute(text(statement), {"churches": churches})
        # Triggers count and check row by row; here the counts are written at the end.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(IMPORTS), {"churches": churches, "lists": cards // 10_000})
        connection.execute(text(CARDS), {"cards": cards, "churches": churches})
        for statement in (REVISIONS, OUTBOX, WORDS, CONTACTS, COUNTS, *(TOLD if messages else ())):
            connection.execute(text(statement))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()
