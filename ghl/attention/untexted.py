"""How many of the cards that wait are of people who asked for no more texts: the card goes, and no text to them.

It begins with the stops, which are few, and looks each up among the cards by its phone; however many cards wait, it costs
the same. A church's transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, cast, func, not_, or_, select, true, union_all
from sqlalchemy.orm import Session

from ghl.attention.wanted import Wanted, of_causes
from ghl.cards.actions import UNREVIEWED
from ghl.causes import CauseCode
from ghl.consent import ledger
from ghl.consent.standing import standing
from ghl.db.models import Card, ConsentEvent
from ghl.statuses import Channel, ConsentKind

MOST_STOPS = 500
"""Newest stops, and as many written noes, that are looked up. Of a church that has more it is a least number."""


@dataclass(frozen=True)
class Untexted:
    """`cards` of people who asked for no more texts; `at_least`: there may be more, of people who stopped long ago."""

    cards: int = 0
    at_least: bool = False


def untexted(session: Session, church_id: UUID, wanted: Wanted, *, until: datetime) -> Untexted:
    """Of the cards that are wanted and had stopped by then, those whose phone gets no text."""
    stops = session.execute(_stopped(church_id)).all()
    phones = sorted({stop.address for stop in stops})
    if not phones:
        return Untexted()
    # One probe of an index a phone, and the condition of the index behind the groups.
    asked = func.unnest(cast(phones, ARRAY(Text))).table_valued("phone").render_derived("asked")
    waiting = (
        select(func.count().label("n"))
        .where(
            Card.church_id == church_id,
            Card.phone == asked.c.phone,
            Card.status_changed_at <= until,
            of_causes(wanted.causes),
            *wanted.conditions(),
            # Kept back before anybody had checked it, a card goes back to its review.
            or_(Card.cause.is_distinct_from(CauseCode.HELD_BY_STAFF), not_(UNREVIEWED)),
        )
        .lateral("waiting")
    )
    query = select(asked.c.phone, waiting.c.n).select_from(asked).join(waiting, true()).where(waiting.c.n > 0)
    cards = {row.phone: row.n for row in session.execute(query)}
    # What lifted a stop is not known to the index: the few that have a card here are read in full.
    said = ledger.histories(session, church_id, [(Channel.SMS, phone) for phone in cards])
    zone = ledger.zone_of(session, church_id)
    found = sum(cards[phone] for (_, phone), log in said.items() if standing(log, zone=zone).stop is not None)
    return Untexted(found, at_least=len(stops) >= MOST_STOPS)


def _stopped(church_id: UUID) -> Select[tuple[str]]:
    """The phones that ever asked for no more, by the newest stops and noes: a walk of an index each."""
    walks = union_all(
        *(
            select(
                select(ConsentEvent.address)
                .where(
                    ConsentEvent.church_id == church_id,
                    ConsentEvent.channel == Channel.SMS,
                    ConsentEvent.kind == kind,
                )
                .order_by(ConsentEvent.recorded_at.desc(), ConsentEvent.id.desc())
                .limit(MOST_STOPS)
                .subquery()
            )
            for kind in (ConsentKind.STOP, ConsentKind.NO)
        )
    ).subquery()
    return select(walks.c.address)
