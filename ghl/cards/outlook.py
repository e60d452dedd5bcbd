"""Where a card stands in one sentence, what happens next, and who acts. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ghl.cards.story import CardInFull
from ghl.cards.why import Outage, next_try, tries_in_words, why
from ghl.causes import WHO_ACTS, CauseCode, Who, advice, cause, who_acts
from ghl.people.names import name_of
from ghl.statuses import CardStatus, Role

BY_ITSELF = "Nobody has to do anything."


@dataclass(frozen=True)
class Outlook:
    """The words under a card's badge. They may hold what a visitor wrote."""

    why: str = field(repr=False)
    tried: str
    next_try_at: datetime | None
    following: str = field(repr=False)
    who: str


def outlook(
    card: CardInFull,
    *,
    now: datetime,
    outage: Outage | None,
    names: Mapping[str, str],
    when: Callable[[datetime], str],
    reader: Role,
) -> Outlook:
    """What the card's page says on top, to somebody of this role; `when` writes a time as they do."""
    facts = dict(card.state.facts)
    if facts.get("by"):
        facts["by"] = name_of(str(facts["by"]), names)
    state = replace(card.state, facts=facts)
    following, who = _following(replace(card, state=state), outage)
    return Outlook(
        why=_without_who(why(state, card.church, now=now, outage=outage, when=when)),
        tried=tries_in_words(state),
        next_try_at=next_try(state, card.church, now=now, outage=outage),
        following=following,
        who=_who(who, reader),
    )


def _following(card: CardInFull, outage: Outage | None) -> tuple[str, Who]:
    """What happens next, and by whom."""
    state = card.state
    match state.status:
        case CardStatus.TO_REVIEW:
            return "As soon as somebody has checked it, it goes to GoHighLevel.", "staff"
        case CardStatus.WAITING:
            if card.church.held_by:
                code, facts = card.church.held_by
                return advice(code, facts), cause(code).who
            if outage:
                return advice(CauseCode.GHL_NOT_ANSWERING), "nobody"
            return "It goes to GoHighLevel by itself.", "nobody"
        case CardStatus.SENDING:
            return "GoHighLevel's answer comes in a few seconds.", "nobody"
        case CardStatus.SYNCED:
            if state.cause:
                return advice(state.cause, state.facts), cause(state.cause).who
            return "Nothing more happens. A correction goes to GoHighLevel as well.", "nobody"
        case CardStatus.NEEDS_ATTENTION | CardStatus.HELD:
            code = state.cause or (
                CauseCode.SAME_PERSON_DOUBT if state.status is CardStatus.HELD else CauseCode.UNKNOWN
            )
            return advice(code, state.facts), cause(code).who
        case CardStatus.DISMISSED:
            return "It stays here and is not sent. It can be put back at any time.", "nobody"


def _who(who: Who, reader: Role) -> str:
    if who == "nobody":
        return BY_ITSELF
    if who == "staff":
        return "Somebody of your team can do this." if reader is Role.VIEWER else "You can do this."
    return who_acts(who, reader)


def _without_who(told: str) -> str:
    """The reason alone: who acts stands beside what to do."""
    for ending in WHO_ACTS.values():
        told = told.removesuffix(f" {ending}")
    return told
