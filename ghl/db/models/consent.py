"""What hangs on the consent log: the row that sends and stops take turns on, sentences that a person has to read, what
every stop still owes GoHighLevel, and where its view and ours differ.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id, one_of
from ghl.statuses import Channel, DifferenceKind, DoubtState, OptOutState


class ConsentAddress(Base):
    """The lock of one phone number or e-mail address: who sends to it and who writes a stop take turns on this row."""

    __tablename__ = "consent_addresses"
    __table_args__ = (CheckConstraint(one_of("channel", Channel), name="channel"),)

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)


class ConsentDoubt(Base):
    """A reply that may be a stop ("please don't write so often"): nothing is sent there until a person has read it."""

    __tablename__ = "consent_doubts"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("state", DoubtState), name="state"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided"),
        Index("ix_consent_doubts_address", "church_id", "channel", "address"),
        Index(
            "ix_consent_doubts_open",
            "church_id",
            "received_at",
            "id",
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    channel: Mapped[str]
    address: Mapped[str]
    contact_id: Mapped[str | None]
    said: Mapped[str]
    source: Mapped[str]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class OptOut(Base):
    """A stop on its way into GoHighLevel: asked, sent there, and read back. `due_on` is the tenth business day.

    `contacts` holds the ids it was set on. Rows stay as proof that it was done in time.
    """

    __tablename__ = "opt_outs"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("state", OptOutState), name="state"),
        Index("ix_opt_outs_address", "church_id", "channel", "address"),
        Index(
            "ix_opt_outs_open",
            "church_id",
            "due_on",
            "id",
            postgresql_where=text("state IN ('waiting', 'sent')"),
        ),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    channel: Mapped[str]
    address: Mapped[str]
    event_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    cause: Mapped[str | None]
    contacts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    asked_at: Mapped[datetime]
    due_on: Mapped[date]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[Created]
    question_id: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]


class DndCheck(Base):
    """How far the nightly comparison of our log with GoHighLevel's do-not-disturb is, one row a church."""

    __tablename__ = "dnd_checks"

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    started_at: Mapped[datetime | None]
    after: Mapped[str | None]
    checked: Mapped[int] = mapped_column(server_default=text("0"))
    finished_at: Mapped[datetime | None]
    due_at: Mapped[Created]
    question_id: Mapped[UUID | None]


class DndDifference(Base):
    """Where our log and GoHighLevel say different things about one contact and channel."""

    __tablename__ = "dnd_differences"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("kind", DifferenceKind), name="kind"),
        Index(
            "uq_dnd_differences_open",
            "church_id",
            "contact_id",
            "channel",
            "kind",
            unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_dnd_differences_newest", "church_id", "found_at", "id"),
        CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name="seen"),
        Index(
            "ix_dnd_differences_matters",
            "church_id",
            "found_at",
            "id",
            postgresql_where=text("settled_at IS NULL AND seen_at IS NULL"),
        ),
        Index(
            "ix_dnd_differences_seen",
            "church_id",
            "found_at",
            "id",
            postgresql_where=text("seen_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    contact_id: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str | None]
    kind: Mapped[str]
    found_at: Mapped[Created]
    settled_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None]
