"""A decision about who is who can be taken back; each form of a card that is being typed has its own draft."""

from alembic import op

revision = "0006_desk"
down_revision = "0006_imports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("GRANT DELETE ON person_decisions TO hub_tenant")
    op.execute("UPDATE card_drafts SET place = 'add:before' WHERE place = 'add'")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("UPDATE card_drafts SET place = 'add' WHERE place = 'add:before'")
    op.execute("REVOKE DELETE ON person_decisions FROM hub_tenant")
