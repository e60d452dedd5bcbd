"""What a person does with one message afterwards: takes it back, lets it go now, says what became of it, sends it again.

All of it in the caller's transaction of the church, and each with an entry in the change log. Nothing is sent here.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl import audit
from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.consent.decide import recipients_of
from ghl.consent.recipient import Recipient
from ghl.db.models import Message
from ghl.messages.asked import Asked, AskedOutcome
from ghl.messages.facts import what
from ghl.messages.key import idempotency_key
from ghl.messages.rows import Locked, NewMessage, add, lock, put
from ghl.messages.settings import rules_of
from ghl.messages.templates import published_templates
from ghl.statuses import Channel, MessageState, OutboxState

SENT_AFTER_ALL = frozenset({CauseCode.TOO_OLD, CauseCode.WORDS_GONE, CauseCode.UNDONE, CauseCode.LEFT_UNSENT})
"""Why a message was not sent that may be sent all the same, singly. Whether it may leave is asked as ever."""


def undo(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """Takes a waiting message back; False where it is too late."""
    message = lock(session, church_id, message_id)
    if message is None or message.state != MessageState.WAITING:
        return False
    facts = {"by": actor, "what": what(message.channel)}
    put(
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
    message = lock(session, church_id, message_id)
    if message is None or message.state not in {MessageState.WAITING, MessageState.HELD}:
        return False
    if message.leased:
        return True
    put(session, message, MessageState.WAITING, OutboxState.DUE, cause=None, facts={}, now=now, actor=actor)
    _record(session, church_id, message_id, actor, "message.sent_now")
    return True


def send_again(session: Session, church_id: UUID, message_id: UUID, *, actor: str, now: datetime) -> bool:
    """The same message once more: one of which a person found that it did not go out, one that GoHighLevel did not
    take, one that was held, or one that was too late and is wanted all the same. False where it stands elsewhere.
    """
    message = lock(session, church_id, message_id)
    if message is None or not _may_go_again(message):
        return False
    unsure = message.state == MessageState.UNSURE
    facts = {"by": actor, "what": what(message.channel)} if unsure else {}
    put(
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
    message = lock(session, church_id, message_id)
    if message is None or message.state != MessageState.UNSURE:
        return False
    facts = {"by": actor, "what": what(message.channel)}
    put(
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
    message = lock(session, church_id, message_id)
    if message is None or message.state not in {MessageState.FAILED, MessageState.HELD}:
        return False
    facts = {"by": actor, "what": what(message.channel)}
    put(
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
    template = next(
        (one for one in published_templates(session, church_id) if one.id == old.template_id), None
    )
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
    not_before = now + timedelta(seconds=rules_of(session, church_id).undo_seconds)
    new = add(
        session,
        church_id,
        NewMessage(
            template=template,
            card_id=old.card_id,
            address=old.address,
            person=person,
            key=idempotency_key(church_id, old.address, template.id, old.card_id, number),
            actor=actor,
            asked_at=now,
            not_before=not_before,
            too_late_at=None,
            facts={"reason": reason[:500]},
            again=number,
        ),
        due_at=not_before,
    )
    if new is None:
        # The address is locked and its newest number was read since, so this cannot be; it would be no second message.
        raise RuntimeError("A message with the next number is there already.")
    _record(session, church_id, new, actor, "message.sent_once_more")
    return Asked(old.card_id, template.id, channel, new, AskedOutcome.QUEUED, at=not_before)


def _may_go_again(message: Locked) -> bool:
    """Whether asking for it once more can make no second one: nobody is at it, and it is known not to have arrived."""
    match message.state:
        case MessageState.UNSURE:
            return message.cause is not None
        case MessageState.FAILED | MessageState.HELD:
            return True
        case MessageState.NOT_SENT:
            return message.cause in SENT_AFTER_ALL
    return False


def _record(session: Session, church_id: UUID, message_id: UUID, actor: str, action: str) -> None:
    audit.record(session, church_id=church_id, actor=actor, action=action, subject=str(message_id))
