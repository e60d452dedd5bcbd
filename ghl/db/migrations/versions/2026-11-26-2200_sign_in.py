"""Signing in by an identity provider and by mail: who people are there, what is to be sent."""

import sqlalchemy as sa
from alembic import op

revision = "0007_signin"
down_revision = "0007_keys"
branch_labels = None
depends_on = None

IDENTITY_TABLES = {
    "user_identities": "SELECT, INSERT, DELETE",
    "used_states": "SELECT, INSERT, DELETE",
    "mails": "SELECT, INSERT, UPDATE (due_at, tries), DELETE",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("sign_in_links", sa.Column("next_path", sa.Text(), server_default="", nullable=False))
    op.add_column(
        "sign_in_links", sa.Column("by_mail", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_index(
        op.f("ix_sign_in_links_user_id_created_at"), "sign_in_links", ["user_id", "created_at"], unique=False
    )
    # A name for a list to end a session by; the hash of its cookie does not leave the database.
    op.add_column(
        "web_sessions",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
    )
    op.create_unique_constraint(op.f("uq_web_sessions_id"), "web_sessions", ["id"])
    _create_identities()
    _create_used_states()
    _create_mails()
    for table, rights in IDENTITY_TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY hub_identity ON {table} TO hub_identity USING (true) WITH CHECK (true)")
        op.execute(f"GRANT {rights} ON {table} TO hub_identity")


def _create_identities() -> None:
    op.create_table(
        "user_identities",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_identities_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_user_identities")),
        sa.UniqueConstraint("user_id", "issuer", name=op.f("uq_user_identities_user_id_issuer")),
    )


def _create_used_states() -> None:
    op.create_table(
        "used_states",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_used_states")),
    )
    op.create_index(op.f("ix_used_states_used_at"), "used_states", ["used_at"], unique=False)


def _create_mails() -> None:
    op.create_table(
        "mails",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_id", sa.UUID(), nullable=True),
        sa.Column("church_id", sa.UUID(), nullable=True),
        sa.Column("next_path", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("kind IN ('link', 'invitation')", name=op.f("ck_mails_kind")),
        sa.CheckConstraint("(kind = 'link') = (address IS NOT NULL)", name=op.f("ck_mails_address")),
        sa.CheckConstraint("(kind = 'invitation') = (user_id IS NOT NULL)", name=op.f("ck_mails_user_id")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_mails_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mails_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
    )
    # While a mail to an address waits, asking for one more changes nothing.
    op.create_index(
        "uq_mails_address", "mails", ["address"], unique=True, postgresql_where=sa.text("kind = 'link'")
    )
    for column in ("church_id", "due_at", "user_id", "wanted_until"):
        op.create_index(op.f(f"ix_mails_{column}"), "mails", [column], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("mails", "used_states", "user_identities"):
        op.drop_table(table)
    op.drop_constraint(op.f("uq_web_sessions_id"), "web_sessions", type_="unique")
    op.drop_column("web_sessions", "id")
    op.drop_index(op.f("ix_sign_in_links_user_id_created_at"), table_name="sign_in_links")
    op.drop_column("sign_in_links", "by_mail")
    op.drop_column("sign_in_links", "next_path")
