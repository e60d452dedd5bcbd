"""Texts, e-mails, what people agreed to and said no to, and what GoHighLevel tells us: the tables of all that."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

TENANT_TABLES = {
    "message_templates": "SELECT, INSERT, UPDATE",
    "message_template_versions": "SELECT, INSERT",
    "messaging_settings": "SELECT, INSERT, UPDATE",
    "messages": "SELECT, INSERT, UPDATE",
    "message_attempts": "SELECT, INSERT, UPDATE",
    "message_counts": "SELECT",
    "message_count_deltas": "SELECT, INSERT",
    "consent_addresses": "SELECT, INSERT, UPDATE",
    "consent_doubts": "SELECT, INSERT, UPDATE (state, decided_by, decided_at)",
    "opt_outs": "SELECT, INSERT, UPDATE",
    "dnd_checks": "SELECT, INSERT, UPDATE",
    "dnd_differences": "SELECT, INSERT, UPDATE (settled_at)",
    "webhook_events": "SELECT, INSERT, UPDATE",
    "webhook_secrets": "SELECT, INSERT, UPDATE, DELETE",
}

SYSTEM_TABLES = {
    "message_counts": "SELECT, INSERT, UPDATE",
    "message_count_deltas": "SELECT, DELETE",
    "message_attempts": "SELECT (id, started_at), DELETE",
    "opt_outs": "SELECT (church_id, state, due_at, due_on)",
    "dnd_checks": "SELECT (church_id, due_at, finished_at)",
    "webhook_events": "SELECT (id, church_id, state, due_at, received_at), DELETE",
    "webhook_secrets": "SELECT (church_id, ends_at), DELETE",
    "webhook_counts": "SELECT, INSERT, UPDATE, DELETE",
}

ERASER_TABLES = {
    "message_templates": "SELECT, DELETE",
    "message_template_versions": "SELECT, DELETE",
    "messaging_settings": "SELECT, DELETE",
    "messages": "SELECT, DELETE",
    "message_attempts": "SELECT, DELETE",
    "message_counts": "SELECT, DELETE",
    "message_count_deltas": "SELECT, INSERT, DELETE",
    "consent_addresses": "SELECT, DELETE",
    "consent_doubts": "SELECT, DELETE",
    "opt_outs": "SELECT, DELETE",
    "dnd_checks": "SELECT, DELETE",
    "dnd_differences": "SELECT, DELETE",
    "webhook_events": "SELECT, UPDATE (body, facts), DELETE",
    "webhook_secrets": "SELECT, DELETE",
}

NEW_TABLES = sorted({*TENANT_TABLES, *SYSTEM_TABLES, *ERASER_TABLES})

OUTBOX_CHECKS = {
    "ck_outbox_kind": "kind IN ('card', 'message')",
    "ck_outbox_card": "(kind = 'card') = (card_id IS NOT NULL)",
    "ck_outbox_message": "(kind = 'message') = (message_id IS NOT NULL)",
    "ck_outbox_person_keys": "kind = 'card' OR (phone IS NULL AND email IS NULL)",
}

# One row a statement, channel and state, however many messages it changed. A test is nobody's message.
COUNTS = """
CREATE FUNCTION hub.count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO message_count_deltas (church_id, channel, state, delta)
        SELECT church_id, channel, state, count(*) FROM new_messages WHERE NOT is_test GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO message_count_deltas (church_id, channel, state, delta)
        SELECT church_id, channel, state, -count(*) FROM old_messages WHERE NOT is_test GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO message_count_deltas (church_id, channel, state, delta)
        SELECT church_id, channel, state, sum(d)
        FROM (SELECT church_id, channel, state, 1 AS d FROM new_messages WHERE NOT is_test
              UNION ALL SELECT church_id, channel, state, -1 FROM old_messages WHERE NOT is_test) AS changes
        GROUP BY 1, 2, 3 HAVING sum(d) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_inserted AFTER INSERT ON messages REFERENCING NEW TABLE AS new_messages
    FOR EACH STATEMENT EXECUTE FUNCTION hub.count_messages();
CREATE TRIGGER count_updated AFTER UPDATE ON messages REFERENCING OLD TABLE AS old_messages NEW TABLE AS new_messages
    FOR EACH STATEMENT EXECUTE FUNCTION hub.count_messages();
CREATE TRIGGER count_deleted AFTER DELETE ON messages REFERENCING OLD TABLE AS old_messages
    FOR EACH STATEMENT EXECUTE FUNCTION hub.count_messages();
CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON message_template_versions
    FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    _change_tables()
    for table in NEW_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table, rights in TENANT_TABLES.items():
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_tenant")
    for table, rights in SYSTEM_TABLES.items():
        op.execute(f"CREATE POLICY hub_system ON {table} TO hub_system USING (true) WITH CHECK (true)")
        op.execute(f"GRANT {rights} ON {table} TO hub_system")
    for table, rights in ERASER_TABLES.items():
        op.execute(f"CREATE POLICY hub_eraser ON {table} TO hub_eraser USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_eraser")
    op.execute(COUNTS)


def _create_tables() -> None:
    op.create_table(
        "webhook_counts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("source IN ('app', 'workflow')", name=op.f("ck_webhook_counts_source")),
        sa.PrimaryKeyConstraint("day", "source", "outcome", name=op.f("pk_webhook_counts")),
    )
    op.create_table(
        "consent_addresses",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_consent_addresses_channel")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_consent_addresses_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", "channel", "address", name=op.f("pk_consent_addresses")),
    )
    op.create_table(
        "consent_doubts",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_consent_doubts_decided")),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_consent_doubts_channel")),
        sa.CheckConstraint("state IN ('open', 'stop', 'no_stop')", name=op.f("ck_consent_doubts_state")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_consent_doubts_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_doubts")),
    )
    op.create_index(
        "ix_consent_doubts_address", "consent_doubts", ["church_id", "channel", "address"], unique=False
    )
    op.create_index(
        "ix_consent_doubts_open",
        "consent_doubts",
        ["church_id", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "dnd_checks",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("checked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("question_id", sa.UUID(), nullable=True),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_dnd_checks_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", name=op.f("pk_dnd_checks")),
    )
    op.create_table(
        "dnd_differences",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_dnd_differences_channel")),
        sa.CheckConstraint(
            "kind IN ('stopped_here', 'stopped_there', 'other_number', 'gone')",
            name=op.f("ck_dnd_differences_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_dnd_differences_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dnd_differences")),
    )
    op.create_index(
        "ix_dnd_differences_newest", "dnd_differences", ["church_id", "found_at", "id"], unique=False
    )
    op.create_index(
        "uq_dnd_differences_open",
        "dnd_differences",
        ["church_id", "contact_id", "channel", "kind"],
        unique=True,
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "message_count_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_message_count_deltas_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_count_deltas")),
    )
    op.create_index(
        op.f("ix_message_count_deltas_church_id"), "message_count_deltas", ["church_id"], unique=False
    )
    op.create_table(
        "message_counts",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("messages", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_message_counts_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", "channel", "state", name=op.f("pk_message_counts")),
    )
    op.create_table(
        "message_templates",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("send_within_hours", sa.SmallInteger(), nullable=True),
        sa.Column("onboarding", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("published_version", sa.Integer(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_message_templates_channel")),
        sa.CheckConstraint(
            "purpose IN ('follow-up', 'volunteering', 'events', 'giving')",
            name=op.f("ck_message_templates_purpose"),
        ),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 80", name=op.f("ck_message_templates_name")),
        sa.CheckConstraint(
            "send_within_hours BETWEEN 1 AND 8760", name=op.f("ck_message_templates_send_within_hours")
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_message_templates_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
        sa.UniqueConstraint("church_id", "id", name=op.f("uq_message_templates_church_id_id")),
    )
    op.create_index("uq_message_templates_key", "message_templates", ["church_id", "key"], unique=True)
    op.create_table(
        "messaging_settings",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("texts_from", sa.Time(), server_default=sa.text("'08:00'"), nullable=False),
        sa.Column("texts_until", sa.Time(), server_default=sa.text("'20:00'"), nullable=False),
        sa.Column("sunday_from", sa.Time(), nullable=True),
        sa.Column("undo_seconds", sa.SmallInteger(), server_default=sa.text("60"), nullable=False),
        sa.Column("ramp_level", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("ramp_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("email_sends_again", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("from_number", sa.Text(), nullable=True),
        sa.Column("email_from", sa.Text(), nullable=True),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "sunday_from IS NULL OR sunday_from BETWEEN '08:00' AND '20:59'",
            name=op.f("ck_messaging_settings_sunday"),
        ),
        sa.CheckConstraint(
            "texts_from >= '08:00' AND texts_until <= '21:00' AND texts_from < texts_until",
            name=op.f("ck_messaging_settings_window"),
        ),
        sa.CheckConstraint("ramp_level BETWEEN 1 AND 8", name=op.f("ck_messaging_settings_ramp_level")),
        sa.CheckConstraint(
            "undo_seconds BETWEEN 10 AND 3600", name=op.f("ck_messaging_settings_undo_seconds")
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_messaging_settings_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", name=op.f("pk_messaging_settings")),
    )
    op.create_table(
        "opt_outs",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("contacts", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("question_id", sa.UUID(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_opt_outs_channel")),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'confirmed', 'no_contact')", name=op.f("ck_opt_outs_state")
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_opt_outs_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_outs")),
    )
    op.create_index("ix_opt_outs_address", "opt_outs", ["church_id", "channel", "address"], unique=False)
    op.create_index(
        "ix_opt_outs_open",
        "opt_outs",
        ["church_id", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sent')"),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("repeats", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("source IN ('app', 'workflow')", name=op.f("ck_webhook_events_source")),
        sa.CheckConstraint(
            "state IN ('waiting', 'done', 'failed', 'unknown')", name=op.f("ck_webhook_events_state")
        ),
        sa.CheckConstraint("octet_length(body) <= 262144", name=op.f("ck_webhook_events_body")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_webhook_events_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
    )
    op.create_index(
        "ix_webhook_events_by_state",
        "webhook_events",
        ["church_id", "state", "received_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_events_by_type",
        "webhook_events",
        ["church_id", "type", "received_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_events_due",
        "webhook_events",
        ["due_at", "church_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_webhook_events_newest", "webhook_events", ["church_id", "received_at", "id"], unique=False
    )
    op.create_index(op.f("ix_webhook_events_received_at"), "webhook_events", ["received_at"], unique=False)
    op.create_index(
        "uq_webhook_events_dedupe", "webhook_events", ["church_id", "source", "dedupe_key"], unique=True
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'previous') = (ends_at IS NOT NULL)", name=op.f("ck_webhook_secrets_ends_at")
        ),
        sa.CheckConstraint("state IN ('current', 'previous')", name=op.f("ck_webhook_secrets_state")),
        sa.CheckConstraint("octet_length(secret_hash) = 32", name=op.f("ck_webhook_secrets_secret_hash")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_webhook_secrets_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", "state", name=op.f("pk_webhook_secrets")),
    )
    op.create_table(
        "message_template_versions",
        sa.Column("template_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_message_template_versions_version")),
        sa.ForeignKeyConstraint(
            ["church_id"],
            ["churches.id"],
            name=op.f("fk_message_template_versions_church_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["message_templates.id"],
            name=op.f("fk_message_template_versions_template_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_message_template_versions")),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=True),
        sa.Column("template_id", sa.UUID(), nullable=False),
        sa.Column("template_version", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.LargeBinary(), nullable=False),
        sa.Column("again", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_test", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("too_late_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("ghl_message_id", sa.Text(), nullable=True),
        sa.Column("ghl_email_message_id", sa.Text(), nullable=True),
        sa.Column("looks", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_messages_channel")),
        sa.CheckConstraint(
            "purpose IN ('follow-up', 'volunteering', 'events', 'giving')", name=op.f("ck_messages_purpose")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'unsure', 'sent', 'delivered', 'failed', 'held', 'not_sent')",
            name=op.f("ck_messages_state"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'delivered') OR sent_at IS NOT NULL OR cause IS NOT NULL",
            name=op.f("ck_messages_sent"),
        ),
        sa.CheckConstraint("is_test OR card_id IS NOT NULL", name=op.f("ck_messages_card")),
        sa.CheckConstraint("octet_length(idempotency_key) = 32", name=op.f("ck_messages_idempotency_key")),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_messages_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id", "template_id"],
            ["message_templates.church_id", "message_templates.id"],
            name=op.f("fk_messages_church_id_template_id"),
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_messages_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "church_id", "idempotency_key", name=op.f("uq_messages_church_id_idempotency_key")
        ),
    )
    op.create_index(
        "ix_messages_address", "messages", ["church_id", "channel", "address", "requested_at"], unique=False
    )
    op.create_index(
        "ix_messages_attention",
        "messages",
        ["church_id", "cause", "status_changed_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('failed', 'held') OR (state = 'unsure' AND cause IS NOT NULL)"),
    )
    op.create_index(
        "ix_messages_by_state", "messages", ["church_id", "state", "requested_at", "id"], unique=False
    )
    op.create_index(
        "ix_messages_card",
        "messages",
        ["card_id", "id"],
        unique=False,
        postgresql_where=sa.text("card_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_contact",
        "messages",
        ["church_id", "contact_id"],
        unique=False,
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_ghl",
        "messages",
        ["church_id", "ghl_message_id"],
        unique=False,
        postgresql_where=sa.text("ghl_message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_ghl_email",
        "messages",
        ["church_id", "ghl_email_message_id"],
        unique=False,
        postgresql_where=sa.text("ghl_email_message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_messages_newest",
        "messages",
        ["church_id", "requested_at", "id"],
        unique=False,
        postgresql_include=["channel", "state", "is_test"],
    )
    op.create_index(
        "ix_messages_texted",
        "messages",
        ["church_id", "sending_at"],
        unique=False,
        postgresql_where=sa.text("channel = 'sms' AND sending_at IS NOT NULL"),
    )
    op.create_table(
        "message_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("message_id", sa.UUID(), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("calls", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.CheckConstraint("kind IN ('send', 'look', 'status')", name=op.f("ck_message_attempts_kind")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_message_attempts_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_attempts_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_attempts")),
    )
    op.create_index(
        op.f("ix_message_attempts_message_id_id"), "message_attempts", ["message_id", "id"], unique=False
    )
    op.create_index(
        "ix_message_attempts_open",
        "message_attempts",
        ["lease_token"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(op.f("ix_message_attempts_started_at"), "message_attempts", ["started_at"], unique=False)


def _change_tables() -> None:
    op.add_column("consent_events", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("consent_events", sa.Column("contact_id", sa.Text(), nullable=True))
    op.add_column("consent_events", sa.Column("child", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("message_id", sa.UUID(), nullable=True))
    op.alter_column("outbox", "card_id", existing_type=sa.UUID(), nullable=True)
    op.create_unique_constraint(op.f("uq_outbox_message_id"), "outbox", ["message_id"])
    op.create_foreign_key(
        op.f("fk_outbox_message_id"), "outbox", "messages", ["message_id"], ["id"], ondelete="CASCADE"
    )
    op.create_index(
        "ix_outbox_next_else",
        "outbox",
        ["church_id", "kind", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'due' AND kind <> 'card'"),
    )
    op.drop_index("ix_outbox_next", table_name="outbox")
    op.create_index(
        "ix_outbox_next",
        "outbox",
        ["church_id", "priority", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'due' AND kind = 'card'"),
    )
    op.drop_constraint(op.f("ck_outbox_kind"), "outbox", type_="check")
    for name, rule in OUTBOX_CHECKS.items():
        op.create_check_constraint(op.f(name), "outbox", rule)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM outbox WHERE kind <> 'card'")
    for name in OUTBOX_CHECKS:
        op.drop_constraint(op.f(name), "outbox", type_="check")
    op.create_check_constraint(op.f("ck_outbox_kind"), "outbox", "kind IN ('card')")
    op.drop_index("ix_outbox_next", table_name="outbox")
    op.create_index(
        "ix_outbox_next",
        "outbox",
        ["church_id", "priority", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'due'"),
    )
    op.drop_constraint(op.f("fk_outbox_message_id"), "outbox", type_="foreignkey")
    op.drop_constraint(op.f("uq_outbox_message_id"), "outbox", type_="unique")
    op.drop_index(
        "ix_outbox_next_else",
        table_name="outbox",
        postgresql_where=sa.text("state = 'due' AND kind <> 'card'"),
    )
    op.alter_column("outbox", "card_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("outbox", "message_id")
    op.drop_column("consent_events", "child")
    op.drop_column("consent_events", "contact_id")
    op.drop_column("consent_events", "note")
    op.drop_table("message_attempts")
    op.drop_table("messages")
    op.drop_table("message_template_versions")
    op.drop_table("webhook_secrets")
    op.drop_table("webhook_events")
    op.drop_table("opt_outs")
    op.drop_table("messaging_settings")
    op.drop_table("message_templates")
    op.drop_table("message_counts")
    op.drop_table("message_count_deltas")
    op.drop_table("dnd_differences")
    op.drop_table("dnd_checks")
    op.drop_table("consent_doubts")
    op.drop_table("consent_addresses")
    op.drop_table("webhook_counts")
    op.execute("DROP FUNCTION hub.count_messages()")
