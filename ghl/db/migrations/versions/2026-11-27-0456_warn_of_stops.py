"""Admins are told by e-mail of stops that are not in GoHighLevel near the end of their ten business days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012_stops"
down_revision = "0012_news"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"
KINDS = "('link', 'invitation')"
KINDS_NOW = "('link', 'invitation', 'stops')"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "stop_warnings",
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("told IN ('near', 'overdue')", name=op.f("ck_stop_warnings_told")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_stop_warnings_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("church_id", name=op.f("pk_stop_warnings")),
    )
    op.execute("ALTER TABLE stop_warnings ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY hub_identity ON stop_warnings TO hub_identity USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON stop_warnings TO hub_identity")
    op.execute(f"CREATE POLICY hub_eraser ON stop_warnings TO hub_eraser USING ({OWN})")
    op.execute("GRANT SELECT, DELETE ON stop_warnings TO hub_eraser")
    op.add_column("mails", sa.Column("facts", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    _limit(KINDS_NOW, "(kind IN ('invitation', 'stops')) = (user_id IS NOT NULL)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DELETE FROM mails WHERE kind = 'stops'")
    _limit(KINDS, "(kind = 'invitation') = (user_id IS NOT NULL)")
    op.drop_column("mails", "facts")
    op.drop_table("stop_warnings")


def _limit(kinds: str, person: str) -> None:
    for name, rule in (("kind", f"kind IN {kinds}"), ("user_id", person)):
        op.drop_constraint(op.f(f"ck_mails_{name}"), "mails", type_="check")
        op.create_check_constraint(op.f(f"ck_mails_{name}"), "mails", rule)
