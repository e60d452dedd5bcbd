"""Texts and e-mails that wait for a person: their groups by cause, the pages of one group, and sending many again.

Sending many takes at most `AT_ONCE` in one transaction, each as the button of its row does. Whether one may leave is
asked again directly before it does, so somebody who stopped meanwhile gets nothing. A church's transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, tuple_
from sqlalchemy.orm import Session

from ghl import audit
from ghl.attention.groups import GROUP_PAGE, MOST_COUNTED
from ghl.cards.correct import confirm_number
from ghl.cards.view import Cursor
from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.consent.decide import decide
from ghl.consent.may_send import VerdictKind
from ghl.consent.reasons import Reason
from ghl.db.models import Card, Message
from ghl.messages.afterwards import send_again
from ghl.messages.counts import WAITS_FOR_PEOPLE
from ghl.messages.log import LogPage
from ghl.statuses import Channel, MessageState

AT_ONCE = 100
MOST_CAUSES = 60
"""More than there are: causes and reasons are codes of the hub."""

ONE_BY_ONE = frozenset({CauseCode.UNSURE_NONE_FOUND, CauseCode.UNSURE_TWO_FOUND})
"""Of each of these a person has to look into its conversation. Sent again in one go, some would arrive twice."""


@dataclass(frozen=True)
class MessageGroup:
    """What waits for one reason. `state` is that of its newest, `name` a visitor's text."""

    cause: str
    count: int
    state: MessageState = MessageState.FAILED
    channel: Channel = Channel.SMS
    oldest_at: datetime | None = None
    newest_at: datetime | None = None
    number: int | None = None
    name: str = field(default="", repr=False)

    @property
    def key(self) -> str:
        """What names the group on a page."""
        return f"message-{self.cause or 'none'}"

    @property
    def many(self) -> bool:
        """Whether all of it may be sent again in one go."""
        return self.count > 1 and self.state is not MessageState.UNSURE and self.cause not in ONE_BY_ONE


@dataclass(frozen=True)
class Foreseen:
    """What sending a group again would do: texts and e-mails that go, and those that do not, by the reason's code.

    `ids` are those that it looked at, the ones that wait longest; `later` wait for another press.
    """

    ids: tuple[UUID, ...] = ()
    going: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    later: int = 0


@dataclass(frozen=True)
class SentAgain:
    """What came of it: how many are on their way, and how many had moved on meanwhile."""

    going: int = 0
    moved: int = 0


def groups(session: Session, church_id: UUID) -> list[MessageGroup]:
    """The groups that have anybody in them, in no order. A few probes of an index a group, however big it is."""
    return [_group(session, church_id, cause) for cause in _causes(session, church_id)]


def page(
    session: Session, church_id: UUID, cause: str, *, after: Cursor | None = None, limit: int = GROUP_PAGE
) -> LogPage:
    """The page of a group that follows the place `after`, the one that stopped last first."""
    query = _of(church_id, cause, Message.status_changed_at, Message.id)
    query = query.order_by(Message.status_changed_at.desc(), Message.id.desc()).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(Message.status_changed_at, Message.id) < after)
    found: list[Cursor] = [(row.status_changed_at, row.id) for row in session.execute(query)]
    shown = found[:limit]
    if not shown:
        return LogPage()
    return LogPage(tuple(id_ for _, id_ in shown), shown[0], shown[-1], more=len(found) > limit)


def foresee(session: Session, church_id: UUID, cause: str, *, now: datetime) -> Foreseen:
    """What sending this group again would do, as far as it is known here: stops and missing yeses are looked up anew."""
    columns = (Message.id, Message.channel, Message.address, Message.person, Message.purpose, Message.card_id)
    query = _of(church_id, cause, *columns).where(Message.state != MessageState.UNSURE)
    waiting = session.execute(query.order_by(Message.status_changed_at, Message.id).limit(AT_ONCE)).all()
    # All at once and in their order, so that two requests never wait for each other in a circle.
    ledger.lock_all(session, church_id, sorted({(Channel(row.channel), row.address) for row in waiting}))
    left: Counter[str] = Counter()
    going = 0
    for row in waiting:
        verdict = decide(
            session,
            None,
            church_id,
            channel=Channel(row.channel),
            address=row.address,
            person=row.person,
            purpose=row.purpose,
            card_id=row.card_id,
            contact=None,
            is_test=False,
            now=now,
        )
        if verdict.kind in {VerdictKind.YES, VerdictKind.LATER}:
            going += 1
        else:
            left[str(verdict.reason)] += 1
    rest = _count(session, church_id, cause) - len(waiting)
    return Foreseen(tuple(row.id for row in waiting), going, dict(left.most_common()), max(0, rest))


def number_is_right(
    session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime
) -> bool:
    """Somebody looked: the number that the message waits for is the one on its card. What was held for that goes on.

    False where it waits for that no longer, or where the question stands on another card.
    """
    card_id = session.scalar(
        select(Message.card_id).where(
            Message.church_id == church_id,
            Message.id == message_id,
            Message.state == MessageState.HELD,
            Message.cause == Reason.NUMBER_UNCHECKED,
        )
    )
    if card_id is None:
        return False
    return confirm_number(session, church_id, card_id, actor=actor, now=now) is not None


def send_many_again(
    session: Session, church_id: UUID, ids: Sequence[UUID], *, actor: str, now: datetime
) -> SentAgain:
    """Sends these again, at most `AT_ONCE`; pressed twice, the second press finds nothing left to send.

    One that a person may only judge singly is left where it is.
    """
    unsure = set(
        session.scalars(
            select(Message.id).where(
                Message.church_id == church_id,
                Message.id.in_(list(ids)[:AT_ONCE]),
                Message.state == MessageState.UNSURE,
            )
        )
    )
    # In the order of their ids, as everybody takes several.
    taken = sorted(set(list(ids)[:AT_ONCE]) - unsure)
    going = sum(send_again(session, church_id, id_, actor=actor, now=now) for id_ in taken)
    if going:
        audit.record(
            session, church_id=church_id, actor=actor, action="messages.sent_again", facts={"messages": going}
        )
    return SentAgain(going, len(ids) - going)


def _causes(session: Session, church_id: UUID) -> list[str]:
    """The causes that messages wait for, each found by one probe; an empty one was not noted."""
    found: list[str] = []
    while len(found) < MOST_CAUSES:
        query = (
            select(Message.cause)
            .where(Message.church_id == church_id, WAITS_FOR_PEOPLE, Message.cause.is_not(None))
            .order_by(Message.cause)
            .limit(1)
        )
        if found:
            query = query.where(Message.cause > found[-1])
        cause = session.scalar(query)
        if cause is None:
            break
        found.append(cause)
    none = session.scalar(_of(church_id, "", Message.id).limit(1))
    return [*found, ""] if none else found


def _group(session: Session, church_id: UUID, cause: str) -> MessageGroup:
    newest = session.execute(
        _of(
            church_id,
            cause,
            Message.state,
            Message.channel,
            Message.status_changed_at,
            Card.number,
            Card.first_name,
            Card.last_name,
        )
        .outerjoin(Card, (Card.id == Message.card_id) & (Card.church_id == Message.church_id))
        .order_by(Message.status_changed_at.desc(), Message.id.desc())
        .limit(1)
    ).one_or_none()
    count = _count(session, church_id, cause)
    if newest is None or not count:
        return MessageGroup(cause, 0)
    oldest = session.scalar(
        _of(church_id, cause, Message.status_changed_at)
        .order_by(Message.status_changed_at, Message.id)
        .limit(1)
    )
    return MessageGroup(
        cause=cause,
        count=count,
        state=MessageState(newest.state),
        channel=Channel(newest.channel),
        oldest_at=oldest,
        newest_at=newest.status_changed_at,
        number=newest.number,
        name=_name(newest),
    )


def _name(row: Row[Any]) -> str:
    return f"{row.first_name or ''} {row.last_name or ''}".strip()


def _count(session: Session, church_id: UUID, cause: str) -> int:
    some = _of(church_id, cause, Message.id).limit(MOST_COUNTED + 1).subquery()
    return session.scalars(select(func.count()).select_from(some)).one()


def _of(church_id: UUID, cause: str, *columns: Any) -> Select[Any]:
    """The messages that wait for this reason. Tests of a church's words are nobody's message."""
    return select(*columns).where(
        Message.church_id == church_id,
        Message.cause.is_(None) if not cause else Message.cause == cause,
        WAITS_FOR_PEOPLE,
        Message.is_test.is_(False),
    )
