"""Help access: who runs the installation asks a church to look at its cards, and an admin of the church agrees."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id, one_of
from ghl.statuses import HelpState


class HelpAccess(Base):
    """One request and what became of it. It lasts a day at most, and nobody agrees to their own."""

    __tablename__ = "help_access"
    __table_args__ = (
        CheckConstraint(one_of("state", HelpState), name="state"),
        CheckConstraint("length(reason) BETWEEN 1 AND 500", name="reason"),
        CheckConstraint("state NOT IN ('agreed', 'declined') OR answered_at IS NOT NULL", name="answered"),
        CheckConstraint("state <> 'agreed' OR ends_at IS NOT NULL", name="agreed"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint(
            "ends_at IS NULL OR (answered_at IS NOT NULL AND ends_at <= answered_at + interval '24 hours')",
            name="a_day",
        ),
        CheckConstraint("answered_by <> user_id", name="by_another"),
        Index(
            "uq_help_access_open",
            "user_id",
            "church_id",
            unique=True,
            postgresql_where=text("state IN ('asked', 'agreed')"),
        ),
        Index("ix_help_access_church", "church_id", "asked_at"),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    reason: Mapped[str]
    state: Mapped[str]
    asked_at: Mapped[Created]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ends_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
