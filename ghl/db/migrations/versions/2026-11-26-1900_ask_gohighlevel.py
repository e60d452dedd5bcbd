"""Questions that workers answer for the screens, and the episodes in which GoHighLevel did not answer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_questions"
down_revision = "0006_attention"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"

CHURCH_TABLES = {
    "questions": "SELECT, INSERT, UPDATE",
    "outages": ("SELECT, UPDATE (asked_at, waited, arrived, needing, remaining, followed_at, finished_at)"),
    "outage_told": "SELECT, INSERT, UPDATE (told_at)",
}

# What is asked and answered stays with the church: the system sees when, and deletes what is old.
SYSTEM_TABLES = {
    "questions": "SELECT (church_id, state, due_at, leased_until, wanted_until, tries), DELETE",
    "outages": "SELECT, INSERT, UPDATE, DELETE",
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_questions()
    _create_outages()
    for table, rights in CHURCH_TABLES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY church ON {table} TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"GRANT {rights} ON {table} TO hub_tenant")
    for table, rights in SYSTEM_TABLES.items():
        op.execute(f"CREATE POLICY hub_system ON {table} TO hub_system USING (true) WITH CHECK (true)")
        op.execute(f"GRANT {rights} ON {table} TO hub_system")


def _create_questions() -> None:
    op.create_table(
        "questions",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("location_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind ~ '^[a-z][a-z_]{0,39}$'", name=op.f("ck_questions_kind")),
        sa.CheckConstraint(
            "state IN ('waiting', 'asking', 'answered', 'failed')", name=op.f("ck_questions_state")
        ),
        sa.CheckConstraint(
            "(state = 'asking') = (lease_token IS NOT NULL)", name=op.f("ck_questions_lease_token")
        ),
        sa.CheckConstraint(
            "(state = 'asking') = (leased_until IS NOT NULL)", name=op.f("ck_questions_leased_until")
        ),
        sa.CheckConstraint("(state = 'answered') = (answer IS NOT NULL)", name=op.f("ck_questions_answer")),
        sa.CheckConstraint(
            "(state IN ('answered', 'failed')) = (answered_at IS NOT NULL)",
            name=op.f("ck_questions_answered_at"),
        ),
        sa.CheckConstraint("state <> 'failed' OR cause IS NOT NULL", name=op.f("ck_questions_cause")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_questions_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name=op.f("fk_questions_location_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_questions")),
    )
    is_open = sa.text("state IN ('waiting', 'asking')")
    op.create_index(
        "uq_questions_open", "questions", ["church_id", "key"], unique=True, postgresql_where=is_open
    )
    op.create_index("ix_questions_newest", "questions", ["church_id", "key", "asked_at"], unique=False)
    op.create_index(
        "ix_questions_next", "questions", ["church_id", "asked_at"], unique=False, postgresql_where=is_open
    )
    op.create_index(op.f("ix_questions_wanted_until"), "questions", ["wanted_until"], unique=False)


def _create_outages() -> None:
    op.create_table(
        "outages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test_good", sa.Boolean(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.Column("waited", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("arrived", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("needing", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("remaining", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('location', 'whole')", name=op.f("ck_outages_scope")),
        sa.CheckConstraint(
            "ended IS NULL OR ended IN ('answered', 'forgotten')", name=op.f("ck_outages_ended")
        ),
        sa.CheckConstraint("(closed_at IS NULL) = (ended IS NULL)", name=op.f("ck_outages_closed")),
        sa.CheckConstraint("finished_at IS NULL OR closed_at IS NOT NULL", name=op.f("ck_outages_finished")),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_outages_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    # One open episode a church, and one of the whole installation.
    op.create_index(
        "uq_outages_open",
        "outages",
        ["church_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL AND church_id IS NOT NULL"),
    )
    op.create_index(
        "uq_outages_open_whole",
        "outages",
        [sa.text("(church_id IS NULL)")],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL AND church_id IS NULL"),
    )
    op.create_index(
        "ix_outages_open", "outages", ["id"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index("ix_outages_church", "outages", ["church_id", "id"], unique=False)
    op.create_index(
        "ix_outages_followed",
        "outages",
        ["followed_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NOT NULL AND finished_at IS NULL AND church_id IS NOT NULL"),
    )
    op.create_index(op.f("ix_outages_opened_at"), "outages", ["opened_at"], unique=False)
    op.create_table(
        "outage_told",
        sa.Column("outage_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_outage_told_church_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["outage_id"], ["outages.id"], name=op.f("fk_outage_told_outage_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_outage_told_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("outage_id", "user_id", name=op.f("pk_outage_told")),
    )
    op.create_index(op.f("ix_outage_told_church_id"), "outage_told", ["church_id"], unique=False)
    op.create_index(op.f("ix_outage_told_user_id"), "outage_told", ["user_id"], unique=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("outage_told", "outages", "questions"):
        op.drop_table(table)
