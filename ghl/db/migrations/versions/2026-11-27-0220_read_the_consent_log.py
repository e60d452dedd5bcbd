"""Indexes by which the consent log is read newest first, whatever is left of it."""

from alembic import op

revision = "0011_pages"
down_revision = "0011_screens"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_consent_events_newest", "consent_events", ["church_id", "channel", "kind", "recorded_at", "id"]
    )
    op.create_index(
        "ix_consent_events_source",
        "consent_events",
        ["church_id", "source", "channel", "kind", "recorded_at", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_consent_events_source", "consent_events")
    op.drop_index("ix_consent_events_newest", "consent_events")
