"""The list behind the page *All cards*: where a person is in it, what they ticked, and what it says now.

Who is on the page, and in which order, is fixed when the page is opened; a refresh asks only what the rows
say. So nothing moves under a pointer, and a click cannot hit the next person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dashboard.card_filter import Asked, wanted
from dashboard.clicks import Clicked
from dashboard.formatting import capped, capped_cards, cards, when
from ghl.cards import find, view
from ghl.cards.actions import Action, Chosen, Standing, why_left
from ghl.cards.find import CardFilter
from ghl.cards.review import who_is_on
from ghl.cards.view import MOST_NEW, PAGE_SIZE, CardPage, CardRow, Cursor
from ghl.cards.why import ChurchState, Outage
from ghl.causes import CauseCode
from ghl.db.engine import Database
from ghl.messages.shown import Shown, badges_of
from ghl.people.names import name_of
from ghl.statuses import CardStatus, Channel, Role


@dataclass(frozen=True)
class Everything:
    """All cards that match a filter and were there at one moment, however many pages they fill."""

    wanted: CardFilter
    until: datetime
    count: int


@dataclass
class Selection:
    """The ticked cards, by id: no refresh, page or filter moves a tick to another person.

    `version` counts how often many ticks changed at once; each time the boxes of the list begin anew.
    """

    ids: dict[UUID, None] = field(default_factory=dict)
    everything: Everything | None = None
    version: int = 0

    @property
    def count(self) -> int:
        """How many cards are ticked."""
        return self.everything.count if self.everything else len(self.ids)

    def has(self, row: CardRow) -> bool:
        """Whether this card is ticked."""
        return row.received_at <= self.everything.until if self.everything else row.id in self.ids

    def tick(self, card_id: UUID, *, on: bool, page: Iterable[UUID]) -> None:
        """Ticks or unticks one card. Unticked out of everything, the rest of the page stays ticked."""
        if self.everything:
            self.ids, self.everything = dict.fromkeys(page), None
        if on:
            self.ids[card_id] = None
        else:
            self.ids.pop(card_id, None)

    def add(self, card_ids: Iterable[UUID]) -> None:
        """Ticks these cards as well."""
        self.everything = None
        self.ids.update(dict.fromkeys(card_ids))
        self.version += 1

    def add_all(self, wanted: CardFilter, *, until: datetime, count: int) -> None:
        """Ticks all cards that match, as they were at that moment."""
        self.clear()
        self.everything = Everything(wanted, until, count)

    def clear(self) -> None:
        """No card is ticked."""
        self.ids, self.everything = {}, None
        self.version += 1

    def chosen(self) -> Chosen:
        """The ticked cards as actions take them."""
        if self.everything:
            return Chosen(wanted=self.everything.wanted, until=self.everything.until)
        return Chosen(ids=tuple(self.ids))


@dataclass
class Place(Clicked):
    """Where somebody is in the list: the filter, the pages gone through, and the page that is open."""

    asked: Asked = field(default_factory=Asked)
    words: str = field(default="", repr=False)
    trail: list[Cursor] = field(default_factory=list)
    page: CardPage | None = None
    opened_at: datetime | None = None
    wanted: CardFilter | None = None
    total: int = 0

    def show(self, asked: Asked, words: str = "") -> None:
        """Another filter, from its first page."""
        self.asked, self.words = asked, words
        self.trail, self.page, self.wanted = [], None, None
        self.said.clear()

    def newest(self) -> None:
        """The first page, as it is now."""
        self.show(self.asked, self.words)

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

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.words) or self.asked != Asked()


@dataclass(frozen=True)
class Snapshot:
    """What the page says at one moment; `new` cards stand before it by now.

    `reviewers` are the names of those who have a card open for review, by card; `messages` are their texts and
    e-mails by channel, and `names` those of the team.
    """

    at: datetime
    page: CardPage
    rows: list[CardRow]
    new: int
    reviewers: Mapping[UUID, str] = field(default_factory=dict)
    messages: Mapping[UUID, Mapping[Channel, Shown]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict, repr=False)


def look(
    database: Database,
    church_id: UUID,
    place: Place,
    *,
    now: datetime,
    zone: ZoneInfo,
    state: ChurchState,
    outage: Outage | None,
    names: Mapping[str, str],
    reader: Role,
) -> Snapshot:
    """What the list says now, in one short transaction; opens the page of `place` where none is open."""
    with database.church(church_id) as session:
        page = place.page
        # An empty page has nothing that could move, so it opens anew by itself.
        if page is None or not page.ids:
            page = _open(session, church_id, place, now=now, zone=zone)
        assert place.wanted is not None
        rows = view.rows(
            session,
            church_id,
            page.ids,
            now=now,
            state=state,
            outage=outage,
            when=partial(when, now=now, zone=zone),
            names=names,
            reader=reader,
        )
        new = (
            find.count_newer_found(session, church_id, place.wanted, page.first)
            if page.first and not place.trail
            else 0
        )
        unchecked = [row.id for row in rows if row.status is CardStatus.TO_REVIEW]
        on_them = who_is_on(session, church_id, unchecked) if unchecked else {}
        messages = badges_of(session, church_id, page.ids)
    place.page = page
    reviewers = {card_id: name_of(f"user:{user_id}", names) for card_id, user_id in on_them.items()}
    return Snapshot(
        at=now, page=page, rows=rows, new=new, reviewers=reviewers, messages=messages, names=names
    )


def _open(session: Session, church_id: UUID, place: Place, *, now: datetime, zone: ZoneInfo) -> CardPage:
    """The page at the place; on the first one, how many cards match is counted once, and holds still as well."""
    if place.wanted is None or not place.trail:
        place.wanted = wanted(place.asked, place.words, now=now, zone=zone)
        place.opened_at = now
        place.total = find.count_found(session, church_id, place.wanted)
    after = place.trail[-1] if place.trail else None
    return find.find(session, church_id, place.wanted, after=after)


class Errand(StrEnum):
    """What can only be done on the card's own page."""

    MEND = "mend"
    DECIDE = "decide"


def offered(row: CardRow) -> Action | Errand | None:
    """The next thing to do with this card, if there is one: by one click, or on its own page."""
    standing = Standing(row.status, row.cause)
    if row.status is CardStatus.NEEDS_ATTENTION:
        return Errand.MEND if why_left(Action.SEND_NOW, standing) else Action.SEND_NOW
    if row.status is CardStatus.HELD and row.cause != CauseCode.HELD_BY_STAFF:
        return Errand.DECIDE if why_left(Action.SEND_NOW, standing) else Action.SEND_NOW
    if row.status is CardStatus.WAITING and row.next_try_at is not None:
        return Action.SEND_NOW
    return None if why_left(Action.PUT_BACK, standing) else Action.PUT_BACK


def position(place: Place, page: CardPage) -> str:
    """`Cards 26 to 50 of 1,042`, counted along the pages gone through."""
    first = len(place.trail) * PAGE_SIZE + 1
    last = first + len(page.ids) - 1
    return f"Cards {first:,} to {last:,} of {capped(max(place.total, last))}"


def to_the_newest(place: Place, shot: Snapshot) -> str:
    """What the button above the list says; empty where the list already is as it would be opened now."""
    if place.trail:
        return "Back to the newest"
    if shot.new:
        many = f"{MOST_NEW}+" if shot.new >= MOST_NEW else str(shot.new)
        return f"Show {many} more {'card' if shot.new == 1 else 'cards'}"
    asked = place.asked.statuses
    moved = sum(row.status not in asked for row in shot.rows) if asked else 0
    return f"{cards(moved)} moved on: show the list anew" if moved else ""


def headline(place: Place, words: str) -> str:
    """What the list shows, in one line; `words` are those of the filter."""
    if not words:
        many = place.total > 1
        return f"All {capped_cards(place.total)}, newest first." if many else "All cards, newest first."
    return f"{capped_cards(place.total)}: {words}."
