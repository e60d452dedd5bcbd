"""Row-level security and the rights of the three roles: a query that forgets its church sees nothing."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# A setting that was never made is NULL, one of an earlier transaction of the connection is '': both must
# mean "no church", and the cast of '' would raise.
OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

CHURCH_TABLES = {
    "locations": "SELECT, INSERT, UPDATE",
    "credentials": "SELECT, INSERT, UPDATE, DELETE",
    "source_keys": "SELECT, INSERT, UPDATE (revoked_at)",
    "idempotency_keys": "SELECT, INSERT",
    "cards": "SELECT, INSERT, UPDATE",
    "card_revisions": "SELECT, INSERT",
    "prayer_requests": "SELECT, INSERT, UPDATE",
    "card_counts": "SELECT",
    "card_count_deltas": "SELECT, INSERT",
    "outbox": "SELECT, INSERT, UPDATE",
    "person_keys": "SELECT, INSERT, UPDATE, DELETE",
    "delivery_leases": "SELECT, UPDATE",
    "attempts": "SELECT, INSERT, UPDATE",
    "contact_links": "SELECT, INSERT, UPDATE, DELETE",
    "person_decisions": "SELECT, INSERT, UPDATE",
    "consent_events": "SELECT, INSERT",
    "audit_entries": "SELECT, INSERT",
}

SYSTEM_TABLES = {
    "churches": "SELECT, INSERT",
    "locations": "SELECT",
    "source_keys": "SELECT",
    "outbox": "SELECT (church_id, state, due_at, leased_until)",
    "delivery_leases": "SELECT, INSERT",
    "card_counts": "SELECT, INSERT, UPDATE",
    "card_count_deltas": "SELECT, DELETE",
    "idempotency_keys": "SELECT (created_at), DELETE",
    "heartbeats": "SELECT, INSERT, UPDATE, DELETE",
    "audit_entries": "SELECT, INSERT",
}

IDENTITY_TABLES = {
    "churches": "SELECT (id, slug, name, timezone, is_demo)",
    "users": "SELECT, INSERT, UPDATE, DELETE",
    "memberships": "SELECT, INSERT, UPDATE, DELETE",
    "sign_in_links": "SELECT, INSERT, UPDATE, DELETE",
    "web_sessions": "SELECT, INSERT, UPDATE, DELETE",
    "audit_entries": "INSERT",
}

CHURCH_SETTINGS = (
    "name, timezone, region, review_all, paused_at, paused_reason, hold_cause, hold_since, hold_facts"
)

# One row a statement and status, however many cards it changed.
COUNTS = """
CREATE FUNCTION hub.count_cards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO card_count_deltas (church_id, status, delta)
        SELECT church_id, status, count(*) FROM new_cards GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO card_count_deltas (church_id, status, delta)
        SELECT church_id, status, -count(*) FROM old_cards GROUP BY 1, 2;
    ELSE
        INSERT INTO card_count_deltas (church_id, status, delta)
        SELECT church_id, status, sum(d)
        FROM (SELECT church_id, status, 1 AS d FROM new_cards
              UNION ALL SELECT church_id, status, -1 FROM old_cards) AS changes
        GROUP BY 1, 2 HAVING sum(d) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_inserted AFTER INSERT ON cards REFERENCING NEW TABLE AS new_cards
    FOR EACH STATEMENT EXECUTE FUNCTION hub.count_cards();
CREATE TRIGGER count_updated AFTER UPDATE ON cards REFERENCING OLD TABLE AS old_cards NEW TABLE AS new_cards
    FOR EACH STATEMENT EXECUTE FUNCTION hub.count_cards();
CREATE TRIGGER count_deleted AFTER DELETE ON cards REFERENCING OLD TABLE AS old_cards
    FOR EACH STATEMENT EXECUTE FUNCTION hub.count_cards();
"""

# Rights already forbid it to the application; the trigger forbids it to the owner's mistakes as well.
APPEND_ONLY = """
CREATE FUNCTION hub.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("GRANT USAGE ON SCHEMA public, hub TO hub_tenant, hub_system, hub_identity")
    op.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA hub FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION hub.next_card_number() TO hub_tenant")
    op.execute("GRANT USAGE ON SEQUENCE outbox_position TO hub_tenant")
    for table in sorted({*CHURCH_TABLES, *SYSTEM_TABLES, *IDENTITY_TABLES}):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY church ON churches TO hub_tenant USING ({OWN.replace('church_id', 'id', 1)})")
    op.execute(f"GRANT SELECT, UPDATE ({CHURCH_SETTINGS}) ON churches TO hub_tenant")
    for table, rights in CHURCH_TABLES.items():
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_tenant")
    for role, tables in (("hub_system", SYSTEM_TABLES), ("hub_identity", IDENTITY_TABLES)):
        for table, rights in tables.items():
            op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)")
            op.execute(f"GRANT {rights} ON {table} TO {role}")
    op.execute(COUNTS)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("consent_events", "audit_entries"):
        op.execute(f"DROP TRIGGER refuse_change ON {table}")
    for trigger in ("count_inserted", "count_updated", "count_deleted"):
        op.execute(f"DROP TRIGGER {trigger} ON cards")
    op.execute("DROP FUNCTION hub.count_cards(), hub.refuse_change()")
    for role, tables in (("hub_system", SYSTEM_TABLES), ("hub_identity", IDENTITY_TABLES)):
        for table in tables:
            op.execute(f"DROP POLICY {role} ON {table}")
    for table in CHURCH_TABLES:
        op.execute(f"DROP POLICY church ON {table}")
    op.execute("DROP POLICY church ON churches")
    for table in sorted({*CHURCH_TABLES, *SYSTEM_TABLES, *IDENTITY_TABLES}):
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM hub_tenant, hub_system, hub_identity")
    op.execute("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM hub_tenant, hub_system, hub_identity")
    op.execute("REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hub FROM hub_tenant, hub_system, hub_identity")
    op.execute("REVOKE ALL ON SCHEMA public, hub FROM hub_tenant, hub_system, hub_identity")
