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

COUNTS = """
INSERT INTO card_counts (church_id, status, cause, cards)
SELECT church_id, status, CASE WHEN status IN ('needs_attention', 'held') THEN coalesce(cause, '') ELSE '' END, count(*)
FROM cards GROUP BY 1, 2, 3
"""


def fill(urls: DatabaseUrls, *, cards: int, churches: int) -> None:
    """Adds the churches and cards, and lets PostgreSQL know how much there is."""
    engine = create_engine(database_url(urls.admin))
    with engine.begin() as connection:
        for statement in (CHURCHES, LEASES, LOCATIONS):
            connection.execute(text(statement), {"churches": churches})
        # Triggers count and check row by row; here the counts are written at the end.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(IMPORTS), {"churches": churches, "lists": cards // 10_000})
        connection.execute(text(CARDS), {"cards": cards, "churches": churches})
        for statement in (REVISIONS, OUTBOX, WORDS, CONTACTS, COUNTS):
            connection.execute(text(statement))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
    engine.dispose()
