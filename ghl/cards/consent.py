"""What a card says about messages, as events for the log that is only ever added to. Pure; nothing is assumed.

A box left blank is not a no. Whether somebody may be written to is not decided here: the log says what was said.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

from ghl.cards.addresses import Addresses, read_addresses
from ghl.cards.fields import CardFields
from ghl.cards.person import plain_name
from ghl.statuses import CardSource, Channel, ConsentKind

CARD_PURPOSE = "follow-up"
"""What the words on a connect card are about: the visit, and what the church offers."""


CORRECTION = "correction"
"""The source of what staff changed on a card that is here already, whoever wrote it. It lifts no stop."""

OF_THE_PERSON = ("sms_consent", "email_consent", "consent_wording", "consent_at")
"""What only the person can say on the public form: whether they agree, to which words, and when."""


@dataclass(frozen=True, repr=False)
class Statement:
    """One person about messages to one address. `UNKNOWN` takes back what an earlier statement said.

    `ASKED`: the number was corrected, and nobody has said yet that it is the one on the card. `child`: for whom a
    guardian says it.
    """

    channel: Channel
    address: str
    person: str
    kind: ConsentKind
    child: str | None = None

    @property
    def stops(self) -> bool:
        """Whether it is a written no of the address. A guardian's no is about the child, not about their own phone."""
        return self.kind is ConsentKind.NO and self.child is None


@dataclass(frozen=True)
class Words:
    """The words that stood beside one box, and their version where the church keeps versions."""

    text: str
    version: str | None = None


@dataclass(frozen=True, repr=False)
class Origin:
    """Where statements come from: the card, its way in, and who wrote them down from where."""

    church_id: UUID
    card_id: UUID
    source: CardSource | str
    recorded_by: str
    recorded_at: datetime
    ip: str | None = None
    user_agent: str | None = None


def statements(fields: CardFields, addresses: Addresses) -> tuple[Statement, ...]:
    """What the card says, for each address that can be written to."""
    said = (
        (Channel.SMS, addresses.phone, fields.sms_consent),
        (Channel.EMAIL, addresses.email, fields.email_consent),
    )
    person = f"{plain_name(fields.first_name)} {plain_name(fields.last_name)}".strip()
    return tuple(
        Statement(channel, address, person, ConsentKind.YES if yes else ConsentKind.NO)
        for channel, address, yes in said
        if address and yes is not None
    ) + _of_guardian(fields, addresses, person)


def _of_guardian(fields: CardFields, addresses: Addresses, child: str) -> tuple[Statement, ...]:
    """What a parent or guardian says to texts about the child. Their yes is to what the box says, so it needs the box."""
    if addresses.guardian is None or fields.guardian_consent is None:
        return ()
    if fields.guardian_consent and not fields.sms_consent:
        return ()
    kind = ConsentKind.YES if fields.guardian_consent else ConsentKind.NO
    return (Statement(Channel.SMS, addresses.guardian, plain_name(fields.guardian_name), kind, child),)


def corrected(old: tuple[Statement, ...], new: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """What a correction adds to the log: first what it takes back, then what it says now.

    The same answer for the same address and person is never said again, so its date stays that of the signature.
    A yes for an address or a name that was wrong is taken back. A no is only taken back where the card answers
    no longer: one for a wrong address does no harm.
    """
    now = {_about(one): one for one in new}
    answered = {one.channel for one in new}
    back = tuple(
        Statement(one.channel, one.address, one.person, ConsentKind.UNKNOWN)
        for one in old
        if _about(one) not in now and (one.kind is ConsentKind.YES or one.channel not in answered)
    )
    return back + tuple(one for one in new if one not in old)


@dataclass(frozen=True, repr=False)
class Logged:
    """What stands in the log already: which card said it, if one did, and when it was written down."""

    said: Statement
    card_id: UUID | None
    recorded_at: datetime


def unopposed(
    said: tuple[Statement, ...], log: Sequence[Logged], *, card_id: UUID, received_at: datetime
) -> tuple[Statement, ...]:
    """What of a correction may go into the log, whose newest entry counts. `log` is in its order.

    What somebody writes about a card never beats what the person said after handing it in: no yes, and nothing
    taken back, after a later stop for this address, or a later no of this person. And what another card says as
    well stays said.
    """
    return tuple(
        one
        for one in said
        if one.kind is ConsentKind.NO
        or not (
            _opposed(one, log, card_id, received_at)
            or (one.kind is ConsentKind.UNKNOWN and _said_elsewhere(one, log, card_id))
        )
    )


def _opposed(one: Statement, log: Sequence[Logged], card_id: UUID, received_at: datetime) -> bool:
    return any(
        entry.card_id != card_id
        and entry.recorded_at > received_at
        and (entry.said.channel, entry.said.address) == (one.channel, one.address)
        and (
            entry.said.kind is ConsentKind.STOP
            or (entry.said.kind is ConsentKind.NO and entry.said.person == one.person)
        )
        for entry in log
    )


def _said_elsewhere(one: Statement, log: Sequence[Logged], card_id: UUID) -> bool:
    """Whether another card still says of this address and person what is to be taken back."""
    last = {entry.card_id: entry.said.kind for entry in log if _about(entry.said) == _about(one)}
    own = last.pop(card_id, None)
    return own is not None and own in last.values()


def unchecked(
    said: tuple[Statement, ...], log: Sequence[Logged], came: Addresses, *, card_id: UUID
) -> tuple[Statement, ...]:
    """What of a correction may go into the log before somebody has said that the new number is the one on the card.

    A yes counts for the numbers with which the card came, and for those that were looked up on it already.
    """
    looked_up = {
        entry.said.address for entry in log if entry.card_id == card_id and entry.said.kind is ConsentKind.YES
    }
    known = {came.phone, came.guardian} | looked_up
    return tuple(
        replace(one, kind=ConsentKind.ASKED)
        if one.channel is Channel.SMS and one.kind is ConsentKind.YES and one.address not in known
        else one
        for one in said
    )


def new_numbers(source: CardSource, before: CardFields, after: CardFields, region: str) -> tuple[str, ...]:
    """The numbers that this change brings to a yes for texts: *Is this the number on the card?* is asked of them.

    On a card of the public form nobody is asked: a yes is only for the number that the person wrote themselves.
    """
    if source is CardSource.FORM:
        return ()
    there, now = read_addresses(before, region), read_addresses(after, region)
    return tuple(
        one.address
        for one in statements(after, now)
        if one.channel is Channel.SMS
        and one.kind is ConsentKind.YES
        and one.address not in {there.phone, there.guardian}
    )


def own(
    said: tuple[Statement, ...], came: tuple[Statement, ...], source: CardSource
) -> tuple[Statement, ...]:
    """What of a correction may go into the log: on a card of the public form, no yes but the person's own.

    That yes is for the phone and the e-mail that they wrote themselves; a number that staff write has none.
    """
    if source is not CardSource.FORM:
        return said
    agreed = {(one.channel, one.address) for one in came if one.kind is ConsentKind.YES}
    return tuple(
        one for one in said if one.kind is not ConsentKind.YES or (one.channel, one.address) in agreed
    )


def refused(source: CardSource, old: CardFields, new: CardFields, came: CardFields) -> tuple[str, ...]:
    """The fields in which a correction says for the person what only they can say; to take a yes back is free."""
    if source is not CardSource.FORM:
        return ()
    return tuple(
        name
        for name in OF_THE_PERSON
        if (value := getattr(new, name)) not in (getattr(old, name), getattr(came, name))
        and value not in (None, False)
    )


def event(
    statement: Statement, fields: CardFields, origin: Origin, *, words: Words | None = None
) -> dict[str, Any]:
    """The row of the log. What is taken back, or only asked, has no words and no signature.

    `words` are those of this channel's own box; else the one text that the card gives for all of them counts.
    """
    withdrawn = statement.kind in {ConsentKind.UNKNOWN, ConsentKind.ASKED}
    shown = words or Words(fields.consent_wording)
    wording = None if withdrawn else shown.text or None
    signed = None if withdrawn else fields.consent_at or fields.visit_date
    return {
        "church_id": origin.church_id,
        "channel": statement.channel,
        "address": statement.address,
        "person": statement.person,
        "kind": statement.kind,
        "purpose": CARD_PURPOSE,
        "wording": wording,
        "wording_hash": wording_hash(wording) if wording else None,
        "wording_version": shown.version if wording else None,
        "source": origin.source,
        "recorded_by": origin.recorded_by,
        "card_id": origin.card_id,
        "signed_at": datetime.combine(signed, time.min, UTC) if signed else None,
        "recorded_at": origin.recorded_at,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "child": statement.child,
    }


def wording_hash(wording: str) -> bytes:
    """The hash by which the proof of consent outlives an erased person."""
    return hashlib.sha256(wording.encode()).digest()


def _about(one: Statement) -> tuple[str, str, str, str | None]:
    return (one.channel, one.address, one.person, one.child)
