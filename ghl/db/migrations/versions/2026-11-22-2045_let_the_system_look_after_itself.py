"""What commands and checks need of the system role: the form of the database, and where a demo church goes."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("GRANT SELECT ON alembic_version TO hub_system")
    # The simulator of a demo may listen on another port after a restart. No church's own role may do this:
    # whoever could point a church elsewhere would be sent its token.
    op.execute("GRANT UPDATE (ghl_base_url) ON churches TO hub_system")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE UPDATE (ghl_base_url) ON churches FROM hub_system")
    op.execute("REVOKE SELECT ON alembic_version FROM hub_system")
