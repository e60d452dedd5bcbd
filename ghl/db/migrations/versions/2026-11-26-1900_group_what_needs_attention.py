"""What *Needs attention* stands on: counts by cause, an index of the groups, and requests to retry many cards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_attention"
down_revision = "0006_desk"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

CHURCH_TABLES = {
    "retry_requests": "SELECT, INSERT, UPDATE, DELETE",
    "retry_cards": "SELECT, INSERT, DELETE",
}

# The housekeeper learns which churches have a request under way, and nothing of what was asked.
SYSTEM_TABLES = {"retry_requests": "SELECT (church_id, state)"}

CAUSE = "CASE WHEN status IN ('needs_attention', 'held') THEN coalesce(cause, '') ELSE '' END"

COUNT_BY_CAUSE = f"""
CREATE OR REPLACE FUNCTION hub.count_cards() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO card_count_deltas (church_id, status, cause, delta)
        SELECT church_id, status, {CAUSE}, count(*) FROM new_cards GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO card_count_deltas (church_id, status, cause, delta)
        SELECT church_id, status, {CAUSE}, -count(*) FROM old_cards GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO card_count_deltas (church_id, status, cause, delta)
        SELECT church_id, status, {CAUSE}, sum(d)
        FROM (SELECT church_id, status, cause, 1 AS d FROM new_cards
              UNION ALL SELECT church_id, status, cause, -1 FROM old_cards) AS changes
        GROUP BY 1, 2, 3 HAVING sum(d) <> 0;
    END IF;
    RETURN NULL;
END $$;
"""

COUNT_BY_STATUS = """
CREATE OR REPLACE FUNCTION hub.count_cards() RETURNS trigger LANGUAGE plpgsql AS $$
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
"""

# No card changes while they are counted, and what was counted before is forgotten in the same breath.
COUNT_AGAIN = """
LOCK TABLE cards, card_count_deltas, card_counts IN SHARE ROW EXCLUSIVE MODE;
DELETE FROM card_count_deltas;
DELETE FROM card_counts;
INSERT INTO card_counts (church_id, status, {columns}cards)
SELECT church_id, status, {values}count(*) FROM cards GROUP BY {groups};
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        "ix_cards_attention",
        "cards",
        ["church_id", "cause", "status_changed_at", "id"],
        unique=False,
        postgresql_where=sa.text("status IN ('needs_attention', 'held')"),
        postgresql_include=["status", "source", "service"],
    )
    for table in ("card_counts", "card_count_deltas"):
        op.add_column(table, sa.Column("cause", sa.Text(), server_default="", nullable=False))
    op.drop_constraint("pk_card_counts", "card_counts", type_="primary")
    op.create_primary_key("pk_card_counts", "card_counts", ["church_id", "status", "cause"])
    op.execute(COUNT_BY_CAUSE)
    op.execute(COUNT_AGAIN.format(columns="cause, ", values=f"{CAUSE}, ", groups="1, 2, 3"))
    _create_tables()
    for table, rights in CHURCH_TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_tenant")
    for table, rights in SYSTEM_TABLES.items():
        op.execute(f"CREATE POLICY hub_system ON {table} TO hub_system USING (true) WITH CHECK (true)")
        op.execute(f"GRANT {rights} ON {table} TO hub_system")


def _create_tables() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "retry_requests",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted", json, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("foreseen", json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("place", json, nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in ("queued", "worked", "failed", "moved")
        ),
        sa.Column("left_alone", json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("stopped_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'stopping', 'stopped', 'done')", name=op.f("ck_retry_requests_state")
        ),
        sa.CheckConstraint(
            "(state IN ('stopped', 'done')) = (ended_at IS NOT NULL)", name=op.f("ck_retry_requests_ended")
        ),
        sa.CheckConstraint(
            "total >= 0 AND queued >= 0 AND worked >= 0 AND failed >= 0 AND moved >= 0",
            name=op.f("ck_retry_requests_counts"),
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_retry_requests_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retry_requests")),
        sa.UniqueConstraint("church_id", "token", name=op.f("uq_retry_requests_church_id_token")),
    )
    op.create_index(
        "ix_retry_requests_newest", "retry_requests", ["church_id", "requested_at", "id"], unique=False
    )
    op.create_index(
        "ix_retry_requests_under_way",
        "retry_requests",
        ["church_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('running', 'stopping')"),
    )
    op.create_table(
        "retry_cards",
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("card_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["retry_requests.id"],
            name=op.f("fk_retry_cards_request_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["card_id"], ["cards.id"], name=op.f("fk_retry_cards_card_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_retry_cards_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "card_id", name=op.f("pk_retry_cards")),
    )
    op.create_index(op.f("ix_retry_cards_card_id"), "retry_cards", ["card_id"], unique=False)
    op.create_index(op.f("ix_retry_cards_church_id"), "retry_cards", ["church_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("retry_cards")
    op.drop_table("retry_requests")
    op.execute(COUNT_BY_STATUS)
    op.execute("DELETE FROM card_counts")
    op.drop_constraint("pk_card_counts", "card_counts", type_="primary")
    for table in ("card_counts", "card_count_deltas"):
        op.drop_column(table, "cause")
    op.create_primary_key("pk_card_counts", "card_counts", ["church_id", "status"])
    op.execute(COUNT_AGAIN.format(columns="", values="", groups="1, 2"))
    op.drop_index("ix_cards_attention", table_name="cards")
