"""A decision about who is who can be taken back while its card is still on the desk."""

from alembic import op

revision = "0006_desk"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("GRANT DELETE ON person_decisions TO hub_tenant")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE DELETE ON person_decisions FROM hub_tenant")
