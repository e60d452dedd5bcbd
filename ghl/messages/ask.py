"""Asking for messages and taking them back: all of it in the caller's transaction of the church.

Whether one is wanted twice is decided by the database: the idempotency key stands there once. Nothing is sent here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ghl import audit
from ghl.cards.email import EmailError, normal_email
from ghl.cards.phone import PhoneError, e164
from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.consent.decide import decide, recipients_of
from ghl.consent.may_send import Verdict, VerdictKind
from ghl.consent.recipient import Recipient
from ghl.db.models import Church, Message, Outbox
from ghl.ids import new_id
from ghl.messages.facts import told, what
from ghl.messages.key import idempotency_key
from ghl.messages.own_phone import TESTS_A_DAY, is_a_guests, tests_of
from ghl.messages.settings import rules_of
from ghl.messages.templates import Template, published_onboarding, templates_of
from ghl.messages.tries import end_open
from ghl.messages.wanted import AskedCard, Wanted, load_cards, wanted
from ghl.statuses import Channel, MessageState, OutboxState, Priority, Purpose

TEST_WITHIN = timedelta(hours=1)
"""Whoever presses *Send a test* waits for it; much later it would only surprise them."""


class AskedOutcome(StrEnum):
    """What came of a request. ALREADY_SENT: it is on its way, was sent, or may have been; it never goes twice."""

    QUEUED = "queued"
    ALREADY_SENT = "already_sent"
    ALREADY_WAITING = "already_waiting"
    NO_ADDRESS = "no_address"
    NO_TEMPLATE = "no_template"
    NOT_ALLOWED = "not_allowed"
    TOO_OLD = "too_old"


@dataclass(frozen=True)
class Asked:
    """What came of asking for one template on one card. `at`: when it leaves or left; `reason`: a code, why not.

    `reason` is a value of `ghl.consent.reasons.Reason` for NOT_ALLOWED. `state`: where the one that was asked for before
    stands, for ALREADY_SENT.
    """

    card_id: UUID | None
    template_id: UUID | None
    channel: Channel | None
    message_id: UUID | None
    outcome: AskedOutcome
    at: datetime | None = None
    reason: str | None = None
    state: MessageState | None = None


@dataclass(frozen=True)
class Preview:
    """What a bulk request would do: cards looked at, and messages by channel and outcome."""

    cards: int
    by_outcome: Mapping[tuple[Channel | None, AskedOutcome], int]

    @property
    def texts(self) -> int:
        """How many texts would leave."""
        return self.by_outcome.get((Channel.SMS, AskedOutcome.QUEUED), 0)

    @property
    def emails(self) -> int:
        """How many e-mails would leave."""
        return self.by_outcome.get((Channel.EMAIL, AskedOutcome.QUEUED), 0)


MOST_CARDS = 200
"""Cards in one request; more are asked for in several transactions."""

SENT_AFTER_ALL = frozenset({CauseCode.TOO_OLD, CauseCode.WORDS_GONE, CauseCode.UNDONE, CauseCode.LEFT_UNSENT})
"""Why a message was not sent that may be sent all the same, singly. Whether it may leave is asked as ever."""

_GONE = (
    MessageState.SENDING,
    MessageState.UNSURE,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.FAILED,
)
"""It left, or may have left. That never happens again by asking for it once more."""


def send_onboarding(
    session: Session, church_id: UUID, card_ids: Sequence[UUID], *, actor: str, now: datetime
) -> list[Asked]:
    """Asks for every onboarding message of these cards; each leaves after the undo time. At most `MOST_CARDS`."""
    templates = published_onboarding(session, church_id)
    return _ask(session, church_id, card_ids, templates, actor=actor, now=now, what="onboarding")


def preview_bulk(session: Session, church_id: UUID, card_ids: Sequence[UUID], *, now: datetime) -> Preview:
    """What `send_onboarding` would do, without doing it."""
    cards = load_cards(session, church_id, card_ids[:MOST_CARDS])
    templates = published_onboarding(session, church_id)
    planned = _planned(session, church_id, cards, templates, now=now, late=False)
    return Preview(len(cards), counted([_foreseen(one) for one in planned]))


def foresee_onboarding(
    session: Session, church_id: UUID, card_ids: Sequence[UUID], *, now: datetime
) -> list[Asked]:
    """What `send_onboarding` would answer, without doing it. At most `MOST_CARDS`."""
    cards = load_cards(session, church_id, card_ids[:MOST_CARDS])
    templates = published_onboarding(session, church_id)
    if not templates:
        return [Asked(card.id, None, None, None, AskedOutcome.NO_TEMPLATE) for card in cards]
    return [_foreseen(one) for one in _planned(session, church_id, cards, templates, now=now, late=False)]


def send_template(
    session: Session,
    church_id: UUID,
    template_id: UUID,
    card_ids: Sequence[UUID],
    *,
    actor: str,
    now: datetime,
    late: bool = False,
) -> list[Asked]:
    """Asks for one template on these cards. `late`: also on a card that is too old for it (asked for singly)."""
    templates = [one for one in _published(session, church_id) if one.id == template_id]
    return _ask(session, church_id, card_ids, templates, actor=actor, now=now, late=late, what="template")


def send_test(
    session: Session, church_id: UUID, template_id: UUID, *, phone_or_email: str, actor: str, now: datetime
) -> Asked:
    """Sends the newest words of a template to a phone or address of staff. Each press is another test; a person has
    `TESTS_A_DAY`. Texts keep the hours of all texts.

    NO_ADDRESS where it is none, NO_TEMPLATE where the church has no such template, NOT_ALLOWED where the address is a
    guest's or the day's tests are used up; `reason` says which.
    """
    template = next((one for one in templates_of(session, church_id) if one.id == template_id), None)
    if template is None:
        return Asked(None, template_id, None, None, AskedOutcome.NO_TEMPLATE)
    channel = Channel(template.channel)
    region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
    try:
        address = e164(phone_or_email, region) if channel is Channel.SMS else normal_email(phone_or_email)
    except (PhoneError, EmailError):
        return Asked(None, template_id, channel, None, AskedOutcome.NO_ADDRESS)
    asked = tests_of(session, church_id, actor, now=now)
    if asked >= TESTS_A_DAY:
        return _no_test(template_id, channel, CauseCode.TESTS_USED_UP)
    # Tests of one address take turns, so that each gets a number of its own.
    ledger.lock(session, church_id, channel, address)
    purpose = Purpose(template.purpose)
    if is_a_guests(session, church_id, channel, address, purpose, now=now):
        return _no_test(template_id, channel, CauseCode.TEST_ON_A_CARD)
    verdict = decide(
        session,
        None,
        church_id,
        channel=channel,
        address=address,
        person="",
        purpose=purpose,
        card_id=None,
        contact=None,
        is_test=True,
        now=now,
    )
    leaves_at = verdict.later_at or now
    tests = session.scalar(
        select(func.max(Message.again)).where(
            Message.church_id == church_id,
            Message.channel == channel,
            Message.address == address,
            Message.template_id == template_id,
            Message.is_test,
        )
    )
    number = 0 if tests is None else tests + 1
    message_id = new_id()
    values = _row(
        message_id,
        church_id,
        template,
        card_id=None,
        address=address,
        person="",
        key=idempotency_key(church_id, address, template_id, None, number),
        actor=actor,
        now=now,
        not_before=now,
        too_late_at=leaves_at + TEST_WITHIN,
    )
    session.execute(
        insert(Message).values(
            values | {"is_test": True, "again": number, "template_version": template.version}
        )
    )
    _queue(session, church_id, [(message_id, now)], actor=actor)
    audit.record(
        session,
        church_id=church_id,
        actor=actor,
        action="message.tested",
        facts={"channel": channel, "of_the_day": asked + 1},
    )
    return Asked(None, template_id, channel, message_id, AskedOutcome.QUEUED, at=leaves_at)


def _no_test(template_id: UUID, channel: Channel, cause: CauseCode) -> Asked:
    return Asked(None, template_id, channel, None, AskedOutcome.NOT_ALLOWED, reason=cause)


def undo(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """Takes a waiting message back; False where it is too late."""
    message = _lock(session, church_id, message_id)
    if message is None or message.state != MessageState.WAITING:
        return False
    facts = {"by": actor, "what": what(message.channel)}
    _put(
        session,
        message,
        MessageState.NOT_SENT,
        OutboxState.DONE,
        cause=CauseCode.UNDONE,
        facts=facts,
        now=now,
    )
    _record(session, church_id, message_id, actor, "message.undone")
    return True


def send_now(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """Lets a waiting or held message go without waiting for the undo time; whether it may is asked as ever.

    Quiet hours and the day's number of texts hold all the same. False where it does not wait.
    """
    message = _lock(session, church_id, message_id)
    if message is None or message.state not in {MessageState.WAITING, MessageState.HELD}:
        return False
    if message.leased:
        return True
    _put(session, message, MessageState.WAITING, OutboxState.DUE, cause=None, facts={}, now=now, actor=actor)
    _record(session, church_id, message_id, actor, "message.sent_now")
    return True


def send_again(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """The same message once more: one of which a person found that it did not go out, one that GoHighLevel did not
    take, one that was held, or one that was too late and is wanted all the same. False where it stands elsewhere.
    """
    message = _lock(session, church_id, message_id)
    if message is None or not _may_go_again(message):
        return False
    unsure = message.state == MessageState.UNSURE
    facts = {"by": actor, "what": what(message.channel)} if unsure else {}
    _put(
        session,
        message,
        MessageState.WAITING,
        OutboxState.DUE,
        cause=CauseCode.SAID_NOT_SENT if unsure else None,
        facts=facts,
        now=now,
        actor=actor,
        anew=True,
    )
    _record(session, church_id, message_id, actor, "message.sent_again")
    return True


def it_arrived(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """A person found that an unsure message went out; False where it is not unsure."""
    message = _lock(session, church_id, message_id)
    if message is None or message.state != MessageState.UNSURE:
        return False
    facts = {"by": actor, "what": what(message.channel)}
    _put(
        session,
        message,
        MessageState.SENT,
        OutboxState.DONE,
        cause=CauseCode.SAID_ARRIVED,
        facts=facts,
        now=now,
    )
    _record(session, church_id, message_id, actor, "message.arrived")
    return True


def leave_unsent(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """A message that waits for a person, and did not arrive, is left at that; False where it stands elsewhere.

    One that may have gone out is no such message: of that a person says what became of it.
    """
    message = _lock(session, church_id, message_id)
    if message is None or message.state not in {MessageState.FAILED, MessageState.HELD}:
        return False
    facts = {"by": actor, "what": what(message.channel)}
    _put(
        session,
        message,
        MessageState.NOT_SENT,
        OutboxState.DONE,
        cause=CauseCode.LEFT_UNSENT,
        facts=facts,
        now=now,
    )
    _record(session, church_id, message_id, actor, "message.left_unsent")
    return True


def send_once_more(
    session: Session, church_id: UUID, message_id: UUID, *, actor: str, reason: str, now: datetime
) -> Asked:
    """A message that was sent, deliberately once more: a new row with a key of its own.

    The same press twice is one message: the second is told that the first one waits. One that was taken back, or was not
    allowed, is asked for with the next number; of one that failed, or may have left, `reason` is where it stands.
    """
    old = session.execute(
        select(Message).where(
            Message.church_id == church_id, Message.id == message_id, Message.card_id.is_not(None)
        )
    ).scalar_one_or_none()
    if old is None or old.card_id is None:
        return Asked(None, None, None, None, AskedOutcome.NO_TEMPLATE)
    template = next((one for one in _published(session, church_id) if one.id == old.template_id), None)
    channel = Channel(old.channel)
    if template is None:
        return Asked(old.card_id, old.template_id, channel, None, AskedOutcome.NO_TEMPLATE)
    ledger.lock(session, church_id, channel, old.address)
    newest = session.execute(
        select(
            Message.id, Message.again, Message.state, Message.cause, Message.not_before, Message.sending_at
        )
        .where(
            Message.church_id == church_id,
            Message.card_id == old.card_id,
            Message.template_id == old.template_id,
            Message.address == old.address,
        )
        .order_by(Message.again.desc())
        .limit(1)
    ).one()
    if newest.state not in {MessageState.SENT, MessageState.DELIVERED, MessageState.NOT_SENT}:
        waits = newest.state in {MessageState.WAITING, MessageState.HELD}
        return Asked(
            old.card_id,
            old.template_id,
            channel,
            newest.id,
            AskedOutcome.ALREADY_WAITING if waits else AskedOutcome.ALREADY_SENT,
            at=newest.not_before if waits else newest.sending_at,
            reason=newest.cause,
            state=None if waits else MessageState(newest.state),
        )
    now_theirs = recipients_of(session, church_id, old.card_id, now=now).get(channel)
    person = old.person
    if isinstance(now_theirs, Recipient) and now_theirs.address == old.address:
        # The name was corrected since. Another address is found out before it leaves.
        person = now_theirs.person
    number = newest.again + 1
    new = new_id()
    not_before = now + timedelta(seconds=rules_of(session, church_id).undo_seconds)
    values = _row(
        new,
        church_id,
        template,
        card_id=old.card_id,
        address=old.address,
        person=person,
        key=idempotency_key(church_id, old.address, template.id, old.card_id, number),
        actor=actor,
        now=now,
        not_before=not_before,
        too_late_at=None,
    )
    session.execute(insert(Message).values(values | {"again": number, "facts": {"reason": reason[:500]}}))
    _queue(session, church_id, [(new, not_before)], actor=actor)
    _record(session, church_id, new, actor, "message.sent_once_more")
    return Asked(old.card_id, template.id, channel, new, AskedOutcome.QUEUED, at=not_before)


def counted(asked: Sequence[Asked]) -> Mapping[tuple[Channel | None, AskedOutcome], int]:
    """The answers by channel and outcome."""
    return Counter((one.channel, one.outcome) for one in asked)


# -- asking for many --------------------------------------------------------------------------------------


@dataclass(frozen=True, repr=False)
class _Planned:
    """What would come of one wanted message, as far as is known here."""

    wanted: Wanted
    outcome: AskedOutcome
    at: datetime | None = None
    reason: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    held: bool = False
    existing: "_Existing | None" = None


@dataclass(frozen=True)
class _Existing:
    id: UUID
    state: MessageState
    cause: str | None
    at: datetime


def _ask(
    session: Session,
    church_id: UUID,
    card_ids: Sequence[UUID],
    templates: Sequence[Template],
    *,
    actor: str,
    now: datetime,
    what: str,
    late: bool = False,
) -> list[Asked]:
    if len(card_ids) > MOST_CARDS:
        raise ValueError(f"At most {MOST_CARDS} cards at once.")
    cards = load_cards(session, church_id, card_ids)
    if not templates:
        return [Asked(card.id, None, None, None, AskedOutcome.NO_TEMPLATE) for card in cards]
    planned = _planned(session, church_id, cards, templates, now=now, late=late)
    not_before = now + timedelta(seconds=rules_of(session, church_id).undo_seconds)
    asked = [
        _carry_out(session, church_id, one, actor=actor, now=now, not_before=not_before) for one in planned
    ]
    queued = [one for one in asked if one.outcome is AskedOutcome.QUEUED]
    if queued:
        facts = {"what": what, "cards": len({one.card_id for one in queued})} | {
            f"{channel}": sum(1 for one in queued if one.channel is channel) for channel in Channel
        }
        subject = str(cards[0].id) if len(cards) == 1 else None
        audit.record(
            session, church_id=church_id, actor=actor, action="messages.asked", subject=subject, facts=facts
        )
    return asked


def _planned(
    session: Session,
    church_id: UUID,
    cards: Sequence[AskedCard],
    templates: Sequence[Template],
    *,
    now: datetime,
    late: bool,
) -> list[_Planned]:
    wishes = [wanted(church_id, card, template, now=now) for card in cards for template in templates]
    # All at once and in their order, so that two requests never wait for each other in a circle.
    pairs = {(one.channel, one.address) for one in wishes if one.address}
    ledger.lock_all(session, church_id, sorted(pairs))
    existing = _existing(session, church_id, [one.key for one in wishes if one.key])
    verdicts: dict[tuple[UUID, Channel, str, Purpose], Verdict] = {}
    planned = []
    for wish in wishes:
        known = existing.get(wish.key)
        settled = _settled(wish, known)
        if settled is not None:
            planned.append(settled)
            continue
        purpose = Purpose(wish.template.purpose)
        about = (wish.card.id, wish.channel, wish.address, purpose)
        if about not in verdicts:
            verdicts[about] = decide(
                session,
                None,
                church_id,
                channel=wish.channel,
                address=wish.address,
                person=wish.person,
                purpose=purpose,
                card_id=wish.card.id,
                contact=None,
                is_test=False,
                now=now,
            )
        too_old = not late and wish.too_late_at is not None and wish.too_late_at <= now
        planned.append(_judged(wish, known, verdicts[about], too_old=too_old))
    return planned


def _settled(wish: Wanted, known: _Existing | None) -> _Planned | None:
    """What is certain without asking the consent log."""
    if wish.refused is not None:
        return _Planned(wish, AskedOutcome.NOT_ALLOWED, reason=str(wish.refused))
    if not wish.address:
        return _Planned(wish, AskedOutcome.NO_ADDRESS)
    if known is not None and known.state in _GONE:
        return _Planned(wish, AskedOutcome.ALREADY_SENT, at=known.at, reason=known.cause, existing=known)
    if known is not None and known.state in {MessageState.WAITING, MessageState.HELD}:
        return _Planned(wish, AskedOutcome.ALREADY_WAITING, at=known.at, reason=known.cause, existing=known)
    return None


def _judged(wish: Wanted, known: _Existing | None, verdict: Verdict, *, too_old: bool) -> _Planned:
    """What the rule says comes first: that it is too old is only said of what might leave otherwise.

    One that is too old waits for nobody's answer, because it would not leave after it.
    """
    if too_old and verdict.kind in {VerdictKind.YES, VerdictKind.LATER}:
        return _Planned(wish, AskedOutcome.TOO_OLD, reason=CauseCode.TOO_OLD, existing=known)
    reason = str(verdict.reason) if verdict.reason else None
    facts = told(verdict.facts)
    match verdict.kind:
        case VerdictKind.YES:
            return _Planned(wish, AskedOutcome.QUEUED, existing=known)
        case VerdictKind.LATER:
            return _Planned(
                wish, AskedOutcome.QUEUED, at=verdict.later_at, reason=reason, facts=facts, existing=known
            )
        case kind:
            return _Planned(
                wish,
                AskedOutcome.NOT_ALLOWED,
                reason=reason,
                facts=facts,
                held=kind is VerdictKind.HELD and not too_old,
                existing=known,
            )


def _foreseen(one: _Planned) -> Asked:
    existing = one.existing
    return Asked(
        one.wanted.card.id,
        one.wanted.template.id,
        one.wanted.channel,
        existing.id if existing else None,
        one.outcome,
        at=one.at,
        reason=one.reason,
        state=existing.state if existing and one.outcome is AskedOutcome.ALREADY_SENT else None,
    )


def _carry_out(
    session: Session, church_id: UUID, one: _Planned, *, actor: str, now: datetime, not_before: datetime
) -> Asked:
    wish = one.wanted
    if one.outcome in {AskedOutcome.ALREADY_SENT, AskedOutcome.ALREADY_WAITING, AskedOutcome.NO_ADDRESS}:
        return _foreseen(one)
    if not wish.address:
        # Nobody of theirs may be written to, so there is nothing to be once.
        return _foreseen(one)
    state, work, cause, facts = _begins(one)
    due_at = max(not_before, one.at) if one.at else not_before
    if one.existing is not None:
        message = _lock(session, church_id, one.existing.id)
        if message is None or message.state != MessageState.NOT_SENT:
            return _raced(session, church_id, one)
        _put(
            session, message, state, work, cause=cause, facts=facts, now=now, actor=actor, due_at=due_at, anew=True,
            template=wish.template, person=wish.person, not_before=not_before, too_late_at=wish.too_late_at,
        )  # fmt: skip
        message_id = one.existing.id
    else:
        message_id = new_id()
        values = _row(
            message_id,
            church_id,
            wish.template,
            card_id=wish.card.id,
            address=wish.address,
            person=wish.person,
            key=wish.key,
            actor=actor,
            now=now,
            not_before=not_before,
            too_late_at=wish.too_late_at,
        )
        made = session.scalar(
            upsert(Message)
            .values(values | {"state": state, "cause": cause, "facts": facts})
            .on_conflict_do_nothing(index_elements=[Message.church_id, Message.idempotency_key])
            .returning(Message.id)
        )
        if made is None:
            return _raced(session, church_id, one)
        _queue(session, church_id, [(message_id, due_at)], actor=actor, state=work)
    return Asked(
        wish.card.id,
        wish.template.id,
        wish.channel,
        message_id,
        one.outcome,
        at=due_at if one.outcome is AskedOutcome.QUEUED else None,
        reason=one.reason,
    )


def _begins(one: _Planned) -> tuple[MessageState, OutboxState, str | None, dict[str, str]]:
    """Where a message that is asked for stands first."""
    facts = {"what": what(one.wanted.channel), **one.facts}
    if one.outcome is AskedOutcome.QUEUED:
        return MessageState.WAITING, OutboxState.DUE, one.reason, facts if one.reason else {}
    if one.held:
        return MessageState.HELD, OutboxState.PARKED, one.reason, facts
    return MessageState.NOT_SENT, OutboxState.DONE, one.reason, facts


def _raced(session: Session, church_id: UUID, one: _Planned) -> Asked:
    """Somebody asked for the very same at this moment: theirs counts."""
    known = _existing(session, church_id, [one.wanted.key])[one.wanted.key]
    gone = known.state in _GONE
    outcome = AskedOutcome.ALREADY_SENT if gone else AskedOutcome.ALREADY_WAITING
    if known.state is MessageState.NOT_SENT:
        outcome = AskedOutcome.TOO_OLD if known.cause == CauseCode.TOO_OLD else AskedOutcome.NOT_ALLOWED
    wish = one.wanted
    return Asked(
        wish.card.id,
        wish.template.id,
        wish.channel,
        known.id,
        outcome,
        at=known.at,
        reason=known.cause,
        state=known.state if gone else None,
    )


def _existing(session: Session, church_id: UUID, keys: Sequence[bytes]) -> dict[bytes, _Existing]:
    """The messages that have these keys."""
    if not keys:
        return {}
    rows = session.execute(
        select(
            Message.idempotency_key,
            Message.id,
            Message.state,
            Message.cause,
            case(
                (Message.state == MessageState.WAITING, Message.not_before),
                else_=func.coalesce(Message.sent_at, Message.sending_at, Message.not_before),
            ).label("at"),
        ).where(Message.church_id == church_id, Message.idempotency_key.in_(list(keys)))
    )
    return {
        bytes(row.idempotency_key): _Existing(row.id, MessageState(row.state), row.cause, row.at)
        for row in rows
    }


def _published(session: Session, church_id: UUID) -> list[Template]:
    return [one for one in templates_of(session, church_id) if one.published_version is not None]


def _row(
    message_id: UUID,
    church_id: UUID,
    template: Template,
    *,
    card_id: UUID | None,
    address: str,
    person: str,
    key: bytes,
    actor: str,
    now: datetime,
    not_before: datetime,
    too_late_at: datetime | None,
) -> dict[str, Any]:
    return {
        "id": message_id,
        "church_id": church_id,
        "card_id": card_id,
        "template_id": template.id,
        "template_version": template.published_version or template.version,
        "channel": template.channel,
        "purpose": template.purpose,
        "address": address,
        "person": person,
        "idempotency_key": key,
        "state": MessageState.WAITING,
        "requested_by": actor,
        "requested_at": now,
        "not_before": not_before,
        "too_late_at": too_late_at,
        "status_changed_at": now,
    }


def _queue(
    session: Session,
    church_id: UUID,
    messages: Sequence[tuple[UUID, datetime]],
    *,
    actor: str,
    state: OutboxState = OutboxState.DUE,
) -> None:
    session.execute(
        insert(Outbox),
        [
            {
                "church_id": church_id,
                "kind": "message",
                "message_id": message_id,
                "state": state,
                "priority": Priority.NEW,
                "due_at": due_at,
                "requested_by": actor,
            }
            for message_id, due_at in messages
        ],
    )


# -- one message ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Locked:
    id: UUID
    outbox_id: int
    leased: bool
    state: MessageState
    cause: str | None
    channel: Channel


def _lock(session: Session, church_id: UUID, message_id: UUID) -> _Locked | None:
    """The message, locked as deliveries lock: first its row in the outbox. None where the church has no such message."""
    row = session.execute(
        select(Outbox.id, Outbox.state)
        .where(Outbox.church_id == church_id, Outbox.message_id == message_id)
        .with_for_update()
    ).one_or_none()
    message = (
        row
        and session.execute(
            select(Message.state, Message.cause, Message.channel)
            .where(Message.church_id == church_id, Message.id == message_id)
            .with_for_update()
        ).one_or_none()
    )
    if not (row and message):
        return None
    return _Locked(
        id=message_id,
        outbox_id=row.id,
        leased=row.state == OutboxState.LEASED,
        state=MessageState(message.state),
        cause=message.cause,
        channel=Channel(message.channel),
    )


def _may_go_again(message: _Locked) -> bool:
    """Whether asking for it once more can make no second one: nobody is at it, and it is known not to have arrived."""
    match message.state:
        case MessageState.UNSURE:
            return message.cause is not None
        case MessageState.FAILED | MessageState.HELD:
            return True
        case MessageState.NOT_SENT:
            return message.cause in SENT_AFTER_ALL
    return False


def _put(
    session: Session,
    message: _Locked,
    state: MessageState,
    work: OutboxState,
    *,
    cause: str | None,
    facts: Mapping[str, str],
    now: datetime,
    actor: str | None = None,
    due_at: datetime | None = None,
    anew: bool = False,
    template: Template | None = None,
    person: str | None = None,
    not_before: datetime | None = None,
    too_late_at: datetime | None = None,
) -> None:
    """Writes where it stands. A worker that holds it lets go: it asks for its row before it writes or sends anything.

    `anew`: its tries begin again, and it is no longer too late. With a `template` it is asked for as if it were new: for
    what the template is about now, and for the `person` that the card has now.
    """
    row: dict[str, Any] = {
        "state": work,
        "due_at": due_at or func.now(),
        "lease_token": None,
        "leased_until": None,
        "requested_by": actor,
    }
    values: dict[str, Any] = {"state": state, "cause": cause, "facts": dict(facts), "status_changed_at": now}
    if anew:
        # One that may have left stays in the day's number until it leaves anew.
        row |= {"attempts": 0, "system_errors": 0, "first_system_error_at": None, "deaths": 0}
        values |= {
            "looks": 0,
            "too_late_at": too_late_at,
            "sending_at": Message.sending_at if message.state is MessageState.UNSURE else None,
            "sent_at": None,
            "ghl_message_id": None,
            "ghl_email_message_id": None,
            "follow_until": None,
            "requested_by": actor,
        }
    if template is not None:
        values |= {
            "template_version": template.published_version,
            "purpose": template.purpose,
            "person": person or "",
            "requested_at": now,
            "not_before": not_before,
        }
    if state is MessageState.SENT:
        values["sent_at"] = func.coalesce(Message.sending_at, now)
    session.execute(update(Outbox).where(Outbox.id == message.outbox_id).values(row))
    session.execute(update(Message).where(Message.id == message.id).values(values))
    if message.leased:
        end_open(session, [message.id])


def _record(session: Session, church_id: UUID, message_id: UUID, actor: str, action: str) -> None:
    audit.record(session, church_id=church_id, actor=actor, action=action, subject=str(message_id))
