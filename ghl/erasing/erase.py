"""Carrying out a request to erase a person: everything of theirs in one transaction, or nothing.

It waits while a worker holds one of the cards, so that what comes of that try is known. Whatever still runs against
the cards afterwards finds no rows and changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from ghl import audit
from ghl.cards import drafts
from ghl.cards.addresses import read_addresses
from ghl.cards.email import EmailError, normal_email
from ghl.cards.fingerprint import person_key
from ghl.cards.person import Person, Verdict, plain_name, same_person
from ghl.cards.phone import PhoneError, e164
from ghl.cards.stored import read_known
from ghl.crypto import KeyRing, KeyRingError
from ghl.db.engine import Database
from ghl.db.models import (
    Card,
    CardDraft,
    CardImport,
    CardRevision,
    Church,
    ConsentAddress,
    ConsentDoubt,
    ConsentEvent,
    ContactLink,
    ContactRemoval,
    Erasure,
    Location,
    Message,
    Outbox,
    PersonDecision,
    Question,
)
from ghl.erasing import proofs, told
from ghl.ids import new_id
from ghl.statuses import Channel, ConsentKind

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 20
"""Requests of a church in one turn."""


@dataclass(frozen=True, repr=False)
class Traces:
    """By what the person is found elsewhere: every form in which their cards ever had them."""

    persons: frozenset[Person]
    card_ids: tuple[UUID, ...]
    contact_ids: frozenset[str]

    @property
    def phones(self) -> set[str]:
        """Their numbers, in E.164."""
        return {person.phone for person in self.persons if person.phone}

    @property
    def emails(self) -> set[str]:
        """Their e-mail addresses, in lower case."""
        return {person.email for person in self.persons if person.email}

    @property
    def names(self) -> set[str]:
        """Their whole names, as the log of consent has them. A card without a name names nobody."""
        return {
            f"{plain_name(person.first_name)} {plain_name(person.last_name)}".strip()
            for person in self.persons
        } - {""}


def churches_waiting(session: Session, *, most: int = 200) -> Sequence[UUID]:
    """Churches with requests that are not carried out yet. A system transaction."""
    return session.scalars(
        select(Erasure.church_id).where(Erasure.state == "waiting").distinct().limit(most)
    ).all()


def carry_out(database: Database, ring: KeyRing, church_id: UUID, *, now: datetime) -> int:
    """Carries out what can be carried out now; returns how many requests. The others wait for their worker."""
    with database.erasing(church_id) as session:
        waiting = session.scalars(
            select(Erasure.id)
            .where(Erasure.church_id == church_id, Erasure.state == "waiting")
            .order_by(Erasure.asked_at)
            .limit(MOST_AT_ONCE)
        ).all()
    done = 0
    for erasure_id in waiting:
        try:
            with database.erasing(church_id) as session:
                done += _carry_out(session, ring, church_id, erasure_id, now)
        except (SQLAlchemyError, KeyRingError) as error:
            # It stays asked, and keeps no later one waiting.
            log.warning(
                "erasure put off",
                church_id=str(church_id),
                erasure=str(erasure_id),
                error=type(error).__name__,
            )
    return done


def _carry_out(session: Session, ring: KeyRing, church_id: UUID, erasure_id: UUID, now: datetime) -> bool:
    request = session.scalars(
        select(Erasure)
        .where(Erasure.church_id == church_id, Erasure.id == erasure_id, Erasure.state == "waiting")
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if request is None:
        return False
    ids = [UUID(card_id) for card_id in request.card_ids]
    # Addresses before rows, as whoever sends or stops takes them.
    _addresses(session, church_id, _traces(session, church_id, ids))
    if _on_its_way(session, church_id, ids):
        return False
    traces = _traces(session, church_id, ids)
    # What GoHighLevel told of them and nobody has handled yet comes first: it may be a stop.
    if told.forget_events(
        session, church_id, phones=traces.phones, emails=traces.emails, contact_ids=traces.contact_ids
    ):
        return False
    contacts = shared = elsewhere = 0
    if request.contacts_too:
        others = _of_others(session, church_id, traces.contact_ids, ids)
        wanted = traces.contact_ids - others
        contacts = _remove_contacts(session, church_id, erasure_id, wanted)
        elsewhere = len(wanted) - contacts
        shared = len(others)
    went = {"cards": len(ids)} | take_away(session, ring, church_id, traces, now=now)
    if shared:
        went["shared_contacts"] = shared
    if elsewhere:
        went["contacts_elsewhere"] = elsewhere
    session.execute(
        update(Erasure)
        .where(Erasure.id == erasure_id)
        .values(state="done", done_at=now, went=went, card_ids=[])
        .execution_options(synchronize_session=False)
    )
    audit.record(
        session,
        church_id=church_id,
        actor=request.asked_by,
        action="person.erased",
        subject=str(erasure_id),
        facts=went | {"contacts": contacts},
    )
    log.info("person.erased", church_id=str(church_id), cards=len(ids))
    return True


def take_away(
    session: Session, ring: KeyRing, church_id: UUID, traces: Traces, *, now: datetime
) -> dict[str, int]:
    """Takes everything of the person away but the proofs of consent; counts it by name. An erasing transaction."""
    went = {
        "statements": _prove_consent(session, ring, church_id, traces, now),
        "drafts": _drafts(session, church_id, traces),
        "lists": _refused_rows(session, church_id, traces),
        "links": _links(session, church_id, traces),
        "replies": _doubts(session, church_id, traces),
    }
    told.take_away(
        session,
        church_id,
        phones=traces.phones,
        emails=traces.emails,
        contact_ids=traces.contact_ids,
    )
    _decisions(session, church_id, traces)
    _questions(session, church_id)
    _names_elsewhere(session, church_id, traces)
    values = {"church": church_id, "ids": [str(card_id) for card_id in traces.card_ids]}
    session.execute(FORGET_BODIES, values)
    _tests(session, church_id, traces)
    # Their revisions, prayers, notes, words, messages, tries, keys and rows in the queue go with them.
    session.execute(delete(Card).where(Card.church_id == church_id, Card.id.in_(traces.card_ids)))
    return {name: count for name, count in went.items() if count}


def _addresses(session: Session, church_id: UUID, traces: Traces) -> None:
    """Takes the person's addresses, and their rows away: who waits for one makes it anew.

    Where the request has to wait after all, nothing is lost: the rows hold nothing but the lock.
    """
    for channel, addresses in ((Channel.EMAIL, traces.emails), (Channel.SMS, traces.phones)):
        for address in sorted(addresses):
            session.execute(
                delete(ConsentAddress)
                .where(
                    ConsentAddress.church_id == church_id,
                    ConsentAddress.channel == channel,
                    ConsentAddress.address == address,
                )
                .execution_options(synchronize_session=False)
            )


def _doubts(session: Session, church_id: UUID, traces: Traces) -> int:
    """Replies that may be a stop, from their phone or e-mail or their contact: the words are theirs."""
    gone = session.execute(
        delete(ConsentDoubt)
        .where(
            ConsentDoubt.church_id == church_id,
            or_(
                (ConsentDoubt.channel == Channel.SMS) & ConsentDoubt.address.in_(traces.phones),
                (ConsentDoubt.channel == Channel.EMAIL) & ConsentDoubt.address.in_(traces.emails),
                ConsentDoubt.contact_id.in_(traces.contact_ids),
            ),
        )
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _tests(session: Session, church_id: UUID, traces: Traces) -> None:
    """Tests of messages that went to their phone or address: they hang on no card."""
    addresses = sorted(traces.phones | traces.emails)
    session.execute(
        delete(Message)
        .where(Message.church_id == church_id, Message.card_id.is_(None), Message.address.in_(addresses))
        .execution_options(synchronize_session=False)
    )


def _on_its_way(session: Session, church_id: UUID, ids: Collection[UUID]) -> bool:
    """Whether a worker holds one of the cards, or a message of one. All are locked from here on, as deliveries lock."""
    messages = select(Message.id).where(Message.church_id == church_id, Message.card_id.in_(ids))
    rows = session.execute(
        select(Outbox.state, (Outbox.leased_until < func.now()).label("over"))
        .where(Outbox.church_id == church_id, or_(Outbox.card_id.in_(ids), Outbox.message_id.in_(messages)))
        .order_by(Outbox.id)
        .with_for_update()
    ).all()
    return any(row.state == "leased" and not row.over for row in rows)


def _traces(session: Session, church_id: UUID, ids: Sequence[UUID]) -> Traces:
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    cards = session.execute(
        select(Card.first_name, Card.last_name, Card.phone, Card.email, Card.contact_id).where(
            Card.church_id == church_id, Card.id.in_(ids)
        )
    ).all()
    now = {Person(row.first_name, row.last_name, row.phone, row.email) for row in cards}
    persons = set(now)
    revisions = session.scalars(
        select(CardRevision.fields).where(CardRevision.church_id == church_id, CardRevision.card_id.in_(ids))
    )
    for stored in revisions:
        fields = read_known(stored)
        addresses = read_addresses(fields, region)
        before = Person(fields.first_name, fields.last_name, addresses.phone, addresses.email)
        # A card may have been typed as somebody else at first: what that person has elsewhere is not theirs.
        if any(same_person(before, one) is Verdict.SAME for one in now):
            persons.add(before)
    contact_ids = {row.contact_id for row in cards if row.contact_id}
    links = session.execute(
        select(
            ContactLink.contact_id,
            ContactLink.first_name,
            ContactLink.last_name,
            ContactLink.phone,
            ContactLink.email,
        ).where(
            ContactLink.church_id == church_id,
            or_(
                ContactLink.contact_id.in_(contact_ids),
                ContactLink.phone.in_({one.phone for one in persons if one.phone}),
                ContactLink.email.in_({one.email for one in persons if one.email}),
            ),
        )
    )
    shared = _of_others(session, church_id, contact_ids, ids)
    for row in links:
        contact = Person(row.first_name, row.last_name, row.phone, row.email)
        same = any(same_person(contact, one) is Verdict.SAME for one in persons)
        if same or row.contact_id in contact_ids - shared:
            contact_ids.add(row.contact_id)
            persons.add(contact)
    return Traces(frozenset(persons), tuple(ids), frozenset(contact_ids))


def _prove_consent(session: Session, ring: KeyRing, church_id: UUID, traces: Traces, now: datetime) -> int:
    """Statements become proofs. Of an address that others write too, only what this person said goes.

    And of that not what speaks for a card that stays: a stop counts for the address, whoever said it, and a no for
    everybody of that name (`ghl.cards.consent`). The last card with the address takes them along.
    """
    at_theirs = or_(
        (ConsentEvent.channel == "sms") & ConsentEvent.address.in_(traces.phones),
        (ConsentEvent.channel == "email") & ConsentEvent.address.in_(traces.emails),
    )
    found = session.execute(
        select(
            ConsentEvent.id,
            ConsentEvent.channel,
            ConsentEvent.address,
            ConsentEvent.person,
            ConsentEvent.kind,
        ).where(
            ConsentEvent.church_id == church_id,
            or_(
                ConsentEvent.card_id.in_(traces.card_ids),
                # What bears no name, a stop or START, was said by whoever has the phone.
                at_theirs
                & (
                    ConsentEvent.person.in_({*traces.names, ""})
                    | ConsentEvent.child.in_(traces.names)
                    | (ConsentEvent.kind == ConsentKind.STOP)
                ),
            ),
        )
    ).all()
    addresses = {
        (row.channel, row.address)
        for row in found
        if row.kind in {ConsentKind.STOP, ConsentKind.NO} or not row.person
    }
    names = _names_at(session, church_id, addresses, traces.card_ids)
    ids = [row.id for row in found if not _speaks_for_others(row, names.get((row.channel, row.address)))]
    gone = session.execute(
        delete(ConsentEvent)
        .where(ConsentEvent.id.in_(ids))
        .returning(*proofs.EVENT)
        .execution_options(synchronize_session=False)
    ).all()
    return proofs.keep(session, ring, church_id, sorted(gone, key=lambda row: row.id), now=now)


def _speaks_for_others(row: Row[*tuple[Any, ...]], names: Collection[str] | None) -> bool:
    """`names` are those on other cards with the address, None where there are none."""
    if names is None:
        return False
    if row.kind == ConsentKind.STOP or not row.person:
        return True
    return row.kind == ConsentKind.NO and row.person in names


def _names_at(
    session: Session, church_id: UUID, addresses: Collection[tuple[str, str]], card_ids: Collection[UUID]
) -> dict[tuple[str, str], set[str]]:
    """Who stands on other cards of the church with these addresses."""
    names: dict[tuple[str, str], set[str]] = {}
    for channel, column in (("sms", Card.phone), ("email", Card.email)):
        rows = session.execute(
            select(column.label("address"), Card.first_name, Card.last_name)
            .where(
                Card.church_id == church_id,
                column.in_([address for of, address in addresses if of == channel]),
                Card.id.not_in(card_ids),
            )
            .distinct()
        )
        for row in rows:
            name = f"{plain_name(row.first_name)} {plain_name(row.last_name)}".strip()
            names.setdefault((channel, row.address), set()).add(name)
    return names


def _drafts(session: Session, church_id: UUID, traces: Traces) -> int:
    """What is half typed about them: into their cards, and into new ones that give their phone or e-mail."""
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    places = {place(card_id) for card_id in traces.card_ids for place in OF_CARD}
    rows = session.execute(
        select(CardDraft.user_id, CardDraft.place, CardDraft.values).where(CardDraft.church_id == church_id)
    ).all()
    gone = [
        row for row in rows if row.place in places or _speaks_of(row.values.get("said", {}), traces, region)
    ]
    for row in gone:
        session.execute(
            delete(CardDraft).where(
                CardDraft.church_id == church_id,
                CardDraft.user_id == row.user_id,
                CardDraft.place == row.place,
            )
        )
    return len(gone)


OF_CARD = (drafts.place_of, drafts.correction_of, lambda card_id: f"note:{card_id}")


def _speaks_of(said: Mapping[str, object], traces: Traces, region: str) -> bool:
    phone, email = str(said.get("phone") or ""), str(said.get("email") or "")
    return _e164(phone, region) in traces.phones or _email(email) in traces.emails


def _refused_rows(session: Session, church_id: UUID, traces: Traces) -> int:
    """A file of refused rows in which they stand goes as a whole: it is a copy of what somebody has as a list."""
    rows = session.execute(
        select(CardImport.id, CardImport.refused_rows).where(
            CardImport.church_id == church_id, CardImport.refused_rows.is_not(None)
        )
    )
    gone = [
        row.id for row in rows if mentions(bytes(row.refused_rows).decode("utf-8-sig", "replace"), traces)
    ]
    session.execute(
        update(CardImport)
        .where(CardImport.id.in_(gone))
        .values(refused_rows=None, refused_until=None, refused_prays=False)
        .execution_options(synchronize_session=False)
    )
    return len(gone)


def mentions(written: str, traces: Traces) -> bool:
    """Whether a line of this text has their e-mail, their phone in any form, or their whole name."""
    digits = {phone.lstrip("+")[-10:] for phone in traces.phones}
    names = {
        (plain_name(person.first_name), plain_name(person.last_name))
        for person in traces.persons
        if person.first_name and person.last_name
    }
    for line in written.lower().splitlines():
        numbers = "".join(sign for sign in line if sign.isdigit())
        plain = plain_name(line)
        if (
            any(email in line for email in traces.emails)
            or any(number in numbers for number in digits)
            or any(first in plain and last in plain for first, last in names)
        ):
            return True
    return False


def _links(session: Session, church_id: UUID, traces: Traces) -> int:
    gone = session.execute(
        delete(ContactLink)
        .where(ContactLink.church_id == church_id, ContactLink.contact_id.in_(traces.contact_ids))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _decisions(session: Session, church_id: UUID, traces: Traces) -> None:
    session.execute(
        delete(PersonDecision)
        .where(
            PersonDecision.church_id == church_id,
            PersonDecision.person.in_({person_key(person) for person in traces.persons})
            | PersonDecision.contact_id.in_(traces.contact_ids),
        )
        .execution_options(synchronize_session=False)
    )


def _questions(session: Session, church_id: UUID) -> None:
    """What GoHighLevel answered pages within the last hour; who still looks asks again."""
    session.execute(
        delete(Question)
        .where(Question.church_id == church_id, Question.kind == "contact")
        .execution_options(synchronize_session=False)
    )


# Another person's card may ask whether it is this one: the name goes from the question, the question stays.
NAMES_ELSEWHERE = text(
    """
    UPDATE cards AS c
    SET facts = CASE WHEN c.facts ? 'before' AND c.facts -> 'before' ? 'facts'
                     THEN jsonb_set(f.facts, '{before,facts}', (c.facts #> '{before,facts}') - :names)
                     ELSE f.facts END
    FROM (SELECT id, facts - :names AS facts FROM cards
          WHERE church_id = :church AND status IN ('held', 'needs_attention', 'dismissed')
            AND (facts ->> 'contact_id' = ANY(:contacts) OR facts ->> 'other_id' = ANY(:contacts)
                 OR facts #>> '{before,facts,contact_id}' = ANY(:contacts)
                 OR facts #>> '{before,facts,other_id}' = ANY(:contacts))) AS f
    WHERE c.id = f.id
    """
).bindparams(
    bindparam("names", value=["contact_name", "other_name"], type_=ARRAY(Text)),
    bindparam("contacts", type_=ARRAY(Text)),
)


def _names_elsewhere(session: Session, church_id: UUID, traces: Traces) -> None:
    if traces.contact_ids:
        session.execute(NAMES_ELSEWHERE, {"church": church_id, "contacts": sorted(traces.contact_ids)})


# A program that sends the same request again gets the same answer as before, and makes no new card.
FORGET_BODIES = text(
    """
    UPDATE idempotency_keys SET body_hash = ''
    WHERE church_id = :church
      AND substring(answer ->> 'body' FROM '"id":"([0-9a-f-]{36})"') = ANY(CAST(:ids AS text[]))
    """
)


def _of_others(
    session: Session, church_id: UUID, contact_ids: Collection[str], card_ids: Collection[UUID]
) -> frozenset[str]:
    """Contacts that another person's card went into as well, because somebody decided so: those stay theirs."""
    found = session.scalars(
        select(Card.contact_id)
        .where(
            Card.church_id == church_id,
            Card.contact_id.in_(contact_ids),
            Card.id.not_in(card_ids),
        )
        .distinct()
    )
    return frozenset(contact_id for contact_id in found if contact_id)


def _within_reach(
    session: Session, church_id: UUID, location_id: UUID, contact_ids: Collection[str]
) -> set[str]:
    """Those of the location that the church is connected to; an id of one that it has left is nobody's there."""
    left = select(Location.id).where(Location.church_id == church_id, Location.id != location_id)
    if session.scalar(left.limit(1)) is None:
        return set(contact_ids)
    here = session.scalars(
        select(ContactLink.contact_id).where(
            ContactLink.location_id == location_id, ContactLink.contact_id.in_(contact_ids)
        )
    )
    return set(here)


def _remove_contacts(
    session: Session, church_id: UUID, erasure_id: UUID, contact_ids: Collection[str]
) -> int:
    """Files what is to go from GoHighLevel. Of a location that is no longer the church's nothing can go."""
    location_id = session.scalar(select(Location.id).where(Location.church_id == church_id, Location.active))
    if location_id is None:
        return 0
    contact_ids = _within_reach(session, church_id, location_id, contact_ids)
    if not contact_ids:
        return 0
    added = upsert(ContactRemoval).values(
        [
            {
                "id": new_id(),
                "church_id": church_id,
                "erasure_id": erasure_id,
                "location_id": location_id,
                "contact_id": contact_id,
                "state": "waiting",
            }
            for contact_id in sorted(contact_ids)
        ]
    )
    # One that was to go before, and is there again or still, is asked for anew.
    session.execute(
        added.on_conflict_do_update(
            index_elements=["location_id", "contact_id"],
            set_={
                "erasure_id": added.excluded.erasure_id,
                "state": added.excluded.state,
                "tries": 0,
                "due_at": func.now(),
                "cause": None,
                "question_id": None,
                "changed_at": func.now(),
            },
        )
    )
    return len(contact_ids)


def _e164(typed: str, region: str) -> str | None:
    try:
        return e164(typed, region) if typed else None
    except PhoneError:
        return None


def _email(typed: str) -> str | None:
    try:
        return normal_email(typed) if typed else None
    except EmailError:
        return None
