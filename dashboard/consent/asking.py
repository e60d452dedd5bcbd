"""Whether GoHighLevel was asked about writing to somebody, and what a send does meanwhile. Pure but for `asker_of`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from dashboard.asker import Asker
from dashboard.formatting import ago
from dashboard.reading import Trouble
from dashboard.situation import Situation
from ghl.causes import CauseCode, sentence
from ghl.consent.ask import NOT_ASKED, Answer, Person, There, is_yes
from ghl.questions.ask import Asked
from ghl.questions.may_we import MAY_WE, asked_there
from ghl.statuses import Channel, QuestionState

OURS = "This is what our own log says."
WAITS = "What is to be sent waits, and GoHighLevel is asked before it leaves."
NOT_YET_ASKED = f"{OURS} GoHighLevel is asked before anything leaves."
CHANGED = f"The card was corrected since GoHighLevel was asked. {OURS} Ask again."
ASKING = f"We are asking GoHighLevel… {OURS}"
SOON = timedelta(seconds=15)
"""An answer takes a second, with many cards waiting ten. After that it is no longer said to come at once."""

STEP = 10
"""The age of an answer is told in steps of so many seconds, so that the line holds still."""


@dataclass(frozen=True)
class Told:
    """What is said about the question. `there` is its answer; `again` offers to ask, anew or at all."""

    text: str
    again: bool = False
    there: There = field(default_factory=lambda: NOT_ASKED, repr=False)


def asker_of(askers: dict[UUID, Asker], card_id: UUID) -> Asker:
    """The question of this visit about the person of one card."""
    return askers.setdefault(card_id, Asker(MAY_WE.name, {"card": str(card_id)}))


def told(asked: Asked | Trouble | None, situation: Situation, *, now: datetime) -> Told:
    """What the reader is told: the age of the answer, that it comes, or why it does not and what a send does then."""
    if isinstance(asked, Trouble):
        return Told(
            f"We can't ask GoHighLevel right now (number {asked.number} for support). {OURS} {WAITS}",
            again=True,
        )
    if asked is None:
        return Told(
            f"Your church isn't connected to GoHighLevel. {OURS} Nothing is sent until an admin connects it."
        )
    if asked.state is QuestionState.ANSWERED and asked.answered_at and asked.answer is not None:
        stands = _stands_still(situation)
        text = f"GoHighLevel was asked {age(asked.answered_at, now=now)}.{stands}"
        return Told(text, again=True, there=asked_there(asked.answer))
    if asked.state is QuestionState.FAILED:
        return Told(f"{sentence(asked.cause or CauseCode.UNKNOWN)} {OURS} {WAITS}", again=True)
    return _waiting(asked, situation)


def age(at: datetime, *, now: datetime) -> str:
    """`just now`, `20 seconds ago`, `5 minutes ago`."""
    seconds = int((now - at).total_seconds()) // STEP * STEP
    if STEP <= seconds < timedelta(minutes=1).total_seconds():
        return f"{seconds} seconds ago"
    return ago(at, now=now) or "more than a day ago"


def no_contact(answer: Answer) -> str:
    """What a send does where GoHighLevel was asked and has nobody with the address; empty where it has, or was not asked."""
    if answer.there is None or answer.there.contact is not None or not answer.yes:
        return ""
    text = answer.channel is Channel.SMS
    what, one = ("phone", "A text") if text else ("e-mail address", "An e-mail")
    if answer.child and text:
        return f"Nobody in GoHighLevel has this {what} yet. A contact is made for it when a text is sent."
    return f"Nobody in GoHighLevel has this {what} yet. {one} waits until the card is there, and GoHighLevel is asked then."


def changed_since(person: Person, there: There) -> bool:
    """Whether the card has another address by now than when GoHighLevel was asked."""
    return bool(there) and any(one.yes and one.there is None for one in person.answers)


def worth_asking(person: Person) -> bool:
    """Whether GoHighLevel's answer could change ours: a no of our own log stays a no."""
    return person.card_id is not None and any(
        one.yes or any(map(is_yes, one.others.values())) for one in person.answers
    )


def _stands_still(situation: Situation) -> str:
    """Why nothing leaves all the same; empty while messages go."""
    held = situation.state.held_by
    if held is not None:
        code, facts = held
        if code == CauseCode.CHURCH_PAUSED:
            return " Sending is paused, so nothing leaves until an admin lets it go on."
        return f" {sentence(code, facts)} Nothing leaves meanwhile."
    return "" if situation.workers else " The sender is not running, so nothing leaves until it does."


def _waiting(asked: Asked, situation: Situation) -> Told:
    if situation.outage or asked.cause == CauseCode.GHL_NOT_ANSWERING:
        return Told(f"GoHighLevel isn't answering. {OURS} {WAITS}", again=asked.expired)
    if not situation.workers or situation.coordinator_away:
        return Told(
            f"The sender is not running, so nobody can ask GoHighLevel. {OURS} {WAITS}", again=asked.expired
        )
    if asked.cause == CauseCode.DAILY_LIMIT_REACHED:
        return Told(f"{sentence(CauseCode.DAILY_LIMIT_REACHED)} {OURS} {WAITS}", again=asked.expired)
    if asked.expired:
        return Told(f"No answer came from GoHighLevel within a minute. {OURS} {WAITS}", again=True)
    if asked.seen_at - asked.asked_at > SOON:
        return Told(f"Asking GoHighLevel takes longer than usual. {OURS} {WAITS}")
    return Told(ASKING)
