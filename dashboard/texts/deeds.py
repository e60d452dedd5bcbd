"""What a person can do about one text or e-mail where it stands, and the words of its button. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ghl.causes import CauseCode
from ghl.messages.afterwards import SENT_AFTER_ALL
from ghl.messages.shown import Shown
from ghl.statuses import MessageState


class Deed(StrEnum):
    """One thing that can be done."""

    UNDO = "undo"
    ARRIVED = "arrived"
    AGAIN = "again"
    LEAVE = "leave"


@dataclass(frozen=True)
class Button:
    """A deed with its words, its picture, and what stands on the button once it was done."""

    deed: Deed
    label: str
    icon: str
    done: str


UNDO = Button(Deed.UNDO, "Undo", ":material/undo:", "Taken back")
LEAVE = Button(Deed.LEAVE, "Leave it unsent", ":material/block:", "Left unsent")
ARRIVED = Button(Deed.ARRIVED, "It arrived", ":material/check:", "Noted")
AGAIN = Button(Deed.AGAIN, "Send again", ":material/replay:", "It is sent again")
WENT_OUT = Button(Deed.ARRIVED, "It went out", ":material/check:", "Noted")
DID_NOT = Button(Deed.AGAIN, "It did not: send it", ":material/send:", "It is sent")
HELD = Button(Deed.AGAIN, "Send it", ":material/send:", "We look again, and send it where we may")
LATE = Button(Deed.AGAIN, "Send it all the same", ":material/send:", "It is sent")
AFTER_ALL = Button(Deed.AGAIN, "Send it after all", ":material/send:", "It is sent")


def offered(shown: Shown, *, now: datetime) -> tuple[Button, ...]:
    """The buttons of a message, the likeliest first; none where nobody has to do anything."""
    match shown.state:
        case MessageState.WAITING if shown.undo_until is not None and shown.undo_until > now:
            return (UNDO,)
        case MessageState.UNSURE if shown.cause == CauseCode.UNSURE_TWO_FOUND:
            return WENT_OUT, DID_NOT
        case MessageState.UNSURE if shown.cause is not None:
            return ARRIVED, AGAIN
        case MessageState.FAILED:
            return AGAIN, LEAVE
        case MessageState.HELD:
            return HELD, LEAVE
        case MessageState.NOT_SENT if shown.cause == CauseCode.TOO_OLD:
            return (LATE,)
        case MessageState.NOT_SENT if shown.cause in SENT_AFTER_ALL:
            return (AFTER_ALL,)
    return ()
