"""What is remembered of contacts in GoHighLevel: which are ours, and what people decided about look-alikes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId


class ContactLink(Base):
    """A contact that a card of ours created or updated, as GoHighLevel last showed it.

    `newest_applied_at` is when the newest card that went into it was written: an older card never
    overwrites it.
    """

    __tablename__ = "contact_links"
    __table_args__ = (
        Index(None, "location_id", "phone", postgresql_where=text("phone IS NOT NULL")),
        Index(None, "location_id", "email", postgresql_where=text("email IS NOT NULL")),
        Index(None, "church_id"),
    )

    location_id: Mapped[UUID] = mapped_column(
        ForeignKey("locations.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[str] = mapped_column(primary_key=True)
    church_id: Mapped[ChurchId]
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str | None]
    email: Mapped[str | None]
    newest_applied_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class PersonDecision(Base):
    """What somebody decided about a person and a contact: the same, or somebody else. Asked only once."""

    __tablename__ = "person_decisions"
    __table_args__ = (
        CheckConstraint("verdict IN ('same', 'different')", name="verdict"),
        Index(None, "church_id"),
    )

    location_id: Mapped[UUID] = mapped_column(
        ForeignKey("locations.id", ondelete="CASCADE"), primary_key=True
    )
    person: Mapped[str] = mapped_column(primary_key=True)
    contact_id: Mapped[str] = mapped_column(primary_key=True)
    church_id: Mapped[ChurchId]
    verdict: Mapped[str]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]
