"""What a person typed and has not saved yet: kept after each change, so that a reload or a sign-out loses nothing.

A draft is seen by who typed it alone. It goes with the save of its card, in the same transaction.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.db.base import table_of
from ghl.db.models import Card, CardDraft

ADD = "add:"
"""Before the form of a card that is typed on the page *Add a card*: two tabs are two cards."""
KEPT = "kept"
"""What stays the same from one paper card to the next: service, campus, date, the words beside the boxes."""
KEPT_IN_REVIEW = "kept_review"
"""What the last card said that was reviewed: service, campus, date."""

KEPT_FOR = timedelta(days=30)
MOST_OPEN = 20
"""Cards half typed in as many tabs that are looked through; more are nobody's work of today."""
MOST_SIGNS = 100_000
"""As JSON. A card has room for far less; what is longer is refused when it is saved, and not kept before."""


@dataclass(frozen=True)
class Draft:
    """What was typed and when. `revision` is that of the card it was typed into; 0 for a card that is not there."""

    changed_at: datetime
    revision: int = 0
    place: str = ""
    values: Mapping[str, object] = field(default_factory=dict, repr=False)


def place_of_form(form: str) -> str:
    """Where the draft of a card stands that is typed into this form."""
    return f"{ADD}{form}"


def place_of(card_id: UUID) -> str:
    """Where the draft of a card that is reviewed stands."""
    return f"card:{card_id}"


def correction_of(card_id: UUID) -> str:
    """Where a half-typed correction on the card's own page stands."""
    return f"correct:{card_id}"


def load(session: Session, church_id: UUID, user_id: UUID, place: str) -> Draft | None:
    """The person's draft at this place, or None."""
    row = session.execute(
        select(CardDraft.values, CardDraft.changed_at).where(
            CardDraft.user_id == user_id, CardDraft.church_id == church_id, CardDraft.place == place
        )
    ).one_or_none()
    if row is None:
        return None
    return _draft(place, row.changed_at, row.values)


def half_typed(session: Session, church_id: UUID, user_id: UUID) -> list[Draft]:
    """The cards that the person began on *Add a card* and has not saved, the latest first."""
    rows = session.execute(
        select(CardDraft.place, CardDraft.values, CardDraft.changed_at)
        .where(
            CardDraft.user_id == user_id, CardDraft.church_id == church_id, CardDraft.place.startswith(ADD)
        )
        .order_by(CardDraft.changed_at.desc(), CardDraft.place)
        .limit(MOST_OPEN)
    )
    return [_draft(row.place, row.changed_at, row.values) for row in rows]


def move(session: Session, church_id: UUID, user_id: UUID, place: str, new: str) -> bool:
    """Gives a draft another place; of two that ask for it at once one gets it."""
    moved = session.execute(
        update(CardDraft)
        .where(CardDraft.user_id == user_id, CardDraft.church_id == church_id, CardDraft.place == place)
        .values(place=new)
        .returning(CardDraft.place)
        .execution_options(synchronize_session=False)
    )
    return moved.one_or_none() is not None


def keep(
    session: Session,
    church_id: UUID,
    user_id: UUID,
    place: str,
    values: Mapping[str, object],
    *,
    now: datetime,
    revision: int = 0,
) -> bool:
    """Keeps what stands in the fields now instead of what was kept before. False where it is too long to keep, or its card is gone."""
    kept = {
        "said": {_storable(name): _storable(value) for name, value in values.items()},
        "revision": revision,
    }
    if len(json.dumps(kept, ensure_ascii=False)) > MOST_SIGNS:
        return False
    card_id = _card_of(place)
    # Of a card that was erased while its page was open nothing may come back.
    if (
        card_id
        and session.scalar(select(Card.id).where(Card.church_id == church_id, Card.id == card_id)) is None
    ):
        return False
    table = table_of(CardDraft)
    statement = upsert(table).values(
        user_id=user_id, church_id=church_id, place=place, values=kept, changed_at=now
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "church_id", "place"],
            set_={"values": statement.excluded["values"], "changed_at": statement.excluded.changed_at},
        )
    )
    return True


def remove(session: Session, church_id: UUID, user_id: UUID, place: str) -> None:
    """Forgets the person's draft at this place; nothing happens where there is none."""
    session.execute(
        delete(CardDraft).where(
            CardDraft.user_id == user_id, CardDraft.church_id == church_id, CardDraft.place == place
        )
    )


def prune(session: Session, *, now: datetime) -> None:
    """Removes drafts that nobody came back to. A system transaction."""
    session.execute(
        delete(CardDraft)
        .where(CardDraft.changed_at < now - KEPT_FOR)
        .execution_options(synchronize_session=False)
    )


def _card_of(place: str) -> UUID | None:
    """The card that a draft belongs to, if it belongs to one that was saved."""
    kind, _, card_id = place.partition(":")
    if f"{kind}:" == ADD:
        return None
    try:
        return UUID(card_id)
    except ValueError:
        return None


def _draft(place: str, changed_at: datetime, values: Mapping[str, Any]) -> Draft:
    return Draft(changed_at, int(values.get("revision", 0)), place, values.get("said", {}))


def _storable(value: Any) -> Any:
    """Text without what PostgreSQL cannot store: NUL and halves of surrogate pairs. Other values as they are."""
    return value.replace("\0", "").encode(errors="replace").decode() if isinstance(value, str) else value
