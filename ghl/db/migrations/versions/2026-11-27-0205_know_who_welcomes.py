"""How far a church is set up includes whether its welcome text is published: the system sees that, and no words."""

from alembic import op

revision = "0011_templ"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE POLICY hub_system ON message_templates TO hub_system USING (true)")
    op.execute("GRANT SELECT (church_id, key, published_version) ON message_templates TO hub_system")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE SELECT (church_id, key, published_version) ON message_templates FROM hub_system")
    op.execute("DROP POLICY hub_system ON message_templates")
