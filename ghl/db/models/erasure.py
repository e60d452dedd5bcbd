"""Requests to erase a person, and the contacts in GoHighLevel that are removed with them. Ids only, no person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id


class Erasure(Base):
    """One request. It waits while a card of the person is being sent; `went` counts what was taken away."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done')", name="state"),
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done"),
        Index("ix_erasures_newest", "church_id", "asked_at", "id"),
        Index("ix_erasures_waiting", "church_id", postgresql_where=text("state = 'waiting'")),
        Index(None, "asked_at"),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    number: Mapped[int] = mapped_column(BigInteger)
    card_ids: Mapped[list[Any]]
    contacts_too: Mapped[bool]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str]
    done_at: Mapped[datetime | None]
    went: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class ContactRemoval(Base):
    """A contact that is to go from GoHighLevel. It is asked for again and again until GoHighLevel has it no more.

    `question_id` is the question under way, `cause` why the last one came to nothing.
    """

    __tablename__ = "contact_removals"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'done')", name="state"),
        UniqueConstraint("location_id", "contact_id"),
        Index(None, "erasure_id"),
        Index("ix_contact_removals_due", "due_at", postgresql_where=text("state = 'waiting'")),
        Index(
            "ix_contact_removals_waiting", "church_id", "due_at", postgresql_where=text("state = 'waiting'")
        ),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    erasure_id: Mapped[UUID] = mapped_column(ForeignKey("erasures.id", ondelete="CASCADE"))
    location_id: Mapped[UUID] = mapped_column(ForeignKey("locations.id", ondelete="CASCADE"))
    contact_id: Mapped[str]
    state: Mapped[str]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[Created]
    cause: Mapped[str | None]
    question_id: Mapped[UUID | None]
    changed_at: Mapped[Created]
