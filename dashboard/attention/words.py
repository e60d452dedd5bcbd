"""What *Needs attention* says: of a group, before a retry, while it goes on, and when nothing is left. Pure."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.formatting import ago, capped, cards, number, one_line, when
from ghl.attention.after import Offer, Resolved
from ghl.attention.groups import Group
from ghl.attention.retries import Foreseen, Progress
from ghl.cards.actions import TO_MEND
from ghl.causes import WHO_ACTS, Over, advice, cause, of_many
from ghl.people.names import name_of, name_within
from ghl.statuses import RetryState, Role

OVER: Mapping[Over, str] = {
    "others arrive": "GoHighLevel answers again.",
    "connected anew": "Your token works again.",
}

WELL = "All is well. No card is waiting for you."

NOTHING_LEFT = "Nothing is left here."


def what_happened(code: str) -> str:
    """The reason that all cards of a group share, without what is on one of them."""
    told = of_many(code)
    return told if told.endswith((".", "!", "?")) else f"{told}."


def what_to_do(code: str, role: Role) -> str:
    """What helps, and who can do it."""
    who = cause(code).who
    acts = WHO_ACTS["staff"] if who == "admin" and role is Role.ADMIN else WHO_ACTS[who]
    return f"{advice(code)} {acts}"


def since(group: Group, *, now: datetime, zone: ZoneInfo) -> str:
    """`37 cards · the first stopped Nov 8, 4:12 pm · the last 9:14 am`."""
    if not group.count:
        return NOTHING_LEFT
    return first_and_last(found(group.count), group.oldest_at, group.newest_at, now=now, zone=zone)


def first_and_last(
    counted: str, oldest_at: datetime | None, newest_at: datetime | None, *, now: datetime, zone: ZoneInfo
) -> str:
    """What was counted, and when the first and the last of it stopped."""
    parts = [counted]
    if oldest_at and newest_at:
        oldest, newest = (when(at, now=now, zone=zone) for at in (oldest_at, newest_at))
        parts += (
            [f"the first stopped {oldest}", f"the last {newest}"]
            if oldest != newest
            else [f"stopped {newest}"]
        )
    return " · ".join(parts)


def sample(group: Group) -> str:
    """`For example Anna Keller`; the name is a visitor's text."""
    if not (group.count and group.sample):
        return ""
    return f"For example {one_line(group.sample.name, 60) or 'a card without a name'}, card #{group.sample.number}."


def found(count: int) -> str:
    """`1 card`, `10,000+ cards`."""
    return f"{capped(count)} {'card' if count == 1 else 'cards'}"


def retry_group(group: Group) -> str:
    """What the button for a whole group says: how many, and of what."""
    entry = cause(group.cause)
    return f"{'Send' if entry.first == 'choose' else 'Retry'} all {number(group.count)}: {entry.title}"


def retry_found(count: int) -> str:
    """What the button for all that a filter leaves says."""
    return f"Retry all {capped(count)} that match"


def stopped(at: datetime | None, *, now: datetime, zone: ZoneInfo) -> str:
    """`stopped 9:14 am, 5 minutes ago`."""
    if at is None:
        return ""
    passed = ago(at, now=now)
    return f"stopped {when(at, now=now, zone=zone)}{f', {passed}' if passed else ''}"


def foreseen(plan: Foreseen, shown: int) -> list[str]:
    """What will happen, a sentence a line. `shown` is how many the button spoke of."""
    lines = [
        f"{cards(plan.going)} {'goes' if plan.going == 1 else 'go'} to GoHighLevel once more, behind new cards."
        if plan.going
        else "No card can go as it is."
    ]
    together = plan.going + sum(plan.left.values())
    if (gone := shown - together) > 0:
        lines.append(
            f"{cards(gone)} {_are(gone)} no longer here: in GoHighLevel, on the way or set aside. Nothing is sent twice."
        )
    if of_stopped := plan.without_text.cards:
        least = "At least " if plan.without_text.at_least else ""
        lines.append(
            f"{least}{cards(of_stopped)} of people who asked for no more texts: the card goes, no text."
        )
    for why, count in plan.left.items():
        told = "mend it first" if why == TO_MEND else why
        lines.append(f"{cards(count)} {'stays' if count == 1 else 'stay'} here: {told}.")
    return lines


def under_way(run: Progress) -> str:
    """`12 of 28 done · 11 arrived · 1 needs attention again. You can leave this page.`"""
    parts = [f"{number(min(run.done, run.total))} of {number(run.total)} done", *_results(run)]
    rest = (
        "Stopping: those on the way are awaited."
        if run.state is RetryState.STOPPING
        else "You can leave this page."
    )
    return f"{' · '.join(parts)}. {rest}"


def outcome(run: Progress, *, now: datetime, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    """`Done at 11:36 am: 26 arrived, 2 need attention again.`"""
    if not run.over or run.ended_at is None:
        return under_way(run)
    at = when(run.ended_at, now=now, zone=zone)
    told = ", ".join(_results(run)) or "nothing was changed"
    if run.state is RetryState.STOPPED:
        by = one_line(name_within(run.stopped_by or "", names), 40)
        return (
            f"Stopped by {by}, {at}, after {number(min(run.done, run.total))} of {number(run.total)}: {told}."
        )
    return f"Done, {at}: {told}."


def asked_by(run: Progress, meant: str, *, now: datetime, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    """`Ruth, 9:31 am: 28 cards, A phone number to mend`. It may hold names of services."""
    who = one_line(name_of(run.requested_by, names), 40)
    return f"{who}, {when(run.requested_at, now=now, zone=zone)}: {cards(run.total)}, {meant}"


def offered(offer: Offer) -> str:
    """The button that sends on what a trouble that is over left behind."""
    return f"Retry the {found(offer.count)} it stopped"


def last_mended(one: Resolved, *, now: datetime, zone: ZoneInfo, names: Mapping[str, str]) -> str:
    """`Last mended: Anna Keller, 9:31 am, by Ruth.` The name is a visitor's text."""
    name = one_line(one.name, 60) or f"card #{one.number}"
    by = one_line(name_within(one.actor, names), 40)
    done = "set aside" if one.set_aside else "mended"
    return f"Last {done}: {name}, {when(one.at, now=now, zone=zone)}, by {by}."


def _results(run: Progress) -> list[str]:
    told = [f"{number(run.worked)} arrived"] if run.worked else []
    if run.failed:
        told.append(f"{number(run.failed)} {'needs' if run.failed == 1 else 'need'} attention again")
    if run.moved:
        told.append(f"{number(run.moved)} set aside or kept back meanwhile")
    if left := sum(run.left_alone.values()):
        told.append(f"{number(left)} left as {'it was' if left == 1 else 'they were'}")
    return told


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
