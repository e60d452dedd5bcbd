"""Which encryption keys the hub has worked with, who has which, and which prayer requests were prayed for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_keys"
down_revision = "0007_tokens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "encryption_keys",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("known_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("version BETWEEN 1 AND 999999", name=op.f("ck_encryption_keys_version")),
        sa.CheckConstraint("octet_length(check_value) = 16", name=op.f("ck_encryption_keys_check_value")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_encryption_keys")),
    )
    # Of the installation, and of no church: nobody but the system's role sees it, and a number keeps its key.
    op.execute("ALTER TABLE encryption_keys ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY hub_system ON encryption_keys TO hub_system USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON encryption_keys TO hub_system")
    # Which key opens a church's token, and never the token.
    op.execute("CREATE POLICY hub_system ON credentials FOR SELECT TO hub_system USING (true)")
    op.execute("GRANT SELECT (church_id, key_version) ON credentials TO hub_system")
    op.add_column("heartbeats", sa.Column("key_versions", postgresql.ARRAY(sa.Integer()), nullable=True))
    op.add_column("prayer_requests", sa.Column("prayed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("prayer_requests", sa.Column("prayed_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_prayer_requests_prayed"), "prayer_requests", "(prayed_at IS NULL) = (prayed_by IS NULL)"
    )
    op.create_index(
        "ix_prayer_requests_newest", "prayer_requests", ["church_id", "created_at", "card_id"], unique=False
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_prayer_requests_newest", table_name="prayer_requests")
    op.drop_constraint(op.f("ck_prayer_requests_prayed"), "prayer_requests", type_="check")
    op.drop_column("prayer_requests", "prayed_by")
    op.drop_column("prayer_requests", "prayed_at")
    op.drop_column("heartbeats", "key_versions")
    # Which church it is stays: without a policy it shows no row, and others may have asked for it as well.
    op.execute("REVOKE SELECT (key_version) ON credentials FROM hub_system")
    op.execute("DROP POLICY hub_system ON credentials")
    op.drop_table("encryption_keys")
