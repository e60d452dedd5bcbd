"""Fills for cards that are there already what the screens read of them, and builds the indexes they are found by.

The cards are filled some thousands at a time, each in a transaction of its own: a million in one would be kept twice
until its end, and all lost where it is stopped. What is filled already is passed by, so it may be run again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006_core"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 5000

NEXT = "SELECT id FROM cards WHERE id > :after ORDER BY id OFFSET :most - 1 LIMIT 1"

# Cards get the words that a save writes now; without its finer rules for names of far languages, which the next
# correction brings.
SEARCH = """
UPDATE cards AS c
SET campus = nullif(r.fields ->> 'campus', ''), first_time = (r.fields ->> 'first_time')::boolean,
    search = left(' ' || concat_ws(' ',
        nullif(regexp_replace(translate(lower(unaccent(c.first_name || ' ' || c.last_name)), '''.', ''),
                              '[^[:alnum:]@+_]+', ' ', 'g'), ' '),
        coalesce(c.email, lower(nullif(r.fields ->> 'email', ''))),
        nullif(ltrim(regexp_replace(coalesce(c.phone, r.fields ->> 'phone', ''), '\\D', '', 'g'), '0'), '')), 400),
    synced_revision = CASE WHEN c.synced_at IS NOT NULL THEN c.revision END
FROM card_revisions AS r
WHERE r.card_id = c.id AND r.no = c.revision AND c.search = '' AND c.id > :after AND c.id <= :last
"""

WORDS = """
INSERT INTO card_words (card_id, church_id, words)
SELECT id, church_id, search || ' #' || number || ' ' FROM cards WHERE id > :after AND id <= :last
ON CONFLICT DO NOTHING
"""

# What was set aside before anybody had checked it did not say so: it goes back to be reviewed, and not out.
UNREVIEWED = """
UPDATE cards AS c
SET facts = c.facts || '{"was": "to_review"}'
FROM churches AS g
WHERE g.id = c.church_id AND c.status = 'dismissed' AND NOT c.facts ? 'was' AND (g.review_all OR c.source = 'form')
  AND NOT EXISTS (SELECT FROM attempts AS a WHERE a.card_id = c.id)
"""

# The contact in which GoHighLevel kept an address otherwise stood in the facts alone: the next try has to go there.
LINKS = """
INSERT INTO contact_links (location_id, contact_id, church_id, first_name, last_name, newest_applied_at, seen_at)
SELECT DISTINCT ON (l.id, c.facts ->> 'contact_id') l.id, c.facts ->> 'contact_id', c.church_id, c.first_name,
       c.last_name, c.received_at, c.status_changed_at
FROM cards AS c JOIN locations AS l ON l.church_id = c.church_id AND l.active
WHERE c.status = 'needs_attention' AND c.cause IN ('phone_kept_different', 'email_kept_different')
  AND c.contact_id IS NULL AND c.facts ? 'contact_id'
ORDER BY l.id, c.facts ->> 'contact_id', c.received_at DESC
ON CONFLICT DO NOTHING
"""
CONTACTS = """
UPDATE cards SET contact_id = facts ->> 'contact_id'
WHERE status = 'needs_attention' AND cause IN ('phone_kept_different', 'email_kept_different')
  AND contact_id IS NULL AND facts ? 'contact_id'
"""

NUMBERS = ["hub.create_card_numbers()", "hub.drop_card_numbers()", "hub.next_card_number()"]


def upgrade() -> None:
    with op.get_context().autocommit_block():
        _fill()
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (UNREVIEWED, LINKS, CONTACTS):
        op.execute(statement)
    op.execute("DELETE FROM prayer_requests WHERE text = ''")
    op.create_check_constraint(op.f("ck_prayer_requests_text"), "prayer_requests", "text <> ''")
    # Temporary tables and types are looked for first unless they are named last: nobody's may stand in for ours.
    for function in NUMBERS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog, pg_temp")
    _find_cards()
    for column in ("phone", "email"):
        op.create_index(
            f"ix_cards_{column}",
            "cards",
            ["church_id", column, "received_at"],
            unique=False,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    # New entries wait in a list that each search reads as well, so it stays short.
    op.create_index(
        "ix_card_words_parts",
        "card_words",
        ["church_id", "words"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
        postgresql_with={"gin_pending_list_limit": 1024},
    )
    op.create_index(
        "ix_audit_entries_subject",
        "audit_entries",
        ["church_id", "subject", "id"],
        unique=False,
        postgresql_where=sa.text("subject IS NOT NULL"),
    )
    op.create_index(
        "ix_audit_entries_reviewed",
        "audit_entries",
        ["church_id", "at"],
        unique=False,
        postgresql_include=["actor"],
        postgresql_where=sa.text("action = 'card.reviewed'"),
    )
    op.create_index(
        "ix_attempts_answered",
        "attempts",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("calls @? '$[*].answer'"),
    )


def _fill() -> None:
    connection = op.get_bind()
    after: object = "00000000-0000-0000-0000-000000000000"
    while after is not None:
        bound = connection.execute(sa.text(NEXT), {"after": after, "most": BATCH}).scalar()
        values = {"after": after, "last": bound or "ffffffff-ffff-ffff-ffff-ffffffffffff"}
        connection.execute(sa.text(SEARCH), values)
        connection.execute(sa.text(WORDS), values)
        after = bound


def _find_cards() -> None:
    for index in ("newest", "newest_by_status"):
        op.drop_index(f"ix_cards_{index}", table_name="cards")
    op.create_index(
        "ix_cards_newest",
        "cards",
        ["church_id", "received_at", "id"],
        unique=False,
        postgresql_include=["status", "number", "service", "campus", "source", "first_time", "search"],
    )
    op.create_index(
        "ix_cards_newest_by_status",
        "cards",
        ["church_id", "status", "received_at", "id"],
        unique=False,
        postgresql_include=["cause"],
    )
    for column in ("service", "campus"):
        op.create_index(
            f"ix_cards_newest_by_{column}", "cards", ["church_id", column, "received_at", "id"], unique=False
        )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("ck_prayer_requests_text"), "prayer_requests")
    op.drop_index("ix_attempts_answered", table_name="attempts")
    for index in ("reviewed", "subject"):
        op.drop_index(f"ix_audit_entries_{index}", table_name="audit_entries")
    op.drop_index("ix_card_words_parts", table_name="card_words")
    for index in ("email", "phone", "newest_by_campus", "newest_by_service", "newest_by_status", "newest"):
        op.drop_index(f"ix_cards_{index}", table_name="cards")
    op.create_index("ix_cards_newest", "cards", ["church_id", "received_at", "id"], unique=False)
    op.create_index(
        "ix_cards_newest_by_status", "cards", ["church_id", "status", "received_at", "id"], unique=False
    )
    for function in NUMBERS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog")
