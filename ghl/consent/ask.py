"""May we text Anna? By card, by name, by phone or e-mail: by what is known here, and by what GoHighLevel said when it was
asked (`ghl.questions.may_we`). It only reads.

The same rule decides as before each send (`ghl.consent.may_send`), without its lock. The web has no token and no keys, so
what GoHighLevel has, and what people said who were erased since, is known here only once a worker brought it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
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
from ghl.consent.decide import gather, seen_there
from ghl.consent.lines import Pair, Said, said_once
from ghl.consent.may_send import Verdict, VerdictKind, may_send
from ghl.consent.reasons import Reason
from ghl.consent.recipient import Recipient, recipients
from ghl.consent.standing import Entry
from ghl.db.models import Card, CardRevision, Church, MessageTemplate
from ghl.questions.may_we import AskedThere
from ghl.statuses import Channel, Purpose

MOST_PEOPLE = 8
MOST_NAMES = 3
"""A family shares a phone; more of them than that say nothing to who reads."""

MOST_CARDS = 40
"""Cards that are looked at for that many people: somebody who comes often has many."""


There = Mapping[Channel, AskedThere]
"""What a worker brought about one person, by channel."""

NOT_ASKED: There = MappingProxyType({})


def is_yes(verdict: Verdict) -> bool:
    """Whether a message may leave, now or when the hours for texts begin."""
    return verdict.kind in {VerdictKind.YES, VerdictKind.LATER}


@dataclass(frozen=True, repr=False)
class Answer:
    """May we write to this address? `said` is the line of the log that it rests on, `brought` how far its stop is.

    `address` is None where the rule names nobody to write to. `child`: for whom the one with this address speaks.
    `purpose` is what is asked about; `others` are those of the church's messages for which the answer is another one.
    `there` is what GoHighLevel and the keys said about this very address; None where they were not asked. `lifted` is the
    last stop, and `lifted_by` what lifted it.
    """

    channel: Channel
    address: str | None
    verdict: Verdict
    said: Said | None = None
    brought: Brought | None = None
    child: str | None = None
    purpose: Purpose = Purpose.FOLLOW_UP
    others: Mapping[Purpose, Verdict] = field(default_factory=dict)
    there: AskedThere | None = None
    lifted: Said | None = None
    lifted_by: Said | None = None

    @property
    def yes(self) -> bool:
        """Whether it may be written to, now or when the hours for texts begin."""
        return is_yes(self.verdict)


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


def of_card(
    session: Session, church_id: UUID, card_id: UUID, *, there: There = NOT_ASKED, now: datetime
) -> Person | None:
    """The person of this card, as it stands now; None where the church has no such card."""
    row = session.execute(_CARD.where(Card.church_id == church_id, Card.id == card_id)).one_or_none()
    if row is None:
        return None
    return _person(session, church_id, row, there=there, now=now)


def of_number(
    session: Session, church_id: UUID, number: int, *, there: There = NOT_ASKED, now: datetime
) -> Person | None:
    """The same by the card's number."""
    row = session.execute(_CARD.where(Card.church_id == church_id, Card.number == number)).one_or_none()
    if row is None:
        return None
    return _person(session, church_id, row, there=there, now=now)


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
    session: Session,
    church_id: UUID,
    card_ids: Sequence[UUID],
    pair: Pair | None,
    *,
    there: Mapping[UUID, There] = MappingProxyType({}),
    now: datetime,
) -> tuple[Person, ...]:
    """The same people as they stand now, in the same order; those whose card is gone are left out."""
    found = [_nobody(session, church_id, pair, now=now)] if pair is not None else []
    for card_id in card_ids:
        known = there.get(card_id, NOT_ASKED)
        if (one := of_card(session, church_id, card_id, there=known, now=now)) is not None:
            found.append(one)
    return tuple(found)


def of_address(session: Session, church_id: UUID, channel: Channel, address: str, *, now: datetime) -> Answer:
    """What holds for the address alone, whoever has it."""
    return _answer(
        session, church_id, channel, Recipient(address, ""), card_id=None, about=(), there=None, now=now
    )


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


def _person(
    session: Session, church_id: UUID, row: Row[Any], *, there: There = NOT_ASKED, now: datetime
) -> Person:
    fields = read_known(row.fields)
    given = read_addresses(fields, row.region)
    whom: Mapping[Channel, Recipient | Reason]
    if read_whole(row.fields) is None:
        whom = dict.fromkeys(Channel, Reason.CARD_UNREADABLE)
    else:
        whom = recipients(fields, given, now=now)
    own = {Channel.SMS: given.phone, Channel.EMAIL: given.email}
    about = _purposes(session, church_id)
    answers = [
        _answer(
            session,
            church_id,
            channel,
            whom[channel],
            own=own[channel] or "",
            card_id=row.id,
            about=about.get(channel, ()),
            there=there.get(channel),
            now=now,
        )
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
    about: Sequence[Purpose],
    there: AskedThere | None,
    now: datetime,
) -> Answer:
    """`own` is the address of the card's person, for where nobody is to be written to: it may be stopped all the same.

    `about` is what the church's messages on this channel are about.
    """
    if isinstance(whom, Reason):
        if not own:
            return Answer(channel, None, Verdict(VerdictKind.NO, whom, facts={"channel": channel}))
        whom = Recipient(own, "")
    if there is not None and there.address != whom.address:
        # The card was corrected since: it is to be asked anew.
        there = None
    contact = there.contact if there is not None else None
    facts = gather(
        session,
        church_id,
        channel=channel,
        address=whom.address,
        card_id=card_id,
        contact=seen_there(contact, channel) if contact is not None else None,
        timezone=there.timezone if there is not None else None,
        erased=there.erased if there is not None else (),
        is_test=False,
        now=now,
    )

    def asked(purpose: Purpose) -> Verdict:
        return may_send(channel, whom.address, whom.person, purpose, now, facts=facts)

    first, *rest = about or (Purpose.FOLLOW_UP,)
    verdict = asked(first)
    others = {purpose: asked(purpose) for purpose in rest}

    def line(entry: Entry | None) -> Said | None:
        return said_once(session, church_id, entry.id) if entry is not None and entry.id else None

    return Answer(
        channel,
        whom.address,
        verdict,
        line(verdict.entry),
        child=whom.child,
        purpose=first,
        others={
            purpose: other
            for purpose, other in others.items()
            if (other.kind, other.reason) != (verdict.kind, verdict.reason)
        },
        there=there,
        lifted=line(verdict.lifted),
        lifted_by=line(verdict.lifted_by),
    )


def _purposes(session: Session, church_id: UUID) -> Mapping[Channel, tuple[Purpose, ...]]:
    """What the church's messages are about, by channel."""
    rows = session.execute(
        select(MessageTemplate.channel, MessageTemplate.purpose)
        .where(MessageTemplate.church_id == church_id, MessageTemplate.archived_at.is_(None))
        .distinct()
    ).all()
    used = {(row.channel, row.purpose) for row in rows}
    return {channel: tuple(one for one in Purpose if (channel, one) in used) for channel in Channel}


def _with(answer: Answer, told: Mapping[Pair, Brought]) -> Answer:
    """With how far its stop is in GoHighLevel, while one is in force."""
    found = told.get((answer.channel, answer.address)) if answer.address else None
    if found is None or answer.verdict.reason not in {Reason.STOPPED, Reason.SAID_NO, Reason.STILL_BLOCKED}:
        return answer
    return replace(answer, brought=found)


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
