"""Where somebody is on *Texts and e-mails*: the filter with its codes in the address, the page, and what it says now.

Which messages are on the page, and in which order, is fixed when it opens; a refresh changes only what a row says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard.clicks import Clicked
from dashboard.components.message_badges import BADGES
from dashboard.formatting import one_line
from dashboard.periods import PERIODS, RANGE, begins, midnight, named_day, written_day
from ghl.cards.view import Cursor
from ghl.consent.may_send import Verdict
from ghl.db.engine import Database
from ghl.messages import log
from ghl.messages.after_all import not_after_all
from ghl.messages.log import LogFilter, LogPage, LogRow
from ghl.messages.shown import BadgeCode
from ghl.statuses import Channel

NAMES = ("state", "channel", "template", "period", "from", "to")
"""What of the address belongs to the filter. Words that are searched for are names: they never stand there."""

CHANNELS: Mapping[Channel, str] = {Channel.SMS: "Texts", Channel.EMAIL: "E-mails"}

SINCE: Mapping[str, str] = {
    "sunday": "asked for since Sunday",
    "7days": "asked for in the last 7 days",
    "30days": "asked for in the last 30 days",
}


@dataclass(frozen=True)
class Asked:
    """A filter as the address holds it. `since` and `until` are days of the church, both included."""

    badges: tuple[BadgeCode, ...] = ()
    channel: Channel | None = None
    template_id: UUID | None = None
    period: str = ""
    since: date | None = None
    until: date | None = None


def from_address(values: Mapping[str, Sequence[str]]) -> Asked:
    """The filter of an address. Codes that nobody could have chosen are left out, whoever wrote the link."""
    period = next(iter(values.get("period", ())), "")
    since, until = (named_day(values.get(name, ())) for name in ("from", "to"))
    if period in PERIODS:
        since = until = None
    else:
        period = RANGE if since or until else ""
    if since and until and since > until:
        since, until = until, since
    return Asked(
        badges=tuple(code for code in BADGES if code in values.get("state", ())),
        channel=next((one for one in Channel if one in values.get("channel", ())), None),
        template_id=_id(values.get("template", ())),
        period=period,
        since=since,
        until=until,
    )


def to_address(asked: Asked) -> dict[str, str | list[str]]:
    """The codes that stand for this filter, without those that say nothing."""
    values: dict[str, str | list[str]] = {
        "state": [str(code) for code in asked.badges],
        "channel": str(asked.channel or ""),
        "template": str(asked.template_id or ""),
        "period": asked.period if asked.period in PERIODS else "",
        "from": asked.since.isoformat() if asked.since else "",
        "to": asked.until.isoformat() if asked.until else "",
    }
    return {name: value for name, value in values.items() if value}


def wanted(asked: Asked, words: str, *, now: datetime, zone: ZoneInfo) -> LogFilter:
    """The filter as the log takes it, with the church's days as moments."""
    starts = (
        begins(asked.period, now=now, zone=zone) if asked.period in PERIODS else midnight(asked.since, zone)
    )
    return LogFilter(
        badges=frozenset(asked.badges),
        channel=asked.channel,
        template_id=asked.template_id,
        requested_from=starts,
        requested_before=midnight(asked.until + timedelta(days=1) if asked.until else None, zone),
        words=words,
    )


def in_words(asked: Asked, words: str, templates: Mapping[UUID, str]) -> str:
    """What the filter leaves; empty where it leaves everything. It holds what people wrote: show it with `st.text`."""
    parts = [
        " or ".join(BADGES[code].label for code in asked.badges),
        f"{CHANNELS[asked.channel].lower()} only" if asked.channel else "",
        one_line(templates.get(asked.template_id, "other words"), 40) if asked.template_id else "",
        SINCE.get(asked.period, "") or _between(asked.since, asked.until),
        f"found by “{one_line(words, 100)}”" if words else "",
    ]
    return ", ".join(part for part in parts if part)


@dataclass
class Desk(Clicked):
    """One tab's place in the log."""

    asked: Asked = field(default_factory=Asked)
    words: str = field(default="", repr=False)
    trail: list[Cursor] = field(default_factory=list)
    page: LogPage | None = None
    wanted: LogFilter | None = None
    total: int = 0
    complaint: str = ""
    loaded: bool = False

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return self.asked != Asked() or bool(self.words)

    def show(self, asked: Asked, words: str = "") -> None:
        """Another filter, from its first page."""
        self.asked, self.words = asked, words
        self.trail, self.page, self.wanted = [], None, None
        self.said.clear()
        self.complaint = ""

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


@dataclass(frozen=True)
class Snapshot:
    """What the page says at one moment. `refused`: which of those not sent may not leave now, and why."""

    at: datetime
    page: LogPage
    rows: Sequence[LogRow]
    new: int
    refused: Mapping[UUID, Verdict] = field(default_factory=dict)


def look(database: Database, church_id: UUID, desk: Desk, *, now: datetime, zone: ZoneInfo) -> Snapshot:
    """What the page says now, in one short transaction."""
    with database.church(church_id) as session:
        if desk.wanted is None:
            desk.wanted = wanted(desk.asked, desk.words, now=now, zone=zone)
            desk.total = log.count_found(session, church_id, desk.wanted)
        if desk.page is None:
            after = desk.trail[-1] if desk.trail else None
            desk.page = log.find(session, church_id, desk.wanted, after=after)
        page = desk.page
        found = log.rows(session, church_id, page.ids)
        refused = not_after_all(session, church_id, page.ids, now=now)
        new = 0
        if not desk.trail and page.first:
            new = log.count_newer(session, church_id, desk.wanted, page.first)
        elif not page.ids:
            new = log.count_found(session, church_id, desk.wanted, most=log.MOST_NEW)
    desk.loaded = True
    return Snapshot(now, page, [found[id_] for id_ in page.ids if id_ in found], new, refused)


def _between(since: date | None, until: date | None) -> str:
    if since and until:
        return f"asked for from {written_day(since)} to {written_day(until)}"
    if since:
        return f"asked for since {written_day(since)}"
    return f"asked for up to {written_day(until)}" if until else ""


def _id(values: Sequence[str]) -> UUID | None:
    try:
        return UUID(next(iter(values), ""))
    except ValueError:
        return None
