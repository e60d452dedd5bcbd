"""Correcting a card: a new revision beside the old ones, what it says about consent, and its way to GoHighLevel again.

The fingerprint stays that of the card as it came in: the same list imported again brings the same card, and must
not bring back beside it what somebody corrected.
"""

import dataclasses
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards import consent
from ghl.cards.addresses import Addresses, read_addresses
from ghl.cards.digest import SALT_BYTES, digest
from ghl.cards.fields import CardFields, ParsedCard
from ghl.cards.queueing import LockedCard, lock, put, requeue
from ghl.cards.save import listed
from ghl.cards.stored import read_whole
from ghl.causes import CauseCode
from ghl.consent.reasons import Reason
from ghl.consent.said import OnItsWay, lock_statements, write
from ghl.db.models import Card, CardRevision, Church, ConsentEvent, Outbox, PrayerRequest
from ghl.messages.let_go import let_go
from ghl.statuses import CardStatus, Channel, ConsentKind

PRAYER = "prayer_request"


@dataclass(frozen=True)
class Change:
    """One field before and after, in words for people; one of the church's own questions is its own field."""

    field: str
    old: str = dataclasses.field(repr=False)
    new: str = dataclasses.field(repr=False)


@dataclass(frozen=True)
class Corrected:
    """Where the card stands after the correction. `changes` leaves out the prayer request, which few may read.

    `on_its_way`: messages that a written no came too late for. `number_asked`: texts to the new number are held until
    somebody has said that it is the one on the card (`confirm_number`).
    """

    revision: int
    status: CardStatus
    changes: tuple[Change, ...] = ()
    cause: str | None = None
    facts: dict[str, Any] = dataclasses.field(default_factory=dict, repr=False)
    prayer_changed: bool = False
    on_its_way: tuple[OnItsWay, ...] = ()
    number_asked: bool = False


class CorrectionError(ValueError):
    """The card cannot be corrected; the message says why in one sentence."""


class CardMissingError(CorrectionError):
    """The church has no such card."""

    def __init__(self) -> None:
        super().__init__("There is no such card.")


class PrayerChangedError(CorrectionError):
    """Somebody else changed the prayer request meanwhile."""

    def __init__(self) -> None:
        super().__init__("Somebody else changed the prayer request meanwhile. Read it again before you save.")


class ConsentSealedError(CorrectionError):
    """A correction would say for somebody what only they can say."""

    def __init__(self) -> None:
        super().__init__("Only the person can say yes: by the form, or on a new card. Nothing was saved.")


class CardChangedError(CorrectionError):
    """Somebody else saved another revision meanwhile: `revision` is the newest."""

    def __init__(self, revision: int) -> None:
        super().__init__("Somebody else corrected this card meanwhile. Look at it again before you save.")
        self.revision = revision


def correct(
    session: Session,
    church_id: UUID,
    card_id: UUID,
    parsed: ParsedCard,
    *,
    base_revision: int,
    actor: str,
    now: datetime,
    release: bool = False,
    keep_prayer: bool = True,
    prayer_was: str | None = None,
    on_the_card: bool = False,
) -> Corrected:
    """Saves what the card says now, and returns where it stands. A transaction of the church.

    A card in *To review* stays there unless `release` says that it was reviewed; one that was set aside, or that
    staff keep back, stays so; every other one goes out again, into the contact it went into before. Saving what is
    written there already changes nothing, so a second click does no harm. `base_revision` is the one that was
    shown when the correction began. The prayer request is only touched without `keep_prayer`;
    `prayer_was` is what stood there when it was read, where that is known.
    A yes to texts does not go along to a new number: *Is this the number on the card?* `on_the_card` answers it; until
    somebody does (`confirm_number`), texts to it are held.
    What people said on the public form about messages stays theirs: it can be taken back, and no yes be added.
    Raises `CardMissingError`, `ConsentSealedError`, and `CardChangedError` or `PrayerChangedError` where others saved
    something else meanwhile.
    """
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    # Addresses first, then the card: whoever sends or stops takes them in this order too.
    _lock_addresses(session, church_id, card_id, parsed.fields, region)
    card = lock(session, church_id, card_id)
    if card is None:
        raise CardMissingError
    before = _Written.of(_revision(session, card, card.revision), region)
    after = _Written.of(parsed.fields, region)
    names = _field_names(before.fields, after.fields)
    prayer = not keep_prayer and _prayer_differs(session, card_id, parsed.prayer_request)
    if (names or prayer) and base_revision != card.revision:
        raise CardChangedError(card.revision)
    if prayer and prayer_was is not None and _prayer_differs(session, card_id, prayer_was):
        raise PrayerChangedError
    came = _Written.of(_revision(session, card, 1), region)
    if consent.refused(card.source, before.fields, after.fields, came.fields):
        raise ConsentSealedError
    desk = _Desk(session, church_id, card, actor, now)
    revision = card.revision + bool(names or prayer)
    told: dict[str, object] = {}
    left: tuple[OnItsWay, ...] = ()
    asked = False
    if names or prayer:
        # A changed prayer request is a revision too, with the same fields: who changes it as well has to notice.
        told["digest"] = desk.add_revision(after, salt=secrets.token_bytes(SALT_BYTES))
    if names:
        left, asked = desk.add_consent(before, after, came, on_the_card=on_the_card)
    if prayer:
        desk.replace_prayer(parsed.prayer_request)
    if names or prayer:
        fields = [*names, *([PRAYER] if prayer else [])]
        desk.record("card.corrected", fields=fields, revision=revision, **told)
    status, cause, facts = desk.move(after.addresses, changed=bool(names), release=release)
    changes = changes_between(before.fields, after.fields)
    return Corrected(revision, status, changes, cause, facts, prayer, left, asked)


def confirm_number(
    session: Session, church_id: UUID, card_id: UUID, *, actor: str, now: datetime
) -> int | None:
    """Somebody looked: the corrected number is the one on the card, and its yes counts. A transaction of the church.

    Returns how many messages go on that were held for it; None where there was nothing to ask, or where the person said
    stop meanwhile.
    """
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    _lock_addresses(session, church_id, card_id, None, region)
    card = lock(session, church_id, card_id)
    if card is None:
        raise CardMissingError
    desk = _Desk(session, church_id, card, actor, now)
    came = _Written.of(_revision(session, card, 1), region)
    added = desk.confirm(_Written.of(_revision(session, card, card.revision), region), came)
    if not added:
        return None
    desk.record("card.number_confirmed", revision=card.revision)
    return sum(
        let_go(session, church_id, one.channel, one.address, cause=Reason.NUMBER_UNCHECKED, now=now)
        for one in added
    )


def _lock_addresses(
    session: Session, church_id: UUID, card_id: UUID, fields: CardFields | None, region: str
) -> None:
    """Takes the addresses about which the card says something, now and with these fields."""
    stored = session.scalar(
        select(CardRevision.fields)
        .join(Card, (Card.id == CardRevision.card_id) & (Card.revision == CardRevision.no))
        .where(Card.church_id == church_id, Card.id == card_id)
    )
    if stored is None:
        return
    said = [
        one
        for written in (read_whole(stored), fields)
        if written is not None
        for one in consent.statements(written, read_addresses(written, region))
    ]
    lock_statements(session, church_id, said)


def _is_asked(one: consent.Statement, log: Sequence[consent.Logged], card_id: UUID) -> bool:
    """Whether the last that the card says of this number is a question."""
    last = [
        entry.said.kind
        for entry in log
        if entry.card_id == card_id
        and (entry.said.channel, entry.said.address, entry.said.person, entry.said.child)
        == (one.channel, one.address, one.person, one.child)
    ]
    return bool(last) and last[-1] is ConsentKind.ASKED


def changes_between(old: CardFields, new: CardFields) -> tuple[Change, ...]:
    """What differs, in the order of the card's fields, the church's own questions last."""
    changes = [
        Change(name, _said(getattr(old, name)), _said(getattr(new, name)))
        for name in _field_names(old, new)
        if name != "custom_answers"
    ]
    before, after = old.custom_answers, new.custom_answers
    changes += [
        Change(question, before.get(question, ""), after.get(question, ""))
        for question in dict.fromkeys((*before, *after))
        if before.get(question) != after.get(question)
    ]
    return tuple(changes)


def _field_names(old: CardFields, new: CardFields) -> list[str]:
    return [name for name in CardFields.model_fields if getattr(old, name) != getattr(new, name)]


def _said(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "Yes" if value else "No"
        case date():
            return f"{value:%b} {value.day}, {value.year}"
        case tuple():
            return ", ".join(str(one) for one in value)
        case _:
            return str(value)


def _revision(session: Session, card: LockedCard, number: int) -> CardFields:
    """What a revision says."""
    fields = session.scalars(
        select(CardRevision.fields).where(CardRevision.card_id == card.id, CardRevision.no == number)
    ).one()
    whole = read_whole(fields)
    if whole is None:
        raise CorrectionError(
            "This card was saved by a newer version of the hub, which alone can correct it."
        )
    return whole


def _prayer_differs(session: Session, card_id: UUID, text: str) -> bool:
    """Whether other words stand there. Compared by the database: who corrects a card need not read them."""
    same = session.scalar(select(PrayerRequest.text == text).where(PrayerRequest.card_id == card_id))
    return bool(text) if same is None else not same


@dataclass(frozen=True, repr=False)
class _Written:
    """What a revision says, with its addresses in the form they are sent."""

    fields: CardFields
    addresses: Addresses
    statements: tuple[consent.Statement, ...]

    @classmethod
    def of(cls, fields: CardFields, region: str) -> "_Written":
        addresses = read_addresses(fields, region)
        return cls(fields, addresses, consent.statements(fields, addresses))

    @property
    def wording(self) -> str:
        return self.fields.consent_wording


@dataclass(frozen=True, repr=False)
class _Desk:
    """Where one locked card is corrected: by whom, when, in which transaction."""

    session: Session
    church_id: UUID
    card: LockedCard
    actor: str
    now: datetime

    def add_revision(self, after: _Written, *, salt: bytes) -> str:
        """Adds what the card says now; returns the salted hash by which the change log knows it again."""
        number = self.card.revision + 1
        fields = after.fields.model_dump(mode="json", exclude_defaults=True)
        self.session.execute(
            insert(CardRevision).values(
                card_id=self.card.id,
                no=number,
                church_id=self.church_id,
                fields=fields,
                salt=salt,
                created_at=self.now,
                created_by=self.actor,
            )
        )
        columns = listed(after.fields, after.addresses)
        self.session.execute(update(Card).where(Card.id == self.card.id).values(revision=number, **columns))
        keys = {"phone": after.addresses.phone, "email": after.addresses.email}
        self.session.execute(update(Outbox).where(Outbox.id == self.card.outbox_id).values(keys))
        return digest(fields, salt)

    def add_consent(
        self, before: _Written, after: _Written, came: _Written, *, on_the_card: bool
    ) -> tuple[tuple[OnItsWay, ...], bool]:
        """Adds what the correction says; returns what a no came too late for, and whether a number is asked about."""
        said = consent.corrected(before.statements, after.statements)
        lock_statements(self.session, self.church_id, said)
        log = self._log(said)
        said = consent.unopposed(
            consent.own(said, came.statements, self.card.source),
            log,
            card_id=self.card.id,
            received_at=self._received_at(),
        )
        if not on_the_card:
            said = consent.unchecked(said, log, came.addresses, card_id=self.card.id)
        words = self._words_for(after, came, before)
        asked = any(one.kind is ConsentKind.ASKED for one in said)
        return self._write(said, after, words), asked

    def confirm(self, written: _Written, came: _Written) -> list[consent.Statement]:
        """Adds the yes of each number that was asked about; returns what it added."""
        said = tuple(one for one in written.statements if one.kind is ConsentKind.YES)
        lock_statements(self.session, self.church_id, said)
        log = self._log(said)
        asked = [one for one in said if _is_asked(one, log, self.card.id)]
        free = consent.unopposed(tuple(asked), log, card_id=self.card.id, received_at=self._received_at())
        self._write(free, written, self._words_for(written, came))
        return list(free)

    def _write(
        self, said: tuple[consent.Statement, ...], written: _Written, words: Mapping[str, consent.Words]
    ) -> tuple[OnItsWay, ...]:
        # Also on a card that was typed in: whoever corrects it holds no new card, and lifts no stop.
        origin = consent.Origin(self.church_id, self.card.id, consent.CORRECTION, self.actor, self.now)
        events = [consent.event(one, written.fields, origin, words=words.get(one.channel)) for one in said]
        return write(self.session, self.church_id, events, now=self.now)

    def replace_prayer(self, text: str) -> None:
        if not text:
            self.session.execute(delete(PrayerRequest).where(PrayerRequest.card_id == self.card.id))
            return
        added = upsert(PrayerRequest).values(card_id=self.card.id, church_id=self.church_id, text=text)
        self.session.execute(
            added.on_conflict_do_update(index_elements=["card_id"], set_={"text": added.excluded.text})
        )

    def move(
        self, addresses: Addresses, *, changed: bool, release: bool
    ) -> tuple[CardStatus, str | None, dict[str, Any]]:
        """Lets the card go where it belongs after the correction; returns where it stands."""
        card = self.card
        to_review, kept = card.status is CardStatus.TO_REVIEW, card.cause == CauseCode.HELD_BY_STAFF
        if release and (to_review or kept):
            unreviewed = to_review or card.facts.get("was") == CardStatus.TO_REVIEW
            self.record("card.reviewed" if unreviewed else "card.released")
        elif to_review and changed:
            put(self.session, card, card.status, addresses.cause, dict(addresses.facts), now=self.now)
            return card.status, addresses.cause, dict(addresses.facts)
        elif to_review or kept or not changed or card.status is CardStatus.DISMISSED:
            return card.status, card.cause, card.facts
        return requeue(self.session, card, addresses=addresses, actor=self.actor, now=self.now)

    def record(self, action: str, **facts: object) -> None:
        audit.record(
            self.session,
            church_id=self.church_id,
            actor=self.actor,
            action=action,
            subject=str(self.card.id),
            facts=facts,
        )

    def _received_at(self) -> datetime:
        return self.session.scalars(select(Card.received_at).where(Card.id == self.card.id)).one()

    def _log(self, said: tuple[consent.Statement, ...]) -> list[consent.Logged]:
        """What the log has about these addresses, in its order."""
        rows = self.session.execute(
            select(
                ConsentEvent.channel,
                ConsentEvent.address,
                ConsentEvent.person,
                ConsentEvent.kind,
                ConsentEvent.card_id,
                ConsentEvent.recorded_at,
                ConsentEvent.child,
            )
            .where(
                ConsentEvent.church_id == self.church_id,
                ConsentEvent.channel.in_([one.channel for one in said]),
                ConsentEvent.address.in_([one.address for one in said]),
            )
            .order_by(ConsentEvent.id)
        )
        return [
            consent.Logged(
                consent.Statement(
                    Channel(row.channel), row.address, row.person, ConsentKind(row.kind), row.child
                ),
                row.card_id,
                row.recorded_at,
            )
            for row in rows
        ]

    def _words_for(self, written: _Written, *earlier: _Written) -> dict[str, consent.Words]:
        """The words beside each box, as the card brought them: of what it said earlier, while they are the same."""
        found: dict[str, consent.Words] = {}
        for one in earlier:
            if one.wording == written.wording:
                found |= self._words(one)
        return found

    def _words(self, before: _Written) -> dict[str, consent.Words]:
        """The words beside each box that the card brought itself, with their version."""
        rows = self.session.execute(
            select(ConsentEvent.channel, ConsentEvent.wording, ConsentEvent.wording_version)
            .where(
                ConsentEvent.church_id == self.church_id,
                ConsentEvent.channel.in_([one.channel for one in before.statements]),
                ConsentEvent.address.in_([one.address for one in before.statements]),
                ConsentEvent.card_id == self.card.id,
                ConsentEvent.wording.is_not(None),
            )
            .order_by(ConsentEvent.id)
        )
        return {row.channel: consent.Words(row.wording, row.wording_version) for row in rows}
