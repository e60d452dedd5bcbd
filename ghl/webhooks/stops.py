"""From what GoHighLevel tells to the log of consent: stops at once, a start only from its person and in its turn.

Events come late and in any order, so what counts is when each was said. Of two at the same moment the stop wins.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ghl.consent import ledger
from ghl.consent.dnd import There
from ghl.consent.keywords import excerpt
from ghl.db.models import ConsentDoubt, ContactLink, Message
from ghl.statuses import Channel, ConsentKind, DoubtState
from ghl.webhooks.results import Place

ACTOR = "GoHighLevel"
GHL = "ghl"
KEYWORD = "keyword"
MOST_ADDRESSES = 20

Pair = tuple[Channel, str]


def addresses_of(session: Session, place: Place, contact_id: str | None, channel: Channel) -> set[str]:
    """The addresses by which we know the contact: as our cards gave them to it, and as we wrote to it."""
    if contact_id is None:
        return set()
    column = ContactLink.phone if channel is Channel.SMS else ContactLink.email
    linked = select(column).where(
        ContactLink.location_id == place.location_id,
        ContactLink.contact_id == contact_id,
        column.is_not(None),
    )
    written = (
        select(Message.address)
        .where(
            Message.church_id == place.church_id,
            Message.contact_id == contact_id,
            Message.channel == channel,
        )
        .distinct()
        .limit(MOST_ADDRESSES)
    )
    return {*session.scalars(linked), *session.scalars(written)}


def stop(
    session: Session,
    church_id: UUID,
    pairs: Iterable[Pair],
    *,
    source: str,
    contact_id: str | None,
    at: datetime,
    note: str | None = None,
    seen: bool = False,
) -> int:
    """Records a stop for each address, where it is news; returns how many. One before a later START is passed over.

    `seen`: nobody said it just now, the contact shows it.
    """
    recorded = 0
    wanted = sorted(set(pairs))
    ledger.lock_all(session, church_id, wanted)
    for channel, address in wanted:
        stopped = ledger.stop_at(
            session,
            church_id,
            channel=channel,
            address=address,
            source=source,
            recorded_by=ACTOR,
            note=note,
            contact_id=contact_id,
            at=at,
            seen=seen,
        )
        recorded += stopped is not None
    return recorded


def start(
    session: Session, church_id: UUID, pairs: Iterable[Pair], *, contact_id: str | None, at: datetime
) -> int:
    """Lifts the stop of each address, where the START was written after it; returns how many."""
    lifted = 0
    wanted = sorted(set(pairs))
    ledger.lock_all(session, church_id, wanted)
    for channel, address in wanted:
        said = ledger.history(session, church_id, channel, address)
        if any(one.kind in {ConsentKind.STOP, ConsentKind.NO} and one.recorded_at >= at for one in said):
            continue
        lifted += ledger.record_start(
            session,
            church_id,
            channel=channel,
            address=address,
            source=KEYWORD,
            recorded_by=ACTOR,
            contact_id=contact_id,
            now=at,
        )
    return lifted


def stop_there(session: Session, church_id: UUID, there: There, *, at: datetime) -> int:
    """Records what GoHighLevel's "do not text" says that a person wanted."""
    pairs = [(channel, there.addresses[channel]) for channel in there.stops if channel in there.addresses]
    return stop(session, church_id, pairs, source=GHL, contact_id=there.contact_id, at=at, seen=True)


def doubt(
    session: Session,
    church_id: UUID,
    pairs: Iterable[Pair],
    *,
    words: str,
    contact_id: str | None,
    at: datetime,
) -> int:
    """Keeps a sentence that may be a stop for somebody to read. Nothing is sent there meanwhile."""
    opened, words = 0, excerpt(words)
    wanted = sorted(set(pairs))
    ledger.lock_all(session, church_id, wanted)
    for channel, address in wanted:
        same = select(ConsentDoubt.id).where(
            ConsentDoubt.church_id == church_id,
            ConsentDoubt.channel == channel,
            ConsentDoubt.address == address,
            ConsentDoubt.state == DoubtState.OPEN,
            ConsentDoubt.said == words,
        )
        if session.scalars(same.limit(1)).first() is not None:
            continue
        ledger.open_doubt(
            session,
            church_id,
            channel=channel,
            address=address,
            said=words,
            source=KEYWORD,
            contact_id=contact_id,
            now=at,
        )
        opened += 1
    return opened
