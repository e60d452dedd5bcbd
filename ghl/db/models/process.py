"""Which processes of the hub are alive."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from ghl.db.base import Base, Id


class Heartbeat(Base):
    """A worker or scheduler that says every few seconds that it lives."""

    __tablename__ = "heartbeats"
    __table_args__ = (CheckConstraint("kind IN ('worker', 'scheduler')", name="kind"),)

    id: Mapped[Id]
    kind: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
