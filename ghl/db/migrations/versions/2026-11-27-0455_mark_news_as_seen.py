"""News and differences that somebody has looked at are marked as seen; what matters of the news is found by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0012_news"
down_revision = "0011_pages"
branch_labels = None
depends_on = None

MATTERS = (
    "seen_at IS NULL AND (state = 'waiting' OR state = 'failed'"
    " OR jsonb_exists_any(facts, ARRAY['stops', 'lifted', 'doubts']))"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("webhook_events", "dnd_differences"):
        op.add_column(table, sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("seen_by", sa.Text(), nullable=True))
        op.create_check_constraint("seen", table, "(seen_at IS NULL) = (seen_by IS NULL)")
    op.execute("GRANT UPDATE (seen_at, seen_by) ON dnd_differences TO hub_tenant")
    op.execute("GRANT SELECT (seen_at) ON webhook_events TO hub_system")
    _index("ix_webhook_events_matters", "webhook_events", "received_at", MATTERS)
    _index("ix_webhook_events_seen", "webhook_events", "received_at", "seen_at IS NOT NULL")
    _index(
        "ix_dnd_differences_matters", "dnd_differences", "found_at", "settled_at IS NULL AND seen_at IS NULL"
    )
    _index("ix_dnd_differences_seen", "dnd_differences", "found_at", "seen_at IS NOT NULL")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("webhook_events", "dnd_differences"):
        for what in ("matters", "seen"):
            op.drop_index(f"ix_{table}_{what}", table_name=table)
        op.drop_constraint("seen", table, type_="check")
        op.drop_column(table, "seen_by")
        op.drop_column(table, "seen_at")


def _index(name: str, table: str, at: str, where: str) -> None:
    op.create_index(name, table, ["church_id", at, "id"], unique=False, postgresql_where=sa.text(where))
