"""The consent log of a church, newest first, by filter and page. It only reads.

Each page is read from an index in its order: one walk for each channel and kind that is wanted, ten at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from uuid import UUID

from sqlalchemy import select, tuple_, union_all
from sqlalchemy.orm import Session

from ghl.consent.lines import COLUMNS, PAGE, Said, read
from ghl.db.models import ConsentEvent
from ghl.statuses import Channel, ConsentKind

MOST_SOURCES = 50


@dataclass(frozen=True)
class Place:
    """Where a line stands in the order of the log."""

    at: datetime
    id: int


@dataclass(frozen=True)
class Wanted:
    """What to leave of the log; an empty part asks nothing. `since` is part of the time, `before` is not."""

    channel: Channel | None = None
    kind: ConsentKind | None = None
    source: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Page:
    """Lines in their order; `more`: there are older ones."""

    lines: Sequence[Said]
    more: bool

    @property
    def last(self) -> Place | None:
        """Where the next page goes on."""
        return Place(self.lines[-1].recorded_at, self.lines[-1].id) if self.lines else None


def page(
    session: Session, church_id: UUID, wanted: Wanted, *, after: Place | None = None, limit: int = PAGE
) -> Page:
    """The lines that are left, behind `after`."""
    place = (ConsentEvent.recorded_at, ConsentEvent.id)
    limits = [ConsentEvent.church_id == church_id]
    if wanted.source:
        limits.append(ConsentEvent.source == wanted.source)
    if wanted.since:
        limits.append(ConsentEvent.recorded_at >= wanted.since)
    if wanted.before:
        limits.append(ConsentEvent.recorded_at < wanted.before)
    if after:
        limits.append(tuple_(*place) < tuple_(after.at, after.id))
    channels = [wanted.channel] if wanted.channel else list(Channel)
    kinds = [wanted.kind] if wanted.kind else list(ConsentKind)
    walks = union_all(
        *(
            select(
                select(ConsentEvent.id, ConsentEvent.recorded_at)
                .where(*limits, ConsentEvent.channel == channel, ConsentEvent.kind == kind)
                .order_by(*(column.desc() for column in place))
                .limit(limit + 1)
                .subquery()
            )
            for channel, kind in product(channels, kinds)
        )
    ).subquery()
    newest = (
        select(walks.c.id).order_by(walks.c.recorded_at.desc(), walks.c.id.desc()).limit(limit + 1)
    ).subquery()
    lines = read(
        session,
        church_id,
        select(*COLUMNS)
        .join(newest, newest.c.id == ConsentEvent.id)
        .where(ConsentEvent.church_id == church_id)
        .order_by(*(column.desc() for column in place)),
    )
    return Page(lines[:limit], len(lines) > limit)


def sources(session: Session, church_id: UUID) -> list[str]:
    """The ways in that stand in the log: one probe of an index each, however long it is."""
    found: list[str] = []
    while len(found) < MOST_SOURCES:
        query = (
            select(ConsentEvent.source)
            .where(ConsentEvent.church_id == church_id)
            .order_by(ConsentEvent.source)
            .limit(1)
        )
        if found:
            query = query.where(ConsentEvent.source > found[-1])
        source = session.scalar(query)
        if source is None:
            break
        found.append(source)
    return found
