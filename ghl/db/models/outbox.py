"""The work that is to be done at GoHighLevel: rows, their leases, their attempts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Sequence, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, one_of
from ghl.statuses import AttemptOutcome, OutboxState

OUTBOX_POSITION = Sequence("outbox_position", metadata=Base.metadata)

ACTIVE = "state IN ('due', 'leased')"


class Outbox(Base):
    """One thing to deliver, saved in the same transaction as what it delivers: a card or a message.

    `position` is the order in which things were written; a correction takes a new one. `phone` and `email`
    are the person's keys: of the active rows that share one, only the first may be with a worker.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("kind IN ('card', 'message')", name="kind"),
        CheckConstraint("(kind = 'card') = (card_id IS NOT NULL)", name="card"),
        CheckConstraint("(kind = 'message') = (message_id IS NOT NULL)", name="message"),
        CheckConstraint("kind = 'card' OR (phone IS NULL AND email IS NULL)", name="person_keys"),
        CheckConstraint(one_of("state", OutboxState), name="state"),
        CheckConstraint("(state = 'leased') = (lease_token IS NOT NULL)", name="lease_token"),
        CheckConstraint("(state = 'leased') = (leased_until IS NOT NULL)", name="leased_until"),
        Index(
            "ix_outbox_next",
            "church_id",
            "priority",
            "position",
            postgresql_where=text("state = 'due' AND kind = 'card'"),
        ),
        Index(
            "ix_outbox_next_else",
            "church_id",
            "kind",
            "due_at",
            postgresql_where=text("state = 'due' AND kind <> 'card'"),
        ),
        Index("ix_outbox_due", "church_id", "due_at", postgresql_where=text("state = 'due'")),
        Index("ix_outbox_leased", "church_id", "leased_until", postgresql_where=text("state = 'leased'")),
        Index(
            "ix_outbox_phone",
            "church_id",
            "phone",
            "position",
            postgresql_where=text(f"{ACTIVE} AND phone IS NOT NULL"),
        ),
        Index(
            "ix_outbox_email",
            "church_id",
            "email",
            "position",
            postgresql_where=text(f"{ACTIVE} AND email IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    kind: Mapped[str]
    card_id: Mapped[UUID | None] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"), unique=True)
    message_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), unique=True
    )
    state: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger)
    position: Mapped[int] = mapped_column(
        BigInteger, OUTBOX_POSITION, server_default=OUTBOX_POSITION.next_value()
    )
    due_at: Mapped[datetime]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    system_errors: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    first_system_error_at: Mapped[datetime | None]
    deaths: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    must_look_up: Mapped[bool] = mapped_column(server_default=text("false"))
    requested_by: Mapped[str | None]
    lease_token: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    created_at: Mapped[Created]


class PersonKey(Base):
    """A phone or e-mail that a worker is busy with: the lock that two claims at once cannot both take."""

    __tablename__ = "person_keys"

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), index=True)


class DeliveryLease(Base):
    """Which worker delivers for a church now. It saves work; correctness rests on the rows' own leases."""

    __tablename__ = "delivery_leases"

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    holder: Mapped[str | None]
    until: Mapped[datetime | None]


class Attempt(Base):
    """One try to deliver, written when it begins, so that a try whose worker dies is not forgotten.

    `revision` is the one that was sent; the oldest attempts do not know it, and then it was the first.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint(f"outcome IS NULL OR {one_of('outcome', AttemptOutcome)}", name="outcome"),
        Index(None, "card_id", "id"),
        Index("ix_attempts_open", "outbox_id", postgresql_where=text("outcome IS NULL")),
        Index("ix_attempts_answered", "started_at", postgresql_where=text("calls @? '$[*].answer'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    outbox_id: Mapped[int] = mapped_column(BigInteger)
    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"))
    lease_token: Mapped[UUID]
    number: Mapped[int]
    revision: Mapped[int | None]
    requested_by: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    cause: Mapped[str | None]
    http_status: Mapped[int | None]
    trace_id: Mapped[str | None]
    calls: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
