"""An import of a list: how far it is, what came of it, and for some days the rows that were refused."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id

FALSE, ZERO = text("false"), text("0")


class CardImport(Base):
    """One import. `seen_at` tells that it is still under way; `total` is NULL where nobody counted the rows before.

    `refused_rows` is a file as people get it. `refused_prays` says that prayer requests stand in it.
    """

    __tablename__ = "card_imports"
    __table_args__ = (
        CheckConstraint("created >= 0 AND duplicates >= 0 AND refused >= 0 AND to_mend >= 0", name="counts"),
        CheckConstraint("ended_at IS NOT NULL OR NOT finished", name="finished"),
        CheckConstraint("(refused_rows IS NULL) = (refused_until IS NULL)", name="refused_until"),
        Index("ix_card_imports_newest", "church_id", "started_at", "id"),
        Index(
            "ix_card_imports_unread",
            "church_id",
            "started_by",
            "started_at",
            postgresql_where=text("NOT was_read"),
        ),
        Index(
            "ix_card_imports_refused_until",
            "refused_until",
            postgresql_where=text("refused_until IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    name: Mapped[str]
    started_by: Mapped[str]
    started_at: Mapped[Created]
    seen_at: Mapped[Created]
    ended_at: Mapped[datetime | None]
    begun: Mapped[bool] = mapped_column(server_default=FALSE)
    finished: Mapped[bool] = mapped_column(server_default=FALSE)
    stop_asked: Mapped[bool] = mapped_column(server_default=FALSE)
    was_read: Mapped[bool] = mapped_column(server_default=FALSE)
    review: Mapped[bool] = mapped_column(server_default=FALSE)
    trouble: Mapped[str] = mapped_column(server_default="")
    total: Mapped[int | None]
    created: Mapped[int] = mapped_column(server_default=ZERO)
    duplicates: Mapped[int] = mapped_column(server_default=ZERO)
    refused: Mapped[int] = mapped_column(server_default=ZERO)
    to_mend: Mapped[int] = mapped_column(server_default=ZERO)
    refused_rows: Mapped[bytes | None] = mapped_column(LargeBinary)
    refused_until: Mapped[datetime | None]
    refused_prays: Mapped[bool] = mapped_column(server_default=FALSE)
