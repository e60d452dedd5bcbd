"""What cards say, written into the log: under the locks of all its addresses, and a written no is obeyed at once.

Every way by which a card says yes or no comes through here: saving, importing, the form, the API, correcting.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ghl.cards.consent import Statement
from ghl.consent import ledger
from ghl.consent.reasons import Reason
from ghl.db.base import table_of
from ghl.db.models import ConsentEvent
from ghl.statuses import Channel, ConsentKind


@dataclass(frozen=True)
class OnItsWay:
    """A message that left at this moment, and that a written no came too late for."""

    channel: Channel
    address: str = field(repr=False)
    at: datetime


def lock_statements(session: Session, church_id: UUID, said: Collection[Statement]) -> None:
    """Takes the addresses that the statements are about, in the order that everybody takes them in."""
    ledger.lock_all(session, church_id, {(one.channel, one.address) for one in said})


def write(
    session: Session, church_id: UUID, events: Sequence[Mapping[str, Any]], *, now: datetime
) -> tuple[OnItsWay, ...]:
    """Adds rows of the log (`ghl.cards.consent.event`); returns the messages that a no came too late for.

    The addresses are locked by the caller. A no of an address that is stopped already stands in the log and does nothing
    more.
    """
    if not events:
        return ()
    pairs = {
        (event["channel"], event["address"])
        for event in events
        if event["kind"] == ConsentKind.NO and event["child"] is None
    }
    fresh = sorted(pair for pair in pairs if not ledger.is_stopped(session, church_id, *pair))
    session.execute(insert(table_of(ConsentEvent)), [dict(event) for event in events])
    left: list[OnItsWay] = []
    for channel, address in fresh:
        event_id = session.scalars(
            select(ConsentEvent.id)
            .where(
                ConsentEvent.church_id == church_id,
                ConsentEvent.channel == channel,
                ConsentEvent.address == address,
                ConsentEvent.kind == ConsentKind.NO,
                ConsentEvent.child.is_(None),
            )
            .order_by(ConsentEvent.id.desc())
            .limit(1)
        ).one()
        sending = ledger.obey(
            session, church_id, channel, address, event_id=event_id, cause=Reason.SAID_NO, now=now
        )
        if sending is not None:
            left.append(OnItsWay(Channel(channel), address, sending))
    return tuple(left)
