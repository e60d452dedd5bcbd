"""The words of *Erase this person*: what goes, what stays, how far a request is. It draws nothing."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.formatting import cards, number, one_line, when
from ghl.causes import sentence
from ghl.erasing.ask import Foreseen, Progress, Removal
from ghl.people.names import name_of

GOES = (
    "What is written on these cards, first and corrected later, with prayer requests and notes.",
    "Every try to send them, and what GoHighLevel answered.",
    "What is half typed about this person, and files of refused rows in which they stand.",
    "What the hub remembers of their contact in GoHighLevel.",
)
STAYS = (
    (
        "The proof of what they said about messages: the words, when, and their phone and e-mail in a form that"
        " nobody can read back. Only who has the number in hand finds it."
    ),
    (
        "A stop, with the name beside it, as long as another card has the same phone or e-mail: it holds for that card"
        " too. So does a no, for a card of the same name."
    ),
    "The change log: who did what and when, without anything that stood on a card.",
    "Notes and cards of other people that name them, such as a child's card with its guardian.",
)


def headline(foreseen: Foreseen) -> str:
    """`2 cards of Anna Keller go for ever.` It holds what a visitor wrote: show it with `st.text`."""
    name = one_line(foreseen.card.name) or "this person"
    count = len(foreseen.cards)
    return f"{cards(count)} of {name} {'goes' if count == 1 else 'go'} for ever. This cannot be undone."


def name_to_type(foreseen: Foreseen) -> str:
    """What has to be typed: the name, or the number of a card without one."""
    return foreseen.card.name or str(foreseen.card.number)


def standing(progress: Progress, names: Mapping[str, str], *, now: datetime, zone: ZoneInfo) -> str:
    """How far a request is, in a sentence or two."""
    by = one_line(name_of(progress.asked_by, names))
    asked = f"Card {progress.number}, asked by {by} {when(progress.asked_at, now=now, zone=zone)}."
    if progress.done_at is None:
        return f"{asked} Being erased. Where a card is just being sent, it goes right after, within a minute."
    shared = (
        " A contact stays in GoHighLevel: another person's card is in it." if progress.shared_contacts else ""
    )
    elsewhere = (
        " The hub cannot reach their contact in GoHighLevel: the church is no longer connected to the location that"
        " it is in. Remove it there by hand."
        if progress.contacts_elsewhere
        else ""
    )
    return f"{asked} Erased: {cards(progress.cards)}.{shared}{elsewhere}"


def contact_standing(removal: Removal, *, now: datetime, zone: ZoneInfo) -> str:
    """Whether the contact in GoHighLevel is gone, and if not, why, and when it is tried next if it is."""
    if removal.in_use:
        return "The contact stays in GoHighLevel: it is in use again, for a card that came in later went into it."
    if removal.done:
        return "The contact is gone from GoHighLevel."
    if removal.cause is None:
        return "The contact in GoHighLevel is being removed."
    tried = (
        f" Tried {number(removal.tries)} time{'' if removal.tries == 1 else 's'}." if removal.tries else ""
    )
    at = when(removal.due_at, now=now, zone=zone)
    return f"The contact is still in GoHighLevel. {sentence(removal.cause)}{tried} Next try {at}."
