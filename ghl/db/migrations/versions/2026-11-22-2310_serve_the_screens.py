"""What the screens of every day need: cards found by words, notes, reservations, drafts, and the public form."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

CHURCH_TABLES = {
    "card_notes": "SELECT, INSERT",
    "card_reservations": "SELECT, INSERT, UPDATE, DELETE",
    "card_drafts": "SELECT, INSERT, UPDATE, DELETE",
    "card_forms": "SELECT, INSERT, UPDATE",
    "consent_wordings": "SELECT, INSERT",
}

SYSTEM_TABLES = {
    "card_drafts": "SELECT (changed_at), DELETE",
    "attempts": "SELECT (id, started_at, calls), UPDATE (calls)",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for extension in ("pg_trgm", "btree_gin", "unaccent"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    op.add_column("cards", sa.Column("campus", sa.Text(), nullable=True))
    op.add_column("cards", sa.Column("first_time", sa.Boolean(), nullable=True))
    op.add_column("cards", sa.Column("search", sa.Text(), server_default="", nullable=False))
    op.add_column("cards", sa.Column("synced_revision", sa.Integer(), nullable=True))
    op.add_column("attempts", sa.Column("revision", sa.Integer(), nullable=True))
    op.add_column(
        "memberships",
        sa.Column("reads_prayers", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("consent_events", sa.Column("wording_version", sa.Text(), nullable=True))
    _create_tables()
    for table, rights in CHURCH_TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_tenant")
    # A correction may empty it, and then nothing must say that there ever was one.
    op.execute("GRANT DELETE ON prayer_requests TO hub_tenant")
    for table, rights in SYSTEM_TABLES.items():
        op.execute(f"CREATE POLICY hub_system ON {table} TO hub_system USING (true) WITH CHECK (true)")
        op.execute(f"GRANT {rights} ON {table} TO hub_system")


def _create_tables() -> None:
    op.create_table(
        "card_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("length(text) BETWEEN 1 AND 4000", name=op.f("ck_card_notes_text")),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_card_notes_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_notes_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_notes")),
    )
    op.create_index(op.f("ix_card_notes_card_id_id"), "card_notes", ["card_id", "id"], unique=False)
    op.create_table(
        "card_reservations",
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_card_reservations_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_reservations_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_card_reservations_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_card_reservations")),
    )
    op.create_index(
        op.f("ix_card_reservations_church_id_until"),
        "card_reservations",
        ["church_id", "until"],
        unique=False,
    )
    op.create_index(op.f("ix_card_reservations_user_id"), "card_reservations", ["user_id"], unique=False)
    op.create_table(
        "card_drafts",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_drafts_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_card_drafts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "church_id", "place", name=op.f("pk_card_drafts")),
    )
    op.create_index(op.f("ix_card_drafts_church_id"), "card_drafts", ["church_id"], unique=False)
    op.create_index(op.f("ix_card_drafts_changed_at"), "card_drafts", ["changed_at"], unique=False)
    op.create_table(
        "card_forms",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        *(
            sa.Column(name, sa.Text(), server_default="", nullable=False)
            for name in ("legal_name", "privacy_url", "terms_url", "welcome")
        ),
        *(
            sa.Column(
                name, postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False
            )
            for name in ("services", "campuses", "interests")
        ),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_forms_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", name=op.f("pk_card_forms")),
    )
    op.create_table(
        "consent_wordings",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("wording_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_consent_wordings_channel")),
        sa.CheckConstraint("version > 0", name=op.f("ck_consent_wordings_version")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_consent_wordings_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", "channel", "version", name=op.f("pk_consent_wordings")),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in SYSTEM_TABLES:
        op.execute(f"DROP POLICY IF EXISTS hub_system ON {table}")
    op.execute("REVOKE ALL ON attempts FROM hub_system")
    op.execute("REVOKE DELETE ON prayer_requests FROM hub_tenant")
    for table in CHURCH_TABLES:
        op.drop_table(table)
    op.drop_column("consent_events", "wording_version")
    op.drop_column("memberships", "reads_prayers")
    op.drop_column("attempts", "revision")
    for column in ("synced_revision", "search", "first_time", "campus"):
        op.drop_column("cards", column)
    # The extensions stay: another application of the same database may have come to use them.
