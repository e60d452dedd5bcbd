"""Requests to send many cards once more: what was asked, by whom, and how far it is."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Id, one_of
from ghl.statuses import RetryState

UNDER_WAY = "state IN ('running', 'stopping')"


class RetryRequest(Base):
    """One request. `wanted` and `until` say which cards, as they were asked for: what stops later is not among them.

    `place` is the card that was taken last. `left_alone` counts those that had moved on, by the reason in words.
    """

    __tablename__ = "retry_requests"
    __table_args__ = (
        CheckConstraint(one_of("state", RetryState), name="state"),
        CheckConstraint("(state IN ('stopped', 'done')) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint(
            "total >= 0 AND queued >= 0 AND worked >= 0 AND failed >= 0 AND moved >= 0", name="counts"
        ),
        UniqueConstraint("church_id", "token"),
        Index("ix_retry_requests_newest", "church_id", "requested_at", "id"),
        Index("ix_retry_requests_under_way", "church_id", postgresql_where=text(UNDER_WAY)),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    token: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    wanted: Mapped[dict[str, Any]]
    until: Mapped[datetime]
    foreseen: Mapped[dict[str, Any]]
    state: Mapped[str]
    place: Mapped[dict[str, Any] | None]
    total: Mapped[int]
    queued: Mapped[int] = mapped_column(server_default=text("0"))
    worked: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    moved: Mapped[int] = mapped_column(server_default=text("0"))
    left_alone: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    stopped_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class RetryCard(Base):
    """A card that a request has put into the queue and whose result is not known yet; counted, it goes."""

    __tablename__ = "retry_cards"
    __table_args__ = (Index(None, "card_id"), Index(None, "church_id"))

    request_id: Mapped[UUID] = mapped_column(
        ForeignKey("retry_requests.id", ondelete="CASCADE"), primary_key=True
    )
    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId]
