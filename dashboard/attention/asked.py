"""What somebody asked of *Needs attention*: the codes in the address, the filter behind them, both in words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.card_filter import SOURCES
from dashboard.formatting import one_line
from dashboard.periods import midnight, named_day, written_day
from ghl.attention.wanted import Wanted
from ghl.causes import cause
from ghl.statuses import CardSource

NAMES = ("cause", "source", "service", "from", "to")
"""What of the address belongs to the filter."""

NOT_NOTED = "none"
"""How the address names a cause that was not noted."""


@dataclass(frozen=True)
class Asked:
    """A filter as the address holds it. `since` and `until` are days of the church on which cards stopped."""

    causes: tuple[str, ...] = ()
    sources: tuple[CardSource, ...] = ()
    services: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


def from_address(
    values: Mapping[str, Sequence[str]], *, causes: Iterable[str], services: Iterable[str]
) -> Asked:
    """The filter of an address. What nobody could have chosen is left out, whoever wrote the link."""
    since, until = (named_day(values.get(name, ())) for name in ("from", "to"))
    if since and until and since > until:
        since, until = until, since
    return Asked(
        causes=tuple(code for code in sorted(set(causes)) if (code or NOT_NOTED) in values.get("cause", ())),
        sources=tuple(source for source in SOURCES if source in values.get("source", ())),
        services=tuple(name for name in services if name in values.get("service", ())),
        since=since,
        until=until,
    )


def to_address(asked: Asked) -> dict[str, str | list[str]]:
    """The codes that stand for this filter, without those that say nothing."""
    values: dict[str, str | list[str]] = {
        "cause": [code or NOT_NOTED for code in asked.causes],
        "source": [str(source) for source in asked.sources],
        "service": list(asked.services),
        "from": asked.since.isoformat() if asked.since else "",
        "to": asked.until.isoformat() if asked.until else "",
    }
    return {name: value for name, value in values.items() if value}


def wanted(asked: Asked, *, zone: ZoneInfo) -> Wanted:
    """The filter as the groups take it, with the church's days as moments."""
    return Wanted(
        causes=asked.causes,
        sources=asked.sources,
        services=asked.services,
        since=midnight(asked.since, zone),
        before=midnight(asked.until + timedelta(days=1) if asked.until else None, zone),
    )


def in_words(wanted: Wanted, *, zone: ZoneInfo) -> str:
    """What is meant, such as `A phone number to mend, from the web form`; `everything` without a filter.

    It holds names of services, which people wrote: show it with `st.text`.
    """
    parts = [
        " or ".join(title(code) for code in wanted.causes[:3])
        + (f" or {len(wanted.causes) - 3} more reasons" if len(wanted.causes) > 3 else ""),
        " or ".join(_small(SOURCES[source]) for source in wanted.sources),
        " or ".join(f"service {one_line(name, 40)}" for name in wanted.services),
        _stopped(wanted.since, wanted.before, zone),
    ]
    return ", ".join(part for part in parts if part) or "everything"


def title(code: str) -> str:
    """What a cause is called, also one that is not known here."""
    return cause(code).title.rstrip("?")


def _stopped(since: datetime | None, before: datetime | None, zone: ZoneInfo) -> str:
    first = written_day(since.astimezone(zone).date()) if since else ""
    last = written_day((before.astimezone(zone) - timedelta(microseconds=1)).date()) if before else ""
    if first and last:
        return f"stopped on {first}" if first == last else f"stopped from {first} to {last}"
    if first:
        return f"stopped since {first}"
    return f"stopped up to {last}" if last else ""


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]
