"""From how a delivery ended to what is written down: the rules are in `backoff`, the writing in `settle`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.causes import CauseCode, cause
from ghl.client.models import Contact
from ghl.db.models import Card
from ghl.delivery.backoff import OWN_FAULT_ERRORS, Counters, Died, NextStep, next_step
from ghl.delivery.claim import ClaimedRow
from ghl.delivery.delivery import Delivery
from ghl.delivery.known import email_of, phone_of
from ghl.delivery.settle import LinkedContact, Settlement
from ghl.delivery.steps import Attention, Delivered
from ghl.statuses import AttemptOutcome, CardStatus, Priority
from ghl.support import support_number

OUTCOMES = {
    CardStatus.SYNCED: AttemptOutcome.DELIVERED,
    CardStatus.WAITING: AttemptOutcome.WAITS,
    CardStatus.NEEDS_ATTENTION: AttemptOutcome.NEEDS_ATTENTION,
    CardStatus.HELD: AttemptOutcome.HELD,
}


@dataclass(frozen=True)
class Conclusion:
    """A settlement, and the cause for which the whole church has to stop, with the token that met it."""

    settlement: Settlement
    credential_id: UUID
    hold_church: CauseCode | None = None


def conclude(
    session: Session, delivery: Delivery, *, now: datetime, jitter: Callable[[], float]
) -> Conclusion:
    """What follows from a finished delivery. A transaction of the church, which is only read from."""
    row = delivery.row
    result = delivery.outcome or delivery.error or Died()
    counters = Counters(
        attempts=row.attempts,
        system_errors=row.system_errors,
        first_system_error_at=row.first_system_error_at,
        deaths=row.deaths,
        others_passed=_others_passed(session, row),
        must_look_up=row.must_look_up,
    )
    step = next_step(result, counters, now=now, jitter=jitter(), unsure=delivery.unsure)
    contact = result.contact if isinstance(result, Delivered | Attention) else None
    settlement = Settlement(
        row=row,
        outcome=AttemptOutcome.DIED if isinstance(result, Died) else OUTCOMES[step.state],
        status=step.state,
        due_in=step.due_in.total_seconds() if step.due_in else 0.0,
        cause=step.cause,
        facts=_facts(step, result, row),
        attempts=step.counters.attempts,
        system_errors=step.counters.system_errors,
        first_system_error_at=step.counters.first_system_error_at,
        deaths=step.counters.deaths,
        must_look_up=step.must_look_up,
        priority=max(row.priority, Priority.RETRY) if step.due_in else row.priority,
        http_status=delivery.error.status if delivery.error else None,
        trace_id=delivery.error.trace_id if delivery.error else None,
        calls=tuple(delivery.calls),
        contact=_linked(delivery, contact) if contact else None,
    )
    return Conclusion(settlement, delivery.facts.credential_id, step.hold_church)


def give_back(delivery: Delivery) -> Conclusion:
    """A delivery that cannot go on now: it waits as if it had not been taken, but is looked up if it was begun."""
    row = delivery.row
    settlement = Settlement(
        row=row,
        outcome=AttemptOutcome.WAITS if delivery.touched else AttemptOutcome.NOT_SENT,
        status=CardStatus.WAITING,
        attempts=row.attempts,
        system_errors=row.system_errors,
        first_system_error_at=row.first_system_error_at,
        deaths=row.deaths,
        must_look_up=row.must_look_up or delivery.touched,
        priority=row.priority,
        calls=tuple(delivery.calls),
    )
    return Conclusion(settlement, delivery.facts.credential_id)


def _others_passed(session: Session, row: ClaimedRow) -> bool:
    """Whether another card of the church arrived since this one first met a system error."""
    if row.first_system_error_at is None or row.system_errors + 1 < OWN_FAULT_ERRORS:
        return False
    arrived = select(Card.id).where(
        Card.church_id == row.church_id, Card.synced_at > row.first_system_error_at, Card.id != row.card_id
    )
    return session.scalar(arrived.limit(1)) is not None


def _facts(step: NextStep, result: object, row: ClaimedRow) -> dict[str, str]:
    facts = dict(step.facts)
    if step.state is CardStatus.NEEDS_ATTENTION and step.cause and cause(step.cause).who == "support":
        facts["support"] = support_number(row.card_id)
    if isinstance(result, Delivered) and result.left_out:
        facts["left_out"] = ", ".join(result.left_out)
    return facts


def _linked(delivery: Delivery, contact: Contact) -> LinkedContact:
    region = delivery.facts.region
    return LinkedContact(
        location_id=delivery.facts.location_id,
        contact_id=contact.id,
        first_name=contact.first_name or "",
        last_name=contact.last_name or "",
        phone=phone_of(contact, region),
        email=email_of(contact),
    )
