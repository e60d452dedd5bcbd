"""A token on trial, and the public keys that who has no key of the ring seals it with."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id, one_of
from ghl.statuses import TrialState


class TokenTrial(Base):
    """A token that somebody pasted and that is not the church's own yet; gone an hour later.

    `box` is the token as the web process sealed it, which only a worker opens. `sealed` is the token as it is stored,
    sealed for the row of `credentials` that will have this id: only a worker can make that, and it does so once every
    probe has passed. So nothing untested can be stored.
    """

    __tablename__ = "token_trials"
    __table_args__ = (
        CheckConstraint(one_of("state", TrialState), name="state"),
        CheckConstraint("(state = 'passed') = (sealed IS NOT NULL)", name="sealed"),
        CheckConstraint("(sealed IS NULL) = (key_version IS NULL)", name="key_version"),
        CheckConstraint("box IS NULL OR state IN ('testing', 'failed')", name="box"),
        CheckConstraint("(box IS NULL) = (box_key_version IS NULL)", name="box_key_version"),
        CheckConstraint("(state = 'testing') = (ended_at IS NULL)", name="ended_at"),
        CheckConstraint("length(last4) = 4", name="last4"),
        Index(
            "uq_token_trials_open",
            "church_id",
            unique=True,
            postgresql_where=text("state IN ('testing', 'passed', 'failed')"),
        ),
        Index(None, "church_id"),
        Index(None, "created_at"),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    ghl_location_id: Mapped[str]
    last4: Mapped[str]
    state: Mapped[str]
    box: Mapped[bytes | None] = mapped_column(LargeBinary)
    box_key_version: Mapped[int | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    key_version: Mapped[int | None]
    checks: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    seen: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_by: Mapped[str]
    created_at: Mapped[Created]
    ended_at: Mapped[datetime | None]


class SealingKey(Base):
    """The public half of a key that belongs to a version of the key ring. Whoever reads it can only seal.

    `seen_at` is when a worker that opens what is sealed with it last said so.
    """

    __tablename__ = "sealing_keys"
    __table_args__ = (CheckConstraint("length(public_key) = 32", name="public_key"),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    seen_at: Mapped[datetime]
