"""Where the texts and e-mails of cards stand, for their badges: what is shown, and what a person can do about it.

It only reads, one walk of an index a card. The words of it are the pages' own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, cast, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Session

from ghl.db.models import Card, Message, MessageTemplate, Outbox
from ghl.statuses import CardStatus, Channel, MessageState, OutboxState

MOST_CARDS = 200
"""Cards in one question; a page of the list has far fewer."""

MOST_OF_A_CARD = 30
"""Newest messages of a card that are read. A church has a handful of templates, and few ask for one once more."""


class BadgeCode(StrEnum):
    """The badge of a message. Of several messages of a channel the one named first here is shown."""

    NEEDS_DECISION = "needs_decision"
    NEEDS_ATTENTION = "needs_attention"
    WAITING = "waiting"
    NOT_SENT = "not_sent"
    SENT = "sent"
    DELIVERED = "delivered"


@dataclass(frozen=True)
class Shown:
    """One message as its badge tells it.

    `cause` and `facts` say why, with the sentences of `ghl.consent.reasons` and `ghl.causes`. `leaves_at`: when
    something is done with it next, where anything is. `undo_until`: as long it can be taken back, as far as is known
    now; None where it is too late, or a worker has it. `waits_for_card`: its card is not in GoHighLevel yet. `others`: messages of the
    same channel that stand behind this one.
    """

    message_id: UUID
    card_id: UUID
    template_id: UUID
    template: str
    channel: Channel
    code: BadgeCode
    state: MessageState
    cause: str | None
    requested_by: str
    requested_at: datetime
    changed_at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    leaves_at: datetime | None = None
    undo_until: datetime | None = None
    sending_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    waits_for_card: bool = False
    again: int = 0
    others: int = 0

    @property
    def open_question(self) -> bool:
        """Whether a person has to say whether it went out."""
        return self.state is MessageState.UNSURE and self.cause is not None

    @property
    def gone(self) -> bool:
        """Whether GoHighLevel has it, so that another one would be a second one."""
        return self.state in {MessageState.SENT, MessageState.DELIVERED}


def badge_code(state: MessageState, cause: str | None) -> BadgeCode:
    """The badge of a message where it stands."""
    match state:
        case MessageState.WAITING | MessageState.SENDING:
            return BadgeCode.WAITING
        case MessageState.UNSURE:
            # Without a cause it is still looked for, and nobody has to do anything.
            return BadgeCode.WAITING if cause is None else BadgeCode.NEEDS_DECISION
        case MessageState.HELD:
            return BadgeCode.NEEDS_DECISION
        case MessageState.FAILED:
            return BadgeCode.NEEDS_ATTENTION
        case MessageState.NOT_SENT:
            return BadgeCode.NOT_SENT
        case MessageState.SENT:
            return BadgeCode.SENT
        case MessageState.DELIVERED:
            return BadgeCode.DELIVERED


def badges_of(
    session: Session, church_id: UUID, card_ids: Sequence[UUID]
) -> dict[UUID, dict[Channel, Shown]]:
    """The badge of each channel of these cards of the church, at most `MOST_CARDS`; none where nothing was asked for."""
    found: dict[UUID, dict[Channel, Shown]] = {}
    for one in messages_of(session, church_id, card_ids):
        channels = found.setdefault(one.card_id, {})
        known = channels.get(one.channel)
        channels[one.channel] = one if known is None else _first(known, one)
    return found


def messages_of(session: Session, church_id: UUID, card_ids: Sequence[UUID]) -> list[Shown]:
    """The newest message of each template of these cards, the ones asked for first at the front."""
    if not card_ids:
        return []
    rows = session.execute(_newest(church_id, list(dict.fromkeys(card_ids))[:MOST_CARDS])).all()
    return _of_templates([shown_of(row) for row in rows])


def all_of_card(
    session: Session, church_id: UUID, card_id: UUID
) -> tuple[tuple[Shown, ...], tuple[Shown, ...]]:
    """The newest messages of one card, oldest first, and of these the newest of each template."""
    every = [shown_of(row) for row in session.execute(_newest(church_id, [card_id])).all()]
    return tuple(reversed(every)), tuple(_of_templates(every))


def _of_templates(every: Iterable[Shown]) -> list[Shown]:
    """Of messages, the newest first, those that stand for their template, the ones asked for first at the front."""
    newest: dict[tuple[UUID, UUID], Shown] = {}
    for one in every:
        # A corrected address or *once more* makes another row: what the older one came to is told by the timeline.
        newest.setdefault((one.card_id, one.template_id), one)
    return sorted(newest.values(), key=lambda one: (one.requested_at, one.message_id))


def _first(one: Shown, other: Shown) -> Shown:
    """Which of two messages of a channel is shown: the one that asks for most, then the newest."""
    order = list(BadgeCode)
    shown = min(one, other, key=lambda each: (order.index(each.code), -each.requested_at.timestamp()))
    return replace(shown, others=one.others + other.others + 1)


def _newest(church_id: UUID, card_ids: Iterable[UUID]) -> Select[Any]:
    """A few newest messages of each card, by `ix_messages_card`: however many a church has, only these are read."""
    asked = select(func.unnest(cast(list(card_ids), ARRAY(PG_UUID))).label("card_id")).subquery("asked")
    of_card = (
        select(Message)
        .where(Message.card_id == asked.c.card_id, Message.church_id == church_id)
        .order_by(Message.id.desc())
        .limit(MOST_OF_A_CARD)
        .lateral("of_card")
    )
    named = (
        select(MessageTemplate.name)
        .where(MessageTemplate.church_id == church_id, MessageTemplate.id == of_card.c.template_id)
        .scalar_subquery()
    )
    return (
        select(
            of_card,
            named.label("template"),
            Outbox.state.label("work"),
            Outbox.due_at,
            Card.status.label("card_status"),
        )
        .select_from(asked)
        .join(of_card, true())
        .join(Card, (Card.id == asked.c.card_id) & (Card.church_id == church_id))
        .outerjoin(Outbox, Outbox.message_id == of_card.c.id)
        .order_by(of_card.c.requested_at.desc(), of_card.c.id.desc())
    )


def shown_of(row: Row[Any]) -> Shown:
    """A message as a row has it: its own columns, `template`, and `work`, `due_at` and `card_status` of its joins."""
    state = MessageState(row.state)
    waiting = state is MessageState.WAITING
    work = OutboxState(row.work) if row.work else OutboxState.DONE
    moves = work in {OutboxState.DUE, OutboxState.LEASED}
    return Shown(
        message_id=row.id,
        card_id=row.card_id,
        template_id=row.template_id,
        template=row.template or "",
        channel=Channel(row.channel),
        code=badge_code(state, row.cause),
        state=state,
        cause=row.cause,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        changed_at=row.status_changed_at,
        facts=row.facts,
        leaves_at=row.due_at if moves and waiting else None,
        undo_until=row.due_at if waiting and work is not OutboxState.LEASED else None,
        sending_at=row.sending_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        waits_for_card=waiting and row.card_status != CardStatus.SYNCED,
        again=row.again,
    )
