"""How a church stands, why, and who acts. Pure: one truth table, for the list of churches and for one of them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ghl.causes import Who, cause

SLOW_AFTER = timedelta(minutes=15)
"""The longest pause between two tries of a card: who waits longer waits for more than the next try."""

TOKEN_OLD = timedelta(days=75)
"""GoHighLevel advises a new token every 90 days; two weeks are enough to change it without haste."""


class State(StrEnum):
    """How a church stands, worst first."""

    STOPPED = "stopped"
    SLOW = "slow"
    SETTING_UP = "setting_up"
    PAUSED = "paused"
    WELL = "well"


@dataclass(frozen=True)
class ChurchFacts:
    """What is known of a church without looking at a card. `unanswered`: GoHighLevel does not answer it now."""

    connected: bool = True
    admins: int = 1
    paused_reason: str | None = None
    hold_cause: str | None = None
    unanswered: bool = False
    waiting: int = 0
    need_people: int = 0
    oldest_waiting: timedelta | None = None
    has_cards: bool = True
    token_age: timedelta | None = None


@dataclass(frozen=True)
class Standing:
    """The answer: `why` is one sentence, empty where there is nothing to say, and `who` acts on it."""

    state: State
    why: str = ""
    who: str = ""


YOU = "You"
ADMIN = "Their admin"
STAFF = "Their team"
NOBODY = "Nobody"
ACTS: dict[Who, str] = {"staff": STAFF, "admin": ADMIN, "nobody": NOBODY, "support": YOU}


def standing(facts: ChurchFacts, *, senders: int) -> Standing:
    """How the church stands; `senders` are the workers that are alive. The first thing that is true counts.

    A pause is a person's decision and comes before what GoHighLevel does; a church that is not connected cannot be
    stopped; one that nobody of the church can look after, or that never had a card, is not ready yet.
    """
    if facts.paused_reason is not None:
        return Standing(State.PAUSED, f"Paused: {facts.paused_reason}", YOU)
    if not facts.connected:
        if facts.admins:
            return Standing(State.SETTING_UP, "Not connected to GoHighLevel yet.", ADMIN)
        return NOBODY_INVITED
    return _stopped(facts, senders) or _slow_or_not_ready(facts) or _well(facts)


NOBODY_INVITED = Standing(State.SETTING_UP, "No admin is invited yet.", YOU)


def _stopped(facts: ChurchFacts, senders: int) -> Standing | None:
    if facts.hold_cause is not None:
        entry = cause(facts.hold_cause)
        return Standing(State.STOPPED, f"{entry.title}.", ACTS[entry.who])
    if not senders:
        return Standing(State.STOPPED, "No worker is running.", YOU)
    if facts.unanswered:
        return Standing(State.STOPPED, "GoHighLevel isn't answering.", NOBODY)
    return None


def _slow_or_not_ready(facts: ChurchFacts) -> Standing | None:
    if facts.oldest_waiting is not None and facts.oldest_waiting >= SLOW_AFTER:
        return Standing(State.SLOW, "A card waits longer than usual.", NOBODY)
    if not facts.admins:
        return NOBODY_INVITED
    if not facts.has_cards:
        return Standing(State.SETTING_UP, "Connected. No card has come yet.", STAFF)
    return None


def _well(facts: ChurchFacts) -> Standing:
    if facts.token_age is not None and facts.token_age >= TOKEN_OLD:
        days = facts.token_age.days
        return Standing(State.WELL, f"Its token is {days} days old.", ADMIN)
    if facts.need_people:
        need = "card needs" if facts.need_people == 1 else "cards need"
        return Standing(State.WELL, f"{facts.need_people:,} {need} somebody.", STAFF)
    return Standing(State.WELL)
