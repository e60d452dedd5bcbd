"""Creates the first tables, and the numbers that a church's cards get."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# Each church counts its cards from 1 with a sequence of its own: a shared one would tell a church how many
# cards the others have, and a counter row would make its saves wait for each other.
CARD_NUMBERS = """
CREATE SCHEMA hub;
CREATE FUNCTION hub.create_card_numbers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('CREATE SEQUENCE hub.%I', 'card_numbers_' || replace(NEW.id::text, '-', ''));
    RETURN NEW;
END $$;
CREATE FUNCTION hub.drop_card_numbers() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    EXECUTE format('DROP SEQUENCE IF EXISTS hub.%I', 'card_numbers_' || replace(OLD.id::text, '-', ''));
    RETURN OLD;
END $$;
CREATE FUNCTION hub.next_card_number() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT nextval(('hub.card_numbers_' || replace(current_setting('app.org'), '-', ''))::regclass)
$$;
"""

CARD_NUMBER_TRIGGERS = """
CREATE TRIGGER create_card_numbers AFTER INSERT ON churches
    FOR EACH ROW EXECUTE FUNCTION hub.create_card_numbers();
CREATE TRIGGER drop_card_numbers AFTER DELETE ON churches
    FOR EACH ROW EXECUTE FUNCTION hub.drop_card_numbers();
"""


def upgrade() -> None:
    # Waiting for a lock behind a long transaction would stop every save; failing and trying again does not.
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(CARD_NUMBERS)
    op.execute(sa.schema.CreateSequence(sa.Sequence("outbox_position")))
    op.create_table(
        "churches",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), server_default="US", nullable=False),
        sa.Column("public_id", sa.Text(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ghl_base_url", sa.Text(), nullable=True),
        sa.Column("review_all", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("hold_cause", sa.Text(), nullable=True),
        sa.Column("hold_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "hold_facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_churches_slug")),
        sa.CheckConstraint("(hold_cause IS NULL) = (hold_since IS NULL)", name=op.f("ck_churches_hold")),
        sa.CheckConstraint("(paused_at IS NULL) = (paused_reason IS NULL)", name=op.f("ck_churches_paused")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_churches")),
        sa.UniqueConstraint("public_id", name=op.f("uq_churches_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_churches_slug")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('worker', 'scheduler')", name=op.f("ck_heartbeats_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("is_ops", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["church_id"], ["churches.id"], name=op.f("fk_audit_entries_church_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(op.f("ix_audit_entries_church_id_id"), "audit_entries", ["church_id", "id"], unique=False)
    op.create_table(
        "card_count_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_count_deltas_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_count_deltas")),
    )
    op.create_index(op.f("ix_card_count_deltas_church_id"), "card_count_deltas", ["church_id"], unique=False)
    op.create_table(
        "card_counts",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cards", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_counts_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", "status", name=op.f("pk_card_counts")),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column(
            "number", sa.BigInteger(), server_default=sa.text("hub.next_card_number()"), nullable=False
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column(
            "facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("visit_date", sa.Date(), nullable=True),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_id", sa.Text(), nullable=True),
        sa.CheckConstraint("source IN ('typed', 'import', 'api', 'form')", name=op.f("ck_cards_source")),
        sa.CheckConstraint(
            "status IN ('to_review', 'waiting', 'sending', 'synced', 'needs_attention', 'held', 'dismissed')",
            name=op.f("ck_cards_status"),
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_cards_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
        sa.UniqueConstraint("church_id", "fingerprint", name=op.f("uq_cards_church_id_fingerprint")),
        sa.UniqueConstraint("church_id", "number", name=op.f("uq_cards_church_id_number")),
    )
    op.create_index("ix_cards_newest", "cards", ["church_id", "received_at", "id"], unique=False)
    op.create_index(
        "ix_cards_newest_by_status", "cards", ["church_id", "status", "received_at", "id"], unique=False
    )
    op.create_index(
        "ix_cards_synced",
        "cards",
        ["church_id", "synced_at"],
        unique=False,
        postgresql_where=sa.text("synced_at IS NOT NULL"),
    )
    op.create_table(
        "consent_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("wording_hash", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ip", postgresql.INET(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_consent_events_channel")),
        sa.CheckConstraint(
            "kind IN ('yes', 'no', 'stop', 'asked', 'unknown')", name=op.f("ck_consent_events_kind")
        ),
        sa.ForeignKeyConstraint(["church_id"], ["churches.id"], name=op.f("fk_consent_events_church_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_events")),
    )
    op.create_index(
        op.f("ix_consent_events_church_id_channel_address_id"),
        "consent_events",
        ["church_id", "channel", "address", "id"],
        unique=False,
    )
    op.create_table(
        "delivery_leases",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_delivery_leases_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", name=op.f("pk_delivery_leases")),
    )
    op.create_table(
        "locations",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("ghl_id", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("allow_duplicates", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_locations_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_locations")),
        sa.UniqueConstraint("church_id", "id", name=op.f("uq_locations_church_id_id")),
    )
    op.create_index(
        "uq_locations_active_church",
        "locations",
        ["church_id"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    op.create_index(
        "uq_locations_active_ghl_id", "locations", ["ghl_id"], unique=True, postgresql_where=sa.text("active")
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'staff', 'viewer')", name=op.f("ck_memberships_role")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_memberships_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "church_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_church_id"), "memberships", ["church_id"], unique=False)
    op.create_table(
        "sign_in_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sign_in_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sign_in_links")),
    )
    op.create_index(op.f("ix_sign_in_links_expires_at"), "sign_in_links", ["expires_at"], unique=False)
    op.create_table(
        "source_keys",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_source_keys_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_source_keys_key_hash")),
    )
    op.create_index(op.f("ix_source_keys_church_id"), "source_keys", ["church_id"], unique=False)
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_agent", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_web_sessions_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_web_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_sessions")),
    )
    op.create_index(op.f("ix_web_sessions_expires_at"), "web_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_web_sessions_user_id"), "web_sessions", ["user_id"], unique=False)
    op.create_table(
        "card_revisions",
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_card_revisions_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_revisions_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", "no", name=op.f("pk_card_revisions")),
    )
    op.create_table(
        "contact_links",
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("last_name", sa.Text(), server_default="", nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("newest_applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_contact_links_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_contact_links_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("location_id", "contact_id", name=op.f("pk_contact_links")),
    )
    op.create_index(op.f("ix_contact_links_church_id"), "contact_links", ["church_id"], unique=False)
    op.create_index(
        op.f("ix_contact_links_location_id_email"),
        "contact_links",
        ["location_id", "email"],
        unique=False,
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_contact_links_location_id_phone"),
        "contact_links",
        ["location_id", "phone"],
        unique=False,
        postgresql_where=sa.text("phone IS NOT NULL"),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('current', 'previous')", name=op.f("ck_credentials_state")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_credentials_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_credentials_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
    )
    op.create_index(
        "uq_credentials_current",
        "credentials",
        ["location_id"],
        unique=True,
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("source_key_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_idempotency_keys_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_key_id"],
            ["source_keys.id"],
            name=op.f("fk_idempotency_keys_source_key_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_key_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column(
            "position", sa.BigInteger(), server_default=sa.text("nextval('outbox_position')"), nullable=False
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("system_errors", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("first_system_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deaths", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("must_look_up", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(state = 'leased') = (lease_token IS NOT NULL)", name=op.f("ck_outbox_lease_token")
        ),
        sa.CheckConstraint(
            "(state = 'leased') = (leased_until IS NOT NULL)", name=op.f("ck_outbox_leased_until")
        ),
        sa.CheckConstraint("kind IN ('card')", name=op.f("ck_outbox_kind")),
        sa.CheckConstraint("state IN ('due', 'leased', 'parked', 'done')", name=op.f("ck_outbox_state")),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_outbox_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_outbox_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("card_id", name=op.f("uq_outbox_card_id")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["church_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_outbox_email",
        "outbox",
        ["church_id", "email", "position"],
        unique=False,
        postgresql_where=sa.text("state IN ('due', 'leased') AND email IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_leased",
        "outbox",
        ["church_id", "leased_until"],
        unique=False,
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_outbox_next",
        "outbox",
        ["church_id", "priority", "position"],
        unique=False,
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_outbox_phone",
        "outbox",
        ["church_id", "phone", "position"],
        unique=False,
        postgresql_where=sa.text("state IN ('due', 'leased') AND phone IS NOT NULL"),
    )
    op.create_table(
        "person_decisions",
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('same', 'different')", name=op.f("ck_person_decisions_verdict")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_person_decisions_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_person_decisions_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("location_id", "person", "contact_id", name=op.f("pk_person_decisions")),
    )
    op.create_index(op.f("ix_person_decisions_church_id"), "person_decisions", ["church_id"], unique=False)
    op.create_table(
        "prayer_requests",
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_prayer_requests_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_prayer_requests_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_prayer_requests")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column(
            "calls", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
        ),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('delivered', 'waits', 'needs_attention', 'held', 'not_sent', 'died')",
            name=op.f("ck_attempts_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_attempts_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_attempts_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_attempts_outbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_card_id_id"), "attempts", ["card_id", "id"], unique=False)
    op.create_index(
        "ix_attempts_open",
        "attempts",
        ["outbox_id"],
        unique=False,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "person_keys",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_person_keys_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["outbox_id"], ["outbox.id"], name=op.f("fk_person_keys_outbox_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", "key", name=op.f("pk_person_keys")),
    )
    op.create_index(op.f("ix_person_keys_outbox_id"), "person_keys", ["outbox_id"], unique=False)
    op.execute(CARD_NUMBER_TRIGGERS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_person_keys_outbox_id"), table_name="person_keys")
    op.drop_table("person_keys")
    op.drop_index("ix_attempts_open", table_name="attempts", postgresql_where=sa.text("outcome IS NULL"))
    op.drop_index(op.f("ix_attempts_card_id_id"), table_name="attempts")
    op.drop_table("attempts")
    op.drop_table("prayer_requests")
    op.drop_index(op.f("ix_person_decisions_church_id"), table_name="person_decisions")
    op.drop_table("person_decisions")
    op.drop_index(
        "ix_outbox_phone",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('due', 'leased') AND phone IS NOT NULL"),
    )
    op.drop_index("ix_outbox_next", table_name="outbox", postgresql_where=sa.text("state = 'due'"))
    op.drop_index("ix_outbox_leased", table_name="outbox", postgresql_where=sa.text("state = 'leased'"))
    op.drop_index(
        "ix_outbox_email",
        table_name="outbox",
        postgresql_where=sa.text("state IN ('due', 'leased') AND email IS NOT NULL"),
    )
    op.drop_index("ix_outbox_due", table_name="outbox", postgresql_where=sa.text("state = 'due'"))
    op.drop_table("outbox")
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_index(
        "uq_credentials_current", table_name="credentials", postgresql_where=sa.text("state = 'current'")
    )
    op.drop_table("credentials")
    op.drop_index(
        op.f("ix_contact_links_location_id_phone"),
        table_name="contact_links",
        postgresql_where=sa.text("phone IS NOT NULL"),
    )
    op.drop_index(
        op.f("ix_contact_links_location_id_email"),
        table_name="contact_links",
        postgresql_where=sa.text("email IS NOT NULL"),
    )
    op.drop_index(op.f("ix_contact_links_church_id"), table_name="contact_links")
    op.drop_table("contact_links")
    op.drop_table("card_revisions")
    op.drop_index(op.f("ix_web_sessions_user_id"), table_name="web_sessions")
    op.drop_index(op.f("ix_web_sessions_expires_at"), table_name="web_sessions")
    op.drop_table("web_sessions")
    op.drop_index(op.f("ix_source_keys_church_id"), table_name="source_keys")
    op.drop_table("source_keys")
    op.drop_index(op.f("ix_sign_in_links_expires_at"), table_name="sign_in_links")
    op.drop_table("sign_in_links")
    op.drop_index(op.f("ix_memberships_church_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("uq_locations_active_ghl_id", table_name="locations", postgresql_where=sa.text("active"))
    op.drop_index("uq_locations_active_church", table_name="locations", postgresql_where=sa.text("active"))
    op.drop_table("locations")
    op.drop_table("delivery_leases")
    op.drop_index(op.f("ix_consent_events_church_id_channel_address_id"), table_name="consent_events")
    op.drop_table("consent_events")
    op.drop_index("ix_cards_newest_by_status", table_name="cards")
    op.drop_index("ix_cards_newest", table_name="cards")
    op.drop_table("cards")
    op.drop_table("card_counts")
    op.drop_index(op.f("ix_card_count_deltas_church_id"), table_name="card_count_deltas")
    op.drop_table("card_count_deltas")
    op.drop_index(op.f("ix_audit_entries_church_id_id"), table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_table("users")
    op.drop_table("heartbeats")
    op.drop_table("churches")
    op.execute(sa.schema.DropSequence(sa.Sequence("outbox_position")))
    op.execute("DROP SCHEMA hub CASCADE")
