"""What GoHighLevel has now of the people whom a held card asks about: filed as a question, told with its age. Pure
but for `Looker`, which files and reads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from dashboard.asker import Asker
from dashboard.reading import Trouble
from dashboard.situation import Situation
from ghl.causes import CauseCode, sentence
from ghl.questions.ask import Asked
from ghl.statuses import QuestionState

SOON = timedelta(seconds=15)
"""An answer takes a second, with many cards waiting ten. After that it is no longer said to come at once."""

KNEW = "This is what we knew before."


@dataclass(frozen=True)
class Told:
    """What is said about the look into GoHighLevel. `busy`: an answer comes any moment; `again` offers a new look."""

    text: str
    busy: bool = False
    again: bool = False
    answer: Mapping[str, Any] | None = field(default=None, repr=False)


def told(asked: Asked | Trouble | None, situation: Situation, *, when: Callable[[datetime], str]) -> Told:
    """What the reader is told: the answer with its age, that it comes, or why it does not."""
    if isinstance(asked, Trouble):
        return Told(
            f"We can't look in GoHighLevel right now (number {asked.number} for support). {KNEW}", again=True
        )
    if asked is None:
        return Told(f"Your church isn't connected to GoHighLevel. {KNEW}")
    if asked.state is QuestionState.ANSWERED and asked.answered_at:
        return Told(
            f"As GoHighLevel has it, as of {when(asked.answered_at)}.", again=True, answer=asked.answer
        )
    if asked.state is QuestionState.FAILED:
        at = f" Asked at {when(asked.answered_at)}." if asked.answered_at else ""
        return Told(f"{sentence(asked.cause or CauseCode.UNKNOWN)}{at} {KNEW}", again=True)
    return _waiting(asked, situation)


def _waiting(asked: Asked, situation: Situation) -> Told:
    if situation.outage or asked.cause == CauseCode.GHL_NOT_ANSWERING:
        return Told(
            f"GoHighLevel isn't answering. {KNEW} We look again as soon as it is back.", again=asked.expired
        )
    if not situation.workers or situation.coordinator_away:
        return Told(
            f"The sender is not running, so nobody can look in GoHighLevel right now. {KNEW}",
            again=asked.expired,
        )
    if asked.cause == CauseCode.DAILY_LIMIT_REACHED:
        return Told(f"{sentence(CauseCode.DAILY_LIMIT_REACHED)} {KNEW}", again=asked.expired)
    if asked.expired:
        return Told(f"No answer came within a minute. {KNEW}", again=True)
    if asked.seen_at - asked.asked_at > SOON:
        return Told(f"Looking in GoHighLevel takes longer than usual. {KNEW}")
    if asked.cause == CauseCode.GOING_SLOWLY:
        return Told("Looking in GoHighLevel… Going slowly on purpose: it takes about 10 seconds.", busy=True)
    return Told("Looking in GoHighLevel…", busy=True)


@dataclass
class Looker(Asker):
    """One visit's look at one or two contacts; asked when the page opens and on demand, then only read."""

    kind: str = "contact"

    def look(self, church_id: UUID, ids: Sequence[str], *, actor: str) -> Asked | Trouble | None:
        """What is known of the question, which is filed first where it was not. While it waits it is kept wanted."""
        return self.about(church_id, {"ids": list(ids)}, actor=actor)
