"""Which processes of the hub are alive."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Integer
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, Id


class Heartbeat(Base):
    """A worker or scheduler that says every few seconds that it lives.

    `key_versions` are the encryption keys it has now; none are named where it needs none.
    """

    __tablename__ = "heartbeats"
    __table_args__ = (CheckConstraint("kind IN ('worker', 'scheduler')", name="kind"),)

    id: Mapped[Id]
    kind: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    key_versions: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
