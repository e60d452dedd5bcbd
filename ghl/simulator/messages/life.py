"""What becomes of a message, step by step. Pure: the clock and the contact come in.

scheduled → pending → sent → delivered, undelivered, failed, opt_out or opened. What the carrier makes of an address
can be chosen; some of its answers set do-not-disturb (GoHighLevel help 48001214849).
"""

from dataclasses import dataclass
from enum import StrEnum

from ghl.simulator.messages.record import Status


class Outcome(StrEnum):
    """What the carrier, or the mail server, makes of whatever is sent to an address."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    OPT_OUT = "opt_out"
    """The carrier knows that this person wants no texts (30004)."""

    UNREACHABLE = "unreachable"
    """No such number (30005)."""

    LANDLINE = "landline"
    """It takes no texts (30006)."""

    STUCK = "stuck"
    """Never more than `sent`."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPENED = "opened"


@dataclass(frozen=True, slots=True)
class End:
    """The last status, and the do-not-disturb setting that comes with it."""

    status: Status
    dnd: dict[str, str] | None = None


ENDS: dict[Outcome, End] = {
    Outcome.DELIVERED: End(Status.DELIVERED),
    Outcome.UNDELIVERED: End(Status.UNDELIVERED),
    Outcome.FAILED: End(Status.FAILED),
    Outcome.OPT_OUT: End(Status.OPT_OUT, {"status": "permanent", "message": "TWILIO_ERROR_CODE: 30004"}),
    Outcome.UNREACHABLE: End(Status.UNDELIVERED, {"status": "active", "message": "TWILIO_ERROR_CODE: 30005"}),
    Outcome.LANDLINE: End(Status.UNDELIVERED, {"status": "active", "message": "TWILIO_ERROR_CODE: 30006"}),
    Outcome.STUCK: End(Status.SENT),
    Outcome.BOUNCED: End(Status.FAILED, {"status": "active", "message": "EMAIL_BOUNCED"}),
    Outcome.COMPLAINED: End(Status.DELIVERED, {"status": "active", "message": "EMAIL_COMPLAINED"}),
    Outcome.OPENED: End(Status.OPENED),
}


@dataclass(frozen=True, slots=True)
class Step:
    """The status after a step, the seconds until the next one (None: it was the last), and a setting that follows."""

    status: Status
    next_in: float | None = None
    dnd: dict[str, str] | None = None


def next_step(status: Status, outcome: Outcome, *, held_up: bool, delays: tuple[float, float]) -> Step:
    """What happens to a message next.

    `held_up`: by now the contact has do-not-disturb, or the number has spent its day; what was queued fails.
    `delays`: seconds until a queued message is sent, and from there until the carrier says what became of it.
    """
    if status is Status.SCHEDULED:
        return Step(Status.PENDING, delays[0])
    if status is Status.PENDING:
        return Step(Status.FAILED) if held_up else Step(Status.SENT, delays[1])
    end = ENDS[outcome]
    return Step(end.status, None, end.dnd)
