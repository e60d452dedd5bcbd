"""Claiming: due rows become leased, in the order that keeps a person's cards in line.

Two claimers at once are harmless: rows are locked one by one, and a person's phone and e-mail are taken
in a table where each may stand only once. Times are the database's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from ghl.causes import CauseCode
from ghl.delivery.backoff import MAX_DEATHS
from ghl.statuses import OutboxState
from ghl.support import tell_support

ROW_LEASE_SECONDS = 20.0
"""A lease outlives three calls of 5 seconds and is renewed while work goes on; see `settle.renew`."""


@dataclass(frozen=True)
class ClaimedRow:
    """A row that is ours until its lease ends, with what is written on its card.

    `position` changes when the card is corrected; `contact_id` is the contact that the card went into, and
    `synced_revision` the newest revision that stands there as it was written; None where none does.
    """

    id: int
    church_id: UUID
    card_id: UUID
    attempt_id: int
    lease_token: UUID
    phone: str | None
    email: str | None
    attempts: int
    system_errors: int
    first_system_error_at: datetime | None
    deaths: int
    must_look_up: bool
    priority: int
    fields: dict[str, Any]
    written_at: datetime
    position: int
    revision: int
    contact_id: str | None
    synced_revision: int | None


# Earlier active rows of the same person go first, whatever their priority and next time: an older card
# must not come after a newer one.
ELIGIBLE = """
    SELECT o.id, o.phone, o.email
    FROM outbox AS o
    WHERE o.church_id = :church AND o.state = 'due' AND o.kind = 'card' AND o.due_at <= now()
      AND EXISTS (SELECT FROM churches WHERE id = :church AND paused_at IS NULL AND hold_cause IS NULL)
      AND (CAST(:credential AS uuid) IS NULL
        OR EXISTS (SELECT FROM credentials WHERE id = :credential AND state = 'current'))
      AND (o.phone IS NULL OR NOT EXISTS (
            SELECT FROM outbox AS e
            WHERE e.church_id = :church AND e.state IN ('due', 'leased')
              AND e.phone IS NOT NULL AND e.phone = o.phone AND e.position < o.position))
      AND (o.email IS NULL OR NOT EXISTS (
            SELECT FROM outbox AS e
            WHERE e.church_id = :church AND e.state IN ('due', 'leased')
              AND e.email IS NOT NULL AND e.email = o.email AND e.position < o.position))
    ORDER BY o.priority, o.position
    LIMIT :most
    FOR UPDATE OF o SKIP LOCKED
"""

CANDIDATES = text(ELIGIBLE)

# One statement, because each way to the server costs more than the work there. Keys are inserted in their
# order, so that two claimers never wait for each other in a circle; only rows that got all of theirs are leased.
# The position that is told is the one the statement saw, as are the revision and its fields, and not the one it
# locked: a correction in between makes them differ, and settling finds that.
CLAIM = text(
    f"""
    WITH candidate AS ({ELIGIBLE}), wanted AS (
        SELECT id, 'phone:' || phone AS key FROM candidate WHERE phone IS NOT NULL
        UNION ALL SELECT id, 'email:' || email FROM candidate WHERE email IS NOT NULL
    ), taken AS (
        INSERT INTO person_keys (church_id, key, outbox_id)
        SELECT :church, key, id FROM wanted ORDER BY key
        ON CONFLICT DO NOTHING
        RETURNING outbox_id
    ), whole AS (
        SELECT id FROM candidate AS c
        WHERE num_nonnulls(c.phone, c.email) = (SELECT count(*) FROM taken WHERE taken.outbox_id = c.id)
    ), leased AS (
        UPDATE outbox
        SET state = 'leased', lease_token = :token, leased_until = now() + make_interval(secs => :lease),
            tries = tries + 1
        FROM whole WHERE outbox.id = whole.id
        RETURNING outbox.*
    ), sending AS (
        UPDATE cards SET status = 'sending', status_changed_at = now()
        FROM leased WHERE cards.id = leased.card_id
    ), begun AS (
        INSERT INTO attempts (church_id, outbox_id, card_id, lease_token, number, requested_by, revision, started_at)
        SELECT l.church_id, l.id, l.card_id, :token, l.tries, l.requested_by, c.revision, clock_timestamp()
        FROM leased AS l JOIN cards AS c ON c.id = l.card_id
        RETURNING id, outbox_id
    )
    SELECT n.candidates, l.id, l.church_id, l.card_id, b.id AS attempt_id, l.lease_token, l.phone, l.email,
           l.attempts, l.system_errors, l.first_system_error_at, l.deaths, l.must_look_up, l.priority,
           r.fields, c.received_at AS written_at, o.position, c.revision, c.contact_id,
           c.synced_revision
    FROM (SELECT count(*) AS candidates FROM candidate) AS n
    LEFT JOIN (leased AS l
        JOIN begun AS b ON b.outbox_id = l.id
        JOIN outbox AS o ON o.id = l.id
        JOIN cards AS c ON c.id = l.card_id
        JOIN card_revisions AS r ON r.card_id = c.id AND r.no = c.revision) ON true
    ORDER BY l.priority, l.position
    """  # noqa: S608 (both parts are constants)
)

# A row that got one of its two keys only must not keep it from others; nor may what no worker holds any more.
LET_GO = text(
    """
    DELETE FROM person_keys AS k USING outbox AS o
    WHERE k.church_id = :church AND o.id = k.outbox_id AND o.state <> 'leased'
    """
)

EXPIRED = text(
    """
    WITH expired AS (
        SELECT id FROM outbox
        WHERE church_id = :church AND kind = 'card' AND state = 'leased' AND leased_until < now()
        ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED
    ), freed AS (
        UPDATE outbox AS o
        SET state = CASE WHEN o.deaths + 1 >= :deaths THEN 'parked' ELSE 'due' END,
            due_at = now(), deaths = o.deaths + 1, must_look_up = true, lease_token = NULL, leased_until = NULL
        FROM expired WHERE o.id = expired.id
        RETURNING o.id, o.card_id, o.state
    ), died AS (
        UPDATE attempts SET outcome = 'died', ended_at = now()
        FROM freed WHERE attempts.outbox_id = freed.id AND attempts.outcome IS NULL
    ), unlocked AS (
        DELETE FROM person_keys USING freed WHERE person_keys.outbox_id = freed.id
    )
    UPDATE cards
    SET status = CASE WHEN freed.state = 'parked' THEN 'needs_attention' ELSE 'waiting' END,
        cause = CASE WHEN freed.state = 'parked' THEN 'crashed_three_times' ELSE 'checking_for_existing' END,
        facts = CASE WHEN freed.state = 'parked'
                     THEN jsonb_build_object('support', upper(right(cards.id::text, 8))) ELSE '{}' END,
        status_changed_at = now()
    FROM freed WHERE cards.id = freed.card_id
    RETURNING cards.id, freed.state
    """
)


def claim(
    session: Session,
    church_id: UUID,
    *,
    token: UUID,
    most: int,
    credential_id: UUID | None = None,
    lease_seconds: float = ROW_LEASE_SECONDS,
) -> list[ClaimedRow]:
    """Leases up to `most` due rows of the church and writes their attempts; none of a church that is stopped,
    or whose token is no longer the one of `credential_id`. A transaction of the church.
    """
    values = {
        "church": church_id,
        "most": most,
        "credential": credential_id,
        "token": token,
        "lease": lease_seconds,
    }
    found = session.execute(CLAIM, values).mappings().all()
    candidates = found[0]["candidates"]
    rows = [
        ClaimedRow(**{name: value for name, value in row.items() if name != "candidates"})
        for row in found
        if row["id"] is not None
    ]
    if len(rows) < candidates:
        session.execute(LET_GO, {"church": church_id})
    return rows


def free_expired(session: Session, church_id: UUID) -> int:
    """Takes back rows whose worker died; returns how many. Whether they arrived is unknown: look first."""
    freed = session.execute(EXPIRED, {"church": church_id, "deaths": MAX_DEATHS}).all()
    for card_id, state in freed:
        if state == OutboxState.PARKED:
            tell_support(church_id, card_id, CauseCode.CRASHED_THREE_TIMES)
    return len(freed)


def due_churches(session: Session, *, most: int = 1000, resting: bool = False) -> Sequence[UUID]:
    """Churches with something to do now and nobody doing it, for the sweep. A system transaction.

    A dead worker's rows and questions are work of a stopped church too. With `resting` also churches that are left alone
    until GoHighLevel can be called again.
    """
    return session.scalars(DUE_CHURCHES, {"most": most, "resting": resting}).all()


# One probe of an index a church, however many cards wait. What is asked in another way than the church's own needs
# nobody's lease of the church, nor that GoHighLevel answers this church.
DUE_CHURCHES = text(
    """
    SELECT c.id
    FROM churches AS c
    JOIN delivery_leases AS l ON l.church_id = c.id
    WHERE ((l.until IS NULL OR l.until < now() OR (:resting AND l.holder IS NULL))
      AND ((c.paused_at IS NULL AND c.hold_cause IS NULL
            AND EXISTS (SELECT FROM locations AS x WHERE x.church_id = c.id AND x.active)
            AND EXISTS (SELECT FROM outbox AS o
                        WHERE o.church_id = c.id AND o.state = 'due' AND o.due_at <= now()))
        OR EXISTS (SELECT FROM outbox AS o
                   WHERE o.church_id = c.id AND o.state = 'leased' AND o.leased_until < now())
        OR EXISTS (SELECT FROM questions AS q
                   WHERE q.church_id = c.id AND q.location_id IS NOT NULL AND q.wanted_until > now()
                     AND ((q.state = 'waiting' AND q.due_at <= now())
                       OR (q.state = 'asking' AND q.leased_until < now())))))
      OR EXISTS (SELECT FROM questions AS q
                 WHERE q.church_id = c.id AND q.location_id IS NULL AND q.wanted_until > now()
                   AND ((q.state = 'waiting' AND q.due_at <= now())
                     OR (q.state = 'asking' AND q.leased_until < now())))
    LIMIT :most
    """
)
