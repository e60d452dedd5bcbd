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
    """What a person said about messages to one address, with the words they saw. Never changed; it goes when the person is
    erased, and leaves a `ConsentProof`.
    """

    __tablename__ = "consent_events"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("kind", ConsentKind), name="kind"),
        Index(None, "church_id", "channel", "address", "id"),
        Index("ix_consent_events_newest", "church_id", "channel", "kind", "recorded_at", "id"),
        Index("ix_consent_events_source", "church_id", "source", "channel", "kind", "recorded_at", "id"),
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
    note: Mapped[str | None]
    """What somebody wrote down beside it, or what the person wrote: "said it at the door"."""
    contact_id: Mapped[str | None]
    """Which contact in GoHighLevel it came from, where it came from there."""
    child: Mapped[str | None]
    """For whom a guardian says it; empty where people speak for themselves."""


class ConsentProof(Base):
    """What an erased person once said about messages, with the words they saw: their address as a keyed hash.

    `key_version` names the encryption key that the hash hangs on; see `ghl.erasing.proofs`.
    """

    __tablename__ = "consent_proofs"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("kind", ConsentKind), name="kind"),
        CheckConstraint("octet_length(address_hash) = 32", name="address_hash"),
        Index(None, "church_id", "address_hash"),
        Index(None, "erased_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[UUID] = mapped_column(ForeignKey("churches.id"))
    channel: Mapped[str]
    address_hash: Mapped[bytes] = mapped_column(LargeBinary)
    key_version: Mapped[int]
    kind: Mapped[str]
    purpose: Mapped[str]
    wording: Mapped[str | None]
    wording_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    wording_version: Mapped[str | None]
    source: Mapped[str]
    recorded_by: Mapped[str]
    signed_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    erased_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what to what. `church_id` is empty for what concerns the whole installation.

    Facts hold field names and counts, never a person's data. `origin` is from where: an address, or a part of the hub.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_newest", "church_id", "at", "id"),
        Index("ix_audit_entries_action", "church_id", "action", "at", "id"),
        Index("ix_audit_entries_actor", "church_id", "actor", "at", "id", postgresql_include=["action"]),
        Index(
            "ix_audit_entries_whole",
            "at",
            "id",
            postgresql_include=["actor", "action"],
            postgresql_where=text("church_id IS NULL"),
        ),
        Index(
            "ix_audit_entries_whole_actor", "actor", "at", "id", postgresql_where=text("church_id IS NULL")
        ),
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
    origin: Mapped[str] = mapped_column(
        server_default=text("coalesce(current_setting('app.origin', true), '')")
    )


class AuditSeal(Base):
    """The place of an entry in its chain, with the hash over it and the one before. Only ever added to.

    `chain` is the church, or `ghl.chain.hashing.INSTALLATION`. Nothing ties it to the entry but `entry_id`: a row
    that is gone must still be told by its seal.
    """

    __tablename__ = "audit_seals"
    __table_args__ = (
        CheckConstraint("position > 0", name="position"),
        CheckConstraint("octet_length(hash) = 32 AND octet_length(previous) = 32", name="hash"),
        Index(None, "sealed_at"),
    )

    chain: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[Created]


class AuditCheck(Base):
    """How far a chain was found unbroken, by the scheduler. `again` is how far it is being read once more."""

    __tablename__ = "audit_checks"
    __table_args__ = (
        CheckConstraint("(problem IS NULL) = (problem_since IS NULL)", name="problem"),
        Index(None, "again_at"),
    )

    chain: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    checked_at: Mapped[Created]
    again: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    again_hash: Mapped[bytes] = mapped_column(LargeBinary)
    again_clean: Mapped[bool] = mapped_column(server_default=text("true"))
    again_at: Mapped[Created]
    problem: Mapped[str | None]
    problem_entry: Mapped[int | None] = mapped_column(BigInteger)
    problem_since: Mapped[datetime | None]
