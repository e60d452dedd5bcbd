"""Every import of a list: who, when, how far, what came of it, and for some days the rows that were refused."""

import sqlalchemy as sa
from alembic import op

revision = "0006_imports"
down_revision = "0006_core"
branch_labels = None
depends_on = None

OWN = "church_id = (SELECT nullif(current_setting('app.org', true), '')::uuid)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "card_imports",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("church_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False)
            for name in ("begun", "finished", "stop_asked", "was_read", "review")
        ),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in ("created", "duplicates", "refused", "to_mend")
        ),
        sa.Column("refused_rows", sa.LargeBinary(), nullable=True),
        sa.Column("refused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused_prays", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "created >= 0 AND duplicates >= 0 AND refused >= 0 AND to_mend >= 0",
            name=op.f("ck_card_imports_counts"),
        ),
        sa.CheckConstraint("ended_at IS NOT NULL OR NOT finished", name=op.f("ck_card_imports_finished")),
        sa.CheckConstraint(
            "(refused_rows IS NULL) = (refused_until IS NULL)", name=op.f("ck_card_imports_refused_until")
        ),
        sa.ForeignKeyConstraint(
            ["church_id"], ["churches.id"], name=op.f("fk_card_imports_church_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_imports")),
    )
    op.create_index("ix_card_imports_newest", "card_imports", ["church_id", "started_at", "id"], unique=False)
    op.create_index(
        "ix_card_imports_unread",
        "card_imports",
        ["church_id", "started_by", "started_at"],
        unique=False,
        postgresql_where=sa.text("NOT was_read"),
    )
    op.create_index(
        "ix_card_imports_refused_until",
        "card_imports",
        ["refused_until"],
        unique=False,
        postgresql_where=sa.text("refused_until IS NOT NULL"),
    )
    op.execute("ALTER TABLE card_imports ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY church ON card_imports TO hub_tenant USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON card_imports TO hub_tenant")
    # The scheduler empties what is old, and may never read it.
    op.execute("CREATE POLICY hub_system ON card_imports TO hub_system USING (true) WITH CHECK (true)")
    op.execute(
        "GRANT SELECT (refused_until), UPDATE (refused_rows, refused_until) ON card_imports TO hub_system"
    )
    # Cards that came before have none: which import brought them is not known.
    op.add_column("cards", sa.Column("import_id", sa.UUID(), nullable=True))
    op.create_foreign_key(op.f("fk_cards_import_id"), "cards", "card_imports", ["import_id"], ["id"])
    op.create_index(
        "ix_cards_import",
        "cards",
        ["church_id", "import_id", "received_at", "id"],
        unique=False,
        postgresql_where=sa.text("import_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_cards_import", table_name="cards")
    op.drop_constraint(op.f("fk_cards_import_id"), "cards", type_="foreignkey")
    op.drop_column("cards", "import_id")
    op.drop_table("card_imports")
