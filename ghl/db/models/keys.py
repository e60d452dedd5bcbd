"""Which encryption keys this hub has worked with: never a key, only by what to tell one from another."""

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, Created


class EncryptionKey(Base):
    """A key's number, which belongs to it for ever, and a value that only this key gives."""

    __tablename__ = "encryption_keys"
    __table_args__ = (
        CheckConstraint("version BETWEEN 1 AND 999999", name="version"),
        CheckConstraint("octet_length(check_value) = 16", name="check_value"),
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    check_value: Mapped[bytes] = mapped_column(LargeBinary)
    known_since: Mapped[Created]
