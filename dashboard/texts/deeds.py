"""What a person can do about one text or e-mail where it stands, and the words of its button. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ghl.causes import CauseCode
from ghl.consent.reasons import Reason
from ghl.messages.afterwards import SENT_AFTER_ALL
from ghl.messages.shown import Shown
from ghl.statuses import MessageState


class Deed(StrEnum):
    """One thing that can be done."""

    UNDO = "undo"
    ARRIVED = "arrived"
    AGAIN = "again"
    NUMBER = "number"
    LEAVE = "leave"


@dataclass(frozen=True)
class Button:
    """A deed with its words, its picture, and what stands on the button once it was done.

    `late`: what stands there where it was too late for it.
    """

    deed: Deed
    label: str
    icon: str
    done: str
    late: str = "Nothing to do: it had moved on"


UNDO = Button(Deed.UNDO, "Undo", ":material/undo:", "Taken back")
LEAVE = Button(Deed.LEAVE, "Leave it unsent", ":material/block:", "Left unsent")
ARRIVED = Button(Deed.ARRIVED, "It arrived", ":material/check:", "Noted")
AGAIN = Button(Deed.AGAIN, "Send again", ":material/replay:", "It is sent again")
WENT_OUT = Button(Deed.ARRIVED, "It went out", ":material/check:", "Noted")
DID_NOT = Button(Deed.AGAIN, "It did not: send it", ":material/send:", "It is sent")
HELD = Button(Deed.AGAIN, "Send it", ":material/send:", "We look again, and send it where we may")
NUMBER = Button(
    Deed.NUMBER,
    "Yes, this is the number on the card",
    ":material/fact_check:",
    "Noted: it is the number on the card",
    late="Nothing was done: see the card",
)
LATE = Button(Deed.AGAIN, "Send it all the same", ":material/send:", "It is sent")
AFTER_ALL = Button(Deed.AGAIN, "Send it after all", ":material/send:", "It is sent")


def offered(shown: Shown, *, now: datetime, may_leave: bool = True) -> tuple[Button, ...]:
    """The buttons of a message, the likeliest first; none where nobody has to do anything.

    `may_leave`: what was not sent is only offered where it would leave.
    """
    match shown.state:
        case MessageState.WAITING if shown.undo_until is not None and shown.undo_until > now:
            return (UNDO,)
        case MessageState.UNSURE if shown.cause == CauseCode.UNSURE_TWO_FOUND:
            return WENT_OUT, DID_NOT
        case MessageState.UNSURE if shown.cause is not None:
            return ARRIVED, AGAIN
        case MessageState.FAILED:
            return AGAIN, LEAVE
        case MessageState.HELD if shown.cause == Reason.NUMBER_UNCHECKED:
            return NUMBER, LEAVE
        case MessageState.HELD:
            return HELD, LEAVE
        case MessageState.NOT_SENT if not may_leave:
            return ()
        case MessageState.NOT_SENT if shown.cause == CauseCode.TOO_OLD:
            return (LATE,)
        case MessageState.NOT_SENT if shown.cause in SENT_AFTER_ALL:
            return (AFTER_ALL,)
    return ()
