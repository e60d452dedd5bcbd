"""The page's side of *Erase this person*: what would go and what stays, and the request itself.

A transaction of the church, whose role may take nothing away: the scheduler carries the request out.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, insert, select, text
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.person import Person
from ghl.cards.queueing import lock, put
from ghl.db.models import Card, ConsentEvent, ContactLink, ContactRemoval, Erasure, Outbox
from ghl.erasing.contacts import IN_USE
from ghl.erasing.people import PersonCard, Sorted, same_name, sort_out
from ghl.ids import new_id
from ghl.statuses import CardStatus

MOST_CARDS = 500
"""Cards that share addresses. More are a number that a whole church writes: those are erased one name at a time."""

MOST_ROUNDS = 5
"""From card to card by a shared phone or e-mail."""

MOST_LISTED = 20


class ErasureError(ValueError):
    """The person cannot be erased as asked; the message says why in a sentence."""


class NameDiffersError(ErasureError):
    """What was typed is not the name on the card."""

    def __init__(self) -> None:
        super().__init__("That is not the name on the card. Nothing was erased.")


class CardGoneError(ErasureError):
    """There is no such card any more."""

    def __init__(self) -> None:
        super().__init__("This card is not here any more. Nothing else was erased.")


class ChangedError(ErasureError):
    """Other cards are the person's now than those that were shown."""

    def __init__(self) -> None:
        super().__init__("There are other cards of this person by now. Look at the list again.")


@dataclass(frozen=True)
class Foreseen:
    """What would go: cards, contacts, statements about messages. `others` share an address and stay."""

    card: PersonCard
    cards: tuple[PersonCard, ...]
    others: tuple[PersonCard, ...]
    contacts: int
    statements: int
    sending: int


@dataclass(frozen=True)
class Removal:
    """A contact that is to go from GoHighLevel. `cause` is why it has not gone yet, if that is known.

    `in_use`: it stays, for a card that came later went into it.
    """

    contact_id: str
    done: bool
    tries: int
    due_at: datetime
    cause: str | None
    in_use: bool = False


@dataclass(frozen=True)
class Progress:
    """A request and how far it is. `shared_contacts` stay in GoHighLevel: another person's card is in them.

    `contacts_elsewhere` are in a location that the church has left, where the hub reaches nothing.
    """

    id: UUID
    number: int
    asked_by: str
    asked_at: datetime
    done_at: datetime | None
    cards: int
    contacts_too: bool
    removals: tuple[Removal, ...] = field(default=())
    shared_contacts: int = 0
    contacts_elsewhere: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done for it."""
        return self.done_at is not None and all(removal.done for removal in self.removals)


def foresee(session: Session, church_id: UUID, number: int) -> Foreseen | None:
    """What erasing the person of this card would take away; None where the church has no such card."""
    first = session.execute(_cards(Card.church_id == church_id, Card.number == number)).one_or_none()
    if first is None:
        return None
    found = whose(session, church_id, _person_card(first))
    ids = [card.id for card in found.theirs]
    addresses = {key for card in found.theirs for key in (card.person.phone, card.person.email) if key}
    contacts = session.scalar(
        select(func.count(func.distinct(Card.contact_id))).where(
            Card.church_id == church_id, Card.id.in_(ids), Card.contact_id.is_not(None)
        )
    )
    statements = session.scalar(
        select(func.count()).where(
            ConsentEvent.church_id == church_id,
            ConsentEvent.channel.in_(("sms", "email")),
            ConsentEvent.address.in_(addresses),
            ConsentEvent.card_id.in_(ids),
        )
    )
    sending = session.scalar(
        select(func.count()).where(
            Outbox.church_id == church_id, Outbox.card_id.in_(ids), Outbox.state == "leased"
        )
    )
    return Foreseen(
        _person_card(first), found.theirs, found.others, contacts or 0, statements or 0, sending or 0
    )


def whose(session: Session, church_id: UUID, first: PersonCard) -> Sorted:
    """The person's cards, found from one of them by phone and e-mail, and those that only share an address."""
    known = {first.id: first}
    asked: set[str] = set()
    for _ in range(MOST_ROUNDS):
        theirs = sort_out(first, known.values()).theirs
        keys = _keys([*(card.person for card in theirs), *_contacts_of(session, church_id, theirs)]) - asked
        if not keys or len(known) >= MOST_CARDS:
            break
        asked |= keys
        for column in (Card.phone, Card.email):
            rows = session.execute(
                _cards(Card.church_id == church_id, column.in_(keys))
                .order_by(Card.received_at.desc())
                .limit(MOST_CARDS)
            )
            known |= {row.id: _person_card(row) for row in rows}
    return sort_out(first, known.values())


def request(
    session: Session,
    church_id: UUID,
    number: int,
    *,
    shown: Collection[UUID],
    typed: str,
    contacts_too: bool,
    actor: str,
    now: datetime,
) -> UUID:
    """Files the request, and stops the person's cards at once; asked twice it is one. Raises `ErasureError`.

    `shown` are the cards of which the page said that they would go.
    """
    foreseen = foresee(session, church_id, number)
    if foreseen is None:
        raise CardGoneError
    if not same_name(typed, foreseen.card.name or str(number)):
        raise NameDiffersError
    ids = [card.id for card in foreseen.cards]
    if set(ids) != set(shown):
        raise ChangedError
    locked = [lock(session, church_id, card_id) for card_id in sorted(ids)]
    waiting = session.scalar(
        select(Erasure.id).where(
            Erasure.church_id == church_id,
            Erasure.state == "waiting",
            Erasure.card_ids.contains([str(foreseen.card.id)]),
        )
    )
    if waiting is not None:
        return waiting
    for card in locked:
        # One that is being sent goes when its worker has done with it.
        if card is not None and not card.leased and card.status is not CardStatus.DISMISSED:
            session.execute(PARK, {"outbox": card.outbox_id})
            put(
                session, card, CardStatus.DISMISSED, None, {"by": actor, "reason": "Is being erased"}, now=now
            )
    erasure_id = new_id()
    session.execute(
        insert(Erasure).values(
            id=erasure_id,
            church_id=church_id,
            number=number,
            card_ids=[str(card_id) for card_id in ids],
            contacts_too=contacts_too,
            asked_by=actor,
            asked_at=now,
            state="waiting",
        )
    )
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="person.erase_asked",
        subject=str(erasure_id),
        facts={"cards": len(ids), "contacts_too": contacts_too},
    )
    return erasure_id


PARK = text("UPDATE outbox SET state = 'parked' WHERE id = :outbox AND state = 'due'")


def recent(session: Session, church_id: UUID, *, limit: int = MOST_LISTED) -> list[Progress]:
    """The last requests of the church, the newest first."""
    rows = session.scalars(
        select(Erasure)
        .where(Erasure.church_id == church_id)
        .order_by(Erasure.asked_at.desc(), Erasure.id.desc())
        .limit(limit)
    ).all()
    removals: dict[UUID, list[Removal]] = {}
    for row in session.scalars(
        select(ContactRemoval)
        .where(ContactRemoval.erasure_id.in_([row.id for row in rows]))
        .order_by(ContactRemoval.id)
    ):
        removals.setdefault(row.erasure_id, []).append(
            Removal(
                row.contact_id, row.state == "done", row.tries, row.due_at, row.cause, row.cause == IN_USE
            )
        )
    return [
        Progress(
            row.id,
            row.number,
            row.asked_by,
            row.asked_at,
            row.done_at,
            int(row.went.get("cards", len(row.card_ids))),
            row.contacts_too,
            tuple(removals.get(row.id, ())),
            int(row.went.get("shared_contacts", 0)),
            int(row.went.get("contacts_elsewhere", 0)),
        )
        for row in rows
    ]


def _contacts_of(session: Session, church_id: UUID, cards: Iterable[PersonCard]) -> list[Person]:
    """The person as GoHighLevel showed them: a card that went into the same contact may have other addresses."""
    rows = session.execute(
        select(ContactLink.first_name, ContactLink.last_name, ContactLink.phone, ContactLink.email)
        .join(Card, (Card.contact_id == ContactLink.contact_id) & (Card.church_id == ContactLink.church_id))
        .where(ContactLink.church_id == church_id, Card.id.in_([card.id for card in cards]))
    )
    return [Person(row.first_name, row.last_name, row.phone, row.email) for row in rows]


def _keys(people: Iterable[Person]) -> set[str]:
    return {key for person in people for key in (person.phone, person.email) if key}


def _cards(*where: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(Card.id, Card.number, Card.first_name, Card.last_name, Card.phone, Card.email).where(*where)


def _person_card(row: Row[*tuple[Any, ...]]) -> PersonCard:
    return PersonCard(row.id, row.number, Person(row.first_name, row.last_name, row.phone, row.email))
