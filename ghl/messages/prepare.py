"""The last look before a message leaves: one short transaction that asks the consent log under the lock that a stop takes
too, and marks the message as sending, with its words. The request leaves after the commit, or never.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.client.messages import MessageWrite
from ghl.client.models import Contact
from ghl.consent import ledger
from ghl.consent.decide import decide, recipients_of
from ghl.consent.may_send import Verdict, VerdictKind
from ghl.consent.recipient import Recipient
from ghl.crypto import KeyRing
from ghl.db.models import Message, MessageTemplate
from ghl.delivery.steps import CreateContact
from ghl.messages.claim import AGAIN_FOR_CARD, ClaimedMessage
from ghl.messages.errand import CHANNELS, MessageErrand, Seen
from ghl.messages.facts import told
from ghl.messages.guardian import contact_for_test, new_contact, remember, take_address
from ghl.messages.own_phone import is_a_guests
from ghl.messages.plan import Next
from ghl.messages.ramp import begin, room_for_texts
from ghl.messages.settings import rules_of
from ghl.messages.settle import counters, write
from ghl.messages.words import WordsError, words_for
from ghl.statuses import CardStatus, Channel, MessageState, OutboxState

SEEN_FOR_SECONDS = 60.0
"""So old may GoHighLevel's answer about the contact be; then it is asked again."""

AGAIN_FOR_NUMBER = timedelta(seconds=2)
"""How soon a text looks again whether somebody else still makes a contact for its number."""

# The address is locked before: a stop takes it first as well.
MINE = text(
    """
    SELECT m.template_id, m.template_version, m.too_late_at < clock_timestamp() AS too_late, m.too_late_at,
           c.status AS card_status, c.revision
    FROM outbox AS o
    JOIN messages AS m ON m.id = o.message_id
    LEFT JOIN cards AS c ON c.id = m.card_id
    WHERE o.id = :row AND o.lease_token = :token AND o.leased_until > clock_timestamp() AND m.state = 'waiting'
    FOR UPDATE OF o, m
    """
)

MARK = text(
    """
    UPDATE messages
    SET state = 'sending', sending_at = :now, cause = NULL, subject = :subject, body = :body, contact_id = :contact,
        status_changed_at = :now
    WHERE id = :message
    """
)


@dataclass(frozen=True)
class LookAgain:
    """Somebody else had the address for so long that GoHighLevel is to be asked about the contact once more."""


def prepare(
    session: Session, *, errand: MessageErrand, ring: KeyRing, freshly_seen: Callable[[], bool]
) -> MessageWrite | CreateContact | LookAgain | None:
    """What to send now, marked as sending; None where nothing is to be sent, and then it is written why.

    A guardian who may be texted and is no contact there is to be made one first, and then asked about once more; so is
    the phone or e-mail address that a test goes to.
    A transaction of the church. Once it is committed a stop comes too late for this one message, and says so.
    """
    row, church_id = errand.row, errand.facts.church_id
    assert isinstance(errand.outcome, Seen)
    contact = errand.outcome.contact
    # It may take a while to get the address: only then is it asked what time it is. now() is when the transaction began.
    ledger.lock(session, church_id, row.channel, row.address)
    now = session.execute(select(func.clock_timestamp())).scalar_one()
    if not freshly_seen():
        return LookAgain()
    # A test's contact is nobody's card: remembered, it would be taken for a guest's.
    if contact is not None and errand.outcome.made and not row.is_test:
        remember(session, church_id, errand.facts.location_id, contact, errand.facts.region)
    to_make = _to_make(session, errand, now=now) if contact is None else None
    verdict = _verdict(session, ring, errand, contact, now=now)
    # Somebody who stopped, or whose number was corrected since, is not written to: nobody has to look for the contact.
    if contact is None and to_make is None and verdict.kind is not VerdictKind.NO:
        gone = Next(
            MessageState.HELD,
            "held",
            OutboxState.PARKED,
            cause=CauseCode.MESSAGE_CONTACT_GONE,
            counters=counters(row),
        )
        write(session, errand, gone)
        return None
    mine = session.execute(MINE, {"row": row.id, "token": row.lease_token}).mappings().one_or_none()
    if mine is None:
        return None
    step = _held_up(row, mine, verdict, now=now)
    if (
        step is None
        and row.is_test
        and is_a_guests(session, church_id, row.channel, row.address, row.purpose, now=now)
    ):
        # A card with this address came since it was asked for.
        step = Next(
            MessageState.NOT_SENT,
            "refused",
            OutboxState.DONE,
            cause=CauseCode.TEST_ON_A_CARD,
            counters=counters(row),
        )
    if step is None and to_make is not None:
        if take_address(session, church_id, row.id, row.channel, row.address):
            return to_make
        write_to = to_make.write
        facts = {"name": " ".join(filter(None, (write_to.first_name, write_to.last_name)))}
        step = _waits(row, now + AGAIN_FOR_NUMBER, CauseCode.CHECKING_FOR_EXISTING, facts)
    step = step or _out_of_pace(session, errand, now=now)
    if step is None:
        assert contact is not None
        return _mark(session, errand, mine, contact, verdict, now=now)
    write(session, errand, step)
    if verdict.kind is VerdictKind.NO and verdict.facts.get("record_stop"):
        ledger.record_stop(
            session,
            church_id,
            channel=row.channel,
            address=row.address,
            source="ghl",
            recorded_by="GoHighLevel",
            contact_id=contact.id if contact else None,
            now=now,
        )
    return None


def _verdict(
    session: Session, ring: KeyRing, errand: MessageErrand, contact: Contact | None, *, now: datetime
) -> Verdict:
    """What the consent log says about it. Where its template is about something else by now, the person has to have
    agreed to both: to what the words were written for, and to what they count as.
    """
    row, church_id = errand.row, errand.facts.church_id
    about_now = session.scalar(
        select(MessageTemplate.purpose)
        .join(Message, Message.template_id == MessageTemplate.id)
        .where(Message.church_id == church_id, Message.id == row.message_id)
    )

    def asked(purpose: str) -> Verdict:
        return decide(
            session,
            ring,
            church_id,
            channel=row.channel,
            address=row.address,
            person=row.person,
            purpose=purpose,
            card_id=row.card_id,
            contact=contact,
            is_test=row.is_test,
            now=now,
        )

    verdict = asked(row.purpose)
    if about_now in {None, str(row.purpose)} or verdict.kind in {VerdictKind.NO, VerdictKind.HELD}:
        return verdict
    return asked(str(about_now))


def _to_make(session: Session, errand: MessageErrand, *, now: datetime) -> CreateContact | None:
    """The call that makes the contact which is not there; None where nobody may be made one."""
    if errand.row.is_test:
        return contact_for_test(errand.row.channel, errand.row.address)
    guardian = _guardian(session, errand, now=now)
    return new_contact(guardian) if guardian is not None else None


def _guardian(session: Session, errand: MessageErrand, *, now: datetime) -> Recipient | None:
    """The parent or guardian that a text is for; None where it is for the card's own person."""
    row = errand.row
    if row.card_id is None:
        return None
    found = recipients_of(session, errand.facts.church_id, row.card_id, now=now).get(row.channel)
    return found if isinstance(found, Recipient) and found.child is not None else None


def _held_up(row: ClaimedMessage, mine: Mapping[Any, Any], verdict: Verdict, *, now: datetime) -> Next | None:
    """Why it may not leave now, if it may not. A no goes before everything else."""
    known = counters(row)
    reason = str(verdict.reason) if verdict.reason else None
    facts = told(verdict.facts)

    def ends(cause: str | None) -> Next:
        return Next(MessageState.NOT_SENT, "refused", OutboxState.DONE, cause=cause, counters=known)

    if verdict.kind is VerdictKind.NO:
        return Next(
            MessageState.NOT_SENT, "refused", OutboxState.DONE, cause=reason, facts=facts, counters=known
        )
    if mine["card_status"] == CardStatus.DISMISSED:
        return ends(CauseCode.CARD_SET_ASIDE)
    if mine["too_late"]:
        return ends(CauseCode.TOO_OLD)
    if verdict.kind is VerdictKind.HELD:
        return Next(MessageState.HELD, "held", OutboxState.PARKED, cause=reason, facts=facts, counters=known)
    if verdict.kind is VerdictKind.LATER:
        assert verdict.later_at is not None
        if mine["too_late_at"] is not None and verdict.later_at > mine["too_late_at"]:
            return ends(CauseCode.TOO_OLD)
        return _waits(row, verdict.later_at, reason, facts)
    if not row.is_test and mine["card_status"] != CardStatus.SYNCED:
        return _waits(row, now + AGAIN_FOR_CARD, CauseCode.WAITS_FOR_CARD, {})
    return None


def _out_of_pace(session: Session, errand: MessageErrand, *, now: datetime) -> Next | None:
    """Another text of the church's number took the last place of the day meanwhile."""
    if errand.row.channel is not Channel.SMS:
        return None
    pace = room_for_texts(session, errand.facts.church_id, now=now)
    if pace.next_at is not None:
        return _waits(errand.row, pace.next_at, CauseCode.RAMP_TOMORROW, {"at": pace.next_at.isoformat()})
    begin(session, errand.facts.church_id, pace.ramp, now=now)
    return None


def _waits(row: ClaimedMessage, due_at: datetime, cause: str | None, facts: Mapping[str, str]) -> Next:
    return Next(
        MessageState.WAITING, "waits", due_at=due_at, cause=cause, facts=facts, counters=counters(row)
    )


def _mark(
    session: Session,
    errand: MessageErrand,
    mine: Mapping[Any, Any],
    contact: Contact,
    verdict: Verdict,
    *,
    now: datetime,
) -> MessageWrite | None:
    row, church_id = errand.row, errand.facts.church_id
    try:
        words = words_for(
            session,
            church_id,
            template_id=mine["template_id"],
            version=mine["template_version"],
            channel=row.channel,
            card_id=row.card_id,
            first_text=verdict.first_text,
        )
    except WordsError as error:
        step = Next(
            MessageState.HELD,
            "held",
            OutboxState.PARKED,
            cause=error.cause,
            facts=error.facts,
            counters=counters(row),
        )
        write(session, errand, step)
        return None
    rules = rules_of(session, church_id)
    values = {
        "message": row.message_id,
        "now": now,
        "subject": words.subject,
        "body": words.text,
        "contact": contact.id,
    }
    session.execute(MARK, values)
    if row.channel is Channel.SMS:
        return MessageWrite(
            type=CHANNELS[row.channel],
            contact_id=contact.id,
            message=words.text,
            from_number=rules.from_number,
        )
    return MessageWrite(
        type=CHANNELS[row.channel],
        contact_id=contact.id,
        subject=words.subject,
        html=words.html,
        email_from=rules.email_from,
    )
