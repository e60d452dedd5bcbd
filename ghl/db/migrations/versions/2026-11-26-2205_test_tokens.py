"""Tokens that are tested before they are stored, the old one kept for a while, and public keys to seal them with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_tokens"
down_revision = "0006_questions"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

# So far an old token stayed for ever. Now only the newest of the church's own location is kept, for a week.
OLD_TOKENS = """
DELETE FROM credentials AS c
WHERE c.state = 'previous' AND (
    NOT EXISTS (SELECT FROM locations AS l WHERE l.id = c.location_id AND l.active)
    OR EXISTS (SELECT FROM credentials AS newer
               WHERE newer.location_id = c.location_id AND newer.state = 'previous'
                 AND (newer.created_at, newer.id) > (c.created_at, c.id)));
DELETE FROM credentials AS c
WHERE c.state = 'current' AND NOT EXISTS (SELECT FROM locations AS l WHERE l.id = c.location_id AND l.active);
UPDATE credentials SET erase_at = now() + interval '7 days' WHERE state = 'previous';
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _extend_credentials()
    _create_trials()
    _create_sealing_keys()
    op.alter_column("questions", "location_id", nullable=True)
    op.execute("GRANT SELECT (location_id) ON questions TO hub_system")


def _extend_credentials() -> None:
    op.add_column("credentials", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("credentials", sa.Column("erase_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "credentials",
        sa.Column(
            "checks",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.execute(OLD_TOKENS)
    op.create_check_constraint(
        op.f("ck_credentials_erase_at"), "credentials", "(state = 'previous') = (erase_at IS NOT NULL)"
    )
    op.create_index(
        "uq_credentials_previous",
        "credentials",
        ["church_id"],
        unique=True,
        postgresql_where=sa.text("state = 'previous'"),
    )
    op.create_index(op.f("ix_credentials_church_id"), "credentials", ["church_id"], unique=False)
    op.create_index(
        "ix_credentials_erase_at",
        "credentials",
        ["erase_at"],
        unique=False,
        postgresql_where=sa.text("erase_at IS NOT NULL"),
    )
    # The housekeeping erases what is past its time, and sees no token.
    op.execute("CREATE POLICY erase_old ON credentials TO hub_system USING (erase_at < now())")
    op.execute("GRANT SELECT (id, church_id, last4, erase_at), DELETE ON credentials TO hub_system")


def _create_trials() -> None:
    op.create_table(
        "token_trials",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("ghl_location_id", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("box", sa.LargeBinary(), nullable=True),
        sa.Column("box_key_version", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=True),
        sa.Column(
            "checks",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "seen",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('testing', 'passed', 'failed', 'used', 'dropped')", name=op.f("ck_token_trials_state")
        ),
        sa.CheckConstraint("(state = 'passed') = (sealed IS NOT NULL)", name=op.f("ck_token_trials_sealed")),
        sa.CheckConstraint(
            "(sealed IS NULL) = (key_version IS NULL)", name=op.f("ck_token_trials_key_version")
        ),
        sa.CheckConstraint("box IS NULL OR state IN ('testing', 'failed')", name=op.f("ck_token_trials_box")),
        sa.CheckConstraint(
            "(box IS NULL) = (box_key_version IS NULL)", name=op.f("ck_token_trials_box_key_version")
        ),
        sa.CheckConstraint("(state = 'testing') = (ended_at IS NULL)", name=op.f("ck_token_trials_ended_at")),
        sa.CheckConstraint("length(last4) = 4", name=op.f("ck_token_trials_last4")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_token_trials_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_trials")),
    )
    op.create_index(
        "uq_token_trials_open",
        "token_trials",
        ["church_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('testing', 'passed', 'failed')"),
    )
    op.create_index(op.f("ix_token_trials_church_id"), "token_trials", ["church_id"], unique=False)
    op.create_index(op.f("ix_token_trials_created_at"), "token_trials", ["created_at"], unique=False)
    op.execute("ALTER TABLE token_trials ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY church ON token_trials TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON token_trials TO hub_tenant")
    op.execute("CREATE POLICY hub_system ON token_trials TO hub_system USING (true)")
    # When it is old, and which keys are in use: never a token.
    op.execute(
        "GRANT SELECT (church_id, key_version, box_key_version, created_at), DELETE ON token_trials TO hub_system"
    )


def _create_sealing_keys() -> None:
    op.create_table(
        "sealing_keys",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(public_key) = 32", name=op.f("ck_sealing_keys_public_key")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_sealing_keys")),
    )
    op.execute("ALTER TABLE sealing_keys ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY church ON sealing_keys FOR SELECT TO hub_tenant USING (true)")
    op.execute("GRANT SELECT ON sealing_keys TO hub_tenant")
    op.execute("CREATE POLICY hub_system ON sealing_keys TO hub_system USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON sealing_keys TO hub_system")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE SELECT (location_id) ON questions FROM hub_system")
    op.execute("DELETE FROM questions WHERE location_id IS NULL")
    op.alter_column("questions", "location_id", nullable=False)
    op.drop_table("sealing_keys")
    op.drop_table("token_trials")
    op.execute("REVOKE SELECT (id, church_id, last4, erase_at), DELETE ON credentials FROM hub_system")
    op.execute("DROP POLICY erase_old ON credentials")
    op.drop_index("ix_credentials_erase_at", table_name="credentials")
    op.drop_index(op.f("ix_credentials_church_id"), table_name="credentials")
    op.drop_index("uq_credentials_previous", table_name="credentials")
    op.drop_constraint(op.f("ck_credentials_erase_at"), "credentials")
    for column in ("checks", "erase_at", "last_used_at"):
        op.drop_column("credentials", column)
