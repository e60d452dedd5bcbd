"""May we text Anna? What is known here, before GoHighLevel is asked: by card, by name, by phone or e-mail. It only reads.

The same rule decides as before each send (`ghl.consent.may_send`), without its lock. The web has no keys, so what people
said who were erased since is not known here; before a send it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from ghl.cards.addresses import Addresses, read_addresses
from ghl.cards.email import EmailError, normal_email
from ghl.cards.fields import CardFields
from ghl.cards.find import CardFilter, find
from ghl.cards.person import plain_name
from ghl.cards.phone import PhoneError, e164
from ghl.cards.stored import read_known, read_whole
from ghl.consent.brought import Brought, brought
from ghl.consent.decide import gather
from ghl.consent.lines import Pair, Said, said_once
from ghl.consent.may_send import Verdict, VerdictKind, may_send
from ghl.consent.reasons import Reason
from ghl.consent.recipient import Recipient, recipients
from ghl.db.models import Card, CardRevision, Church
from ghl.statuses import Channel, Purpose

MOST_PEOPLE = 8
MOST_NAMES = 3
"""A family shares a phone; more of them than that say nothing to who reads."""

MOST_CARDS = 40
"""Cards that are looked at for that many people: somebody who comes often has many."""


@dataclass(frozen=True, repr=False)
class Answer:
    """May we write to this address? `said` is the line of the log that it rests on, `brought` how far its stop is.

    `address` is None where the rule names nobody to write to. `child`: for whom the one with this address speaks.
    """

    channel: Channel
    address: str | None
    verdict: Verdict
    said: Said | None = None
    brought: Brought | None = None
    child: str | None = None

    @property
    def yes(self) -> bool:
        """Whether it may be written to, now or when the hours for texts begin."""
        return self.verdict.kind in {VerdictKind.YES, VerdictKind.LATER}


@dataclass(frozen=True, repr=False)
class Person:
    """Somebody as their newest card has them; an address that no card has stands for itself, without a `number`."""

    name: str
    first_name: str
    number: int | None
    card_id: UUID | None
    answers: tuple[Answer, ...]
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, repr=False)
class Found:
    """Who was found, those with the newest card first; `more`: there are others."""

    people: tuple[Person, ...] = ()
    more: bool = False


def of_card(session: Session, church_id: UUID, card_id: UUID, *, now: datetime) -> Person | None:
    """The person of this card, as it stands now; None where the church has no such card."""
    row = session.execute(_CARD.where(Card.church_id == church_id, Card.id == card_id)).one_or_none()
    if row is None:
        return None
    return _person(session, church_id, row, now=now)


def of_number(session: Session, church_id: UUID, number: int, *, now: datetime) -> Person | None:
    """The same by the card's number."""
    row = session.execute(_CARD.where(Card.church_id == church_id, Card.number == number)).one_or_none()
    if row is None:
        return None
    return _person(session, church_id, row, now=now)


def people(session: Session, church_id: UUID, words: str, *, now: datetime) -> Found:
    """Who these words mean: a name, a phone number, an e-mail address or a card's number."""
    if not words.strip():
        return Found()
    page = find(session, church_id, CardFilter(words=words), limit=MOST_CARDS)
    rows = {row.id: row for row in session.execute(_CARD.where(Card.id.in_(page.ids)))} if page.ids else {}
    newest: dict[tuple[str, str | None, str | None], UUID] = {}
    for card_id in page.ids:
        row = rows[card_id]
        fields = read_known(row.fields)
        given = read_addresses(fields, row.region)
        newest.setdefault((_plain(fields), given.phone, given.email), card_id)
    found = [
        _person(session, church_id, row, now=now)
        for row in (rows[card_id] for card_id in list(newest.values())[:MOST_PEOPLE])
    ]
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    pair = _pair(words, region)
    if pair is not None and all(pair not in one.pairs for one in found):
        found.insert(0, _nobody(session, church_id, pair, now=now))
    return Found(tuple(found), more=page.more or len(newest) > MOST_PEOPLE)


def again(
    session: Session, church_id: UUID, card_ids: Sequence[UUID], pair: Pair | None, *, now: datetime
) -> tuple[Person, ...]:
    """The same people as they stand now, in the same order; those whose card is gone are left out."""
    found = [_nobody(session, church_id, pair, now=now)] if pair is not None else []
    found += [one for one in (of_card(session, church_id, card_id, now=now) for card_id in card_ids) if one]
    return tuple(found)


def of_address(session: Session, church_id: UUID, channel: Channel, address: str, *, now: datetime) -> Answer:
    """What holds for the address alone, whoever has it."""
    return _answer(session, church_id, channel, Recipient(address, ""), card_id=None, now=now)


def names_at(session: Session, church_id: UUID, channel: Channel, address: str) -> tuple[str, ...]:
    """Whose address this is by the cards that have it as their own, the newest first; a few of those who share it."""
    page = find(session, church_id, CardFilter(words=address), limit=MOST_CARDS)
    rows = {row.id: row for row in session.execute(_CARD.where(Card.id.in_(page.ids)))} if page.ids else {}
    names: dict[str, str] = {}
    for card_id in page.ids:
        fields = read_known(rows[card_id].fields)
        given = read_addresses(fields, rows[card_id].region)
        name = f"{fields.first_name} {fields.last_name}".strip()
        if name and address == (given.phone if channel is Channel.SMS else given.email):
            names.setdefault(_plain(fields), name)
    return tuple(names.values())[:MOST_NAMES]


_CARD = (
    select(Card.id, Card.number, CardRevision.fields, Church.region)
    .join(CardRevision, (CardRevision.card_id == Card.id) & (CardRevision.no == Card.revision))
    .join(Church, Church.id == Card.church_id)
)


def _person(session: Session, church_id: UUID, row: Row[Any], *, now: datetime) -> Person:
    fields = read_known(row.fields)
    given = read_addresses(fields, row.region)
    whom: Mapping[Channel, Recipient | Reason]
    if read_whole(row.fields) is None:
        whom = dict.fromkeys(Channel, Reason.CARD_UNREADABLE)
    else:
        whom = recipients(fields, given, now=now)
    own = {Channel.SMS: given.phone, Channel.EMAIL: given.email}
    answers = [
        _answer(session, church_id, channel, whom[channel], own=own[channel] or "", card_id=row.id, now=now)
        for channel in Channel
        if channel in whom
    ]
    pairs = {*_pairs(given), *((one.channel, one.address) for one in answers if one.address)}
    told = brought(session, church_id, pairs)
    return Person(
        f"{fields.first_name} {fields.last_name}".strip(),
        fields.first_name or fields.last_name,
        row.number,
        row.id,
        tuple(_with(one, told) for one in answers),
        tuple(sorted(pairs)),
    )


def _nobody(session: Session, church_id: UUID, pair: Pair, *, now: datetime) -> Person:
    answer = of_address(session, church_id, *pair, now=now)
    return Person("", "", None, None, (_with(answer, brought(session, church_id, [pair])),), (pair,))


def _answer(
    session: Session,
    church_id: UUID,
    channel: Channel,
    whom: Recipient | Reason,
    *,
    own: str = "",
    card_id: UUID | None,
    now: datetime,
) -> Answer:
    """`own` is the address of the card's person, for where nobody is to be written to: it may be stopped all the same."""
    if isinstance(whom, Reason):
        if not own:
            return Answer(channel, None, Verdict(VerdictKind.NO, whom, facts={"channel": channel}))
        whom = Recipient(own, "")
    facts = gather(
        session,
        None,
        church_id,
        channel=channel,
        address=whom.address,
        card_id=card_id,
        contact=None,
        is_test=False,
        now=now,
    )
    verdict = may_send(channel, whom.address, whom.person, Purpose.FOLLOW_UP, now, facts=facts)
    entry = verdict.entry
    said = said_once(session, church_id, entry.id) if entry is not None and entry.id else None
    return Answer(channel, whom.address, verdict, said, child=whom.child)


def _with(answer: Answer, told: Mapping[Pair, Brought]) -> Answer:
    """With how far its stop is in GoHighLevel, while one is in force."""
    found = told.get((answer.channel, answer.address)) if answer.address else None
    if found is None or answer.verdict.reason not in {Reason.STOPPED, Reason.SAID_NO, Reason.STILL_BLOCKED}:
        return answer
    return Answer(answer.channel, answer.address, answer.verdict, answer.said, found, answer.child)


def _pairs(given: Addresses) -> set[Pair]:
    found = ((Channel.SMS, given.phone), (Channel.SMS, given.guardian), (Channel.EMAIL, given.email))
    return {(channel, address) for channel, address in found if address}


def _pair(words: str, region: str) -> Pair | None:
    """The one address that somebody typed, where it is one."""
    if "@" in words:
        try:
            return Channel.EMAIL, normal_email(words.strip())
        except EmailError:
            return None
    try:
        return Channel.SMS, e164(words.strip(), region)
    except PhoneError:
        return None


def _plain(fields: CardFields) -> str:
    return f"{plain_name(fields.first_name)} {plain_name(fields.last_name)}".strip()
