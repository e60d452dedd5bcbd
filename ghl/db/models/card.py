"""A connect card: where it stands, what was written on it (revisions), and the counts behind the tiles."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ghl.db.base import Base, ChurchId, Created, Id, one_of
from ghl.statuses import CardSource, CardStatus


class Card(Base):
    """A card as the lists show it. What was written stands in its revisions, the prayer request apart.

    `search` holds the words that people look for, as `ghl.cards.words` writes them. `synced_revision` is the
    newest revision that is in GoHighLevel, in the contact `contact_id`. `import_id` is the list that brought it.
    """

    __tablename__ = "cards"
    __table_args__ = (
        CheckConstraint(one_of("status", CardStatus), name="status"),
        CheckConstraint(one_of("source", CardSource), name="source"),
        UniqueConstraint("church_id", "number"),
        UniqueConstraint("church_id", "fingerprint"),
        # With all that filters and searches read: few cards among many are found without reading the cards.
        Index(
            "ix_cards_newest",
            "church_id",
            "received_at",
            "id",
            postgresql_include=["status", "number", "service", "campus", "source", "first_time", "search"],
        ),
        Index(
            "ix_cards_newest_by_status",
            "church_id",
            "status",
            "received_at",
            "id",
            postgresql_include=["cause"],
        ),
        Index("ix_cards_newest_by_service", "church_id", "service", "received_at", "id"),
        Index("ix_cards_newest_by_campus", "church_id", "campus", "received_at", "id"),
        Index(
            "ix_cards_phone", "church_id", "phone", "received_at", postgresql_where=text("phone IS NOT NULL")
        ),
        Index(
            "ix_cards_email", "church_id", "email", "received_at", postgresql_where=text("email IS NOT NULL")
        ),
        Index(
            "ix_cards_import",
            "import_id",
            "church_id",
            "received_at",
            "id",
            postgresql_where=text("import_id IS NOT NULL"),
        ),
        # The groups of *Needs attention*: the cards of a cause by when they stopped, with what their filter reads.
        Index(
            "ix_cards_attention",
            "church_id",
            "cause",
            "status_changed_at",
            "id",
            postgresql_where=text("status IN ('needs_attention', 'held')"),
            postgresql_include=["status", "source", "service"],
        ),
        Index("ix_cards_synced", "church_id", "synced_at", postgresql_where=text("synced_at IS NOT NULL")),
    )

    id: Mapped[Id]
    church_id: Mapped[ChurchId]
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("hub.next_card_number()"))
    status: Mapped[str]
    cause: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    source: Mapped[str]
    source_name: Mapped[str | None]
    import_id: Mapped[UUID | None] = mapped_column(ForeignKey("card_imports.id"))
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    first_name: Mapped[str] = mapped_column(server_default="")
    last_name: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str | None]
    email: Mapped[str | None]
    visit_date: Mapped[date | None]
    service: Mapped[str | None]
    campus: Mapped[str | None]
    first_time: Mapped[bool | None]
    search: Mapped[str] = mapped_column(server_default="")
    received_at: Mapped[datetime]
    status_changed_at: Mapped[datetime]
    synced_at: Mapped[datetime | None]
    synced_revision: Mapped[int | None]
    contact_id: Mapped[str | None]


class CardWords(Base):
    """The words of `cards.search` and the number, for the index of their parts; triggers write them.

    Apart from the card, because that index costs more to write than all others, and a card is written anew with
    each change of its status.
    """

    __tablename__ = "card_words"
    __table_args__ = (
        Index(
            "ix_card_words_parts",
            "church_id",
            "words",
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
            postgresql_with={"gin_pending_list_limit": 1024},
        ),
    )

    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId]
    words: Mapped[str]


class CardRevision(Base):
    """What was written on a card, as first received (1) or as corrected later. Never changed.

    `salt` belongs to the hash of a correction in the change log; see `ghl.cards.digest`.
    """

    __tablename__ = "card_revisions"

    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    church_id: Mapped[ChurchId]
    fields: Mapped[dict[str, Any]]
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class PrayerRequest(Base):
    """What a person asked prayer for: apart from the card, because fewer people may read it. Never empty: where it
    was emptied, nothing tells that there was one.
    """

    __tablename__ = "prayer_requests"
    __table_args__ = (
        CheckConstraint("text <> ''", name="text"),
        CheckConstraint("(prayed_at IS NULL) = (prayed_by IS NULL)", name="prayed"),
        Index("ix_prayer_requests_newest", "church_id", "created_at", "card_id"),
    )

    card_id: Mapped[UUID] = mapped_column(ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True)
    church_id: Mapped[ChurchId]
    text: Mapped[str]
    created_at: Mapped[Created]
    prayed_at: Mapped[datetime | None]
    prayed_by: Mapped[str | None]


class CardCount(Base):
    """Cards of a church by status, up to the last fold; those that wait for a person also by `cause`, else empty."""

    __tablename__ = "card_counts"

    church_id: Mapped[ChurchId] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    cause: Mapped[str] = mapped_column(primary_key=True, server_default="")
    cards: Mapped[int] = mapped_column(BigInteger)


class CardCountDelta(Base):
    """A change of a count, written by a trigger with the change itself; the scheduler folds them.

    One counter row a church would make all saves of a church wait for each other.
    """

    __tablename__ = "card_count_deltas"
    __table_args__ = (Index(None, "church_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    church_id: Mapped[ChurchId]
    status: Mapped[str]
    cause: Mapped[str] = mapped_column(server_default="")
    delta: Mapped[int]
