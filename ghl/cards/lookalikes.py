"""Look-alikes of a card: cards and contacts with its phone or e-mail, for people to say who is who.

It looks and compares; it decides nothing and changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, union
from sqlalchemy.orm import Session

from ghl.cards.fingerprint import person_key
from ghl.cards.person import Person, Verdict, same_person
from ghl.cards.review import CardAtHand
from ghl.db.models import Card, ContactLink, Location, PersonDecision
from ghl.statuses import CardStatus

LOOKED_BACK = timedelta(days=60)
MOST = 5
"""More look-alikes than that are a phone of an office, and nobody compares them one by one."""
MOST_READ = 50


@dataclass(frozen=True)
class LikeCard:
    """Another card that may be the same card, or of somebody who shares a phone. `by`: what both have."""

    id: UUID
    number: int
    received_at: datetime
    visit_date: date | None
    same_name: bool
    by: Sequence[str]
    name: str = field(repr=False)


@dataclass(frozen=True)
class LikeContact:
    """A contact in GoHighLevel with the card's phone or e-mail and another name. `by`: what both have."""

    contact_id: str
    by: Sequence[str]
    name: str = field(repr=False)


@dataclass(frozen=True)
class Lookalikes:
    """What somebody should look at before the card goes."""

    cards: Sequence[LikeCard] = ()
    contacts: Sequence[LikeContact] = ()


def lookalikes(
    session: Session, church_id: UUID, card: CardAtHand, *, now: datetime, settled: Collection[UUID] = ()
) -> Lookalikes:
    """The look-alikes of a card of the church. `settled` are cards that somebody said are other cards.

    A card of the same person on another day is a guest who came again, and nothing to ask.
    """
    if card.phone is None and card.email is None:
        return Lookalikes()
    person = Person(card.fields.first_name, card.fields.last_name, card.phone, card.email)
    return Lookalikes(
        cards=_cards(session, church_id, card, person, now=now, settled=settled),
        contacts=_contacts(session, church_id, person),
    )


def _cards(
    session: Session,
    church_id: UUID,
    card: CardAtHand,
    person: Person,
    *,
    now: datetime,
    settled: Collection[UUID],
) -> list[LikeCard]:
    # One question for each address, so that each goes through its own index.
    asked = union(
        *(
            select(Card.id)
            .where(
                Card.church_id == church_id,
                column == value,
                Card.received_at >= now - LOOKED_BACK,
                Card.id != card.id,
                Card.status != CardStatus.DISMISSED,
            )
            .order_by(Card.received_at.desc())
            .limit(MOST_READ)
            for column, value in _addresses(person, Card)
        )
    ).subquery()
    rows = session.execute(
        select(Card).where(Card.id.in_(select(asked.c.id))).order_by(Card.received_at.desc(), Card.id)
    ).scalars()
    found: list[LikeCard] = []
    for other in rows:
        like = Person(other.first_name, other.last_name, other.phone, other.email)
        same_name = (
            same_person(
                Person(person.first_name, person.last_name),
                Person(other.first_name, other.last_name),
                matched=True,
            )
            is Verdict.SAME
        )
        if other.id in settled or (same_name and not _same_day(card, other)):
            continue
        found.append(
            LikeCard(
                id=other.id,
                number=other.number,
                received_at=other.received_at,
                visit_date=other.visit_date,
                same_name=same_name,
                by=_shared(person, like),
                name=f"{other.first_name} {other.last_name}".strip(),
            )
        )
    # The same card twice is what matters most.
    return sorted(found, key=lambda one: not one.same_name)[:MOST]


def _contacts(session: Session, church_id: UUID, person: Person) -> list[LikeContact]:
    """Contacts of the church's active location that the card may not be about; what was decided is not asked."""
    asked = union(
        *(
            select(ContactLink.location_id, ContactLink.contact_id)
            .join(Location, (Location.id == ContactLink.location_id) & Location.active)
            .where(ContactLink.church_id == church_id, column == value)
            .limit(MOST_READ)
            for column, value in _addresses(person, ContactLink)
        )
    ).subquery()
    rows = session.execute(
        select(ContactLink, PersonDecision.verdict)
        .join(
            asked,
            (asked.c.location_id == ContactLink.location_id) & (asked.c.contact_id == ContactLink.contact_id),
        )
        .outerjoin(
            PersonDecision,
            (PersonDecision.location_id == ContactLink.location_id)
            & (PersonDecision.contact_id == ContactLink.contact_id)
            & (PersonDecision.person == person_key(person)),
        )
        .order_by(ContactLink.contact_id)
    )
    found: list[LikeContact] = []
    for link, verdict in rows:
        contact = Person(link.first_name, link.last_name, link.phone, link.email)
        if verdict is None and same_person(person, contact) is Verdict.DOUBT:
            name = f"{link.first_name} {link.last_name}".strip()
            found.append(LikeContact(link.contact_id, _shared(person, contact), name))
    return found[:MOST]


def _addresses(
    person: Person, table: type[Card] | type[ContactLink]
) -> list[tuple[ColumnElement[str | None], str]]:
    asked: list[tuple[ColumnElement[str | None], str]] = []
    if person.phone is not None:
        asked.append((table.__table__.c.phone, person.phone))
    if person.email is not None:
        asked.append((table.__table__.c.email, person.email))
    return asked


def _shared(one: Person, other: Person) -> tuple[str, ...]:
    return tuple(
        name
        for name, mine, theirs in (("phone", one.phone, other.phone), ("e-mail", one.email, other.email))
        if mine is not None and mine == theirs
    )


def _same_day(card: CardAtHand, other: Card) -> bool:
    if card.fields.visit_date and other.visit_date:
        return card.fields.visit_date == other.visit_date
    return abs(card.received_at - other.received_at) < timedelta(days=1)
