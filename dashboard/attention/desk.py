"""Where somebody is on *Needs attention*: which groups and rows are open, and what their clicks came to.

Groups and rows keep the order they had when the page was opened; a refresh changes what they say, by key and id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from dashboard.attention.asked import Asked, wanted
from dashboard.clicks import Clicked
from dashboard.formatting import when
from dashboard.reading import Trouble
from ghl.attention import after, groups, retries
from ghl.attention.after import Offer, Resolved
from ghl.attention.groups import Group
from ghl.attention.mend import ToMend
from ghl.attention.retries import Foreseen, Progress
from ghl.attention.wanted import Wanted
from ghl.cards import view
from ghl.cards.view import CardPage, CardRow, Cursor
from ghl.cards.why import ChurchState, Outage
from ghl.causes import First, cause
from ghl.db.engine import Database

FOR_A_FILTER = timedelta(seconds=10)
"""What a filter leaves is counted card by card, so not with every refresh."""

FEW = 6
"""So few cards are shown at once; more are folded away until somebody asks for them."""

ORDER: Mapping[First, int] = {"mend": 0, "nothing": 1, "answer": 2, "choose": 3}
"""What people mend comes first, then what one click sends, then what somebody has to think about."""


@dataclass
class Place:
    """Where somebody is in one group: the pages gone through, and the page that is open."""

    trail: list[Cursor] = field(default_factory=list)
    page: CardPage | None = None

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

    def again(self) -> None:
        """The first page, as it is now."""
        self.trail, self.page = [], None


@dataclass
class Mending:
    """The fields of a card that is being mended. `shown` is what was typed when the change was last shown.

    `typed` is what stood in them when another card was opened in between.
    """

    found: ToMend
    typed: Mapping[str, str] = field(default_factory=dict, repr=False)
    shown: Mapping[str, str] | None = None
    complaint: str = ""
    serial: str = field(default_factory=lambda: uuid4().hex[:8])

    def start(self, name: str) -> str:
        """What a field begins with."""
        return self.typed.get(name, self.found.values[name])

    def key(self, name: str) -> str:
        """The key of a field; anew each time, so that nothing of the last time stands in it."""
        return f"mend_{self.serial}_{name}"

    @property
    def form(self) -> str:
        """What the keys of the question about a new number begin with."""
        return f"mending_{self.serial}"


@dataclass
class Aside:
    """A card that is about to be set aside, and wants a reason."""

    card_id: UUID
    complaint: str = ""
    serial: str = field(default_factory=lambda: uuid4().hex[:8])

    @property
    def key(self) -> str:
        """The key of the field for the reason."""
        return f"aside_{self.serial}"


@dataclass
class Ask:
    """A question that is open: retry all of these? `token` makes two answers one; `shown` is the button's number."""

    wanted: Wanted
    title: str
    shown: int
    token: str = field(default_factory=lambda: uuid4().hex)
    plan: Foreseen | Trouble | None = None
    complaint: str = ""


@dataclass
class Desk(Clicked):
    """One visit of the page. `visit` keys its folds, so that a new visit begins with all of them closed."""

    asked: Asked = field(default_factory=Asked)
    shown: dict[str, Group] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    mending: Mending | None = None
    half_mended: dict[UUID, Mapping[str, str]] = field(default_factory=dict, repr=False)
    aside: Aside | None = None
    ask: Ask | None = None
    complaint: str = ""
    visit: str = field(default_factory=lambda: uuid4().hex[:8])
    counted_at: datetime | None = None
    loaded: bool = False
    few: bool = False

    def show(self, asked: Asked) -> None:
        """Another filter, or the page anew."""
        self.asked = asked
        self.shown, self.places, self.said = {}, {}, {}
        self.mending = self.aside = self.ask = None
        self.complaint, self.counted_at, self.loaded = "", None, False
        self.visit = uuid4().hex[:8]

    def place(self, key: str) -> Place:
        """Where somebody is in this group."""
        return self.places.setdefault(key, Place())

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return self.asked != Asked()

    def refresh(self, found: Sequence[Group]) -> None:
        """What the groups say now. None moves or vanishes; new ones come at the end."""
        now = {group.key: group for group in found}
        if not self.loaded:
            self.few, self.loaded = sum(group.count for group in found) <= FEW, True
        kept = {key: now.get(key) or replace(group, count=0, held=0) for key, group in self.shown.items()}
        news = sorted((group for key, group in now.items() if key not in kept), key=_order)
        self.shown = kept | {group.key: group for group in news}


@dataclass(frozen=True)
class Snapshot:
    """What the page says at one moment."""

    at: datetime
    rows: Mapping[UUID, CardRow]
    requests: Sequence[Progress]
    offers: Sequence[Offer]
    resolved: Resolved | None


def look(
    database: Database,
    church_id: UUID,
    desk: Desk,
    opened: Callable[[Group], bool],
    *,
    now: datetime,
    zone: ZoneInfo,
    state: ChurchState,
    outage: Outage | None,
    names: Mapping[str, str],
) -> Snapshot:
    """What the page says now, in one short transaction. `opened`: whether the rows of a group are shown."""
    meant = wanted(desk.asked, zone=zone)
    with database.church(church_id) as session:
        if not desk.filtered or desk.counted_at is None or now - desk.counted_at > FOR_A_FILTER:
            desk.refresh(groups.groups(session, church_id, meant))
            desk.counted_at = now
        ids: list[UUID] = []
        for group in filter(opened, desk.shown.values()):
            place = desk.place(group.key)
            if place.page is None:
                after_ = place.trail[-1] if place.trail else None
                place.page = groups.page(session, church_id, group.cause, meant, after=after_)
            ids += place.page.ids
        rows = view.rows(
            session,
            church_id,
            ids,
            now=now,
            state=state,
            outage=outage,
            when=partial(when, now=now, zone=zone),
            names=names,
        )
        left = [group for group in desk.shown.values() if group.count]
        offers = [] if outage or state.held_by else after.offers(session, church_id, left)
        return Snapshot(
            at=now,
            rows={row.id: row for row in rows},
            requests=retries.recent(session, church_id),
            offers=offers,
            resolved=None if desk.shown or desk.filtered else after.last_resolved(session, church_id),
        )


def _order(group: Group) -> tuple[int, int]:
    return ORDER[cause(group.cause).first], -group.count
