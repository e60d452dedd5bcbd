"""What staff keep beside the cards while they work: notes, who has a card open, and what is half typed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created


class CardNote(Base):
    """A note of staff about a card. It never leaves the hub."""

    __tablename__ = "card_notes"
    __table_args__ = (
        CheckConstraint("length(text) BETWEEN 1 AND 4000", name="text"),
        Index(None, "card_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"))
    text: Mapped[str]
    written_by: Mapped[str]
    written_at: Mapped[Created]


class CardReservation(Base):
    """Who has a card open for review, and until when. A reservation that ran out is as good as none."""

    __tablename__ = "card_reservations"
    __table_args__ = (Index(None, "church_id", "until"), Index(None, "user_id"))

    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    until: Mapped[datetime]


class CardDraft(Base):
    """What a person typed and has not saved yet. `place`: `add:<form>`, or `card:<id>` of the card at hand."""

    __tablename__ = "card_drafts"
    __table_args__ = (Index(None, "church_id"), Index(None, "changed_at"))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
