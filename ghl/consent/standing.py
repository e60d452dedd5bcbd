"""How the log of one address stands: whether a stop is in force, and to what one person said yes. Pure.

A stop, and a no that somebody wrote, hold for everybody at the address. Two things lift them, and nobody's hand does:
START from the address itself, and a new card that the person signed on a later day, by the form or typed in from paper.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo

from ghl.statuses import ConsentKind

KEYWORD = "keyword"
"""The source of what a person wrote back themselves: STOP, START."""

SIGNED = frozenset({"form", "typed"})
"""Ways in by which a person signs a new card. A list, a program and a correction are none."""

ALL_PURPOSES = "all"


@dataclass(frozen=True, repr=False)
class Entry:
    """One thing that was said about one address. `worded`: it is known to which words."""

    id: int
    kind: ConsentKind
    source: str
    person: str
    recorded_at: datetime
    signed_at: datetime | None
    purpose: str = ALL_PURPOSES
    worded: bool = True
    child: str | None = None


@dataclass(frozen=True, repr=False)
class Standing:
    """`stop` is in force; without one, `lifted` is what lifted the last, and `lifted_by` what with.

    `yes` counts for this person and purpose. Without it, `said` is what comes closest: a yes for something else or to
    no known words, a question that is open, a yes that was taken back; None where nothing was ever said.
    """

    stop: Entry | None = None
    lifted: Entry | None = None
    lifted_by: Entry | None = None
    yes: Entry | None = None
    said: Entry | None = None


def standing(
    log: Iterable[Entry], *, person: str = "", child: str | None = None, purpose: str = "", zone: tzinfo = UTC
) -> Standing:
    """How the log, oldest first, stands for this person. `child`: for whom they say it, as a guardian.

    `zone` is the church's place: it says on which day something was.
    """
    stands = _stops(log, zone)
    if stands.stop is not None:
        return Standing(stop=stands.stop)
    yeses: dict[str, Entry] = {}
    said: Entry | None = None
    for entry in stands.heard:
        theirs = (entry.person, entry.child) == (person, child)
        if entry.kind is ConsentKind.YES and (theirs or entry.source == KEYWORD):
            yeses[entry.purpose] = said = entry
        elif theirs:
            if entry.kind in {ConsentKind.UNKNOWN, ConsentKind.NO}:
                yeses = {of: one for of, one in yeses.items() if one.source == KEYWORD}
            said = entry
    found = (yeses.get(purpose), yeses.get(ALL_PURPOSES))
    yes = next((one for one in found if one is not None and counts(one)), None)
    return Standing(lifted=stands.lifted, lifted_by=stands.lifted_by, yes=yes, said=None if yes else said)


@dataclass(repr=False)
class _Stops:
    """The stop in force, or the one that was lifted last; and what else was said that counts for anything."""

    stop: Entry | None = None
    lifted: Entry | None = None
    lifted_by: Entry | None = None
    heard: list[Entry] = field(default_factory=list)


def _stops(log: Iterable[Entry], zone: tzinfo) -> _Stops:
    stands = _Stops()
    for entry in log:
        if blocks(entry):
            stands.stop = entry if stands.stop is None else _later(stands.stop, entry, zone)
            stands.lifted = stands.lifted_by = None
        elif stands.stop is not None and entry.kind is ConsentKind.YES:
            # Any other yes was said before the stop, or nobody knows when: it counts neither now nor after a START.
            if lifts(entry, stands.stop, zone):
                stands.stop, stands.lifted, stands.lifted_by = None, stands.stop, entry
                stands.heard.append(entry)
        elif entry.kind is not ConsentKind.YES or entry.source != KEYWORD:
            # START where nothing was stopped says nothing.
            stands.heard.append(entry)
    return stands


def blocks(entry: Entry) -> bool:
    """Whether it stops everything to the address. A guardian's no is about their child, not about their own phone."""
    return entry.kind is ConsentKind.STOP or (entry.kind is ConsentKind.NO and entry.child is None)


def lifts(entry: Entry, stop: Entry, zone: tzinfo = UTC) -> bool:
    """Whether this yes, written down after the stop, lifts it."""
    if entry.source == KEYWORD:
        return True
    signed = signed_on(entry, zone)
    return entry.source in SIGNED and signed is not None and signed > said_on(stop, zone)


def signed_on(entry: Entry, zone: tzinfo = UTC) -> date | None:
    """The day of the signature; None where it is unknown, or where the church had not come to it when it was written down."""
    if entry.signed_at is None:
        return None
    # A day without an hour is kept as its midnight in UTC.
    signed = entry.signed_at.astimezone(UTC).date()
    return signed if signed <= entry.recorded_at.astimezone(zone).date() else None


def said_on(stop: Entry, zone: tzinfo = UTC) -> date:
    """The day of a stop or a no. In doubt the later one counts: that of the card, or that on which we heard of it."""
    return max(stop.recorded_at.astimezone(zone).date(), signed_on(stop, zone) or date.min)


def counts(yes: Entry) -> bool:
    """Whether it proves anything: it is known which words were agreed to. START is its own word."""
    return yes.worded or yes.source == KEYWORD


def _later(one: Entry, other: Entry, zone: tzinfo) -> Entry:
    return other if said_on(other, zone) >= said_on(one, zone) else one
