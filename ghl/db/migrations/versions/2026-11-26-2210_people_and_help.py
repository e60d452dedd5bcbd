"""Teams that keep their last admin, links that open one church alone, help access, and times for the list of churches."""

import sqlalchemy as sa
from alembic import op

revision = "0007_people"
down_revision = "0007_signin"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

# Two admins who step down at the same moment hold a row each: the lock of the church makes the second one look again,
# and each look of a volatile function sees what was committed meanwhile. It is taken after the row, so it cannot lock
# up with the row of another. A church that is being removed has no row any more, and loses all. The application
# writes here in one role only, which is asked by its setting because a cascade runs as the owner; who connects as the
# owner may repair what has to be repaired.
LAST_ADMIN = """
CREATE FUNCTION hub.church_stays(church uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM public.churches WHERE id = church)
$$;
REVOKE EXECUTE ON FUNCTION hub.church_stays(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub.church_stays(uuid) TO hub_identity;
CREATE FUNCTION hub.keep_last_admin() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('role') <> 'hub_identity' THEN
        RETURN NULL;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('admins of ' || OLD.church_id::text, 0));
    IF EXISTS (SELECT FROM public.memberships WHERE church_id = OLD.church_id AND role = 'admin')
       OR NOT hub.church_stays(OLD.church_id) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'a church keeps its last admin' USING ERRCODE = 'check_violation', CONSTRAINT = 'last_admin';
END $$;
REVOKE EXECUTE ON FUNCTION hub.keep_last_admin() FROM PUBLIC;
CREATE TRIGGER keep_last_admin_changed AFTER UPDATE ON memberships
    FOR EACH ROW WHEN (OLD.role = 'admin' AND (NEW.role <> 'admin' OR NEW.church_id <> OLD.church_id))
    EXECUTE FUNCTION hub.keep_last_admin();
CREATE TRIGGER keep_last_admin_removed AFTER DELETE ON memberships
    FOR EACH ROW WHEN (OLD.role = 'admin') EXECUTE FUNCTION hub.keep_last_admin();
"""

# Moments and nothing else of the cards, each found by one probe of an index.
CHURCH_TIMES = """
CREATE FUNCTION hub.church_times(only_church uuid DEFAULT NULL)
    RETURNS TABLE (church_id uuid, oldest_waiting_at timestamptz, last_card_at timestamptz, connected_at timestamptz,
                   form_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.id,
           (SELECT min(first.at) FROM (VALUES ('waiting'), ('sending')) AS wanted (status)
            CROSS JOIN LATERAL (SELECT k.received_at AS at FROM public.cards AS k
                                WHERE k.church_id = c.id AND k.status = wanted.status
                                ORDER BY k.received_at LIMIT 1) AS first),
           (SELECT k.received_at FROM public.cards AS k WHERE k.church_id = c.id
            ORDER BY k.received_at DESC LIMIT 1),
           (SELECT t.created_at FROM public.locations AS l
            JOIN public.credentials AS t ON t.location_id = l.id AND t.state = 'current'
            WHERE l.church_id = c.id AND l.active LIMIT 1),
           (SELECT f.changed_at FROM public.card_forms AS f WHERE f.church_id = c.id)
    FROM public.churches AS c WHERE only_church IS NULL OR c.id = only_church
$$;
REVOKE EXECUTE ON FUNCTION hub.church_times(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hub.church_times(uuid) TO hub_system;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("memberships", sa.Column("name", sa.Text(), server_default="", nullable=False))
    op.add_column("memberships", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE memberships AS m SET name = u.name FROM users AS u WHERE u.id = m.user_id")
    op.execute(
        "UPDATE memberships AS m SET seen_at = s.at"
        " FROM (SELECT user_id, church_id, max(seen_at) AS at FROM web_sessions GROUP BY 1, 2) AS s"
        " WHERE s.user_id = m.user_id AND s.church_id = m.church_id"
    )
    for table in ("sign_in_links", "web_sessions"):
        op.add_column(table, sa.Column("only_church", sa.UUID(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_only_church"), table, "churches", ["only_church"], ["id"], ondelete="CASCADE"
        )
    _create_help_access()
    op.execute(LAST_ADMIN)
    op.execute(CHURCH_TIMES)


def _create_help_access() -> None:
    op.create_table(
        "help_access",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.UUID(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'agreed', 'declined', 'ended')", name=op.f("ck_help_access_state")
        ),
        sa.CheckConstraint("length(reason) BETWEEN 1 AND 500", name=op.f("ck_help_access_reason")),
        sa.CheckConstraint(
            "state NOT IN ('agreed', 'declined') OR answered_at IS NOT NULL",
            name=op.f("ck_help_access_answered"),
        ),
        sa.CheckConstraint("state <> 'agreed' OR ends_at IS NOT NULL", name=op.f("ck_help_access_agreed")),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_help_access_ended")),
        sa.CheckConstraint(
            "ends_at IS NULL OR (answered_at IS NOT NULL AND ends_at <= answered_at + interval '24 hours')",
            name=op.f("ck_help_access_a_day"),
        ),
        sa.CheckConstraint("answered_by <> user_id", name=op.f("ck_help_access_by_another")),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["users.id"], name=op.f("fk_help_access_answered_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_help_access_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_help_access_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_access")),
    )
    op.create_index(
        "uq_help_access_open",
        "help_access",
        ["user_id", "church_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'agreed')"),
    )
    op.create_index("ix_help_access_church", "help_access", ["church_id", "asked_at"], unique=False)
    op.execute("ALTER TABLE help_access ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY church ON help_access TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT ON help_access TO hub_tenant")
    op.execute("CREATE POLICY hub_identity ON help_access TO hub_identity USING (true) WITH CHECK (true)")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (state, answered_at, answered_by, ends_at, ended_at) ON help_access"
        " TO hub_identity"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION hub.church_times(uuid)")
    for trigger in ("keep_last_admin_changed", "keep_last_admin_removed"):
        op.execute(f"DROP TRIGGER {trigger} ON memberships")
    op.execute("DROP FUNCTION hub.keep_last_admin(), hub.church_stays(uuid)")
    op.drop_table("help_access")
    for table in ("web_sessions", "sign_in_links"):
        op.drop_column(table, "only_church")
    op.drop_column("memberships", "seen_at")
    op.drop_column("memberships", "name")
