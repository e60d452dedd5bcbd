"""What somebody asked of the list of cards: the codes in the address, the filter behind them, both in words. Pure.

Words that are searched for are names and phone numbers: they never stand in the address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from dashboard.components.badges import BADGES
from dashboard.components.filter_fields import LONGEST_WORDS
from dashboard.formatting import one_line
from dashboard.periods import PERIODS, RANGE, begins, midnight, named_day, written_day
from ghl.cards.fields import LENGTHS
from ghl.cards.find import CardFilter, Choices
from ghl.statuses import CardSource, CardStatus

NAMES = ("status", "service", "campus", "source", "import", "period", "from", "to", "first")
"""What of the address belongs to the filter."""

LONGEST_NAME = LENGTHS["service"]
MOST_OTHERS = 10
"""Services or campuses of an address that are none of the choices."""

SOURCES: Mapping[CardSource, str] = {
    CardSource.TYPED: "Typed in",
    CardSource.FORM: "From the web form",
    CardSource.IMPORT: "From a list",
    CardSource.API: "From another program",
}

SINCE: Mapping[str, str] = {
    "sunday": "received since Sunday",
    "7days": "received in the last 7 days",
    "30days": "received in the last 30 days",
}


@dataclass(frozen=True)
class Asked:
    """A filter as the address holds it. `since` and `until` are days of the church, both included.

    `import_id` is the list that brought the cards; one of another church has none here.
    """

    statuses: tuple[CardStatus, ...] = ()
    services: tuple[str, ...] = ()
    campuses: tuple[str, ...] = ()
    sources: tuple[CardSource, ...] = ()
    import_id: UUID | None = None
    period: str = ""
    since: date | None = None
    until: date | None = None
    first_time: bool = False


def from_address(values: Mapping[str, Sequence[str]], choices: Choices) -> Asked:
    """The filter of an address. Codes that nobody could have chosen are left out, whoever wrote the link.

    A service or campus stays, also one that is none of the `choices`: leaving it out would show all cards under a
    link that asked for a few, and finding none is honest.
    """
    period = next(iter(values.get("period", ())), "")
    since, until = (named_day(values.get(name, ())) for name in ("from", "to"))
    if period in PERIODS:
        since = until = None
    elif since or until:
        period = RANGE
    else:
        period = ""
    if since and until and since > until:
        since, until = until, since
    return Asked(
        statuses=tuple(status for status in BADGES if status in values.get("status", ())),
        services=_names(values.get("service", ()), choices.services),
        campuses=_names(values.get("campus", ()), choices.campuses),
        sources=tuple(source for source in SOURCES if source in values.get("source", ())),
        import_id=_id(values.get("import", ())),
        period=period,
        since=since,
        until=until,
        first_time="1" in values.get("first", ()),
    )


def to_address(asked: Asked) -> dict[str, str | list[str]]:
    """The codes that stand for this filter, without those that say nothing."""
    values: dict[str, str | list[str]] = {
        "status": [str(status) for status in asked.statuses],
        "service": list(asked.services),
        "campus": list(asked.campuses),
        "source": [str(source) for source in asked.sources],
        "import": str(asked.import_id or ""),
        "period": asked.period if asked.period in PERIODS else "",
        "from": asked.since.isoformat() if asked.since else "",
        "to": asked.until.isoformat() if asked.until else "",
        "first": "1" if asked.first_time else "",
    }
    return {name: value for name, value in values.items() if value}


def wanted(asked: Asked, words: str, *, now: datetime, zone: ZoneInfo) -> CardFilter:
    """The filter as the search takes it, with the church's days as moments."""
    starts = (
        begins(asked.period, now=now, zone=zone) if asked.period in PERIODS else midnight(asked.since, zone)
    )
    ends = midnight(asked.until + timedelta(days=1) if asked.until else None, zone)
    return CardFilter(
        statuses=frozenset(asked.statuses),
        words=words,
        services=frozenset(asked.services),
        campuses=frozenset(asked.campuses),
        sources=frozenset(asked.sources),
        import_id=asked.import_id,
        received_from=starts,
        received_before=ends,
        first_time=True if asked.first_time else None,
    )


def in_words(asked: Asked, words: str) -> str:
    """What the filter leaves, such as `Needs attention, service 9:00 am`; empty where it leaves everything.

    It holds what people wrote: show it with `st.text`.
    """
    parts = [
        _either(BADGES[status].label for status in asked.statuses),
        _either(asked.services, "service "),
        _either(asked.campuses, "campus "),
        _either(_small(SOURCES[source]) for source in asked.sources),
        "from one list" if asked.import_id else "",
        SINCE.get(asked.period, "") or _between(asked.since, asked.until),
        "first-time guests" if asked.first_time else "",
        f"found by “{one_line(words, LONGEST_WORDS)}”" if words else "",
    ]
    return ", ".join(part for part in parts if part)


def _names(asked: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """The known ones in their own order, then the others, bounded: anybody may have written the address."""
    others = [name for name in asked if name not in known and 0 < len(name) <= LONGEST_NAME]
    return (*(name for name in known if name in asked), *list(dict.fromkeys(others))[:MOST_OTHERS])


def _either(names: Iterable[str], before: str = "") -> str:
    listed = [one_line(name, 40) for name in names]
    return before + " or ".join(listed) if listed else ""


def _between(since: date | None, until: date | None) -> str:
    if since and until:
        return f"received from {written_day(since)} to {written_day(until)}"
    if since:
        return f"received since {written_day(since)}"
    return f"received up to {written_day(until)}" if until else ""


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]


def _id(values: Sequence[str]) -> UUID | None:
    try:
        return UUID(next(iter(values), ""))
    except ValueError:
        return None
