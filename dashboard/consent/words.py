"""What the consent pages say: may we text somebody and why, what was said once, and how far a stop is. Pure.

Names and addresses in these sentences are people's: show them with `st.text`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dashboard.formatting import clock_time, one_line, when
from dashboard.periods import written_day
from ghl.cards.phone import shown
from ghl.consent.ask import Answer, Person, is_yes
from ghl.consent.brought import Brought, days_left
from ghl.consent.lines import Said
from ghl.consent.may_send import Verdict, VerdictKind
from ghl.consent.reasons import Reason, sentence
from ghl.consent.said import OnItsWay
from ghl.statuses import Channel, ConsentKind, OptOutState

CHANNELS: Mapping[Channel, str] = {Channel.SMS: "Text", Channel.EMAIL: "E-mail"}
VERBS: Mapping[Channel, str] = {Channel.SMS: "text", Channel.EMAIL: "e-mail"}
MESSAGES: Mapping[Channel, str] = {Channel.SMS: "texts", Channel.EMAIL: "e-mails"}

KINDS: Mapping[ConsentKind, str] = {
    ConsentKind.YES: "Yes",
    ConsentKind.NO: "No",
    ConsentKind.STOP: "Stop",
    ConsentKind.ASKED: "Number to check",
    ConsentKind.UNKNOWN: "Taken back",
}

SOURCES: Mapping[str, str] = {
    "form": "web form",
    "typed": "paper card",
    "import": "list",
    "api": "another program",
    "correction": "correction of a card",
    "keyword": "reply of the person",
    "spoken": "said to somebody",
    "e-mail": "e-mail or letter",
    "ghl": "GoHighLevel",
}
"""The ways in which something was said."""

NUMBER_TO_CHECK = (
    "Texts to the new number wait until somebody says on the card's page that it is the number on the card."
)

ERASED_OR_NOBODY = "Nobody on a card"


def source(code: str) -> str:
    """The way in, in words; one of a newer version has its own code."""
    return SOURCES.get(code, code.replace("_", " "))


def address_of(channel: Channel, address: str | None, region: str) -> str:
    """The address as people write it."""
    if not address:
        return "no address"
    return shown(address, region) if channel is Channel.SMS else one_line(address, 120)


def who(person: Person) -> str:
    """What to call somebody at the head of their answers."""
    return one_line(person.name) or (ERASED_OR_NOBODY if person.number is None else "No name")


def answer_line(answer: Answer, *, name: str, zone: ZoneInfo) -> str:
    """The answer and why, in one line: `Yes: Anna said yes on Nov 14, 2026, on card #812 (paper card), wording v3.`"""
    called = one_line(name, 40)
    return f"{'Yes' if answer.yes else 'No'}: {_why(answer, called, zone)}"


def other_line(verdict: Verdict, *, name: str, zone: ZoneInfo) -> str:
    """The answer for something else that the church writes about: `No: Anna said yes to texts about something else …`"""
    if is_yes(verdict):
        return "Yes."
    why = (
        sentence(verdict.reason, verdict.facts, name=one_line(name, 40), zone=zone) if verdict.reason else ""
    )
    return f"No: {why}" if why else "No."


def question(channel: Channel, name: str, about: str = "") -> str:
    """`May we text Anna?`, and where the answers differ `May we text Anna about giving?`"""
    return (
        f"May we {VERBS[channel]} {one_line(name, 40) or 'this person'}{f' about {about}' if about else ''}?"
    )


def lifted_line(answer: Answer, *, name: str, zone: ZoneInfo) -> str:
    """The stop that is in force no more, and what lifted it and when; empty where none was lifted."""
    by = answer.lifted_by
    if by is None:
        return ""
    person = one_line(name, 40) or "This person"
    if by.source == "keyword":
        lifted = f"START on {_moment(by.recorded_at, zone)} lifted that."
    else:
        card = f" #{by.number}" if by.number is not None else ""
        day = day_signed(by.signed_at) if by.signed_at else _moment(by.recorded_at, zone)
        lifted = f"A new card{card}, signed on {day}, lifted that."
    stop = answer.lifted
    if stop is None:
        return f"There was a stop for this address before. {lifted}"
    if stop.kind is ConsentKind.NO:
        day = day_signed(stop.signed_at) if stop.signed_at else _moment(stop.recorded_at, zone)
        return f"Before: {person} said no to {MESSAGES[stop.channel]} on a card on {day}. {lifted}"
    return f"Before: {_said_stop(stop, person, zone)} {lifted}"


def what_lifts(answer: Answer) -> str:
    """What nobody here can undo, and what lifts it; empty where there is no stop."""
    if answer.verdict.reason not in {Reason.STOPPED, Reason.SAID_NO}:
        return ""
    if answer.channel is Channel.SMS:
        return (
            "Only they can change that: by texting START to your church's number, "
            "or by ticking the box on a new card signed on a later day."
        )
    return "Only they can change that: by ticking the box on a new card signed on a later day."


def if_erased(channel: Channel) -> str:
    """What is said of an address of which nothing else is known."""
    one = "a text" if channel is Channel.SMS else "an e-mail"
    return f"If this person was erased here, their stop is still kept and obeyed when {one} is sent."


def brought_line(brought: Brought, *, now: datetime, zone: ZoneInfo) -> str:
    """How far a stop is in GoHighLevel: asked, set there, read back; and how much time is left."""
    parts = [f"Asked {when(brought.asked_at, now=now, zone=zone)}."]
    if brought.state is OptOutState.NO_CONTACT:
        at = f" {when(brought.confirmed_at, now=now, zone=zone)}" if brought.confirmed_at else ""
        return (
            f"{parts[0]} Checked{at}: nobody in GoHighLevel has this address, so nothing is to be set there."
        )
    if brought.sent_at:
        parts.append(f"Set in GoHighLevel {when(brought.sent_at, now=now, zone=zone)}.")
    if brought.state is OptOutState.CONFIRMED:
        at = f" {when(brought.confirmed_at, now=now, zone=zone)}" if brought.confirmed_at else ""
        return " ".join([*parts, f"Confirmed there{at}."])
    parts.append(
        "Not confirmed there yet; we go on by ourselves." if brought.sent_at else _on_its_way(brought)
    )
    return " ".join([*parts, _time_left(brought, now.astimezone(zone).date())])


def said_line(said: Said) -> str:
    """What was said, by whom it was said and how: `Yes to texts · Anna Keller · paper card, card #812`."""
    to = MESSAGES[said.channel]
    head = {
        ConsentKind.YES: f"Yes to {to}",
        ConsentKind.NO: f"No to {to}",
        ConsentKind.STOP: f"No more {to}",
        ConsentKind.ASKED: "Is the corrected number the one on the card?",
        ConsentKind.UNKNOWN: f"The yes to {to} was taken back",
    }[said.kind]
    way = source(said.source) + (f", card #{said.number}" if said.number is not None else "")
    purpose = "" if said.purpose == "all" or said.kind is not ConsentKind.YES else f"for {said.purpose}"
    child = f"for {one_line(said.child_name, 40)}" if said.child else ""
    return " · ".join(part for part in (head, one_line(said.name, 60), child, purpose, way) if part)


def said_when(said: Said, *, now: datetime, zone: ZoneInfo) -> str:
    """When it was written down, in the church's time and UTC, and the day of the signature."""
    utc = f"{said.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    signed = f", signed {day_signed(said.signed_at)}" if said.signed_at else ""
    return f"{when(said.recorded_at, now=now, zone=zone)} ({utc}){signed}"


def said_from(said: Said) -> str:
    """From which address of the network and browser it came; empty where there was none."""
    browser = one_line(said.user_agent, 120) if said.user_agent else ""
    return ", ".join(part for part in (f"from {said.ip}" if said.ip else "", browser) if part)


def day_signed(at: datetime) -> str:
    """The day of a signature. It is kept without an hour, as its midnight in UTC."""
    return written_day(at.astimezone(UTC).date())


def recorded(
    channel: Channel,
    address: str,
    brought: Brought | None,
    *,
    already: bool,
    on_its_way: datetime | None,
    zone: ZoneInfo,
) -> str:
    """What follows from a stop that was just recorded."""
    first = (
        f"Noted once more: there were to be no {MESSAGES[channel]} to {address} already."
        if already
        else f"No more {MESSAGES[channel]} to {address}."
    )
    told = "GoHighLevel is being told."
    if brought:
        told += f" The law gives until {short_day(brought)}; it usually takes seconds."
    left = f" {one_left(channel, on_its_way, zone=zone)}" if on_its_way else ""
    return f"{first} {told}{left}"


def one_left(channel: Channel, at: datetime, *, zone: ZoneInfo) -> str:
    """`One text was already on its way at 10:31:07 am.`"""
    return f"One {VERBS[channel]} was already on its way at {clock_time(at, zone, seconds=True)}."


def too_late_for(on_its_way: Iterable[OnItsWay], *, zone: ZoneInfo) -> str:
    """What a no on a card came too late for; empty where nothing was on its way."""
    return " ".join(one_left(one.channel, one.at, zone=zone) for one in on_its_way)


def short_day(brought: Brought) -> str:
    """`Dec 10`."""
    return f"{brought.due_on:%b} {brought.due_on.day}"


def _why(answer: Answer, name: str, zone: ZoneInfo) -> str:
    verdict, person = answer.verdict, name or "this person"
    if answer.yes:
        said = _said_yes(answer.said, person, zone) if answer.said else f"{person} said yes."
        if answer.child:
            said += f" It is for {one_line(answer.child, 40)}, who is under 18."
        if verdict.kind is VerdictKind.LATER and verdict.later_at:
            local = verdict.later_at.astimezone(zone)
            said += f" At this hour a text waits until {clock_time(local, zone)}."
        return said
    if verdict.reason is Reason.NOT_ASKED:
        return (
            f"We have no yes from {person}. Nobody asked yet, or the box was left blank. "
            "Ask them to tick the box on a card or the form."
        )
    if verdict.reason is None:
        return "we do not know why. Nothing is sent."
    if verdict.reason is Reason.STOPPED and answer.said:
        return f"{_said_stop(answer.said, person, zone)} {what_lifts(answer)}"
    return sentence(verdict.reason, verdict.facts, name=name, zone=zone)


def _said_yes(said: Said, person: str, zone: ZoneInfo) -> str:
    recorded_on = written_day(said.recorded_at.astimezone(zone).date())
    if said.source == "keyword":
        return f"{person} texted START on {recorded_on}."
    day = day_signed(said.signed_at) if said.signed_at else recorded_on
    card = f", card #{said.number}" if said.number is not None else ""
    version = f", wording {one_line(said.wording_version, 20)}" if said.wording_version else ""
    return f"{person} said yes on {day} ({source(said.source)}{card}{version})."


def _said_stop(said: Said, person: str, zone: ZoneInfo) -> str:
    moment = _moment(said.recorded_at, zone)
    how: Mapping[str, Callable[[], str]] = {
        "keyword": lambda: f"{person} replied that no more should come, on {moment}.",
        "ghl": lambda: (
            f"GoHighLevel says that {person} asked for no more {MESSAGES[said.channel]}, since {moment}."
        ),
        "spoken": lambda: (
            f"{person} said no to {MESSAGES[said.channel]}, to somebody of your team, on {moment}."
        ),
        "e-mail": lambda: (
            f"{person} wrote to your team on {moment} to have no more {MESSAGES[said.channel]}."
        ),
    }
    return how.get(said.source, lambda: f"{person} asked for no more {MESSAGES[said.channel]} on {moment}.")()


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{written_day(at.astimezone(zone).date())} at {clock_time(at, zone)}"


def _on_its_way(brought: Brought) -> str:
    if brought.cause == "not_connected":
        return "GoHighLevel is not connected: it is told as soon as an admin connects it."
    return (
        "GoHighLevel is being told."
        if not brought.cause
        else "GoHighLevel did not take it yet; we try again by ourselves."
    )


def _time_left(brought: Brought, today: date) -> str:
    left = days_left(today, brought.due_on)
    if left < 0:
        return f"It is overdue since {short_day(brought)}: set “do not disturb” in GoHighLevel by hand."
    days = "Today is the last day" if left == 0 else f"{left} business day{'' if left == 1 else 's'} left"
    return f"{days} (by {short_day(brought)})."
