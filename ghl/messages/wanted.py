"""Which messages a request is for: each card's people and addresses, each template, and the key of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.cards.addresses import read_addresses
from ghl.cards.fields import CardFields
from ghl.cards.stored import read_whole
from ghl.consent.reasons import Reason
from ghl.consent.recipient import Recipient, recipients
from ghl.db.models import Card, CardRevision, Church
from ghl.messages.deadline import too_late_at
from ghl.messages.key import idempotency_key
from ghl.messages.templates import Template
from ghl.statuses import CardStatus, Channel


@dataclass(frozen=True, repr=False)
class AskedCard:
    """A card as a request needs it. `fields` is None where a newer version of the hub wrote it."""

    id: UUID
    status: CardStatus
    contact_id: str | None
    fields: CardFields | None
    received_at: datetime
    zone: str
    region: str


@dataclass(frozen=True, repr=False)
class Wanted:
    """One message that is wanted: to whom, and until when. `refused` says why to nobody."""

    card: AskedCard
    template: Template
    address: str = ""
    person: str = ""
    key: bytes = b""
    too_late_at: datetime | None = None
    refused: Reason | None = None

    @property
    def channel(self) -> Channel:
        """By which it goes."""
        return Channel(self.template.channel)


def load_cards(session: Session, church_id: UUID, card_ids: Sequence[UUID]) -> list[AskedCard]:
    """The church's cards of these, in the order asked; one of another church is not among them."""
    rows = session.execute(
        select(
            Card.id,
            Card.status,
            Card.contact_id,
            Card.received_at,
            CardRevision.fields,
            Church.timezone,
            Church.region,
        )
        .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
        .join(Church, Church.id == Card.church_id)
        .where(Card.church_id == church_id, Card.id.in_(list(card_ids)))
    ).all()
    cards = {
        row.id: AskedCard(
            id=row.id,
            status=CardStatus(row.status),
            contact_id=row.contact_id,
            fields=read_whole(row.fields),
            received_at=row.received_at,
            zone=row.timezone,
            region=row.region,
        )
        for row in rows
    }
    return [cards[card_id] for card_id in dict.fromkeys(card_ids) if card_id in cards]


def wanted(church_id: UUID, card: AskedCard, template: Template, *, now: datetime) -> Wanted:
    """What this template means on this card: the address is empty where there is none."""
    if card.fields is None:
        return Wanted(card, template)
    addresses = read_addresses(card.fields, card.region)
    found = recipients(card.fields, addresses, now=now).get(Channel(template.channel))
    if isinstance(found, Reason):
        return Wanted(card, template, refused=found)
    if not isinstance(found, Recipient):
        return Wanted(card, template)
    return Wanted(
        card,
        template,
        address=found.address,
        person=found.person,
        key=idempotency_key(church_id, found.address, template.id, card.id, 0),
        too_late_at=too_late_at(
            template.send_within_hours,
            visit_date=card.fields.visit_date,
            received_at=card.received_at,
            zone=card.zone,
        ),
    )
