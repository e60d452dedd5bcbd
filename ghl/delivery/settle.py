"""Settling: what came of claimed rows is written down, many at once, each only by who still holds its lease."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from ghl import audit
from ghl.delivery.claim import ROW_LEASE_SECONDS, ClaimedRow
from ghl.delivery.errand import HeldRow
from ghl.statuses import AttemptOutcome, CardStatus, OutboxState

STATES = {
    CardStatus.WAITING: OutboxState.DUE,
    CardStatus.SYNCED: OutboxState.DONE,
    CardStatus.NEEDS_ATTENTION: OutboxState.PARKED,
    CardStatus.HELD: OutboxState.PARKED,
}


@dataclass(frozen=True)
class LinkedContact:
    """A contact as GoHighLevel showed it after a card went into it."""

    location_id: UUID
    contact_id: str
    first_name: str
    last_name: str
    phone: str | None
    email: str | None


@dataclass(frozen=True)
class Settlement:
    """What came of one claimed row. `due_in` is in seconds and only for what waits."""

    row: ClaimedRow
    outcome: AttemptOutcome
    status: CardStatus
    due_in: float = 0.0
    cause: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    attempts: int = 0
    system_errors: int = 0
    first_system_error_at: datetime | None = None
    deaths: int = 0
    must_look_up: bool = False
    priority: int = 0
    http_status: int | None = None
    trace_id: str | None = None
    calls: tuple[dict[str, Any], ...] = ()
    contact: LinkedContact | None = None


# One statement for the whole batch. A row whose lease was lost is left alone: somebody else has it now. A card that
# was corrected meanwhile has a new position: what came of the old revision is kept, and the new one is due at once.
SETTLE = text(
    """
    WITH s AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS s(
            id bigint, token uuid, attempt_id bigint, state text, status text, outcome text, due_in float8,
            cause text, facts jsonb, attempts int, system_errors int, first_system_error_at timestamptz,
            deaths int, must_look_up bool, priority int, position bigint, revision int, corrected_due_in float8,
            location_id uuid, first_name text, last_name text, phone text, email text, written_at timestamptz,
            http_status int, trace_id text, calls jsonb, contact_id text)
        ORDER BY id
    ), settled AS (
        UPDATE outbox AS o
        SET state = CASE WHEN o.position = s.position THEN s.state ELSE 'due' END,
            due_at = now() + make_interval(
                secs => CASE WHEN o.position = s.position THEN s.due_in ELSE s.corrected_due_in END),
            attempts = CASE WHEN o.position = s.position THEN s.attempts ELSE o.attempts END,
            system_errors = CASE WHEN s.status = 'waiting' OR o.position = s.position THEN s.system_errors ELSE 0 END,
            first_system_error_at = CASE
                WHEN s.status = 'waiting' OR o.position = s.position THEN s.first_system_error_at END,
            deaths = CASE WHEN s.status = 'waiting' OR o.position = s.position THEN s.deaths ELSE 0 END,
            tries = o.tries - CASE WHEN s.outcome = 'not_sent' THEN 1 ELSE 0 END,
            must_look_up = s.must_look_up, lease_token = NULL, leased_until = NULL,
            priority = CASE WHEN o.position = s.position THEN s.priority ELSE o.priority END,
            requested_by = CASE WHEN s.outcome = 'not_sent' OR o.position <> s.position THEN o.requested_by END
        FROM s WHERE o.id = s.id AND o.lease_token = s.token
        RETURNING o.id, o.card_id, o.position <> s.position AS corrected
    ), told AS (
        UPDATE attempts AS a
        SET outcome = s.outcome, ended_at = clock_timestamp(), cause = s.cause, http_status = s.http_status,
            trace_id = s.trace_id, calls = s.calls
        FROM s, settled WHERE a.id = s.attempt_id AND settled.id = s.id
    ), unlocked AS (
        DELETE FROM person_keys AS k USING settled WHERE k.outbox_id = settled.id
    ), shown AS (
        UPDATE cards AS c
        SET status = CASE WHEN settled.corrected THEN 'waiting' ELSE s.status END,
            cause = CASE WHEN NOT settled.corrected OR s.status = 'waiting' THEN s.cause END,
            facts = CASE WHEN NOT settled.corrected OR s.status = 'waiting' THEN s.facts ELSE '{}' END,
            status_changed_at = now(), contact_id = coalesce(s.contact_id, c.contact_id),
            synced_at = CASE WHEN s.status = 'synced' THEN now() ELSE c.synced_at END,
            synced_revision = CASE WHEN s.status = 'synced' THEN s.revision ELSE c.synced_revision END
        FROM s, settled WHERE settled.id = s.id AND c.id = settled.card_id
    ), woken AS (
        -- A message that waits for this card; one that somebody is at just now finds the card by itself.
        SELECT o.id
        FROM s JOIN settled ON settled.id = s.id
        JOIN messages AS m ON m.card_id = settled.card_id AND m.state = 'waiting' AND m.cause = 'waits_for_card'
        JOIN outbox AS o ON o.message_id = m.id AND o.state = 'due'
        WHERE s.status = 'synced' AND NOT settled.corrected
        FOR UPDATE OF o SKIP LOCKED
    ), called AS (
        UPDATE outbox AS o SET due_at = now() FROM woken WHERE o.id = woken.id
    ), linked AS (
        -- The newest card of a contact wins; in one statement a contact may stand only once.
        INSERT INTO contact_links AS l (location_id, contact_id, church_id, first_name, last_name, phone, email,
                                        newest_applied_at, seen_at)
        SELECT DISTINCT ON (s.location_id, s.contact_id) s.location_id, s.contact_id, :church, s.first_name,
               s.last_name, s.phone, s.email, s.written_at, now()
        FROM s, settled WHERE s.id = settled.id AND s.contact_id IS NOT NULL
        ORDER BY s.location_id, s.contact_id, s.written_at DESC
        ON CONFLICT (location_id, contact_id) DO UPDATE
        SET first_name = excluded.first_name, last_name = excluded.last_name, phone = excluded.phone,
            email = excluded.email, seen_at = now(),
            newest_applied_at = greatest(l.newest_applied_at, excluded.newest_applied_at)
    )
    SELECT id FROM settled
    """
)

# In the order in which a stop takes the rows of its messages.
RENEW = text(
    """
    WITH held AS (
        SELECT id FROM outbox
        WHERE id = ANY(:ids) AND state = 'leased' AND lease_token = ANY(:tokens)
        ORDER BY id
        FOR UPDATE
    )
    UPDATE outbox AS o SET leased_until = now() + make_interval(secs => :lease)
    FROM held WHERE o.id = held.id
    RETURNING o.id
    """
)

LOCK_CHURCH = text("SELECT true FROM churches WHERE id = :church FOR NO KEY UPDATE")

# Only the token that was refused may stop the church: a new one may have been pasted meanwhile.
HOLD = text(
    """
    UPDATE churches SET hold_cause = :cause, hold_since = now(), hold_facts = '{}'
    WHERE id = :church AND hold_cause IS NULL
      AND EXISTS (SELECT FROM credentials WHERE id = :credential AND state = 'current')
    """
)


END_HOLD = text(
    """
    UPDATE churches SET hold_cause = NULL, hold_since = NULL, hold_facts = '{}'
    WHERE id = :church AND hold_cause IS NOT NULL
      AND EXISTS (SELECT FROM credentials WHERE id = :credential AND state = 'current')
    """
)


def settle(session: Session, church_id: UUID, settlements: Sequence[Settlement]) -> set[int]:
    """Writes the settlements; returns the ids of the rows that were still ours. A transaction of the church."""
    rows = orjson.dumps([_as_row(one) for one in settlements]).decode()
    return set(session.scalars(SETTLE, {"church": church_id, "rows": rows}))


def renew(session: Session, rows: Iterable[HeldRow], *, lease_seconds: float = ROW_LEASE_SECONDS) -> set[int]:
    """Makes the leases last from now on again; returns the ids of the rows that are still ours."""
    held = list(rows)
    if not held:
        return set()
    values = {
        "ids": [row.id for row in held],
        "tokens": list({row.lease_token for row in held}),
        "lease": lease_seconds,
    }
    return set(session.scalars(RENEW, values))


def hold(session: Session, church_id: UUID, credential_id: UUID, *, cause: str) -> bool:
    """Stops the church's deliveries for a cause that an admin mends; False where that token is no longer used."""
    values = {"church": church_id, "credential": credential_id, "cause": cause}
    # Who stores a new token changes this row as well: only after it is ours can be seen which token is current.
    session.execute(LOCK_CHURCH, {"church": church_id})
    held = bool(session.execute(HOLD, values).rowcount)  # type: ignore[attr-defined]
    if held:
        audit.record(
            session, church_id=church_id, actor="system", action="church.held", facts={"cause": cause}
        )
    return held


def end_hold(session: Session, church_id: UUID, credential_id: UUID) -> bool:
    """Lets a held church go on, because its token works; False where another token was stored meanwhile."""
    session.execute(LOCK_CHURCH, {"church": church_id})
    values = {"church": church_id, "credential": credential_id}
    ended = bool(session.execute(END_HOLD, values).rowcount)  # type: ignore[attr-defined]
    if ended:
        audit.record(session, church_id=church_id, actor="system", action="church.hold_ended")
    return ended


def _as_row(one: Settlement) -> dict[str, Any]:
    contact = asdict(one.contact) if one.contact else {}
    return storable(contact) | {
        "written_at": one.row.written_at,
        "id": one.row.id,
        "token": one.row.lease_token,
        "attempt_id": one.row.attempt_id,
        "state": STATES[one.status],
        "status": one.status,
        "outcome": one.outcome,
        "due_in": one.due_in,
        "cause": one.cause,
        "facts": storable(one.facts),
        "attempts": one.attempts,
        "system_errors": one.system_errors,
        "first_system_error_at": one.first_system_error_at,
        "deaths": one.deaths,
        "must_look_up": one.must_look_up,
        "priority": one.priority or one.row.priority,
        "position": one.row.position,
        "revision": one.row.revision,
        # What GoHighLevel said about the old revision is no reason to let the new one wait; an outage is.
        "corrected_due_in": one.due_in if one.attempts == one.row.attempts else 0.0,
        "http_status": one.http_status,
        "trace_id": one.trace_id,
        "calls": [storable(call) for call in one.calls],
    }


def storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without the one sign that PostgreSQL keeps in no text: what GoHighLevel says may hold it."""
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value for name, value in values.items()
    }
