"""That an admin came in is a fact of the church, which no change of its team and no old session takes away."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Sessions go after a month and know only the church that was chosen last: the change log knows better, and where a
# token or a card came in, somebody is at work.
CAME = """
UPDATE churches AS c SET admin_came_at = now()
WHERE EXISTS (SELECT FROM credentials AS t WHERE t.church_id = c.id)
   OR EXISTS (SELECT FROM cards AS k WHERE k.church_id = c.id)
   OR EXISTS (SELECT FROM memberships AS m
              WHERE m.church_id = c.id AND m.role = 'admin' AND m.seen_at IS NOT NULL)
   OR EXISTS (SELECT FROM audit_entries AS a
              WHERE a.church_id = c.id AND a.action IN ('user.signed_in', 'user.came')
                AND (EXISTS (SELECT FROM memberships AS m
                             WHERE m.church_id = c.id AND m.role = 'admin' AND a.subject = 'user:' || m.user_id)
                     OR EXISTS (SELECT FROM audit_entries AS b
                                WHERE b.church_id = c.id AND b.subject = a.subject
                                  AND b.action IN ('user.changed', 'user.removed') AND b.facts ->> 'was' = 'admin')))
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("churches", sa.Column("admin_came_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(CAME)
    op.create_index("ix_users_ops", "users", ["id"], unique=False, postgresql_where=sa.text("is_ops"))
    op.execute("GRANT SELECT (admin_came_at), UPDATE (admin_came_at) ON churches TO hub_identity")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_users_ops", table_name="users")
    op.drop_column("churches", "admin_came_at")
