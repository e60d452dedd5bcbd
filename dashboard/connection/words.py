"""What *Connection* says, with GoHighLevel's own menu names. Constants, and sentences that follow from values. Pure."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from dashboard.formatting import when
from ghl.causes import CauseCode, sentence
from ghl.connection.age import days_old
from ghl.connection.probes import PROBES
from ghl.connection.standing import KnownToken
from ghl.people.names import name_within
from ghl.questions.ask import WANTED_FOR, Asked
from ghl.statuses import QuestionState

HOW_TO = (
    "1. In GoHighLevel switch to your church's own account, not the agency's.",
    "2. Open Settings, Private Integrations, and press Create new Integration. Call it Church Connect Hub.",
    "3. Tick these boxes: " + ", ".join(f"{probe.box} ({probe.scope})" for probe in PROBES.values()) + ".",
    "4. Press Create and copy the token. GoHighLevel shows it only once.",
    "5. The location id stands under Settings, Business Profile.",
)
ROTATE = (
    (
        "1. In GoHighLevel open Settings, Private Integrations, your integration, the three dots, and choose “Rotate and "
        "expire this token later”. The old token works for 7 more days, so nothing stops."
    ),
    "2. Copy the new token, paste it here and press Test. Nothing changes yet.",
    "3. When everything works, press Switch to this token.",
)
KEPT = (
    "Cards go out with the new token. See whether they arrive. If something is wrong, go back to the old token.",
    (
        "When all is well, press Finish. Then open Private Integrations in GoHighLevel, your integration, the three dots, "
        "and press Expire Now."
    ),
)
WENT_BACK = (
    "Cards go out with the old token again.",
    (
        "GoHighLevel lets the old one work for 7 days after the new one was made: go over to the new one, or make another, "
        "before that. Do not press Expire Now there meanwhile: it would end the one in use."
    ),
)
IN_USE = (
    "This is the token that your church uses already, and it works. To change it, make a new one in GoHighLevel first, "
    "as said below."
)
NO_SENDER = (
    "The sender is not running, so no token can be tested. Whoever looks after this hub has to start it again. "
    "Your token was not kept: paste it again then."
)
STOPPED = (
    "The sender is not running. The test goes on when whoever looks after this hub has started it again."
)
MARKS = {"good": "✓", "missing": "✗", "refused": "✗", "open": "…"}
UNDONE = "That did not work; nothing was changed. Try again. If it stays, tell support the number {number}."
NO_ANSWER = "No answer came within a minute. Nothing is lost; we go on testing by ourselves."
NOT_NOW = "The test can't be asked for at this moment. Try again."
LATE = "This takes longer than usual. The test goes on by itself."


def about(token: KnownToken, *, names: Mapping[str, str], now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """Lines about a stored token. Names are people's own words: for `st.text` alone."""
    put_in = when(token.created_at, now=now, zone=zone)
    days = days_old(token.created_at, now)
    age = "today" if not days else f"{days} {'day' if days == 1 else 'days'} ago"
    used = (
        f"Last used {when(token.last_used_at, now=now, zone=zone)}" if token.last_used_at else "Not used yet"
    )
    return (
        f"Token: ends in {token.last4}",
        f"Put in by {name_within(token.created_by, names)}: {put_in} ({age})",
        f"Tested {when(token.tested_at, now=now, zone=zone)} · {used}",
    )


def tested(asked: Asked | None, *, now: datetime, zone: ZoneInfo) -> str:
    """What came of a test of the token that is used now."""
    if asked is None:
        return NOT_NOW
    if asked.answered_at is None:
        return NO_ANSWER if asked.expired else "Testing…"
    at = when(asked.answered_at, now=now, zone=zone)
    if asked.state is QuestionState.ANSWERED:
        return f"It works: tested {at}"
    return f"Tested {at}. {sentence(asked.cause or CauseCode.UNKNOWN)}"


def waiting(asked: Mapping[str, Asked], senders: int) -> str:
    """Why the test is not over yet, where more is known than that it takes a moment."""
    if not senders:
        return STOPPED
    causes = {one.cause for one in asked.values() if one.cause}
    if CauseCode.GHL_NOT_ANSWERING in causes:
        return "GoHighLevel isn't answering. We go on trying by ourselves."
    for cause in (CauseCode.DAILY_LIMIT_REACHED, CauseCode.GOING_SLOWLY):
        if cause in causes:
            return sentence(cause)
    if any(one.seen_at - one.asked_at > WANTED_FOR for one in asked.values()):
        return LATE
    return ""
