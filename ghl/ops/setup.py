"""How far a church is set up, from facts alone: nobody ticks anything off. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

ASKED_FOR = timedelta(days=30)
"""What a church can do without is asked for so long; then it has decided that it does without."""


class Step(StrEnum):
    """What makes a church ready, in the order in which it is best done."""

    ADMIN = "admin"
    CONNECTED = "connected"
    FORM = "form"
    WORDS = "words"
    TEAM = "team"
    FIRST_CARD = "first_card"


NEEDED = frozenset({Step.ADMIN, Step.CONNECTED, Step.FIRST_CARD})
"""Without these no card gets anywhere."""


@dataclass(frozen=True)
class SetUpFacts:
    """What is known. `age` is how long ago the church was added."""

    admins: int
    members: int
    connected: bool
    form_saved: bool
    words_published: bool
    has_cards: bool
    age: timedelta


@dataclass(frozen=True)
class SetUp:
    """The steps, each done or not, and the one that comes next."""

    steps: Mapping[Step, bool]
    over: bool

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(self.steps.values())

    @property
    def next(self) -> Step | None:
        """The first step that is not done."""
        return next((step for step, done in self.steps.items() if not done), None)


def set_up(facts: SetUpFacts) -> SetUp:
    """How far the church is. `over` where nothing has to be said of it any more."""
    steps = {
        Step.ADMIN: facts.admins > 0,
        Step.CONNECTED: facts.connected,
        Step.FORM: facts.form_saved,
        Step.WORDS: facts.words_published,
        Step.TEAM: facts.members > 1,
        Step.FIRST_CARD: facts.has_cards,
    }
    asked = NEEDED if facts.age >= ASKED_FOR else steps.keys()
    return SetUp(steps, over=all(steps[step] for step in asked))
