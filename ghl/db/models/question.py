"""What is asked of GoHighLevel for a screen, and the times in which it did not answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Id, one_of
from ghl.statuses import OutageEnd, OutageScope, QuestionState

OPEN = "state IN ('waiting', 'asking')"


class Question(Base):
    """Something to read in GoHighLevel, which a worker does; see `ghl.questions`.

    `params` holds ids, nothing of a person and no secret. `answer` may hold a person's data, so the row is deleted
    an hour after nobody waits any more. `key` is the same for the same question. A kind that is not known to a
    worker (an older version's) is left to those that know it, hence no list of kinds here. Without a `location_id` it
    goes another way than the church's own cards, which its kind knows.
    """

    __tablename__ = "questions"
    __table_args__ = (
        CheckConstraint("kind ~ '^[a-z][a-z_]{0,39}$'", name="kind"),
        CheckConstraint(one_of("state", QuestionState), name="state"),
        CheckConstraint("(state = 'asking') = (lease_token IS NOT NULL)", name="lease_token"),
        CheckConstraint("(state = 'asking') = (leased_until IS NOT NULL)", name="leased_until"),
        CheckConstraint("(state = 'answered') = (answer IS NOT NULL)", name="answer"),
        CheckConstraint("(state IN ('answered', 'failed')) = (answered_at IS NOT NULL)", name="answered_at"),
        CheckConstraint("state <> 'failed' OR cause IS NOT NULL", name="cause"),
        Index("uq_questions_open", "church_id", "key", unique=True, postgresql_where=text(OPEN)),
        Index("ix_questions_newest", "church_id", "key", "asked_at"),
        Index("ix_questions_next", "church_id", "asked_at", postgresql_where=text(OPEN)),
        Index(None, "wanted_until"),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    location_id: Mapped[UUID | None] = mapped_column(ForeignKey("locations.id", ondelete="CASCADE"))
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    key: Mapped[bytes] = mapped_column(LargeBinary)
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    wanted_until: Mapped[datetime]
    state: Mapped[str]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    lease_token: Mapped[UUID | None]
    leased_until: Mapped[datetime | None]
    cause: Mapped[str | None]
    answer: Mapped[dict[str, Any] | None]
    answered_at: Mapped[datetime | None]


class Outage(Base):
    """An episode in which GoHighLevel did not answer a church, or (without one) the whole installation.

    `waited` cards were waiting when it ended; of these `arrived` are in GoHighLevel, `needing` need somebody and
    `remaining` are still on their way. `finished_at` is when the last of them was done.
    """

    __tablename__ = "outages"
    __table_args__ = (
        CheckConstraint(one_of("scope", OutageScope), name="scope"),
        CheckConstraint(f"ended IS NULL OR {one_of('ended', OutageEnd)}", name="ended"),
        CheckConstraint("(closed_at IS NULL) = (ended IS NULL)", name="closed"),
        CheckConstraint("finished_at IS NULL OR closed_at IS NOT NULL", name="finished"),
        Index(
            "uq_outages_open",
            "church_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL AND church_id IS NOT NULL"),
        ),
        Index(
            "uq_outages_open_whole",
            text("(church_id IS NULL)"),
            unique=True,
            postgresql_where=text("closed_at IS NULL AND church_id IS NULL"),
        ),
        Index("ix_outages_open", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_outages_church", "church_id", "id"),
        Index(
            "ix_outages_followed",
            "followed_at",
            postgresql_where=text("closed_at IS NOT NULL AND finished_at IS NULL AND church_id IS NOT NULL"),
        ),
        Index(None, "opened_at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[UUID | None] = mapped_column(ForeignKey("churches.id", ondelete="CASCADE"))
    scope: Mapped[str]
    opened_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    tested_at: Mapped[datetime | None]
    test_good: Mapped[bool | None]
    closed_at: Mapped[datetime | None]
    ended: Mapped[str | None]
    waited: Mapped[int] = mapped_column(server_default=text("0"))
    arrived: Mapped[int] = mapped_column(server_default=text("0"))
    needing: Mapped[int] = mapped_column(server_default=text("0"))
    remaining: Mapped[int] = mapped_column(server_default=text("0"))
    followed_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class OutageTold(Base):
    """Who was told that an episode is over: once each."""

    __tablename__ = "outage_told"
    __table_args__ = (Index(None, "church_id"), Index(None, "user_id"))

    outage_id: Mapped[int] = mapped_column(ForeignKey("outages.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId]
    told_at: Mapped[datetime]
