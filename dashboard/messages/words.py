"""What the page *Messages* says. Pure."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dashboard.components.badges import Colour
from dashboard.formatting import clock_time, number, when
from ghl.causes import CauseCode
from ghl.causes import sentence as cause_sentence
from ghl.consent.reasons import Reason
from ghl.consent.reasons import sentence as reason_sentence
from ghl.messages.pace import DAY, RAMP, TOP_LEVEL
from ghl.messages.segments import Segments
from ghl.messages.standing import MessageStanding
from ghl.messages.templates import Template, Version
from ghl.statuses import Channel, MessageState, Purpose

CHANNELS: Mapping[Channel, tuple[str, str]] = {
    Channel.SMS: ("Text", "sms"),
    Channel.EMAIL: ("E-mail", "mail"),
}
"""Each channel in a word, and its icon."""

PURPOSES: Mapping[Purpose, str] = {
    Purpose.FOLLOW_UP: "Follow-up after a visit",
    Purpose.VOLUNTEERING: "Volunteering",
    Purpose.EVENTS: "Events",
    Purpose.GIVING: "Giving",
}

ANY_TIME = "any"
WITHIN: Mapping[str, str] = {
    "24": "1 day",
    "48": "2 days",
    "72": "3 days",
    "168": "1 week",
    "336": "2 weeks",
    "720": "30 days",
    ANY_TIME: "However old the card is",
}
"""How long after the visit a message still fits, in hours."""

UNDO: Mapping[str, str] = {
    "10": "10 seconds",
    "30": "30 seconds",
    "60": "1 minute",
    "120": "2 minutes",
    "300": "5 minutes",
    "900": "15 minutes",
    "1800": "30 minutes",
    "3600": "1 hour",
}

SAME_AS_EVER = "As on other days"
PRICE = 0.00747
"""Dollars that GoHighLevel takes for a part, also where it does not arrive."""
MANY = 100
STANDARD = {
    "\u2019": "'",
    "\u2018": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u2013": "-",
    "\u2014": "-",
    "\u2026": "...",
}
"""What a word processor writes, and what means the same on every phone."""
SHOWN_SIGNS = 8


def within_of(hours: int | None) -> str:
    """The choice for these hours."""
    return ANY_TIME if hours is None else str(hours)


def within(code: str) -> str:
    """A choice in words, also one that is none of the page's own."""
    return WITHIN.get(code) or f"{number(int(code))} hours"


def undo(code: str) -> str:
    """How long a message may be taken back, in words."""
    return UNDO.get(code) or f"{number(int(code))} seconds"


def badge(one: Template) -> tuple[str, Colour]:
    """Whether anything of it may leave."""
    if not one.published:
        return "Not published", "gray"
    return ("Published, newer draft", "blue") if one.is_draft else ("Published", "green")


def about(one: Template) -> str:
    """When it goes, in one or two sentences."""
    if one.onboarding:
        said = "Goes with Send onboarding materials."
        # A template that is not published is asked for by nobody.
        said = said if one.published else "Will go with Send onboarding materials, once it is published."
    else:
        said = "Goes when somebody asks for it on a card."
        said = said if one.published else "Can be asked for on a card, once it is published."
    if one.send_within_hours is None:
        return said
    return f"{said} Within {within(str(one.send_within_hours))} after the visit."


def changed(one: Template, who: str, *, now: datetime, zone: ZoneInfo) -> str:
    """Which words are published, and who changed it last."""
    said = f"Version {one.version}, by {who}: {when(one.changed_at, now=now, zone=zone)}."
    if one.published and one.is_draft:
        return f"{said} Version {one.published_version} is what people get."
    return said


def counted(parts: Segments) -> str:
    """`143 signs, 1 part. 17 more fit.`"""
    many = f"{number(parts.parts)} {'part' if parts.parts == 1 else 'parts'}"
    signs = f"{number(parts.units)} {'sign' if parts.units == 1 else 'signs'}"
    return f"{signs}, {many}. {number(parts.left)} more fit before it is one part more."


def costs(parts: Segments) -> str:
    """What a part costs; carriers' fees come on top."""
    return (
        f"Each part is paid, at about ${PRICE:.4f}: {MANY} of these texts cost about "
        f"${PRICE * parts.parts * MANY:.2f}, and phone companies' fees."
    )


def costly(parts: Segments) -> str:
    """Which signs make the text a longer kind, and what to write instead; empty where there are none."""
    if not parts.costly:
        return ""
    shown = " ".join(parts.costly[:SHOWN_SIGNS])
    one = len(parts.costly) == 1
    more = "" if len(parts.costly) <= SHOWN_SIGNS else f" and {len(parts.costly) - SHOWN_SIGNS} more"
    said = (
        f"{'This sign is' if one else 'These signs are'} in no phone's own alphabet: {shown}{more}. "
        "A part then holds 70 signs, not 160."
    )
    plain = [f"{STANDARD[sign]} for {sign}" for sign in parts.costly[:SHOWN_SIGNS] if sign in STANDARD]
    return f"{said} Write {', '.join(plain)}." if plain else said


def differences(old: Version, new: Version) -> list[str]:
    """Line by line what one version says and the other does not."""
    lines = [
        ("Subject: " + one.words.subject + "\n" if one.words.subject else "") + one.words.body
        for one in (old, new)
    ]
    found = difflib.ndiff(lines[0].splitlines(), lines[1].splitlines())
    marks = {"- ": "\u2212 ", "+ ": "+ "}
    return [f"{marks[line[:2]]}{line[2:]}" for line in found if line[:2] in marks]


def version_named(one: Version, template: Template, who: str, *, now: datetime, zone: ZoneInfo) -> str:
    """`Version 3, by Pat, Nov 8, 4:12 pm (published)`"""
    published = " (published)" if one.number == template.published_version else ""
    return f"Version {one.number}, by {who}, {when(one.created_at, now=now, zone=zone)}{published}"


def ramp(level: int, since: datetime | None, used: int, *, now: datetime, zone: ZoneInfo) -> Sequence[str]:
    """How many texts the church's number sends a day, and when it may be more."""
    if level >= TOP_LEVEL:
        return ("Your number is past GoHighLevel's limits for new numbers.",)
    budget = RAMP[level - 1]
    more = f"{number(RAMP[level])} texts" if level < len(RAMP) else "as many texts as there are"
    said = f"A new number sends {number(budget)} texts in 24 hours. {number(used)} went out in the last 24 hours."
    if since is None:
        return said, f"Once {number(budget)} were used up, and a day after the first text, it is {more}."
    at = since + DAY
    from_then = "from now" if at <= now else f"from {when(at, now=now, zone=zone)}"
    return said, f"It is {more} {from_then}, if the {number(budget)} are used up. The others leave tomorrow."


def clock(at: time) -> str:
    """`8:00 am`"""
    return clock_time(datetime(2024, 1, 1, at.hour, at.minute, tzinfo=_UTC), _UTC)


def half_hours(first: time, last: time) -> tuple[str, ...]:
    """Each half hour from the one to the other, as it is offered."""
    at, end, found = datetime.combine(_DAY, first), datetime.combine(_DAY, last), []
    while at <= end:
        found.append(clock(at.time()))
        at += timedelta(minutes=30)
    return tuple(found)


def read_clock(said: str) -> time:
    """The time of day that `clock` wrote so."""
    hours, _, rest = said.partition(":")
    minutes, _, half = rest.partition(" ")
    return time(int(hours) % 12 + (12 if half == "pm" else 0), int(minutes))


_UTC = ZoneInfo("UTC")
_DAY = datetime(2024, 1, 1, tzinfo=_UTC).date()


def how_it_fared(one: MessageStanding, *, now: datetime, zone: ZoneInfo) -> str:
    """Where a test stands, and what happens next."""
    what = CHANNELS[one.channel][0].lower()
    match one.state:
        case MessageState.WAITING if one.cause:
            return f"Your test waits. {why(one, zone=zone)}"
        case MessageState.WAITING | MessageState.SENDING:
            return "Your test is on its way. This line says what becomes of it."
        case MessageState.SENT:
            if one.channel is Channel.EMAIL:
                return "GoHighLevel has your test. Look into your mail."
            return "GoHighLevel has your test. The phone company has not confirmed it yet."
        case MessageState.DELIVERED:
            return f"Your test was delivered at {when(one.since, now=now, zone=zone)}."
        case MessageState.UNSURE if one.cause is None:
            return f"GoHighLevel did not answer. We look whether the {what} went out before anything else."
        case MessageState.NOT_SENT | MessageState.HELD:
            return f"Your test was not sent. {why(one, zone=zone)}"
        case _:
            return f"Your test did not arrive, as far as we know. {why(one, zone=zone)}"


def why(one: MessageStanding, *, zone: ZoneInfo) -> str:
    """The reason behind a state."""
    if one.cause is None:
        return ""
    if one.cause in set(Reason):
        return reason_sentence(Reason(one.cause), one.facts, name="this address", zone=zone)
    if one.cause in set(CauseCode):
        return cause_sentence(one.cause, one.facts)
    return ""
