"""Chains over the change log, and what erasing needs: a role of its own, proofs that outlive a person, requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_audit"
down_revision = "0007_people"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"
OWN_CHAIN = OWN.replace("church_id", "chain", 1)

NEW_TABLES = ("contact_removals", "erasures", "consent_proofs", "audit_checks", "audit_seals")

TENANT_TABLES = {
    "consent_proofs": "SELECT",
    "erasures": "SELECT, INSERT",
    "contact_removals": "SELECT, UPDATE (state, tries, due_at, cause, question_id, changed_at)",
}

SYSTEM_TABLES = {
    "audit_seals": "SELECT, INSERT",
    "audit_checks": "SELECT, INSERT, UPDATE",
    "consent_proofs": "SELECT (id, kind, erased_at), DELETE",
    "erasures": "SELECT (id, church_id, state, asked_at), DELETE",
    "contact_removals": "SELECT (church_id, erasure_id, state, due_at)",
}

# The only role that may take a church's rows away. It sees one church, like the tenant.
ERASER_TABLES = {
    "cards": "SELECT, UPDATE (facts), DELETE",
    "card_revisions": "SELECT",
    "outbox": "SELECT, UPDATE (due_at)",
    "attempts": "SELECT, DELETE",
    "person_keys": "SELECT, DELETE",
    "retry_requests": "SELECT, DELETE",
    "card_count_deltas": "SELECT, INSERT, DELETE",
    "card_counts": "SELECT, DELETE",
    "card_drafts": "SELECT, DELETE",
    "card_imports": "SELECT, UPDATE (refused_rows, refused_until, refused_prays), DELETE",
    "contact_links": "SELECT, DELETE",
    "person_decisions": "SELECT, DELETE",
    "questions": "SELECT, DELETE",
    "idempotency_keys": "SELECT, UPDATE (body_hash), DELETE",
    "consent_events": "SELECT, DELETE",
    "consent_proofs": "SELECT, INSERT",
    "consent_wordings": "SELECT, DELETE",
    "audit_entries": "INSERT",
    "erasures": "SELECT, UPDATE, DELETE",
    "contact_removals": "SELECT, INSERT, UPDATE, DELETE",
    "locations": "SELECT, DELETE",
    "credentials": "SELECT, DELETE",
    "source_keys": "SELECT, DELETE",
    "card_forms": "SELECT, DELETE",
    "outages": "SELECT, DELETE",
    "outage_told": "SELECT, DELETE",
    "delivery_leases": "SELECT, DELETE",
}

# Not where its GoHighLevel is: whoever could point a church elsewhere would be sent its token.
ERASER_COLUMNS = (
    "slug, public_id, paused_at, paused_reason, hold_cause, hold_since, hold_facts, keep_cards_years, removing_at,"
    " removed_at"
)

# Whoever erases people takes their statements out of the log, and leaves a proof in the same transaction.
ONLY_THE_ERASER = """
CREATE FUNCTION hub.refuse_all_but_erasing() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'hub_eraser' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'table % is only ever added to', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER refuse_change ON consent_events;
CREATE TRIGGER refuse_change BEFORE UPDATE OR TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change();
CREATE TRIGGER refuse_deletion BEFORE DELETE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_all_but_erasing();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _change_audit_entries()
    _create_chains()
    _create_erasing()
    # An attempt hangs on its card. The row that delivers it goes with the card as well, and looking for its attempts
    # would read all there are.
    op.drop_constraint("fk_attempts_outbox_id", "attempts", type_="foreignkey")
    # Both for the cards of a list and for asking whether a list has any.
    op.drop_index("ix_cards_import", table_name="cards")
    op.create_index(
        "ix_cards_import",
        "cards",
        ["import_id", "church_id", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    op.execute("GRANT USAGE ON SCHEMA public, hub TO hub_eraser")
    op.execute(
        f"CREATE POLICY hub_eraser ON churches TO hub_eraser USING ({OWN.replace('church_id', 'id', 1)})"
    )
    op.execute(f"GRANT SELECT, UPDATE ({ERASER_COLUMNS}) ON churches TO hub_eraser")
    for table in NEW_TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    for table, rights in TENANT_TABLES.items():
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_tenant")
    for table in ("audit_seals", "audit_checks"):
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN_CHAIN})")
        op.execute(f"GRANT SELECT ON {table} TO hub_tenant")
    for table, rights in SYSTEM_TABLES.items():
        op.execute(f"CREATE POLICY hub_system ON {table} TO hub_system USING (true) WITH CHECK (true)")
        op.execute(f"GRANT {rights} ON {table} TO hub_system")
    for table, rights in ERASER_TABLES.items():
        op.execute(f"CREATE POLICY hub_eraser ON {table} TO hub_eraser USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_eraser")
    op.execute("GRANT DELETE ON attempts TO hub_system")
    op.execute(ONLY_THE_ERASER)
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals"
        " FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change()"
    )


def _change_audit_entries() -> None:
    op.add_column("card_revisions", sa.Column("salt", sa.LargeBinary(), nullable=True))
    op.add_column("audit_entries", sa.Column("origin", sa.Text(), server_default="", nullable=False))
    # What the transaction says of itself; entries of before do not know it.
    op.alter_column(
        "audit_entries", "origin", server_default=sa.text("coalesce(current_setting('app.origin', true), '')")
    )
    op.drop_index("ix_audit_entries_church_id_id", table_name="audit_entries")
    op.create_index("ix_audit_entries_newest", "audit_entries", ["church_id", "at", "id"], unique=False)
    op.create_index(
        "ix_audit_entries_action", "audit_entries", ["church_id", "action", "at", "id"], unique=False
    )
    op.create_index(
        "ix_audit_entries_actor",
        "audit_entries",
        ["church_id", "actor", "at", "id"],
        unique=False,
        postgresql_include=["action"],
    )
    # Of the installation's own log: "no church" is no value that an index could be read in the order of.
    op.create_index(
        "ix_audit_entries_whole",
        "audit_entries",
        ["at", "id"],
        unique=False,
        postgresql_include=["actor", "action"],
        postgresql_where=sa.text("church_id IS NULL"),
    )
    op.create_index(
        "ix_audit_entries_whole_actor",
        "audit_entries",
        ["actor", "at", "id"],
        unique=False,
        postgresql_where=sa.text("church_id IS NULL"),
    )


def _create_chains() -> None:
    op.create_table(
        "audit_seals",
        sa.Column("chain", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("position > 0", name=op.f("ck_audit_seals_position")),
        sa.CheckConstraint(
            "octet_length(hash) = 32 AND octet_length(previous) = 32", name=op.f("ck_audit_seals_hash")
        ),
        sa.PrimaryKeyConstraint("chain", "position", name=op.f("pk_audit_seals")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_audit_seals_entry_id")),
    )
    op.create_index(op.f("ix_audit_seals_sealed_at"), "audit_seals", ["sealed_at"], unique=False)
    op.create_table(
        "audit_checks",
        sa.Column("chain", sa.UUID(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("again", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("again_hash", sa.LargeBinary(), nullable=False),
        sa.Column("again_clean", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("again_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("problem_entry", sa.BigInteger(), nullable=True),
        sa.Column("problem_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(problem IS NULL) = (problem_since IS NULL)", name=op.f("ck_audit_checks_problem")
        ),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_checks")),
    )
    op.create_index(op.f("ix_audit_checks_again_at"), "audit_checks", ["again_at"], unique=False)


def _create_erasing() -> None:
    for name, kind in (
        ("keep_cards_years", sa.SmallInteger()),
        ("removing_at", sa.DateTime(timezone=True)),
        ("removed_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("churches", sa.Column(name, kind, nullable=True))
    op.create_check_constraint(
        op.f("ck_churches_keep_cards_years"), "churches", "keep_cards_years BETWEEN 1 AND 99"
    )
    op.create_check_constraint(
        op.f("ck_churches_removed"), "churches", "removed_at IS NULL OR removing_at IS NOT NULL"
    )
    op.create_table(
        "consent_proofs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=True),
        sa.Column("wording_hash", sa.LargeBinary(), nullable=True),
        sa.Column("wording_version", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_consent_proofs_channel")),
        sa.CheckConstraint(
            "kind IN ('yes', 'no', 'stop', 'asked', 'unknown')", name=op.f("ck_consent_proofs_kind")
        ),
        sa.CheckConstraint("octet_length(address_hash) = 32", name=op.f("ck_consent_proofs_address_hash")),
        sa.ForeignKeyConstraint(["church_id"], ["churches.id"], name=op.f("fk_consent_proofs_church_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_proofs")),
    )
    op.create_index(
        op.f("ix_consent_proofs_church_id_address_hash"),
        "consent_proofs",
        ["church_id", "address_hash"],
        unique=False,
    )
    op.create_index(op.f("ix_consent_proofs_erased_at"), "consent_proofs", ["erased_at"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("card_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("contacts_too", sa.Boolean(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "went", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.CheckConstraint("state IN ('waiting', 'done')", name=op.f("ck_erasures_state")),
        sa.CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name=op.f("ck_erasures_done")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_erasures_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_newest", "erasures", ["church_id", "asked_at", "id"], unique=False)
    op.create_index(
        "ix_erasures_waiting",
        "erasures",
        ["church_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(op.f("ix_erasures_asked_at"), "erasures", ["asked_at"], unique=False)
    op.create_table(
        "contact_removals",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("erasure_id", sa.UUID(), nullable=False),
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("question_id", sa.UUID(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'done')", name=op.f("ck_contact_removals_state")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_contact_removals_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], name=op.f("fk_contact_removals_erasure_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"],
            ["locations.id"],
            name=op.f("fk_contact_removals_location_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_removals")),
        sa.UniqueConstraint(
            "location_id", "contact_id", name=op.f("uq_contact_removals_location_id_contact_id")
        ),
    )
    op.create_index(op.f("ix_contact_removals_erasure_id"), "contact_removals", ["erasure_id"], unique=False)
    op.create_index(
        "ix_contact_removals_due",
        "contact_removals",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_contact_removals_waiting",
        "contact_removals",
        ["church_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER refuse_deletion ON consent_events")
    op.execute("DROP TRIGGER refuse_change ON consent_events")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION hub.refuse_change()"
    )
    op.execute("DROP FUNCTION hub.refuse_all_but_erasing()")
    for table in NEW_TABLES:
        op.drop_table(table)
    for table in ("churches", *(name for name in ERASER_TABLES if name not in NEW_TABLES)):
        op.execute(f"DROP POLICY hub_eraser ON {table}")
    op.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM hub_eraser")
    op.execute("REVOKE ALL ON SCHEMA public, hub FROM hub_eraser")
    op.execute("REVOKE DELETE ON attempts FROM hub_system")
    op.drop_constraint(op.f("ck_churches_removed"), "churches")
    op.drop_constraint(op.f("ck_churches_keep_cards_years"), "churches")
    for name in ("removed_at", "removing_at", "keep_cards_years"):
        op.drop_column("churches", name)
    op.drop_index("ix_cards_import", table_name="cards")
    op.create_index(
        "ix_cards_import",
        "cards",
        ["church_id", "import_id", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )
    # Attempts whose row is gone cannot be: both hang on the card.
    op.create_foreign_key(
        op.f("fk_attempts_outbox_id"), "attempts", "outbox", ["outbox_id"], ["id"], ondelete="CASCADE"
    )
    for name in ("whole_actor", "whole", "actor", "action", "newest"):
        op.drop_index(f"ix_audit_entries_{name}", table_name="audit_entries")
    op.create_index(op.f("ix_audit_entries_church_id_id"), "audit_entries", ["church_id", "id"], unique=False)
    op.drop_column("audit_entries", "origin")
    op.drop_column("card_revisions", "salt")
