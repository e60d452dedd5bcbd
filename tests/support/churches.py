"""Builders for tests: a church, a connected one, cards in it. Everything goes through the product's own doors."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from ghl.cards.fields import parse_card
from ghl.cards.save import NewCard, SavedCard, save_cards
from ghl.churches import add_church, find_church
from ghl.client.models import Location
from ghl.connection import connect
from ghl.crypto import KeyRing, new_key_line
from ghl.db.engine import Database
from ghl.statuses import CardSource

TOKEN = "pit-00000000-0000-4000-8000-000000000001"

_numbers = itertools.count(1)


def key_ring() -> KeyRing:
    return KeyRing.parse(new_key_line(1))


def church(database: Database, *, slug: str | None = None) -> UUID:
    """A church that is not connected yet."""
    slug = slug or f"church-{next(_numbers)}"
    return add_church(database, slug=slug, name=slug.title(), timezone="America/Chicago", actor="test")


def connected_church(
    database: Database,
    keys: KeyRing,
    *,
    location_id: str = "LOC1",
    slug: str | None = None,
    token: str = TOKEN,
    allow_duplicates: bool = False,
    base_url: str | None = None,
) -> UUID:
    """A church connected to a location whose test is taken to have passed."""
    slug = slug or f"church-{next(_numbers)}"
    church_id = add_church(
        database,
        slug=slug,
        name=slug.title(),
        timezone="America/Chicago",
        actor="test",
        ghl_base_url=base_url,
    )
    seen = Location(id=location_id, name=slug, country="US", allow_duplicate_contact=allow_duplicates)
    connect(
        database,
        keys,
        find_church(database, slug),
        location_id=location_id,
        token=token,
        test=lambda _token, _location: seen,
        actor="test",
    )
    return church_id


def card_values(number: int | None = None, **changes: Any) -> dict[str, object]:
    """What one believable card says; a different person for each number."""
    number = next(_numbers) if number is None else number
    return {
        "first_name": f"Anna{number}",
        "last_name": "Keller",
        "phone": f"+1615555{number % 10_000:04d}" if number < 10_000 else f"+1615{number:07d}",
        "email": f"anna{number}@example.org",
        **changes,
    }


def save(database: Database, church_id: UUID, *cards: Mapping[str, object], **how: Any) -> list[SavedCard]:
    """Saves cards as an API source would."""
    how.setdefault("source", CardSource.API)
    now = how.pop("now", None) or datetime.now(UTC)
    new = [NewCard(parse_card(values), **how) for values in cards]
    with database.church(church_id) as session:
        return save_cards(session, church_id, new, now=now)
