"""The list behind the page *All cards*: where a person is in it, and what it says now.

Who is on the page, and in which order, is fixed when the page is opened; a refresh asks only what the rows
say. So nothing moves under a pointer, and a click cannot hit the next person.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard.formatting import when
from ghl.cards import view
from ghl.cards.counts import counts
from ghl.cards.view import PAGE_SIZE, CardPage, CardRow, Cursor
from ghl.cards.why import ChurchState, Outage
from ghl.db.engine import Database
from ghl.statuses import CardStatus


@dataclass
class Place:
    """Where somebody is in the list: the filter, the pages gone through, and the page that is open."""

    status: CardStatus | None = None
    trail: list[Cursor] = field(default_factory=list)
    page: CardPage | None = None

    def show(self, status: CardStatus | None) -> None:
        """Another filter, from its first page."""
        self.status, self.trail, self.page = status, [], None

    def newest(self) -> None:
        """The first page, as it is now."""
        self.show(self.status)

    def older(self) -> None:
        """The next page. Pressed where there is none, nothing happens."""
        if self.page and self.page.last and self.page.more:
            self.trail.append(self.page.last)
            self.page = None

    def newer(self) -> None:
        """The page before. Pressed on the first, nothing happens."""
        if self.trail:
            self.trail.pop()
            self.page = None


@dataclass(frozen=True)
class Snapshot:
    """What the page says at one moment."""

    at: datetime
    page: CardPage
    rows: list[CardRow]
    counts: Mapping[CardStatus, int]
    state: ChurchState
    new: int

    @property
    def total(self) -> int:
        """All cards of the church."""
        return sum(self.counts.values())


def look(
    database: Database,
    church_id: UUID,
    place: Place,
    *,
    now: datetime,
    zone: ZoneInfo,
    outage: Outage | None,
) -> Snapshot:
    """What the list says now, in one short transaction; opens the page of `place` where none is open."""
    with database.church(church_id) as session:
        page = place.page
        # An empty page has nothing that could move, so it opens anew by itself.
        if page is None or not page.ids:
            page = view.newest(
                session, church_id, after=place.trail[-1] if place.trail else None, status=place.status
            )
        state = view.church_state(session, church_id)
        snapshot = Snapshot(
            at=now,
            page=page,
            rows=view.rows(
                session,
                church_id,
                page.ids,
                now=now,
                state=state,
                outage=outage,
                when=partial(when, now=now, zone=zone),
            ),
            counts=counts(session, church_id),
            state=state,
            new=view.count_newer(session, church_id, page.first, status=place.status)
            if page.first and not place.trail
            else 0,
        )
    place.page = page
    return snapshot


def position(place: Place, snapshot: Snapshot) -> str:
    """`Cards 26 to 50 of 1,042`, counted along the pages gone through."""
    first = len(place.trail) * PAGE_SIZE + 1
    last = first + len(snapshot.page.ids) - 1
    total = snapshot.total if place.status is None else snapshot.counts[place.status]
    return f"Cards {first:,} to {last:,} of {max(total, last):,}"
