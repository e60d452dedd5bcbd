"""Texts and e-mails: the words a church may send, its rules, each message with where it stands, and every try."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id, one_of
from ghl.statuses import Channel, MessageState, MessageTry, Purpose


class MessageTemplate(Base):
    """Words that a church may send. What they say stands in its versions; only a published one ever leaves.

    `key` names one of the hub's own three; others have none. `onboarding`: it goes with *Send onboarding materials*.
    """

    __tablename__ = "message_templates"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("purpose", Purpose), name="purpose"),
        CheckConstraint("send_within_hours BETWEEN 1 AND 8760", name="send_within_hours"),
        CheckConstraint("length(name) BETWEEN 1 AND 80", name="name"),
        Index("uq_message_templates_key", "church_id", "key", unique=True),
        UniqueConstraint("church_id", "id"),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    key: Mapped[str | None]
    name: Mapped[str]
    channel: Mapped[str]
    purpose: Mapped[str]
    send_within_hours: Mapped[int | None] = mapped_column(SmallInteger)
    onboarding: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    published_version: Mapped[int | None]
    archived_at: Mapped[datetime | None]
    changed_by: Mapped[str]
    changed_at: Mapped[Created]


class MessageTemplateVersion(Base):
    """The words of a template as they once were. Never changed: a message names the version that it said."""

    __tablename__ = "message_template_versions"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    template_id: Mapped[UUID] = mapped_column(
        ForeignKey("message_templates.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    church_id: Mapped[ChurchId]
    subject: Mapped[str] = mapped_column(server_default="")
    body: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Created]


class MessagingSettings(Base):
    """How a church sends. A church without a row has the defaults. Times of day are the church's own.

    `ramp_level` is the step of GoHighLevel's ramp for new numbers that the church's number is on, since `ramp_since`.
    """

    __tablename__ = "messaging_settings"
    __table_args__ = (
        CheckConstraint(
            "texts_from >= '08:00' AND texts_until <= '21:00' AND texts_from < texts_until", name="window"
        ),
        CheckConstraint("sunday_from IS NULL OR sunday_from BETWEEN '08:00' AND '20:59'", name="sunday"),
        CheckConstraint("undo_seconds BETWEEN 10 AND 3600", name="undo_seconds"),
        CheckConstraint("ramp_level BETWEEN 1 AND 8", name="ramp_level"),
    )

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    texts_from: Mapped[time] = mapped_column(server_default=text("'08:00'"))
    texts_until: Mapped[time] = mapped_column(server_default=text("'20:00'"))
    sunday_from: Mapped[time | None]
    undo_seconds: Mapped[int] = mapped_column(SmallInteger, server_default=text("60"))
    ramp_level: Mapped[int] = mapped_column(SmallInteger, server_default=text("1"))
    ramp_since: Mapped[datetime | None]
    email_sends_again: Mapped[bool] = mapped_column(server_default=text("false"))
    from_number: Mapped[str | None]
    email_from: Mapped[str | None]
    changed_by: Mapped[str]
    changed_at: Mapped[Created]


class Message(Base):
    """One text or e-mail to one person: the log and, through its outbox row, the work. One stored state is the truth.

    `idempotency_key` is of church, person, template and card, and of how often somebody deliberately asked for it
    `again`; see `ghl.messages.key`. `subject` and `body` are what was handed to GoHighLevel, which may add to it.
    A test goes to a phone of staff and has no card.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint(one_of("purpose", Purpose), name="purpose"),
        CheckConstraint(one_of("state", MessageState), name="state"),
        CheckConstraint("is_test OR card_id IS NOT NULL", name="card"),
        CheckConstraint("octet_length(idempotency_key) = 32", name="idempotency_key"),
        CheckConstraint(
            "state NOT IN ('sent', 'delivered') OR sent_at IS NOT NULL OR cause IS NOT NULL", name="sent"
        ),
        UniqueConstraint("church_id", "idempotency_key"),
        ForeignKeyConstraint(
            ["church_id", "template_id"], ["message_templates.church_id", "message_templates.id"]
        ),
        Index("ix_messages_card", "card_id", "id", postgresql_where=text("card_id IS NOT NULL")),
        Index("ix_messages_address", "church_id", "channel", "address", "requested_at"),
        Index(
            "ix_messages_newest",
            "church_id",
            "requested_at",
            "id",
            postgresql_include=["channel", "state", "is_test"],
        ),
        Index("ix_messages_by_state", "church_id", "state", "requested_at", "id"),
        Index("ix_messages_by_template", "church_id", "template_id", "requested_at", "id"),
        Index(
            "ix_messages_texted",
            "church_id",
            "sending_at",
            postgresql_where=text("channel = 'sms' AND sending_at IS NOT NULL"),
        ),
        Index(
            "ix_messages_ghl",
            "church_id",
            "ghl_message_id",
            postgresql_where=text("ghl_message_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_ghl_email",
            "church_id",
            "ghl_email_message_id",
            postgresql_where=text("ghl_email_message_id IS NOT NULL"),
        ),
        Index(
            "ix_messages_contact", "church_id", "contact_id", postgresql_where=text("contact_id IS NOT NULL")
        ),
        Index(
            "ix_messages_attention",
            "church_id",
            "cause",
            "status_changed_at",
            "id",
            postgresql_where=text("state IN ('failed', 'held') OR (state = 'unsure' AND cause IS NOT NULL)"),
        ),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    card_id: Mapped[UUID | None] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"))
    template_id: Mapped[UUID]
    template_version: Mapped[int]
    channel: Mapped[str]
    purpose: Mapped[str]
    address: Mapped[str]
    person: Mapped[str]
    idempotency_key: Mapped[bytes] = mapped_column(LargeBinary)
    again: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    is_test: Mapped[bool] = mapped_column(server_default=text("false"))
    state: Mapped[str]
    cause: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    not_before: Mapped[datetime]
    too_late_at: Mapped[datetime | None]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    contact_id: Mapped[str | None]
    conversation_id: Mapped[str | None]
    ghl_message_id: Mapped[str | None]
    ghl_email_message_id: Mapped[str | None]
    looks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    sending_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    follow_until: Mapped[datetime | None]
    status_changed_at: Mapped[datetime]


class MessageAttempt(Base):
    """One try with a message, written when it begins: to send it, to look whether it went out, or how it fared."""

    __tablename__ = "message_attempts"
    __table_args__ = (
        CheckConstraint(one_of("kind", MessageTry), name="kind"),
        Index(None, "message_id", "id"),
        Index("ix_message_attempts_open", "lease_token", postgresql_where=text("ended_at IS NULL")),
        Index(None, "started_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    message_id: Mapped[UUID] = mapped_column(ForeignKey("messages.id", ondelete="CASCADE"))
    lease_token: Mapped[UUID]
    kind: Mapped[str]
    requested_by: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    cause: Mapped[str | None]
    http_status: Mapped[int | None]
    trace_id: Mapped[str | None]
    calls: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))


class MessageCount(Base):
    """Messages of a church by channel and state, up to the last fold; tests are not counted."""

    __tablename__ = "message_counts"

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    messages: Mapped[int] = mapped_column(BigInteger)


class MessageCountDelta(Base):
    """A change of a count, written by a trigger with the change itself; the scheduler folds them."""

    __tablename__ = "message_count_deltas"
    __table_args__ = (Index(None, "church_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    channel: Mapped[str]
    state: Mapped[str]
    delta: Mapped[int]
