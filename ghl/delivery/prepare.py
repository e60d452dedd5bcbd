"""From claimed rows to deliveries: each card with what is remembered of its person. A few queries for all."""

from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ghl.cards.fields import CardFields
from ghl.cards.fingerprint import person_key
from ghl.causes import CauseCode
from ghl.db.models import PersonDecision
from ghl.delivery.claim import ClaimedRow
from ghl.delivery.delivery import Delivery, Plan
from ghl.delivery.facts import DeliveryFacts
from ghl.delivery.outgoing import OutgoingCard, outgoing
from ghl.delivery.plan import Decision, KnownContact, LocationFacts, Resume, plan
from ghl.delivery.steps import Attention, Call, Outcome, Reply

KNOWN_FOR = timedelta(days=7)
"""After that a contact may have become another person's in GoHighLevel: who has the address is asked again."""

MOST_KNOWN = 10
"""Contacts remembered for one phone or e-mail; a family that shares a phone is smaller."""


def prepare(
    session: Session, facts: DeliveryFacts, rows: Sequence[ClaimedRow], *, lease_until: float
) -> list[Delivery]:
    """A delivery for each row, not started yet. `lease_until` is on the process's monotonic clock, in seconds."""
    known = _known(session, facts.location_id, rows)
    cards = {row.id: _outgoing(facts, row) for row in rows}
    people = {
        row_id: person_key(card.person) for row_id, card in cards.items() if isinstance(card, OutgoingCard)
    }
    decisions = _decisions(session, facts.location_id, set(people.values()))
    location = LocationFacts(facts.allow_duplicates, facts.region)
    deliveries = []
    for row in rows:
        card = cards[row.id]
        steps: Plan
        if isinstance(card, Attention):
            steps = _stays(card)
        else:
            remembered = [one for one in known if _shares(one, card)][:MOST_KNOWN]
            decided = decisions.get(people[row.id], {})
            steps = plan(card, remembered, location, decided, Resume(must_look_up=row.must_look_up))
        deliveries.append(Delivery(row, facts, steps, lease_until))
    return deliveries


def _outgoing(facts: DeliveryFacts, row: ClaimedRow) -> OutgoingCard | Attention:
    try:
        fields = CardFields.model_validate(row.fields)
    except ValidationError:
        # Written by a newer version, or by hand: one such card must not stop its church.
        return Attention(CauseCode.UNKNOWN)
    return outgoing(fields, facts.region, written_at=row.written_at)


def _stays(reason: Attention) -> Generator[Call, Reply, Outcome]:
    """The plan of a card that makes no call."""
    yield from ()
    return reason


def _shares(known: KnownContact, card: OutgoingCard) -> bool:
    return (card.phone is not None and known.phone == card.phone) or (
        card.email is not None and known.email == card.email
    )


def _known(session: Session, location_id: UUID, rows: Sequence[ClaimedRow]) -> list[KnownContact]:
    phones = sorted({row.phone for row in rows if row.phone})
    emails = sorted({row.email for row in rows if row.email})
    if not (phones or emails):
        return []
    values = {"location": location_id, "phones": phones, "emails": emails, "known_for": KNOWN_FOR}
    return [
        KnownContact(**link)
        for link in session.execute(KNOWN, values | {"most": MOST_KNOWN * len(rows)}).mappings()
    ]


KNOWN = text(
    """
    SELECT contact_id, newest_applied_at, first_name, last_name, phone, email, seen_at > now() - :known_for AS fresh
    FROM contact_links
    WHERE location_id = :location AND (phone = ANY(:phones) OR email = ANY(:emails))
    ORDER BY newest_applied_at DESC
    LIMIT :most
    """
)


def _decisions(session: Session, location_id: UUID, people: set[str]) -> dict[str, Mapping[str, Decision]]:
    """What people decided about these persons: by person, then by contact id."""
    decided: dict[str, dict[str, Decision]] = {}
    if people:
        rows = session.execute(
            select(PersonDecision.person, PersonDecision.contact_id, PersonDecision.verdict).where(
                PersonDecision.location_id == location_id, PersonDecision.person.in_(sorted(people))
            )
        )
        for person, contact_id, verdict in rows:
            decided.setdefault(person, {})[contact_id] = "same" if verdict == "same" else "different"
    return dict(decided)
