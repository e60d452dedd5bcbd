"""One line of the consent log with everything that stands in it, as pages, files and receipts show it. It only reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from ghl.cards.person import plain_name
from ghl.db.models import Card, CardRevision, ConsentEvent
from ghl.statuses import Channel, ConsentKind

Pair = tuple[Channel, str]
"""A channel and the address on it: what a stop is about."""

PAGE = 25


@dataclass(frozen=True, repr=False)
class Said:
    """What was said once about one address. `number` is that of the card it stood on, where that is still there.

    `person` and `child` are names as the rule compares them; `name` and `child_name` as that card writes them.
    """

    id: int
    channel: Channel
    address: str
    person: str
    kind: ConsentKind
    purpose: str
    wording: str | None
    wording_hash: bytes | None
    wording_version: str | None
    source: str
    recorded_by: str
    card_id: UUID | None
    signed_at: datetime | None
    recorded_at: datetime
    ip: str | None
    user_agent: str | None
    note: str | None
    contact_id: str | None
    child: str | None
    number: int | None
    name: str = ""
    child_name: str = ""


COLUMNS = tuple(
    getattr(ConsentEvent, name)
    for name in (
        *(
            "id",
            "channel",
            "address",
            "person",
            "kind",
            "purpose",
            "wording",
            "wording_hash",
            "wording_version",
        ),
        *("source", "recorded_by", "card_id", "signed_at", "recorded_at", "ip", "user_agent", "note"),
        *("contact_id", "child"),
    )
)


@dataclass(frozen=True, repr=False)
class OnCard:
    """A card that lines came from: its number, and the names that stand or stood on it by how the rule compares them."""

    number: int
    names: Mapping[str, str]


def said_of(row: Row[Any], on_card: OnCard | None) -> Said:
    """The line, out of a row of `COLUMNS`."""
    values = dict(zip((column.key for column in COLUMNS), row, strict=False))
    values |= {
        "channel": Channel(values["channel"]),
        "kind": ConsentKind(values["kind"]),
        "wording_hash": bytes(values["wording_hash"]) if values["wording_hash"] is not None else None,
        "ip": str(values["ip"]) if values["ip"] is not None else None,
    }
    written = on_card.names if on_card else {}
    person, child = values["person"], values["child"] or ""
    return Said(
        **values,
        number=on_card.number if on_card else None,
        name=written.get(person, person),
        child_name=written.get(child, child),
    )


def read(session: Session, church_id: UUID, query: Select[*tuple[Any, ...]]) -> list[Said]:
    """The lines that a query of `COLUMNS` finds, each with its card's number and the names on it."""
    rows = session.execute(query).all()
    cards = _cards(session, church_id, {row.card_id for row in rows if row.card_id is not None})
    return [said_of(row, cards.get(row.card_id)) for row in rows]


def said_about(
    session: Session,
    church_id: UUID,
    pairs: Collection[Pair],
    *,
    before: int | None = None,
    most: int = PAGE,
) -> tuple[list[Said], bool]:
    """All that was said about these addresses, the newest first, behind the line `before`; and whether there is more."""
    if not pairs:
        return [], False
    query = (
        select(*COLUMNS)
        .where(
            ConsentEvent.church_id == church_id,
            or_(
                *(
                    (ConsentEvent.channel == channel) & (ConsentEvent.address == address)
                    for channel, address in sorted(pairs)
                )
            ),
            *([ConsentEvent.id < before] if before is not None else []),
        )
        .order_by(ConsentEvent.id.desc())
        .limit(most + 1)
    )
    found = read(session, church_id, query)
    return found[:most], len(found) > most


def said_once(session: Session, church_id: UUID, said_id: int) -> Said | None:
    """One line of the log; None where the church has none of this number."""
    query = select(*COLUMNS).where(ConsentEvent.church_id == church_id, ConsentEvent.id == said_id)
    return next(iter(read(session, church_id, query)), None)


def _cards(session: Session, church_id: UUID, card_ids: Collection[UUID]) -> dict[UUID | None, OnCard]:
    """The cards by their id. A name that was corrected since is looked for among what stood there before."""
    if not card_ids:
        return {}
    fields = CardRevision.fields
    rows = session.execute(
        select(
            Card.id,
            Card.number,
            *(fields[name].astext.label(name) for name in ("first_name", "last_name", "guardian_name")),
        )
        .join(CardRevision, CardRevision.card_id == Card.id)
        .where(Card.church_id == church_id, Card.id.in_(card_ids))
        .order_by(CardRevision.no)
    )
    numbers: dict[UUID, int] = {}
    names: dict[UUID, dict[str, str]] = {}
    for row in rows:
        first, last, guardian = row.first_name or "", row.last_name or "", row.guardian_name or ""
        numbers[row.id] = row.number
        names.setdefault(row.id, {}).update(
            {
                f"{plain_name(first)} {plain_name(last)}".strip(): f"{first} {last}".strip(),
                plain_name(guardian): guardian,
            }
        )
    return {card_id: OnCard(number, names[card_id]) for card_id, number in numbers.items()}
