"""From claimed rows to deliveries: each card with what is remembered of its person. A few queries for all."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ghl.cards.fingerprint import person_key
from ghl.cards.stored import read_whole
from ghl.causes import CauseCode
from ghl.db.models import PersonDecision
from ghl.delivery.claim import ClaimedRow
from ghl.delivery.delivery import Delivery, Plan
from ghl.delivery.facts import DeliveryFacts
from ghl.delivery.known import KnownContact, Past, Resume
from ghl.delivery.outgoing import OutgoingCard, outgoing
from ghl.delivery.plan import Decision, LocationFacts, plan
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
    pasts = _pasts(session, facts, rows, known)
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
            resume = Resume(row.must_look_up, pasts.get(row.id, Past()))
            steps = plan(card, remembered, location, decided, resume)
        deliveries.append(Delivery(facts, steps, lease_until, row=row))
    return deliveries


def _pasts(
    session: Session, facts: DeliveryFacts, rows: Sequence[ClaimedRow], known: Sequence[KnownContact]
) -> dict[int, Past]:
    """What cards said before and which contact they went into, by row, where there is such a past.

    A contact of another location is none of this one's.
    """
    contacts = {one.contact_id: one for one in known}
    pasts = {
        row.id: Past(own=contacts.get(row.contact_id), arrived=row.synced_revision is not None)
        for row in rows
        if row.contact_id
    }
    corrected = {row.card_id: row for row in rows if row.revision > 1}
    if not corrected:
        return pasts
    values = {"cards": list(corrected), "revisions": [row.revision for row in corrected.values()]}
    for card_id, fields, made in session.execute(EARLIER, values):
        row = corrected[card_id]
        said = _outgoing(facts, row, fields)
        if isinstance(said, OutgoingCard):
            past = pasts.get(row.id) or Past(arrived=row.synced_revision is not None)
            pasts[row.id] = replace(past, made=made, earlier=(*past.earlier, said))
    backed = _backed(session, facts.church_id, [(row, pasts[row.id]) for row in rows if row.id in pasts])
    return {row_id: replace(past, backed=backed.get(row_id, frozenset())) for row_id, past in pasts.items()}


def _outgoing(
    facts: DeliveryFacts, row: ClaimedRow, written: Mapping[str, Any] | None = None
) -> OutgoingCard | Attention:
    """The card as it goes, or as an earlier revision went."""
    fields = read_whole(row.fields if written is None else written)
    if fields is None:
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
    contacts = sorted({row.contact_id for row in rows if row.contact_id})
    if not (phones or emails or contacts):
        return []
    values = {
        "location": location_id,
        "phones": phones,
        "emails": emails,
        "contacts": contacts,
        "known_for": KNOWN_FOR,
    }
    return [
        KnownContact(**link)
        for link in session.execute(KNOWN, values | {"most": MOST_KNOWN * len(rows)}).mappings()
    ]


KNOWN = text(
    """
    SELECT contact_id, newest_applied_at, first_name, last_name, phone, email, seen_at > now() - :known_for AS fresh
    FROM contact_links
    WHERE location_id = :location AND (phone = ANY(:phones) OR email = ANY(:emails) OR contact_id = ANY(:contacts))
    ORDER BY contact_id = ANY(:contacts) DESC, newest_applied_at DESC
    LIMIT :most
    """
)

# The revisions that may stand in GoHighLevel: the one that is there for certain, and those tried since.
EARLIER = text(
    """
    SELECT c.id, e.fields, c.contact_id IS NOT NULL AND EXISTS (
        SELECT FROM attempts AS a WHERE a.card_id = c.id AND a.calls @> jsonb_build_array(
            jsonb_build_object('call', 'CreateContact', 'contact_id', c.contact_id))) AS made
    FROM unnest(CAST(:cards AS uuid[]), CAST(:revisions AS int[])) AS claimed(card_id, revision)
    JOIN cards AS c ON c.id = claimed.card_id
    JOIN card_revisions AS e ON e.card_id = c.id AND e.no < claimed.revision
    WHERE e.no = c.synced_revision
       OR (e.no > coalesce(c.synced_revision, 0) AND EXISTS (
            SELECT FROM attempts AS a
            WHERE a.card_id = c.id AND coalesce(a.revision, 1) = e.no
              AND a.outcome IS DISTINCT FROM 'not_sent' AND a.outcome IS DISTINCT FROM 'held'))
    ORDER BY c.id, e.no
    """
)

# Few cards are corrected after they arrived; their own addresses are looked for by the index of the lists.
BACKED = text(
    """
    SELECT DISTINCT mine.outbox_id, address
    FROM unnest(CAST(:outbox_ids AS bigint[]), CAST(:card_ids AS uuid[]), CAST(:contact_ids AS text[]),
                CAST(:addresses AS text[])) AS mine(outbox_id, card_id, contact_id, address)
    WHERE EXISTS (
        SELECT FROM cards AS c
        WHERE c.church_id = :church AND (c.phone = mine.address OR c.email = mine.address)
          AND c.contact_id = mine.contact_id AND c.id <> mine.card_id)
    """
)


def _backed(
    session: Session, church_id: UUID, pasts: Sequence[tuple[ClaimedRow, Past]]
) -> dict[int, frozenset[str]]:
    """Of each corrected row, the former addresses that other cards of its contact say too."""
    asked = [
        (row.id, row.card_id, past.own.contact_id, address)
        for row, past in pasts
        if past.own
        for address in {address for one in past.earlier for address in (one.phone, one.email) if address}
    ]
    if not asked:
        return {}
    outbox_ids, card_ids, contact_ids, addresses = (list(column) for column in zip(*asked, strict=True))
    values = {
        "church": church_id,
        "outbox_ids": outbox_ids,
        "card_ids": card_ids,
        "contact_ids": contact_ids,
        "addresses": addresses,
    }
    backed: dict[int, set[str]] = {}
    for outbox_id, address in session.execute(BACKED, values):
        backed.setdefault(outbox_id, set()).add(address)
    return {outbox_id: frozenset(found) for outbox_id, found in backed.items()}


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
