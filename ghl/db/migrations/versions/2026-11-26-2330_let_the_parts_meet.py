"""What needs several of the changes before: removing a church takes its team and its tokens on trial as well."""

from alembic import op

revision = "0008"
down_revision = "0007_audit"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

# The row of a church that was removed stays, and its last admin goes.
STAYS = """
CREATE OR REPLACE FUNCTION hub.church_stays(church uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.churches WHERE id = church {but})
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(STAYS.format(but="AND removing_at IS NULL"))
    for table in ("help_access", "token_trials"):
        op.execute(f"CREATE POLICY hub_eraser ON {table} TO hub_eraser USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT SELECT, DELETE ON {table} TO hub_eraser")
    # Nobody works in a church that is being removed.
    op.execute("GRANT SELECT (removing_at) ON churches TO hub_identity")
    # Which key a proof hangs on, so that nobody throws that key away.
    op.execute("GRANT SELECT (key_version) ON consent_proofs TO hub_system")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("REVOKE SELECT (key_version) ON consent_proofs FROM hub_system")
    op.execute("REVOKE SELECT (removing_at) ON churches FROM hub_identity")
    for table in ("help_access", "token_trials"):
        op.execute(f"DROP POLICY hub_eraser ON {table}")
        op.execute(f"REVOKE SELECT, DELETE ON {table} FROM hub_eraser")
    op.execute(STAYS.format(but=""))
