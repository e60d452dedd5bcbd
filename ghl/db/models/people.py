"""Who may sign in, with what role, and where they are signed in. Only the sign-in code reads these tables."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id, one_of
from ghl.statuses import Role, StopWarned


class User(Base):
    """A person who may sign in. `is_ops` is the role for the whole installation."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email"),
        Index("ix_users_ops", "id", postgresql_where=text("is_ops")),
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    is_ops: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]


class Membership(Base):
    """A person's role in a church; whether they may read prayer requests is a right of its own, beside any role.

    `name` is what this team calls them, `seen_at` when they last worked in this church: neither tells of another one.
    A trigger keeps a church's last admin.
    """

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint(one_of("role", Role), name="role"), Index(None, "church_id"))

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    role: Mapped[str]
    reads_prayers: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Created]
    name: Mapped[str] = mapped_column(server_default="")
    seen_at: Mapped[datetime | None]


class SignInLink(Base):
    """A one-time link; only the hash of its token is kept.

    With `only_church` it opens that church alone, whatever else its person may do.
    """

    __tablename__ = "sign_in_links"
    __table_args__ = (Index(None, "expires_at"), Index(None, "user_id", "created_at"))

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    only_church: Mapped[UUID | None] = mapped_column(ForeignKey("churches.id", ondelete="CASCADE"))
    next_path: Mapped[str] = mapped_column(server_default="")
    by_mail: Mapped[bool] = mapped_column(server_default=text("false"))


class WebSession(Base):
    """A signed-in browser; only the hash of its cookie is kept. It ends by sign-out, idleness or age."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"), UniqueConstraint("id"))

    id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    church_id: Mapped[UUID | None] = mapped_column(ForeignKey("churches.id", ondelete="CASCADE"))
    created_at: Mapped[Created]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(server_default="")
    only_church: Mapped[UUID | None] = mapped_column(ForeignKey("churches.id", ondelete="CASCADE"))


class UserIdentity(Base):
    """Who a person is at an identity provider, remembered at their first sign-in there; from then on it alone counts."""

    __tablename__ = "user_identities"
    __table_args__ = (UniqueConstraint("user_id", "issuer"),)

    issuer: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[Created]


class UsedState(Base):
    """A return from the identity provider that was used up; only its hash is kept, for as long as it could come again."""

    __tablename__ = "used_states"
    __table_args__ = (Index(None, "used_at"),)

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime]


class Mail(Base):
    """An e-mail that is to be sent; gone once it is. A sign-in link is made when it is sent.

    Asked for on the sign-in page it has an `address` as somebody typed it; an invitation has a person, and so has a word
    about stops that are not in GoHighLevel yet, with its numbers as `facts`.
    """

    __tablename__ = "mails"
    __table_args__ = (
        CheckConstraint("kind IN ('link', 'invitation', 'stops')", name="kind"),
        CheckConstraint("(kind = 'link') = (address IS NOT NULL)", name="address"),
        CheckConstraint("(kind IN ('invitation', 'stops')) = (user_id IS NOT NULL)", name="user_id"),
        Index("uq_mails_address", "address", unique=True, postgresql_where=text("kind = 'link'")),
        Index(None, "due_at"),
        Index(None, "wanted_until"),
        Index(None, "user_id"),
        Index(None, "church_id"),
    )

    id: Mapped[Id]
    kind: Mapped[str]
    address: Mapped[str | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    church_id: Mapped[UUID | None] = mapped_column(ForeignKey("churches.id", ondelete="CASCADE"))
    next_path: Mapped[str] = mapped_column(server_default="")
    actor: Mapped[str]
    asked_at: Mapped[Created]
    wanted_until: Mapped[datetime]
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))


class StopWarning(Base):
    """What the admins of a church were told of stops near the end of their ten business days; gone when it is over."""

    __tablename__ = "stop_warnings"
    __table_args__ = (CheckConstraint(one_of("told", StopWarned), name="told"),)

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    told: Mapped[str]
    told_at: Mapped[Created]
