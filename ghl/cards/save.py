"""Saving: a card, its outbox row and what it says about consent, in one transaction, before anything else.

Nothing here knows Redis or GoHighLevel; waking the workers comes after the commit and may fail.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl.cards import consent
from ghl.cards.addresses import Addresses, read_addresses
from ghl.cards.fields import CardFields, ParsedCard
from ghl.cards.fingerprint import fingerprint
from ghl.cards.words import searchable
from ghl.churches import ChurchNotFoundError
from ghl.consent.said import OnItsWay, lock_statements, write
from ghl.db.base import table_of
from ghl.db.models import Card, CardRevision, Church, Outbox, PrayerRequest
from ghl.ids import new_id
from ghl.statuses import CardSource, CardStatus, Channel, OutboxState, Priority

# Statements that take their rows as parameters are compiled once, however many rows there are.
ADD_CARDS = (
    upsert(table_of(Card))
    .on_conflict_do_nothing(index_elements=["church_id", "fingerprint"])
    .returning(table_of(Card).c.id, table_of(Card).c.number)
)


@dataclass(frozen=True)
class NewCard:
    """A card that came in, and how. `review` keeps it in *To review* whatever the church's setting.

    `words` are those beside each box, where each had its own; else `consent_wording` of the fields stands for all.
    `said` is what the card itself says, where something was written on it for a whole list: only that decides
    whether the same card was there before.
    """

    parsed: ParsedCard
    source: CardSource
    source_name: str | None = None
    recorded_by: str = ""
    review: bool = False
    priority: int = Priority.NEW
    ip: str | None = None
    user_agent: str | None = None
    words: Mapping[Channel, consent.Words] = field(default_factory=dict)
    said: ParsedCard | None = None
    import_id: UUID | None = None


@dataclass(frozen=True)
class SavedCard:
    """Where a card stands after the save. `duplicate`: the same card was there already, and nothing was added.

    `on_its_way`: messages that a no on the card came too late for.
    """

    id: UUID
    number: int
    status: CardStatus
    cause: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    duplicate: bool = False
    on_its_way: tuple[OnItsWay, ...] = ()


@dataclass(frozen=True)
class _Draft:
    id: UUID
    card: NewCard
    addresses: Addresses
    fingerprint: bytes
    status: CardStatus


def save_cards(
    session: Session, church_id: UUID, cards: Sequence[NewCard], *, now: datetime
) -> list[SavedCard]:
    """Saves cards in their order and says for each where it stands. A transaction of the church.

    A card that was saved before (same person, day, service and content) is found again, not added; one
    without a usable phone or e-mail, or with a wrong one, waits for a person. Raises `ChurchNotFoundError`.
    """
    church = session.execute(
        # The lock is the one that a row of the church takes anyway: a removal that begins waits for this save, and
        # after that nothing is saved any more.
        select(Church.region, Church.review_all)
        .where(Church.id == church_id, Church.removing_at.is_(None))
        .with_for_update(key_share=True, read=True)
    ).one_or_none()
    if church is None:
        raise ChurchNotFoundError("There is no such church.")
    drafts = [_draft(card, church.region, church.review_all) for card in cards]
    # Asked first, because a card that turns out to be there uses up a number, and people look for the missing ones.
    found = _find(session, church_id, drafts)
    numbers = _insert_cards(session, church_id, [one for one in drafts if one.fingerprint not in found], now)
    added = [draft for draft in drafts if draft.id in numbers]
    left = _insert_details(session, church_id, added, now) if added else ()
    # Those that somebody else saved in this very moment, or that stand in the list twice.
    found |= _find(
        session, church_id, [one for one in drafts if one.id not in numbers and one.fingerprint not in found]
    )
    return [
        SavedCard(
            draft.id,
            numbers[draft.id],
            draft.status,
            draft.addresses.cause,
            dict(draft.addresses.facts),
            on_its_way=_of(draft, left),
        )
        if draft.id in numbers
        else found[draft.fingerprint]
        for draft in drafts
    ]


def listed(fields: CardFields, addresses: Addresses) -> dict[str, Any]:
    """The columns of a card that lists and searches read, from what is written on it."""
    return {
        "first_name": fields.first_name,
        "last_name": fields.last_name,
        "phone": addresses.phone,
        "email": addresses.email,
        "visit_date": fields.visit_date,
        "service": fields.service or None,
        "campus": fields.campus or None,
        "first_time": fields.first_time,
        "search": searchable(
            first_name=fields.first_name,
            last_name=fields.last_name,
            email=addresses.email or fields.email,
            phone=addresses.phone or fields.phone,
        ),
    }


def _draft(card: NewCard, region: str, review_all: bool) -> _Draft:
    addresses = read_addresses(card.parsed.fields, region)
    if card.review or review_all or card.source is CardSource.FORM:
        status = CardStatus.TO_REVIEW
    elif addresses.cause:
        status = CardStatus.NEEDS_ATTENTION
    else:
        status = CardStatus.WAITING
    return _Draft(new_id(), card, addresses, fingerprint(card.said or card.parsed, region=region), status)


def _insert_cards(
    session: Session, church_id: UUID, drafts: Sequence[_Draft], now: datetime
) -> dict[UUID, int]:
    """Adds those that are new; returns their numbers by id."""
    if not drafts:
        return {}
    rows = [
        {
            "id": draft.id,
            "church_id": church_id,
            "status": draft.status,
            "cause": draft.addresses.cause,
            "facts": draft.addresses.facts,
            "source": draft.card.source,
            "source_name": draft.card.source_name,
            "import_id": draft.card.import_id,
            "fingerprint": draft.fingerprint,
            "received_at": now,
            "status_changed_at": now,
            **listed(draft.card.parsed.fields, draft.addresses),
        }
        for draft in drafts
    ]
    added = session.execute(ADD_CARDS, rows)
    return {row.id: row.number for row in added}


def _insert_details(
    session: Session, church_id: UUID, drafts: Sequence[_Draft], now: datetime
) -> tuple[OnItsWay, ...]:
    session.execute(
        insert(table_of(CardRevision)),
        [
            {
                "card_id": draft.id,
                "no": 1,
                "church_id": church_id,
                "fields": draft.card.parsed.fields.model_dump(mode="json", exclude_defaults=True),
                "created_at": now,
                "created_by": draft.card.recorded_by,
            }
            for draft in drafts
        ],
    )
    session.execute(
        # By the database's clock, as whoever looks for due rows does: the clock of this machine may be fast.
        insert(table_of(Outbox)).values(due_at=func.now()),
        [
            {
                "church_id": church_id,
                "kind": "card",
                "card_id": draft.id,
                "state": OutboxState.DUE if draft.status is CardStatus.WAITING else OutboxState.PARKED,
                "priority": draft.card.priority,
                "phone": draft.addresses.phone,
                "email": draft.addresses.email,
            }
            for draft in drafts
        ],
    )
    prayers = [
        {"card_id": draft.id, "church_id": church_id, "text": draft.card.parsed.prayer_request}
        for draft in drafts
        if draft.card.parsed.prayer_request
    ]
    if prayers:
        session.execute(insert(table_of(PrayerRequest)), prayers)
    said = [one for draft in drafts for one in _statements(draft)]
    lock_statements(session, church_id, said)
    events = [event for draft in drafts for event in _consent(church_id, draft, now)]
    return write(session, church_id, events, now=now)


def _consent(church_id: UUID, draft: _Draft, now: datetime) -> list[dict[str, Any]]:
    card, fields = draft.card, draft.card.parsed.fields
    origin = consent.Origin(
        church_id, draft.id, card.source, card.recorded_by, now, ip=card.ip, user_agent=card.user_agent
    )
    return [
        consent.event(said, fields, origin, words=card.words.get(said.channel)) for said in _statements(draft)
    ]


def _statements(draft: _Draft) -> tuple[consent.Statement, ...]:
    return consent.statements(draft.card.parsed.fields, draft.addresses)


def _of(draft: _Draft, left: Sequence[OnItsWay]) -> tuple[OnItsWay, ...]:
    """What of it went to an address to which this card says no."""
    if not left:
        return ()
    said_no = {(one.channel, one.address) for one in _statements(draft) if one.stops}
    return tuple(one for one in left if (one.channel, one.address) in said_no)


def _find(session: Session, church_id: UUID, drafts: Sequence[_Draft]) -> dict[bytes, SavedCard]:
    """The cards that were there already, by fingerprint."""
    if not drafts:
        return {}
    rows = session.execute(
        select(Card.fingerprint, Card.id, Card.number, Card.status, Card.cause, Card.facts).where(
            Card.church_id == church_id, Card.fingerprint.in_([draft.fingerprint for draft in drafts])
        )
    )
    return {
        row.fingerprint: SavedCard(
            row.id, row.number, CardStatus(row.status), row.cause, row.facts, duplicate=True
        )
        for row in rows
    }
