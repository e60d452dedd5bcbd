"""Mending the fields that a cause names, checked as the sender would, and the card on its way again.

Nothing else of the card can be changed here, least of all what somebody said about messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards import consent
from ghl.cards.addresses import read_addresses
from ghl.cards.correct import Change, Corrected, changes_between, correct
from ghl.cards.fields import LENGTHS, CardFields, ParsedCard
from ghl.cards.phone import shown
from ghl.cards.values import ValueProblemError, read_text
from ghl.causes import CauseCode, sentence, to_be_mended
from ghl.db.models import Card, CardRevision, Church
from ghl.statuses import CardSource, CardStatus


class MendError(ValueError):
    """The card cannot be mended like this; the message says why in one sentence. It may hold what was typed."""


@dataclass(frozen=True)
class ToMend:
    """A card with what is to be mended. `facts` go with its cause."""

    card_id: UUID
    number: int
    cause: str
    revision: int
    region: str
    source: CardSource
    facts: Mapping[str, str] = field(repr=False)
    card: CardFields = field(repr=False)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that may be changed, the wrong one first."""
        return to_be_mended(self.cause)

    @property
    def values(self) -> Mapping[str, str]:
        """What stands in them."""
        return {name: str(getattr(self.card, name)) for name in self.fields}


@dataclass(frozen=True)
class Looked:
    """What would be saved: the changes, and the problem that keeps the card from going, in words; empty: it goes.

    `sent` is how each address would go out, where it differs from what was typed. `asks`: the numbers for which a yes
    to texts counts only once somebody has said that they stand on the card.
    """

    changes: tuple[Change, ...] = field(default=(), repr=False)
    problem: str = field(default="", repr=False)
    sent: Mapping[str, str] = field(default_factory=dict, repr=False)
    asks: tuple[str, ...] = field(default=(), repr=False)

    @property
    def good(self) -> bool:
        """Whether it may be saved and sent."""
        return bool(self.changes) and not self.problem


def to_mend(session: Session, church_id: UUID, card_id: UUID) -> ToMend | None:
    """The card as it stands, if it waits for a person because of a field. A church's transaction."""
    row = session.execute(
        select(
            Card.number,
            Card.cause,
            Card.facts,
            Card.revision,
            Card.source,
            CardRevision.fields,
            Church.region,
        )
        .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
        .join(Church, Church.id == Card.church_id)
        .where(Card.church_id == church_id, Card.id == card_id, Card.status == CardStatus.NEEDS_ATTENTION)
    ).one_or_none()
    if row is None or not to_be_mended(row.cause):
        return None
    try:
        card = CardFields.model_validate(row.fields)
    except ValidationError:
        # Written by a newer version of the hub, which alone can correct it.
        return None
    return ToMend(
        card_id, row.number, row.cause, row.revision, row.region, CardSource(row.source), row.facts, card
    )


def where_it_went(session: Session, church_id: UUID, card_id: UUID) -> CardStatus | None:
    """Where a card stands that no longer waits to be mended; None where it is gone. A church's transaction."""
    status = session.scalar(select(Card.status).where(Card.church_id == church_id, Card.id == card_id))
    return None if status is None else CardStatus(status)


def look(found: ToMend, typed: Mapping[str, str]) -> Looked:
    """What would be saved of what was typed, checked as the sender does. Pure."""
    try:
        after = _after(found, typed)
    except MendError as error:
        return Looked(problem=str(error))
    changes = changes_between(found.card, after)
    addresses = read_addresses(after, found.region)
    problem = sentence(addresses.cause, addresses.facts) if addresses.cause else ""
    if not changes and not problem:
        problem = "It is still as it was. Change it, or retry the card as it is."
    if found.cause == CauseCode.NO_ADDRESS_OF_ITS_OWN and not problem:
        problem = _not_their_own(found, after)
    going = {
        "phone": shown(addresses.phone, found.region) if addresses.phone else "",
        "email": addresses.email or "",
    }
    sent = {
        change.field: going[change.field]
        for change in changes
        if going.get(change.field) and going[change.field] != change.new
    }
    return Looked(changes, problem, sent, consent.new_numbers(found.source, found.card, after, found.region))


def mend(
    session: Session,
    church_id: UUID,
    card_id: UUID,
    typed: Mapping[str, str],
    *,
    revision: int,
    actor: str,
    now: datetime,
    on_the_card: bool = False,
) -> Corrected | None:
    """Saves a new revision with these fields and lets the card go; None where it waits for that no longer.

    `revision` is the one that was shown, `on_the_card` as for `correct`. Raises `MendError` where it would only come back, and the errors of
    `correct`. A church's transaction.
    """
    found = to_mend(session, church_id, card_id)
    if found is None:
        return None
    looked = look(found, typed)
    if not looked.good:
        raise MendError(looked.problem)
    saved = correct(
        session,
        church_id,
        card_id,
        ParsedCard(_after(found, typed)),
        base_revision=revision,
        actor=actor,
        now=now,
        on_the_card=on_the_card,
    )
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="card.mended",
        subject=str(card_id),
        facts={"cause": found.cause, "fields": [change.field for change in looked.changes]},
    )
    return saved


def _after(found: ToMend, typed: Mapping[str, str]) -> CardFields:
    """The card with what was typed; of other fields nothing is taken. Raises `MendError`."""
    changed: dict[str, str] = {}
    for name in found.fields:
        if name not in typed:
            continue
        try:
            changed[name] = read_text(typed[name], most=LENGTHS[name], lines=False)
        except ValueProblemError as error:
            raise MendError(error.message) from None
    return CardFields.model_validate(found.card.model_dump() | changed)


def _not_their_own(found: ToMend, after: CardFields) -> str:
    """The card needs an address that it did not have before: the old one is somebody else's."""
    before, now = read_addresses(found.card, found.region), read_addresses(after, found.region)
    new = {now.phone, now.email} - {before.phone, before.email, None}
    return "" if new else "Add a phone number or an e-mail address of their own."
