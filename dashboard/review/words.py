"""What *Review new cards* says of a card and of how far the church is. Pure: every answer follows from the arguments."""

from collections.abc import Callable, Mapping
from uuid import UUID

from dashboard.formatting import cards, number, one_line
from dashboard.review.reviewing import Standing, TakenError
from ghl.cards.fields import YES_NO
from ghl.cards.lookalikes import LikeCard, LikeContact
from ghl.cards.review import CardAtHand
from ghl.causes import CauseCode
from ghl.people.policy import actor_name
from ghl.statuses import CardSource, CardStatus

Named = Callable[[str], str]
"""What an actor is called."""

UNREADABLE = "Can't read this card"
CAME: Mapping[CardSource, str] = {
    CardSource.FORM: "from the web form",
    CardSource.IMPORT: "from a list",
    CardSource.API: "from another program",
    CardSource.TYPED: "typed",
}
STANDS: Mapping[CardStatus, str] = {
    CardStatus.TO_REVIEW: "It is to be reviewed.",
    CardStatus.WAITING: "It is on its way to GoHighLevel.",
    CardStatus.SENDING: "It is on its way to GoHighLevel.",
    CardStatus.SYNCED: "It is in GoHighLevel.",
    CardStatus.NEEDS_ATTENTION: "It needs attention: something on it has to be mended.",
    CardStatus.HELD: "It needs a decision.",
    CardStatus.DISMISSED: "It is set aside.",
}


def is_kept_back(card: CardAtHand) -> bool:
    """Whether somebody of the church keeps it back."""
    return card.status is CardStatus.HELD and card.cause == CauseCode.HELD_BY_STAFF


def stands(card: CardAtHand) -> str:
    """Where a card stands, in a sentence."""
    return "It is kept back." if is_kept_back(card) else STANDS[card.status]


def reviewed_before(card: CardAtHand, named: Named) -> str:
    """Where a card stands that is not to be reviewed, and what a save does to it."""
    corrects = "What you save now corrects it."
    why = one_line(str(card.facts.get("reason") or ""), 200)
    by = f" by {named(str(card.facts['by']))}" if card.facts.get("by") else ""
    if card.status is CardStatus.DISMISSED:
        return (
            f"Set aside{by}: {why or 'no reason was given'}. It is not sent. {corrects} It stays set aside."
        )
    if is_kept_back(card):
        return (
            f"Kept back{by}: {why or 'no reason was given'}. It is not sent. {corrects} It stays kept back."
        )
    return f"Reviewed already. {STANDS[card.status]} {corrects}"


def like_contact(like: LikeContact, name: str) -> str:
    """Which contact has an address of the card of `name`."""
    what = f"This {' and '.join(like.by)}" if like.by else "An address of this card"
    return (
        f"{what} {'are' if len(like.by) > 1 else 'is'} already on {one_line(like.name) or 'somebody without a name'}"
        f" in GoHighLevel. The card says {name}."
    )


def like_card(like: LikeCard, came: str) -> str:
    """Which other card, that came at the time `came`, has an address of this one."""
    return (
        f"{'Looks like the same card: ' if like.same_name else ''}{one_line(like.name) or 'Somebody without a name'}"
        f" has card #{like.number}, {came}, with this {' and '.join(like.by)}."
    )


def decided(like: LikeContact, *, same: bool) -> str:
    """What was answered, and what becomes of the contact."""
    other = one_line(like.name) or "the other"
    if same:
        return f"Same person as {other}: the card updates that contact."
    return f"Somebody else than {other}: nothing of this card goes into that contact."


def taken(error: TakenError, *, me: str, named: Named) -> str:
    """Who has the card by now, or has dealt with it, for the actor `me`."""
    standing = stands(error.card) if error.card else ""
    if error.by:
        return f"{_who(error.by, named)} is on this card now."
    if error.card is None or error.done_by is None:
        return f"This card is not to be reviewed any more. {standing}".strip()
    if error.done_by == me:
        return f"You have dealt with this card in another window. {standing}"
    return f"{named(error.done_by)} has dealt with this card meanwhile. {standing}"


def not_to_be_had(error: TakenError, named: Named) -> str:
    """Why a card that was asked for does not come."""
    return f"{_who(error.by, named)} is on that card now." if error.by else "That card is gone."


def left(shown: Standing, named: Named) -> str:
    """How many cards are left to review, and who is on some of them."""
    others = "".join(f" {_who(one.user_id, named)} is on {number(one.cards)}." for one in shown.others)
    return f"{cards(shown.left)} left to review.{others}"


def only_theirs(shown: Standing, busy: int, named: Named) -> str:
    """That all cards that are left, `busy` of them, are with others."""
    who = " and ".join(_who(one.user_id, named) for one in shown.others)
    are = "is" if len(shown.others) == 1 else "are"
    last = "the last card" if busy == 1 else f"the last {number(busy)} cards"
    back = "It comes" if busy == 1 else "They come"
    return f"{who} {are} on {last}. {back} back here if nobody touches {'it' if busy == 1 else 'them'} for 10 minutes."


def in_words(column: str, value: object) -> str:
    """A field's value as the card says it."""
    return ("Yes" if value else "No") if column in YES_NO else str(value)


def line(name: str, value: str) -> str:
    """A field and its value on one line."""
    return f"{name} {value}" if name.endswith("?") else f"{name}: {value}"


def _who(user_id: UUID, named: Named) -> str:
    return named(actor_name(user_id))
