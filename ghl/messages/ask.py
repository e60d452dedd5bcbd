"""Asking for messages: all of it in the caller's transaction of the church.

Whether one is wanted twice is decided by the database: the idempotency key stands there once. Nothing is sent here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.consent.decide import decide
from ghl.consent.may_send import Verdict, VerdictKind
from ghl.db.models import Message
from ghl.messages.asked import Asked, AskedOutcome, Preview, counted
from ghl.messages.facts import told, what
from ghl.messages.rows import NewMessage, add, lock, put
from ghl.messages.settings import rules_of
from ghl.messages.templates import Template, published_onboarding, published_templates
from ghl.messages.wanted import AskedCard, Wanted, load_cards, wanted
from ghl.statuses import Channel, MessageState, OutboxState, Purpose

MOST_CARDS = 200
"""Cards in one request; more are asked for in several transactions."""

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
    templates = [one for one in published_templates(session, church_id) if one.id == template_id]
    return _ask(session, church_id, card_ids, templates, actor=actor, now=now, late=late, what="template")


# -- what would come of it, and doing it --------------------------------------------------------------------


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
        message = lock(session, church_id, one.existing.id)
        if message is None or message.state != MessageState.NOT_SENT:
            return _raced(session, church_id, one)
        put(
            session, message, state, work, cause=cause, facts=facts, now=now, actor=actor, due_at=due_at, anew=True,
            template=wish.template, person=wish.person, not_before=not_before, too_late_at=wish.too_late_at,
        )  # fmt: skip
        message_id = one.existing.id
    else:
        made = add(
            session,
            church_id,
            NewMessage(
                template=wish.template,
                card_id=wish.card.id,
                address=wish.address,
                person=wish.person,
                key=wish.key,
                actor=actor,
                asked_at=now,
                not_before=not_before,
                too_late_at=wish.too_late_at,
                state=state,
                cause=cause,
                facts=facts,
            ),
            due_at=due_at,
            work=work,
        )
        if made is None:
            return _raced(session, church_id, one)
        message_id = made
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
