"""The log of texts and e-mails is read by what was sent as well, however seldom that was."""

from alembic import op

revision = "0011_screens"
down_revision = "0011_templ"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_messages_by_template",
        "messages",
        ["church_id", "template_id", "requested_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_messages_by_template", table_name="messages")
