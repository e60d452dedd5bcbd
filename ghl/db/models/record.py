"""Records that are only ever added to: what people said about messages, and who did what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, Created, one_of
from ghl.statuses import Channel, ConsentKind


class ConsentEvent(Base):
    """What a person said about messages to one address, with the words they saw. Never changed, never removed."""

    __tablename__ = "consent_events"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("kind", ConsentKind), name="kind"),
        Index(None, "church_id", "channel", "address", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[UUID] = mapped_column(ForeignKey("churches.id"))
    channel: Mapped[str]
    address: Mapped[str]
    person: Mapped[str]
    kind: Mapped[str]
    purpose: Mapped[str]
    wording: Mapped[str | None]
    wording_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    wording_version: Mapped[str | None]
    source: Mapped[str]
    recorded_by: Mapped[str]
    card_id: Mapped[UUID | None]
    signed_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    ip: Mapped[str | None] = mapped_column(INET)
    user_agent: Mapped[str | None]


class AuditEntry(Base):
    """Who did what to what. `church_id` is empty for what concerns the whole installation.

    Facts hold field names and counts, never a person's data.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "church_id", "id"),
        Index(
            "ix_audit_entries_subject",
            "church_id",
            "subject",
            "id",
            postgresql_where=text("subject IS NOT NULL"),
        ),
        Index(
            "ix_audit_entries_reviewed",
            "church_id",
            "at",
            postgresql_include=["actor"],
            postgresql_where=text("action = 'card.reviewed'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[UUID | None] = mapped_column(ForeignKey("churches.id"))
    at: Mapped[Created]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str | None]
    facts: Mapped[dict[str, Any]]
