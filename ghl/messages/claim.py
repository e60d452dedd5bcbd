"""Claiming: due messages become leased, as cards do. What cannot go now is put off, and what is over ends.

Locks are taken in one order everywhere: the address in the consent log, then rows of the outbox, then messages.
Times are the database's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.delivery.backoff import MAX_DEATHS
from ghl.delivery.claim import ROW_LEASE_SECONDS
from ghl.messages.facts import what
from ghl.messages.look import Sought
from ghl.messages.ramp import room_for_texts
from ghl.statuses import CardStatus, Channel, MessageState, MessageTry, Purpose
from ghl.support import tell_support

AGAIN_FOR_CARD = timedelta(minutes=1)
"""How often a message looks whether its card has arrived; the arrival itself brings it sooner."""

SELDOM_FOR_CARD = timedelta(minutes=15)
"""The same where the card waits for a person."""


@dataclass(frozen=True, repr=False)
class ClaimedMessage:
    """A message that is ours until its lease ends. `sought` is set for one that may have gone out."""

    id: int
    message_id: UUID
    attempt_id: int
    lease_token: UUID
    kind: MessageTry
    channel: Channel
    address: str
    person: str
    purpose: Purpose
    card_id: UUID | None
    is_test: bool
    contact_id: str | None
    ghl_message_id: str | None
    ghl_email_message_id: str | None
    sought: Sought | None
    sent_at: datetime | None
    looks: int
    attempts: int
    system_errors: int
    first_system_error_at: datetime | None
    deaths: int
    sent_again: bool = False


# A guardian is not the contact that the card went into: whoever has their number in GoHighLevel is.
# The order of the index; a church that was stopped, or connected anew, has nothing due here.
DUE = text(
    """
    SELECT o.id, o.message_id, o.attempts, o.system_errors, o.first_system_error_at, o.deaths,
           m.state, m.channel, m.address, m.person, m.purpose, m.card_id, m.subject, m.body, m.is_test, m.looks, m.sending_at, m.sent_at,
           m.ghl_message_id, m.ghl_email_message_id, m.facts ? 'sent_again' AS sent_again,
           coalesce(m.contact_id, CASE WHEN m.address IN (c.phone, c.email) THEN c.contact_id END) AS contact_id, c.status AS card_status,
           m.too_late_at IS NOT NULL AND m.too_late_at < now() AS too_late, now() AS now
    FROM outbox AS o
    JOIN messages AS m ON m.id = o.message_id
    LEFT JOIN cards AS c ON c.id = m.card_id
    WHERE o.church_id = :church AND o.state = 'due' AND o.kind = 'message' AND o.due_at <= now()
      AND EXISTS (SELECT FROM churches WHERE id = :church AND paused_at IS NULL AND hold_cause IS NULL)
      AND EXISTS (SELECT FROM credentials WHERE id = :credential AND state = 'current')
    ORDER BY o.due_at
    LIMIT :most
    FOR UPDATE OF o SKIP LOCKED
    """
)

IS_DUE = text(
    """
    SELECT true FROM outbox
    WHERE church_id = :church AND state = 'due' AND kind = 'message' AND due_at <= now() LIMIT 1
    """
)

LEASE = text(
    """
    WITH leased AS (
        UPDATE outbox SET state = 'leased', lease_token = :token, tries = tries + 1,
            leased_until = now() + make_interval(secs => :lease)
        WHERE id = ANY(:ids)
        RETURNING id, message_id, requested_by
    ), begun AS (
        INSERT INTO message_attempts (church_id, message_id, lease_token, kind, requested_by, started_at)
        SELECT :church, l.message_id, :token,
               CASE m.state WHEN 'waiting' THEN 'send' WHEN 'unsure' THEN 'look' ELSE 'status' END,
               l.requested_by, clock_timestamp()
        FROM leased AS l JOIN messages AS m ON m.id = l.message_id
        RETURNING id, message_id
    )
    SELECT l.id, b.id AS attempt_id FROM leased AS l JOIN begun AS b ON b.message_id = l.message_id
    """
)

PUT_OFF = text(
    """
    WITH put_off AS (UPDATE outbox SET due_at = :due_at WHERE id = ANY(:ids) RETURNING message_id)
    UPDATE messages AS m SET cause = :cause, facts = CAST(:facts AS jsonb) ||
        CASE WHEN m.facts ? 'sent_again' THEN '{"sent_again": "1"}'::jsonb ELSE '{}'::jsonb END
    FROM put_off WHERE m.id = put_off.message_id AND m.state = 'waiting'
    """
)

END = text(
    """
    WITH ended AS (UPDATE outbox SET state = 'done' WHERE id = ANY(:ids) RETURNING message_id)
    UPDATE messages AS m SET state = 'not_sent', cause = :cause, facts = CAST(:facts AS jsonb),
        status_changed_at = now()
    FROM ended WHERE m.id = ended.message_id AND m.state = 'waiting'
    """
)

# A worker that died while its message was marked may have sent it. What it was looking at is looked at again.
EXPIRED = text(
    """
    WITH expired AS (
        SELECT o.id, o.message_id, o.lease_token, o.deaths + 1 AS deaths, m.state, m.sending_at
        FROM outbox AS o JOIN messages AS m ON m.id = o.message_id
        WHERE o.church_id = :church AND o.kind = 'message' AND o.state = 'leased' AND o.leased_until < now()
        ORDER BY o.id LIMIT 500 FOR UPDATE OF o SKIP LOCKED
    ), freed AS (
        UPDATE outbox AS o
        SET state = CASE WHEN e.state = 'sending' OR e.deaths < :deaths THEN 'due'
                         WHEN e.state = 'sent' THEN 'done' ELSE 'parked' END,
            due_at = CASE WHEN e.state = 'sending' THEN greatest(now(), e.sending_at + interval '60 seconds')
                          ELSE now() END,
            deaths = e.deaths, lease_token = NULL, leased_until = NULL
        FROM expired AS e WHERE o.id = e.id
        RETURNING o.id, o.message_id, o.state AS work
    ), unlocked AS (
        DELETE FROM person_keys AS k USING freed WHERE k.outbox_id = freed.id
    ), died AS (
        UPDATE message_attempts AS a SET outcome = 'died', ended_at = now()
        FROM expired AS e
        WHERE a.lease_token = e.lease_token AND a.message_id = e.message_id AND a.ended_at IS NULL
    )
    UPDATE messages AS m
    SET state = CASE WHEN m.state = 'sending' THEN 'unsure'
                     WHEN m.state = 'waiting' AND f.work = 'parked' THEN 'failed' ELSE m.state END,
        cause = CASE WHEN f.work = 'parked' THEN :stops WHEN m.state = 'sending' THEN NULL ELSE m.cause END,
        facts = CASE WHEN f.work = 'parked'
                     THEN jsonb_build_object('support', upper(right(m.id::text, 8))) ELSE m.facts END,
        looks = CASE WHEN m.state = 'sending' THEN 0 ELSE m.looks END,
        status_changed_at = CASE WHEN m.state = 'sending' OR f.work = 'parked' THEN now()
                                 ELSE m.status_changed_at END
    FROM freed AS f WHERE m.id = f.message_id
    RETURNING m.id, f.work
    """
)


def is_due(session: Session, church_id: UUID) -> bool:
    """Whether something is to be done with a message now. A transaction of the church."""
    return session.scalar(IS_DUE, {"church": church_id}) is not None


def claim(
    session: Session, church_id: UUID, *, token: UUID, most: int, credential_id: UUID
) -> list[ClaimedMessage]:
    """Leases up to `most` due messages and writes their tries. Those that wait for their card, for another day or that
    came too late are not among them: their rows say so. A transaction of the church.
    """
    wanted = {"church": church_id, "most": most, "credential": credential_id}
    due = session.execute(DUE, wanted).mappings().all()
    going: list[Any] = []
    texts: list[Any] = []
    for row in due:
        if row["state"] != MessageState.WAITING:
            going.append(row)
        elif row["card_status"] == CardStatus.DISMISSED:
            _end(session, row, CauseCode.CARD_SET_ASIDE)
        elif row["too_late"]:
            _end(session, row, CauseCode.TOO_OLD)
        elif not row["is_test"] and row["card_status"] != CardStatus.SYNCED:
            _wait_for_card(session, row)
        elif row["channel"] == Channel.SMS:
            texts.append(row)
        else:
            going.append(row)
    if texts:
        going += _in_pace(session, church_id, texts)
    if not going:
        return []
    values: dict[str, Any] = {
        "church": church_id,
        "token": token,
        "lease": ROW_LEASE_SECONDS,
        "ids": [row["id"] for row in going],
    }
    leased = {row.id: row.attempt_id for row in session.execute(LEASE, values)}
    return [_claimed(row, token, leased[row["id"]]) for row in going]


def free_expired(session: Session, church_id: UUID) -> int:
    """Takes back messages whose worker died; returns how many. What may have gone out is looked for first."""
    values = {"church": church_id, "deaths": MAX_DEATHS, "stops": CauseCode.MESSAGE_STOPS_PROGRAM}
    freed = session.execute(EXPIRED, values).all()
    for message_id, work in freed:
        if work == "parked":
            tell_support(church_id, message_id, CauseCode.MESSAGE_STOPS_PROGRAM)
    return len(freed)


def _in_pace(session: Session, church_id: UUID, texts: Sequence[Any]) -> Sequence[Any]:
    """The texts that the church's number may send now; the others wait for the time when it may."""
    pace = room_for_texts(session, church_id, now=texts[0]["now"])
    if pace.room is None or len(texts) <= pace.room:
        return texts
    late = texts[pace.room :]
    # With room for some, the others stay due, and are asked about again once those are gone.
    if pace.next_at is not None:
        facts = {"at": pace.next_at.isoformat()}
        put_off(session, [row["id"] for row in late], pace.next_at, CauseCode.RAMP_TOMORROW, facts)
    return texts[: pace.room]


def put_off(
    session: Session,
    row_ids: Sequence[int],
    due_at: datetime,
    cause: str,
    facts: dict[str, str] | None = None,
) -> None:
    """These waiting messages, whose rows are locked, are taken up again then."""
    values = {
        "ids": list(row_ids),
        "due_at": due_at,
        "cause": cause,
        "facts": orjson.dumps(facts or {}).decode(),
    }
    session.execute(PUT_OFF, values)


def _wait_for_card(session: Session, row: Any) -> None:
    soon = row["card_status"] in {CardStatus.WAITING, CardStatus.SENDING}
    wait = AGAIN_FOR_CARD if soon else SELDOM_FOR_CARD
    put_off(session, [row["id"]], row["now"] + wait, CauseCode.WAITS_FOR_CARD)


def _end(session: Session, row: Any, cause: CauseCode) -> None:
    facts = orjson.dumps({"what": what(row["channel"])}).decode()
    session.execute(END, {"ids": [row["id"]], "cause": cause, "facts": facts})


def _claimed(row: Any, token: UUID, attempt_id: int) -> ClaimedMessage:
    state = MessageState(row["state"])
    kind = {MessageState.WAITING: MessageTry.SEND, MessageState.UNSURE: MessageTry.LOOK}.get(
        state, MessageTry.STATUS
    )
    channel = Channel(row["channel"])
    sought = None
    if kind is MessageTry.LOOK:
        sought = Sought(channel, row["subject"] or "", row["body"] or "", row["sending_at"])
    return ClaimedMessage(
        id=row["id"],
        message_id=row["message_id"],
        attempt_id=attempt_id,
        lease_token=token,
        kind=kind,
        channel=channel,
        address=row["address"],
        person=row["person"],
        purpose=Purpose(row["purpose"]),
        card_id=row["card_id"],
        is_test=row["is_test"],
        contact_id=row["contact_id"],
        ghl_message_id=row["ghl_message_id"],
        ghl_email_message_id=row["ghl_email_message_id"],
        sought=sought,
        sent_at=row["sent_at"],
        looks=row["looks"],
        attempts=row["attempts"],
        system_errors=row["system_errors"],
        first_system_error_at=row["first_system_error_at"],
        deaths=row["deaths"],
        sent_again=row["sent_again"],
    )
