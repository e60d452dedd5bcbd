"""What pages say about many texts and e-mails: the line on Home, counts, and what a group of them waits for. Pure."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.attention.words import NOTHING_LEFT, first_and_last
from dashboard.formatting import capped, number, one_line, when
from dashboard.message_words import thing
from ghl.attention.messages import Foreseen, MessageGroup
from ghl.causes import WHO_ACTS, CauseCode, advice, cause, of_many
from ghl.consent.reasons import Reason
from ghl.messages.counts import Together
from ghl.messages.shown import BadgeCode
from ghl.statuses import Channel, MessageState, Role

NONE_YET = (
    "No texts yet. A text goes only when somebody presses 'Send onboarding materials' on a card, "
    "or ticks 'Send the welcome text and e-mail' in Review."
)

SHORT: Mapping[str, str] = {
    Reason.STOPPED: "asked for no texts",
    CauseCode.ASKED_FOR_NO_TEXTS: "asked for no texts",
    Reason.SAID_NO: "said no on a card",
    Reason.DND_IN_GHL: "“do not disturb” in GoHighLevel",
    Reason.STILL_BLOCKED: "still blocked in GoHighLevel",
    Reason.DOUBT: "may have asked for no more",
    Reason.NOT_ASKED: "no yes",
    Reason.TAKEN_BACK: "the yes was taken back",
    Reason.OTHER_PURPOSE: "said yes to something else",
    Reason.NO_WORDING: "the card doesn't say to which words",
    Reason.NUMBER_UNCHECKED: "the number was corrected",
    Reason.UNDER_AGE: "under 18",
    Reason.GUARDIAN_UNKNOWN: "no phone of a parent",
    Reason.ADDRESS_CHANGED: "the card has another address now",
    Reason.CARD_UNREADABLE: "the card can't be read",
    Reason.OTHER_NUMBER: "GoHighLevel has another number",
    CauseCode.TOO_OLD: "too old",
    CauseCode.UNDONE: "taken back",
    CauseCode.LEFT_UNSENT: "left unsent",
    CauseCode.CARD_SET_ASIDE: "the card was set aside",
    CauseCode.WORDS_GONE: "the words were put away",
}
"""Why a message was not sent, in the few words of a line that counts."""

TITLES: Mapping[str, str] = {
    Reason.OTHER_NUMBER: "GoHighLevel has another number or address",
    Reason.NUMBER_UNCHECKED: "Is this the number on the card?",
    Reason.DOUBT: "Did somebody ask for no more?",
    Reason.CARD_UNREADABLE: "The card can't be read",
    Reason.STILL_BLOCKED: "GoHighLevel still blocks it",
}

MANY: Mapping[str, str] = {
    Reason.OTHER_NUMBER: "The contact in GoHighLevel has another number or address than the card, so nothing was sent.",
    Reason.NUMBER_UNCHECKED: "The number was corrected after the card was signed, so nothing was sent yet.",
    Reason.DOUBT: "Somebody wrote something that may mean: no more. Nothing is sent until a person has read it.",
    CauseCode.UNSURE_NONE_FOUND: "We could not find out whether these went out. Nothing more is sent until you choose.",
    CauseCode.UNSURE_TWO_FOUND: (
        "We got no answer, looked in GoHighLevel and found two that match. Nothing more is sent until you choose."
    ),
}
"""What happened to several, where the sentence about one speaks of that one."""

WHAT_TO_DO: Mapping[str, str] = {
    Reason.OTHER_NUMBER: "Look which one is right and correct the card or the contact. Then send it.",
    Reason.NUMBER_UNCHECKED: "Look at the paper card. If the number is the one on it, say so here.",
    Reason.DOUBT: "Read what was written and say what was meant, under May we text?",
}


def messages(count: int, channel: Channel | None = None) -> str:
    """`1 text`, `3 e-mails`, `10,000+ texts and e-mails`."""
    if channel is None:
        return f"{capped(count)} {'text or e-mail' if count == 1 else 'texts and e-mails'}"
    return f"{capped(count)} {thing(channel)}{'' if count == 1 else 's'}"


def at_home(found: Together, *, now: datetime, zone: ZoneInfo) -> str:
    """`31 delivered · 4 wait until 8:00 am · 2 not sent (asked for no texts) · 1 failed`; what it counts adds up."""
    parts: list[str] = []
    if n := found.of(BadgeCode.DELIVERED):
        parts.append(f"{number(n)} delivered")
    if n := found.of(BadgeCode.SENT):
        parts.append(f"{number(n)} sent, not confirmed yet")
    if n := found.of(BadgeCode.WAITING):
        parts += _waiting(found, n, now, zone)
    if n := found.of(BadgeCode.NOT_SENT):
        parts.append(f"{number(n)} not sent{_why(found, MessageState.NOT_SENT)}")
    if n := found.of(BadgeCode.NEEDS_ATTENTION):
        parts.append(f"{number(n)} failed")
    if n := found.of(BadgeCode.NEEDS_DECISION):
        parts.append(f"{number(n)} {'needs' if n == 1 else 'need'} a decision")
    return " · ".join(parts)


def accounted(found: Together) -> str:
    """`44 asked for = 31 + 6 + …. Every one is accounted for.`, in the order of the line."""
    order = (
        BadgeCode.DELIVERED,
        BadgeCode.SENT,
        BadgeCode.WAITING,
        BadgeCode.NOT_SENT,
        BadgeCode.NEEDS_ATTENTION,
        BadgeCode.NEEDS_DECISION,
    )
    parts = " + ".join(number(n) for code in order if (n := found.of(code)))
    return f"{number(found.all)} asked for = {parts}. Every one is accounted for."


def _waiting(found: Together, waiting: int, now: datetime, zone: ZoneInfo) -> list[str]:
    parts, rest = [], waiting
    for cause_, words in (
        (
            CauseCode.QUIET_HOURS,
            "until " + (when(found.quiet_until, now=now, zone=zone) if found.quiet_until else "the morning"),
        ),
        (CauseCode.RAMP_TOMORROW, "until tomorrow"),
        (CauseCode.WAITS_FOR_CARD, "for the card"),
    ):
        if n := found.causes.get((MessageState.WAITING, cause_), 0):
            parts.append(f"{number(n)} {_wait(n)} {words}")
            rest -= n
    return [*parts, f"{number(rest)} {_wait(rest)}"] if rest > 0 else parts


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"


def _why(found: Together, state: MessageState) -> str:
    told: dict[str, int] = {}
    for (of, code), n in found.causes.items():
        if of is state:
            words = SHORT.get(code, "other reasons")
            told[words] = told.get(words, 0) + n
    if not told:
        return ""
    if len(told) == 1:
        return f" ({next(iter(told))})"
    listed = sorted(told.items(), key=lambda one: (-one[1], one[0]))
    return f" ({', '.join(f'{number(n)} {words}' for words, n in listed)})"


# -- groups -----------------------------------------------------------------------------------------------


def title(group: MessageGroup) -> str:
    """What heads a group."""
    return TITLES.get(group.cause) or cause(group.cause).title


def what_happened(group: MessageGroup) -> str:
    """The reason that all of a group share, without what is about one of them."""
    if group.cause in set(Reason) and group.cause not in MANY:
        return f"Not sent: {SHORT.get(group.cause, 'it waits for somebody')}."
    told = MANY.get(group.cause) or of_many(group.cause)
    return told if told.endswith((".", "!", "?")) else f"{told}."


def what_to_do(group: MessageGroup, role: Role) -> str:
    """What helps, and who can do it."""
    if group.cause in WHAT_TO_DO:
        return f"{WHAT_TO_DO[group.cause]} {WHO_ACTS['staff']}"
    who = cause(group.cause).who
    acts = WHO_ACTS["staff"] if who == "admin" and role is Role.ADMIN else WHO_ACTS[who]
    return f"{advice(group.cause, {'what': thing(group.channel)}).replace('*', '')} {acts}"


def since(group: MessageGroup, *, now: datetime, zone: ZoneInfo) -> str:
    """`3 texts and e-mails · the first stopped Nov 8, 4:12 pm · the last 9:14 am`."""
    if not group.count:
        return NOTHING_LEFT
    return first_and_last(messages(group.count), group.oldest_at, group.newest_at, now=now, zone=zone)


def sample(group: MessageGroup) -> str:
    """`For example Anna Keller, card #12.`; the name is a visitor's text."""
    if not (group.count and group.number):
        return ""
    return f"For example {one_line(group.name, 60) or 'a card without a name'}, card #{group.number}."


def send_all(group: MessageGroup) -> str:
    """The button for a whole group."""
    return f"Send all {capped(group.count)} again"


def foreseen(plan: Foreseen) -> list[str]:
    """What sending a group again would do, a sentence a line."""
    lines = [f"{messages(plan.going)} will go. We ask once more directly before each leaves."]
    if not plan.going:
        lines = ["Nothing can go as it is."]
    for code, count in plan.left.items():
        lines.append(
            f"{number(count)} would not leave: {SHORT.get(code, 'see the card')}. Nothing is sent to them."
        )
    if plan.later:
        lines.append(
            f"{capped(plan.later)} more wait for another press: this one takes those that wait longest."
        )
    return lines
