"""How far the stop of an address is in GoHighLevel, and how many of its ten business days are left. It only reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from ghl.consent.business_days import is_business_day
from ghl.consent.lines import Pair
from ghl.db.models import OptOut
from ghl.statuses import Channel, OptOutState


@dataclass(frozen=True)
class Brought:
    """The newest stop of an address on its way into GoHighLevel. `event_id` is its line of the log."""

    event_id: int
    state: OptOutState
    cause: str | None
    asked_at: datetime
    due_on: date
    sent_at: datetime | None
    confirmed_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether there is nothing left to bring there."""
        return self.state in {OptOutState.CONFIRMED, OptOutState.NO_CONTACT}


def brought(session: Session, church_id: UUID, pairs: Collection[Pair]) -> Mapping[Pair, Brought]:
    """The newest stop of each address that ever had one."""
    if not pairs:
        return {}
    rows = session.scalars(
        select(OptOut)
        .where(OptOut.church_id == church_id, tuple_(OptOut.channel, OptOut.address).in_(sorted(pairs)))
        .ext(distinct_on(OptOut.channel, OptOut.address))
        .order_by(OptOut.channel, OptOut.address, OptOut.asked_at.desc(), OptOut.id.desc())
    )
    return {
        (Channel(row.channel), row.address): Brought(
            row.event_id,
            OptOutState(row.state),
            row.cause,
            row.asked_at,
            row.due_on,
            row.sent_at,
            row.confirmed_at,
        )
        for row in rows
    }


def days_left(today: date, due_on: date) -> int:
    """Business days from tomorrow to the last one, that one included; below zero where it is over. Pure."""
    if due_on < today:
        return -1
    return sum(is_business_day(today + timedelta(days=n)) for n in range(1, (due_on - today).days + 1))
