"""A church, its GoHighLevel location, the sealed token, and the keys of what sends cards to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id


class Church(Base):
    """One church of this installation. A pause is asked for by a person; a hold has a cause in GoHighLevel.

    A church that was removed keeps its row, for the proofs and the change log that outlive it.
    """

    __tablename__ = "churches"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug"),
        CheckConstraint("(paused_at IS NULL) = (paused_reason IS NULL)", name="paused"),
        CheckConstraint("(hold_cause IS NULL) = (hold_since IS NULL)", name="hold"),
        CheckConstraint("keep_cards_years BETWEEN 1 AND 99", name="keep_cards_years"),
        CheckConstraint("removed_at IS NULL OR removing_at IS NOT NULL", name="removed"),
    )

    id: Mapped[Id]
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    timezone: Mapped[str]
    region: Mapped[str] = mapped_column(server_default="US")
    public_id: Mapped[str] = mapped_column(unique=True)
    is_demo: Mapped[bool] = mapped_column(server_default=text("false"))
    ghl_base_url: Mapped[str | None]
    review_all: Mapped[bool] = mapped_column(server_default=text("false"))
    paused_at: Mapped[datetime | None]
    paused_reason: Mapped[str | None]
    hold_cause: Mapped[str | None]
    hold_since: Mapped[datetime | None]
    hold_facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    keep_cards_years: Mapped[int | None] = mapped_column(SmallInteger)
    removing_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    admin_came_at: Mapped[datetime | None]
    """When an admin of the church first came in: from then on its team is its own. Never unset."""
    created_at: Mapped[Created]


class Location(Base):
    """A church's sub-account in GoHighLevel, with what is known of its settings."""

    __tablename__ = "locations"
    __table_args__ = (
        Index("uq_locations_active_ghl_id", "ghl_id", unique=True, postgresql_where=text("active")),
        Index("uq_locations_active_church", "church_id", unique=True, postgresql_where=text("active")),
        UniqueConstraint("church_id", "id"),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    ghl_id: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    name: Mapped[str | None]
    country: Mapped[str | None]
    timezone: Mapped[str | None]
    allow_duplicates: Mapped[bool]
    checked_at: Mapped[datetime]
    created_at: Mapped[Created]


class Credential(Base):
    """A sealed token. Only `ghl.crypto` can open it, and only in the row it was sealed for.

    `checks` is what its test found, by the name of the probe; `erase_at` is when a previous one is forgotten.
    """

    __tablename__ = "credentials"
    __table_args__ = (
        CheckConstraint("state IN ('current', 'previous')", name="state"),
        CheckConstraint("(state = 'previous') = (erase_at IS NOT NULL)", name="erase_at"),
        Index(
            "uq_credentials_current", "location_id", unique=True, postgresql_where=text("state = 'current'")
        ),
        Index(
            "uq_credentials_previous", "church_id", unique=True, postgresql_where=text("state = 'previous'")
        ),
        Index(None, "church_id"),
        Index("ix_credentials_erase_at", "erase_at", postgresql_where=text("erase_at IS NOT NULL")),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    location_id: Mapped[UUID] = mapped_column(ForeignKey("locations.id", ondelete="CASCADE"))
    state: Mapped[str]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    key_version: Mapped[int]
    last4: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Created]
    tested_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    erase_at: Mapped[datetime | None]
    checks: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class SourceKey(Base):
    """A key for the HTTP intake; only its hash is kept."""

    __tablename__ = "source_keys"

    id: Mapped[Id]
    church_id: Mapped[ChurchId] = mapped_column(index=True)
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    last4: Mapped[str]
    created_at: Mapped[Created]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """The answer that a request with this key got, so that the same request gets it again for 30 days."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    source_key_id: Mapped[UUID] = mapped_column(
        ForeignKey("source_keys.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(primary_key=True)
    church_id: Mapped[ChurchId]
    body_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[Created]
