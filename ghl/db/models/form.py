"""A church's public card form: what stands on it, and every wording of its consent boxes that was ever shown."""

from typing import Any

from sqlalchemy import CheckConstraint, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, one_of
from ghl.statuses import Channel


class CardForm(Base):
    """The form as it is now. A church without a row has the form with the default words."""

    __tablename__ = "card_forms"

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    is_open: Mapped[bool] = mapped_column(server_default=text("true"))
    legal_name: Mapped[str] = mapped_column(server_default="")
    privacy_url: Mapped[str] = mapped_column(server_default="")
    terms_url: Mapped[str] = mapped_column(server_default="")
    welcome: Mapped[str] = mapped_column(server_default="")
    services: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    campuses: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    interests: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    changed_by: Mapped[str]
    changed_at: Mapped[Created]


class ConsentWording(Base):
    """The words of a consent box, by version. Never changed: they are the proof of what people agreed to."""

    __tablename__ = "consent_wordings"
    __table_args__ = (
        CheckConstraint(one_of("channel", Channel), name="channel"),
        CheckConstraint("version > 0", name="version"),
    )

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    wording: Mapped[str]
    wording_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_by: Mapped[str]
    created_at: Mapped[Created]
