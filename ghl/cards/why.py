"""Why a card stands where it stands, as one or two sentences for the screen and the HTTP answer.

Pure: it decides from what the database says. It knows no page, and escapes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ghl.causes import CauseCode, cause, sentence, who_acts
from ghl.statuses import MAX_ATTEMPTS, CardSource, CardStatus, Role

SOON = timedelta(minutes=1)
"""A card that is due goes within seconds; one that is overdue by more than this is said to wait its turn."""

SOURCES: Mapping[CardSource, str] = {
    CardSource.TYPED: "New.",
    CardSource.IMPORT: "New from a list.",
    CardSource.API: "New from another program.",
    CardSource.FORM: "New from the web form.",
}


@dataclass(frozen=True)
class ChurchState:
    """What all cards of a church wait for, if they do. `location` is GoHighLevel's id; None: not connected."""

    location: str | None = None
    paused_reason: str | None = None
    hold_cause: str | None = None
    hold_facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def held_by(self) -> tuple[str, Mapping[str, str]] | None:
        """The cause that stops the church's deliveries, with its facts; None while they go."""
        if self.paused_reason is not None:
            return CauseCode.CHURCH_PAUSED, {"reason": self.paused_reason.rstrip(" .!")}
        if self.hold_cause is not None:
            return self.hold_cause, self.hold_facts
        return None if self.location else (CauseCode.NOT_CONNECTED, {})


@dataclass(frozen=True)
class Outage:
    """GoHighLevel does not answer; the next test is then, where that is known."""

    next_test_at: datetime | None = None


@dataclass(frozen=True)
class CardState:
    """What is stored of a card and its delivery, as far as it explains the badge."""

    status: CardStatus
    source: CardSource
    cause: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    synced_at: datetime | None = None
    due_at: datetime | None = None
    tries: int = 0
    attempts: int = 0


def next_try(
    card: CardState, church: ChurchState, *, now: datetime, outage: Outage | None = None
) -> datetime | None:
    """When a waiting card is tried next; None where nobody can say, or where it is about to go anyway."""
    if card.status is not CardStatus.WAITING or church.held_by:
        return None
    if outage:
        return outage.next_test_at
    return card.due_at if card.due_at and card.due_at > now else None


def why(
    card: CardState,
    church: ChurchState,
    *,
    now: datetime,
    outage: Outage | None = None,
    when: Callable[[datetime], str] | None = None,
    reader: Role | None = None,
) -> str:
    """The reason in words. `when` writes a time as its reader does; without it times are left out."""
    match card.status:
        case CardStatus.TO_REVIEW:
            return f"{SOURCES[card.source]} Nobody has checked it yet."
        case CardStatus.WAITING:
            return _why_waiting(card, church, now, outage)
        case CardStatus.SENDING:
            return "On its way now."
        case CardStatus.SYNCED:
            arrived = f"Arrived {when(card.synced_at)}." if when and card.synced_at else "Arrived."
            return f"{arrived} {_told(card.cause, card.facts)}" if card.cause else arrived
        case CardStatus.NEEDS_ATTENTION:
            code = card.cause or CauseCode.UNKNOWN
            return f"{_told(code, card.facts)} {who_acts(cause(code).who, reader)}"
        case CardStatus.HELD:
            return _told(card.cause or CauseCode.SAME_PERSON_DOUBT, card.facts)
        case CardStatus.DISMISSED:
            return _why_set_aside(card.facts)


def tries_in_words(card: CardState) -> str:
    """How often it was tried, `Try 3 of 8` where GoHighLevel's answers are counted; empty where it was not."""
    if card.attempts and card.status in {CardStatus.WAITING, CardStatus.SENDING}:
        return f"Try {card.attempts} of {MAX_ATTEMPTS}"
    if card.status in {CardStatus.TO_REVIEW, CardStatus.SYNCED, CardStatus.DISMISSED}:
        return ""
    if card.status is CardStatus.SENDING and card.tries < 2:
        return ""
    return {0: "", 1: "Tried once", 2: "Tried twice"}.get(card.tries, f"Tried {card.tries} times")


def _why_waiting(card: CardState, church: ChurchState, now: datetime, outage: Outage | None) -> str:
    if church.held_by:
        return _told(*church.held_by)
    if outage:
        return f"{sentence(CauseCode.GHL_NOT_ANSWERING)} Nothing to do."
    if card.due_at and card.due_at > now and card.cause:
        # It is tried again by itself: "you can mend this" would send somebody to work for nothing.
        rest = " Nothing to do." if cause(card.cause).automatic else " We try again by ourselves."
        return _told(card.cause, card.facts) + rest
    if card.due_at and card.due_at < now - SOON:
        return "Waits for its turn. Nothing to do."
    return "Goes in a few seconds."


def _told(code: str, facts: Mapping[str, str]) -> str:
    """The cause's sentence, with a full stop: GoHighLevel's own answers at its end often bring none."""
    told = sentence(code, facts)
    return told if told.endswith((".", "!", "?")) else f"{told}."


def _why_set_aside(facts: Mapping[str, str]) -> str:
    by, reason = facts.get("by", ""), facts.get("reason", "").rstrip(" .!")
    told = ": ".join(part for part in (f"By {by}" if by else "", reason) if part)
    return f"{told}. Not sent." if told else "Set aside. Not sent."
