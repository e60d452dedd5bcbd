"""What somebody decided about a card's person and a contact: remembered, and never asked again for this name.

A card that waits for just this answer goes out again; any other one only remembers it.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.addresses import read_addresses
from ghl.cards.fingerprint import person_key
from ghl.cards.person import Person
from ghl.cards.queueing import LockedCard, lock, requeue
from ghl.cards.stored import read_known
from ghl.causes import CauseCode, with_first
from ghl.db.models import CardRevision, Church, Location, PersonDecision
from ghl.statuses import CardStatus

QUESTIONS = with_first("answer") | {CauseCode.NO_ADDRESS_OF_ITS_OWN}
"""Causes that name a contact which somebody decides about."""


def decide(
    session: Session,
    church_id: UUID,
    card_id: UUID,
    *,
    contact_id: str,
    verdict: Literal["same", "different"],
    actor: str,
    now: datetime,
) -> bool:
    """Remembers whether the card's person is the contact, and lets the card go if it waited for that.

    False where nothing changed: it was decided so already and the card waits for it no longer, there is no such
    card, or the church is not connected. A transaction of the church.
    """
    card = lock(session, church_id, card_id)
    location_id = session.scalar(select(Location.id).where(Location.church_id == church_id, Location.active))
    if card is None or location_id is None:
        return False
    decision = {
        "location_id": location_id,
        "person": _person(session, church_id, card),
        "contact_id": contact_id,
        "church_id": church_id,
        "verdict": verdict,
        "decided_by": actor,
        "decided_at": now,
    }
    added = upsert(PersonDecision).values(decision)
    news = session.scalar(
        added.on_conflict_do_update(
            index_elements=["location_id", "person", "contact_id"],
            set_={name: added.excluded[name] for name in ("verdict", "decided_by", "decided_at")},
            where=PersonDecision.verdict != verdict,
        ).returning(PersonDecision.contact_id)
    )
    asked = _asks_about(card, contact_id)
    if news is None and not asked:
        return False
    if asked:
        requeue(session, card, actor=actor, now=now)
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="card.decided",
        subject=str(card_id),
        facts={"verdict": verdict},
    )
    return True


def take_back(session: Session, church_id: UUID, card_id: UUID, *, contact_id: str, actor: str) -> bool:
    """Forgets what this person decided about the card's person and the contact, so that it is asked again.

    Only for a card that nobody has let go: what went out by a decision is not called back by forgetting it. False
    where there is nothing to take back. A transaction of the church.
    """
    card = lock(session, church_id, card_id)
    location_id = session.scalar(select(Location.id).where(Location.church_id == church_id, Location.active))
    if card is None or location_id is None or card.status is not CardStatus.TO_REVIEW:
        return False
    gone = session.execute(
        delete(PersonDecision)
        .where(
            PersonDecision.location_id == location_id,
            PersonDecision.church_id == church_id,
            PersonDecision.person == _person(session, church_id, card),
            PersonDecision.contact_id == contact_id,
            PersonDecision.decided_by == actor,
        )
        .returning(PersonDecision.contact_id)
        .execution_options(synchronize_session=False)
    ).all()
    if not gone:
        return False
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="card.decided",
        subject=str(card_id),
        facts={"verdict": "taken_back"},
    )
    return True


def look_anew(
    session: Session, church_id: UUID, card_id: UUID, *, contact_id: str, actor: str, now: datetime
) -> bool:
    """Lets a card go again that asks about a contact which is no longer there: who has its addresses is looked up anew.

    Nothing is decided. False where the card asks about that contact no longer. A transaction of the church.
    """
    card = lock(session, church_id, card_id)
    if card is None or not _asks_about(card, contact_id):
        return False
    requeue(session, card, actor=actor, now=now)
    audit.record(session, church_id=church_id, actor=actor, action="card.sent_again", subject=str(card_id))
    return True


def not_sure(session: Session, church_id: UUID, card_id: UUID, *, actor: str) -> bool:
    """Notes that somebody looked and could not tell: the card stays as it is. False where nothing is asked any more.

    A transaction of the church.
    """
    card = lock(session, church_id, card_id)
    if card is None or card.status is not CardStatus.HELD or card.cause not in QUESTIONS:
        return False
    audit.record(session, church_id=church_id, actor=actor, action="card.not_sure", subject=str(card_id))
    return True


def _asks_about(card: LockedCard, contact_id: str) -> bool:
    return (
        card.status in {CardStatus.HELD, CardStatus.NEEDS_ATTENTION}
        and card.cause in QUESTIONS
        and contact_id in {card.facts.get("contact_id"), card.facts.get("other_id")}
    )


def _person(session: Session, church_id: UUID, card: LockedCard) -> str:
    """The person as deliveries remember it."""
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    written = session.scalars(
        select(CardRevision.fields).where(CardRevision.card_id == card.id, CardRevision.no == card.revision)
    ).one()
    # What a newer version wrote beside these is nothing that tells who somebody is.
    fields = read_known(written)
    addresses = read_addresses(fields, region)
    return person_key(Person(fields.first_name, fields.last_name, addresses.phone, addresses.email))
