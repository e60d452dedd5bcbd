"""What GoHighLevel, or a church's workflow there, tells us: every event as it came, and the secrets that let it in."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, one_of
from ghl.statuses import WebhookSource, WebhookState

MATTERS = (
    "seen_at IS NULL AND (state = 'waiting' OR state = 'failed'"
    " OR jsonb_exists_any(facts, ARRAY['stops', 'lifted', 'doubts']))"
)
"""What somebody should see of the news; in these very words, by which the index is found."""


class WebhookEvent(Base):
    """An event, raw, as received. `dedupe_key` makes it one however often it comes; jobs handle it afterwards."""

    __tablename__ = "webhook_events"
    __table_args__ = (
        CheckConstraint(one_of("source", WebhookSource), name="source"),
        CheckConstraint(one_of("state", WebhookState), name="state"),
        CheckConstraint("octet_length(body) <= 262144", name="body"),
        Index("uq_webhook_events_dedupe", "church_id", "source", "dedupe_key", unique=True),
        Index("ix_webhook_events_newest", "church_id", "received_at", "id"),
        Index("ix_webhook_events_by_type", "church_id", "type", "received_at", "id"),
        Index("ix_webhook_events_by_state", "church_id", "state", "received_at", "id"),
        Index("ix_webhook_events_due", "due_at", "church_id", postgresql_where=text("state = 'waiting'")),
        Index(None, "received_at"),
        CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name="seen"),
        Index("ix_webhook_events_matters", "church_id", "received_at", "id", postgresql_where=text(MATTERS)),
        Index(
            "ix_webhook_events_seen",
            "church_id",
            "received_at",
            "id",
            postgresql_where=text("seen_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    source: Mapped[str]
    dedupe_key: Mapped[str]
    type: Mapped[str]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    signed_by: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[Created]
    repeats: Mapped[int] = mapped_column(server_default=text("0"))
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    due_at: Mapped[Created]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    cause: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    handled_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]


class WebhookSecret(Base):
    """The secret that a church's workflow sends along; only its hash is kept. The one before it works until `ends_at`."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (
        CheckConstraint("state IN ('current', 'previous')", name="state"),
        CheckConstraint("(state = 'previous') = (ends_at IS NOT NULL)", name="ends_at"),
        CheckConstraint("octet_length(secret_hash) = 32", name="secret_hash"),
    )

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    last4: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Created]
    ends_at: Mapped[datetime | None]


class WebhookCount(Base):
    """How many requests a day ended how, also those of which nothing else is kept. Names nobody and no church."""

    __tablename__ = "webhook_counts"
    __table_args__ = (CheckConstraint(one_of("source", WebhookSource), name="source"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
