"""Settling: what came of one claimed message is written down, one by one, and only by who still holds its lease.

The one exception: an id that GoHighLevel gave is never thrown away, however late it comes.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.db.models import Message as StoredMessage
from ghl.db.models import MessagingSettings
from ghl.delivery.settle import hold, storable
from ghl.messages import plan
from ghl.messages.claim import ClaimedMessage
from ghl.messages.errand import Fared, Hits, MessageErrand, Seen, TakenIn
from ghl.messages.facts import what
from ghl.messages.look import looked
from ghl.messages.plan import Counters, Next
from ghl.statuses import MessageState, MessageTry
from ghl.support import support_number, tell_support

SETTLE = text(
    """
    WITH settled AS (
        UPDATE outbox AS o
        SET state = :work, due_at = coalesce(:due_at, now() + make_interval(secs => :due_in)),
            attempts = :attempts, system_errors = :system_errors,
            first_system_error_at = CAST(:first_system_error_at AS timestamptz), deaths = :deaths,
            lease_token = NULL, leased_until = NULL,
            requested_by = CASE WHEN :outcome = 'not_sent' THEN o.requested_by END
        WHERE o.id = :row AND o.lease_token = :token
        RETURNING o.id, o.message_id
    ), unlocked AS (
        DELETE FROM person_keys AS k USING settled WHERE k.outbox_id = settled.id
    ), told AS (
        UPDATE message_attempts AS a
        SET outcome = :outcome, ended_at = clock_timestamp(), cause = :cause, http_status = :http_status,
            trace_id = :trace_id, calls = CAST(:calls AS jsonb)
        FROM settled WHERE a.id = :attempt
    )
    UPDATE messages AS m
    SET state = :state, cause = :cause,
        facts = CAST(:facts AS jsonb) ||
            CASE WHEN m.facts ? 'sent_again' THEN '{"sent_again": "1"}'::jsonb ELSE '{}'::jsonb END,
        looks = CASE WHEN :state = 'unsure' AND m.state <> 'unsure' THEN 0
                     WHEN :counts_look THEN least(m.looks + 1, 100) ELSE m.looks END,
        ghl_message_id = coalesce(:message_id, m.ghl_message_id),
        ghl_email_message_id = coalesce(:email_message_id, m.ghl_email_message_id),
        conversation_id = coalesce(:conversation_id, m.conversation_id),
        sending_at = CASE WHEN :state = 'waiting' AND m.state <> 'waiting' THEN NULL ELSE m.sending_at END,
        sent_at = CASE WHEN :state IN ('sent', 'delivered') THEN coalesce(m.sent_at, m.sending_at, now())
                       ELSE m.sent_at END,
        delivered_at = CASE WHEN :state = 'delivered' THEN coalesce(m.delivered_at, now()) ELSE m.delivered_at END,
        follow_until = CASE WHEN :state = 'sent' AND m.follow_until IS NULL
                            THEN coalesce(m.sending_at, now()) + interval '24 hours' ELSE m.follow_until END,
        status_changed_at = CASE WHEN m.state = :state THEN m.status_changed_at ELSE now() END
    FROM settled WHERE m.id = settled.message_id
    RETURNING m.id
    """
)

# The lease ran out while GoHighLevel took it in: somebody else may be looking for it already.
ADOPT = text(
    """
    WITH locked AS (
        SELECT o.id FROM outbox AS o WHERE o.message_id = :message FOR UPDATE
    ), adopted AS (
        UPDATE messages AS m
        SET state = 'sent', cause = NULL, ghl_message_id = :message_id, ghl_email_message_id = :email_message_id,
            conversation_id = :conversation_id, sent_at = coalesce(m.sending_at, now()),
            follow_until = coalesce(m.sending_at, now()) + interval '24 hours', status_changed_at = now()
        FROM locked
        WHERE m.id = :message AND m.ghl_message_id IS NULL
          AND (m.state IN ('sending', 'unsure') OR (m.state = 'waiting' AND m.cause = 'said_not_sent'))
        RETURNING m.id
    )
    UPDATE outbox AS o
    SET state = 'due', due_at = now() + interval '30 seconds', lease_token = NULL, leased_until = NULL
    FROM adopted WHERE o.message_id = adopted.id
    RETURNING o.id
    """
)

GIVE_BACK = text(
    """
    WITH given AS (
        UPDATE outbox AS o
        SET state = 'due', due_at = now(), tries = o.tries - 1, lease_token = NULL, leased_until = NULL
        FROM outbox AS old
        WHERE old.id = o.id AND o.id = ANY(:ids) AND o.lease_token = ANY(:tokens)
        RETURNING o.id, o.message_id, old.lease_token
    ), unlocked AS (
        DELETE FROM person_keys AS k USING given WHERE k.outbox_id = given.id
    )
    UPDATE message_attempts AS a SET outcome = 'not_sent', ended_at = clock_timestamp()
    FROM given WHERE a.message_id = given.message_id AND a.lease_token = given.lease_token AND a.ended_at IS NULL
    """
)


def settle(session: Session, errand: MessageErrand, *, jitter: Callable[[], float]) -> bool:
    """Writes what came of a finished errand; False where it was no longer ours. A transaction of the church."""
    row = errand.row
    church_id = errand.facts.church_id
    now = session.execute(select(func.now())).scalar_one()
    step = _next(session, errand, now=now, jitter=jitter)
    if step.stop:
        # Before the rows: who sends to the address and who stops it take turns on it.
        ledger.lock(session, church_id, row.channel, row.address)
    ours = write(session, errand, step)
    if not ours and step.message_id is not None:
        values = {
            "message": row.message_id,
            "message_id": step.message_id,
            "email_message_id": step.email_message_id,
            "conversation_id": step.conversation_id,
        }
        session.execute(ADOPT, values)
    if step.stop:
        # Also where the row is not ours any more: what GoHighLevel says of the person is true all the same.
        ledger.stop_at(
            session,
            church_id,
            channel=row.channel,
            address=row.address,
            source="ghl",
            recorded_by="GoHighLevel",
            contact_id=row.contact_id,
            at=_stopped_at(errand, now),
        )
    if step.hold_church:
        hold(session, church_id, errand.facts.credential_id, cause=step.hold_church)
    return ours


def give_back(session: Session, errands: Sequence[MessageErrand]) -> None:
    """Errands that cannot go on now wait as if they had not been taken. Never one that is marked as sending."""
    assert not any(errand.sending for errand in errands)
    values = {
        "ids": [errand.row.id for errand in errands],
        "tokens": list({errand.row.lease_token for errand in errands}),
    }
    session.execute(GIVE_BACK, values)


def counters(row: ClaimedMessage) -> Counters:
    """What is remembered of its tries."""
    return Counters(row.attempts, row.system_errors, row.first_system_error_at, row.deaths)


def write(session: Session, errand: MessageErrand, step: Next) -> bool:
    """Writes where the message stands, if its row is still ours; the lease ends."""
    row = errand.row
    facts = dict(step.facts)
    if step.cause is not None:
        facts.setdefault("what", what(row.channel))
    if step.cause == CauseCode.MESSAGE_STOPS_PROGRAM:
        facts["support"] = support_number(row.message_id)
        tell_support(errand.facts.church_id, row.message_id, step.cause)
    error = errand.error
    values: dict[str, Any] = {
        "row": row.id,
        "token": row.lease_token,
        "attempt": row.attempt_id,
        "work": step.work,
        "due_at": step.due_at,
        "due_in": step.due_in.total_seconds() if step.due_in else 0.0,
        "attempts": step.counters.attempts,
        "system_errors": step.counters.system_errors,
        "first_system_error_at": step.counters.first_system_error_at,
        "deaths": step.counters.deaths,
        "outcome": step.outcome,
        "cause": step.cause,
        "http_status": error.status if error else None,
        "trace_id": error.trace_id if error else None,
        "calls": orjson.dumps([storable(call) for call in errand.calls]).decode(),
        "state": step.state,
        "facts": orjson.dumps(storable(facts)).decode(),
        "counts_look": step.counts_look,
        "message_id": step.message_id,
        "email_message_id": step.email_message_id,
        "conversation_id": step.conversation_id,
    }
    return session.execute(SETTLE, values).one_or_none() is not None


def _next(session: Session, errand: MessageErrand, *, now: datetime, jitter: Callable[[], float]) -> Next:
    row, outcome, error = errand.row, errand.outcome, errand.error
    known = counters(row)
    if errand.sending:
        if isinstance(outcome, TakenIn):
            return plan.taken_in(outcome.sent)
        return plan.after_send_error(error, known, now=now, jitter=jitter())
    if row.kind is MessageTry.LOOK:
        if isinstance(outcome, Hits):
            return _after_look(session, errand, outcome, now=now)
        if error is not None:
            return plan.after_look_error(error, known, now=now, jitter=jitter())
        return plan.died(known, MessageState.UNSURE, jitter=jitter())
    if row.kind is MessageTry.STATUS:
        sent_at = row.sent_at or now
        if isinstance(outcome, Fared):
            return plan.after_status(outcome.message, known, channel=row.channel, sent_at=sent_at, now=now)
        if error is not None:
            return plan.after_status_error(error, known, sent_at=sent_at, now=now, jitter=jitter())
        return plan.died(known, MessageState.SENT, jitter=jitter())
    assert not isinstance(outcome, Seen), (
        "a contact that was seen is decided about before anything is settled"
    )
    if error is not None:
        return plan.not_sent(error, known, now=now, jitter=jitter())
    return plan.died(known, MessageState.WAITING, jitter=jitter())


def _stopped_at(errand: MessageErrand, now: datetime) -> datetime:
    """When the person had stopped at the latest: when the message went out that was refused for it."""
    row = errand.row
    if errand.sending:
        return now
    return min(now, row.sent_at or (row.sought.sent_at if row.sought else now))


def _after_look(session: Session, errand: MessageErrand, hits: Hits, *, now: datetime) -> Next:
    row, church_id = errand.row, errand.facts.church_id
    assert row.sought is not None
    # Two messages of the same words to one person must not take the same id: they take turns on the address.
    ledger.lock(session, church_id, row.channel, row.address)
    listed = (*hits.messages, *hits.unread)
    ids = [hit.id for hit in listed] + [hit.email_message_id for hit in listed if hit.email_message_id]
    taken: set[str] = set()
    for column in (StoredMessage.ghl_message_id, StoredMessage.ghl_email_message_id):
        taken |= set(
            session.scalars(
                select(column).where(
                    StoredMessage.church_id == church_id, column.in_(ids), StoredMessage.id != row.message_id
                )
            )
        )
    look = looked(hits.messages, taken=taken, looks=row.looks, sent_at=row.sought.sent_at, unread=hits.unread)
    again = not row.sent_again and bool(
        session.scalar(
            select(MessagingSettings.email_sends_again).where(MessagingSettings.church_id == church_id)
        )
    )
    return plan.after_look(look, counters(row), channel=row.channel, sends_again=again, now=now)
