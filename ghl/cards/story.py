"""One card in full, as its page shows it: what is written, what was tried, what people did. It only reads.

The text of a prayer request is not read here, only whether there is one; see `ghl.cards.prayers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select, union
from sqlalchemy.orm import Session

from ghl.cards.fields import CardFields
from ghl.cards.notes import Note, notes_of
from ghl.cards.stored import read_known
from ghl.cards.why import CardState, ChurchState
from ghl.db.models import (
    Attempt,
    AuditEntry,
    Card,
    CardRevision,
    Church,
    ContactLink,
    Location,
    Outbox,
    PrayerRequest,
)
from ghl.statuses import AttemptOutcome, CardSource, CardStatus, Priority

MOST_TRIES = 100
MOST_REVISIONS = 100
MOST_ENTRIES = 200
MOST_OTHERS = 10


@dataclass(frozen=True)
class Revision:
    """What was written on the card, from then on. `by` is an actor."""

    no: int
    fields: CardFields = field(repr=False)
    at: datetime
    by: str


@dataclass(frozen=True)
class CallMade:
    """A call to GoHighLevel during a try. `answer` is what it said, redacted; it is kept for 30 days."""

    call: str
    ms: int | None = None
    status: int | None = None
    trace_id: str | None = None
    error: str | None = None
    reason: str | None = field(default=None, repr=False)
    answer: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Try:
    """One try to deliver the card. `requested_by` is an actor, None where the hub tried by itself."""

    number: int
    started_at: datetime
    ended_at: datetime | None = None
    outcome: AttemptOutcome | None = None
    cause: str | None = None
    http_status: int | None = None
    trace_id: str | None = None
    requested_by: str | None = None
    calls: tuple[CallMade, ...] = ()


@dataclass(frozen=True)
class Entry:
    """What the change log has about the card. `by` is an actor."""

    at: datetime
    by: str
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OtherCard:
    """Another card with the same phone or e-mail."""

    number: int
    status: CardStatus
    received_at: datetime
    visit_date: date | None = None
    service: str | None = field(default=None, repr=False)
    name: str = field(default="", repr=False)


@dataclass(frozen=True)
class Contact:
    """A contact as GoHighLevel last showed it after one of our cards went into it."""

    id: str
    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    seen_at: datetime | None = None

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True)
class CardInFull:
    """Everything about one card but the text of its prayer request. Lists are newest first and bounded."""

    id: UUID
    number: int
    state: CardState
    church: ChurchState
    region: str
    is_demo: bool
    source_name: str | None
    revision: int
    received_at: datetime
    contact_id: str | None
    has_prayer: bool
    priority: int = Priority.NEW
    fields: CardFields = field(default_factory=CardFields, repr=False)
    revisions: tuple[Revision, ...] = ()
    tries: tuple[Try, ...] = ()
    more_tries: bool = False
    entries: tuple[Entry, ...] = ()
    notes: tuple[Note, ...] = ()
    others: tuple[OtherCard, ...] = ()
    more_others: bool = False
    contacts: Mapping[str, Contact] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The whole name, as the visitor wrote it."""
        return f"{self.fields.first_name} {self.fields.last_name}".strip()

    @property
    def written(self) -> Revision | None:
        """The revision that counts now."""
        return next((revision for revision in self.revisions if revision.no == self.revision), None)


def card_in_full(session: Session, church_id: UUID, number: int) -> CardInFull | None:
    """The card with this number, or None: also where another church has one. A transaction of the church.

    Six statements, and one more where a contact is known.
    """
    row = session.execute(_card(church_id, number)).one_or_none()
    if row is None:
        return None
    card: Card = row.Card
    revisions = _revisions(session, church_id, card.id)
    tries = _tries(session, church_id, card.id)
    others = _others(session, church_id, card)
    asked = [card.facts.get("contact_id"), card.facts.get("other_id"), card.contact_id]
    return CardInFull(
        id=card.id,
        number=card.number,
        state=CardState(
            status=CardStatus(card.status),
            source=CardSource(card.source),
            cause=card.cause,
            facts=card.facts,
            synced_at=card.synced_at,
            due_at=row.due_at,
            tries=row.tries or 0,
            attempts=row.attempts or 0,
        ),
        church=ChurchState(
            location=row.ghl_id,
            paused_reason=row.paused_reason,
            hold_cause=row.hold_cause,
            hold_facts=row.hold_facts,
        ),
        region=row.region,
        is_demo=row.is_demo,
        source_name=card.source_name,
        revision=card.revision,
        received_at=card.received_at,
        contact_id=card.contact_id,
        has_prayer=row.has_prayer,
        priority=Priority.NEW if row.priority is None else row.priority,
        fields=next((one.fields for one in revisions if one.no == card.revision), CardFields()),
        revisions=revisions,
        tries=tries[:MOST_TRIES],
        more_tries=len(tries) > MOST_TRIES,
        entries=_entries(session, church_id, card.id),
        notes=tuple(notes_of(session, church_id, card.id)),
        others=others[:MOST_OTHERS],
        more_others=len(others) > MOST_OTHERS,
        contacts=_contacts(session, row.location_id, {str(one) for one in asked if one}),
    )


def _card(church_id: UUID, number: int) -> Select[Any]:
    return (
        select(
            Card,
            Outbox.due_at,
            Outbox.tries,
            Outbox.attempts,
            Outbox.priority,
            Church.region,
            Church.is_demo,
            Church.paused_reason,
            Church.hold_cause,
            Church.hold_facts,
            Location.id.label("location_id"),
            Location.ghl_id,
            exists().where(PrayerRequest.card_id == Card.id).label("has_prayer"),
        )
        .join(Church, Church.id == Card.church_id)
        .outerjoin(Outbox, Outbox.card_id == Card.id)
        .outerjoin(Location, (Location.church_id == Card.church_id) & Location.active)
        .where(Card.church_id == church_id, Card.number == number)
    )


def _revisions(session: Session, church_id: UUID, card_id: UUID) -> tuple[Revision, ...]:
    rows = session.execute(
        select(CardRevision.no, CardRevision.fields, CardRevision.created_at, CardRevision.created_by)
        .where(CardRevision.church_id == church_id, CardRevision.card_id == card_id)
        .order_by(CardRevision.no.desc())
        .limit(MOST_REVISIONS)
    )
    return tuple(Revision(row.no, read_known(row.fields), row.created_at, row.created_by) for row in rows)


def _tries(session: Session, church_id: UUID, card_id: UUID) -> tuple[Try, ...]:
    rows = session.scalars(
        select(Attempt)
        .where(Attempt.church_id == church_id, Attempt.card_id == card_id)
        .order_by(Attempt.id.desc())
        .limit(MOST_TRIES + 1)
    )
    return tuple(
        Try(
            number=row.number,
            started_at=row.started_at,
            ended_at=row.ended_at,
            outcome=AttemptOutcome(row.outcome) if row.outcome else None,
            cause=row.cause,
            http_status=row.http_status,
            trace_id=row.trace_id,
            requested_by=row.requested_by,
            calls=tuple(call_made(call) for call in row.calls),
        )
        for row in rows
    )


def call_made(stored: Mapping[str, Any]) -> CallMade:
    """A call of a try as it is stored."""
    known = {name: stored.get(name) for name in CallMade.__dataclass_fields__}
    return CallMade(**known | {"call": str(stored.get("call") or "")})  # type: ignore[arg-type]


def _entries(session: Session, church_id: UUID, card_id: UUID) -> tuple[Entry, ...]:
    rows = session.execute(
        select(AuditEntry.at, AuditEntry.actor, AuditEntry.action, AuditEntry.facts)
        .where(AuditEntry.church_id == church_id, AuditEntry.subject == str(card_id))
        .order_by(AuditEntry.id.desc())
        .limit(MOST_ENTRIES)
    )
    return tuple(Entry(row.at, row.actor, row.action, row.facts) for row in rows)


def _others(session: Session, church_id: UUID, card: Card) -> tuple[OtherCard, ...]:
    same = [Card.phone == card.phone] if card.phone else []
    same += [Card.email == card.email] if card.email else []
    if not same:
        return ()
    # One walk of an index an address; with OR it would be a walk of all cards of the church.
    found = union(
        *(
            select(
                select(
                    Card.id,
                    Card.number,
                    Card.status,
                    Card.received_at,
                    Card.visit_date,
                    Card.service,
                    Card.first_name,
                    Card.last_name,
                )
                .where(Card.church_id == church_id, address, Card.id != card.id)
                .order_by(Card.received_at.desc())
                .limit(MOST_OTHERS + 1)
                .subquery()
            )
            for address in same
        )
    ).subquery()
    rows = session.execute(
        select(found).order_by(found.c.received_at.desc(), found.c.id.desc()).limit(MOST_OTHERS + 1)
    )
    return tuple(
        OtherCard(
            number=row.number,
            status=CardStatus(row.status),
            received_at=row.received_at,
            visit_date=row.visit_date,
            service=row.service,
            name=f"{row.first_name} {row.last_name}".strip(),
        )
        for row in rows
    )


def _contacts(session: Session, location_id: UUID | None, ids: set[str]) -> dict[str, Contact]:
    if location_id is None or not ids:
        return {}
    rows = session.scalars(
        select(ContactLink).where(
            ContactLink.location_id == location_id, ContactLink.contact_id.in_(sorted(ids))
        )
    )
    return {
        row.contact_id: Contact(
            row.contact_id, row.first_name, row.last_name, row.phone, row.email, row.seen_at
        )
        for row in rows
    }
