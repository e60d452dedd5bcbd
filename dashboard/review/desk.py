"""Where somebody is on *Review new cards*: the card at hand, what the last press did, what is asked now.

It reads what stands in the fields of its own form; it draws nothing, and neither reads nor saves a card.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from uuid import UUID, uuid4

import streamlit as st

from dashboard.components.card_form import written
from dashboard.desk.presses import Presses
from dashboard.desk.typed import STAYS
from dashboard.review.reviewing import OnTheDesk
from ghl.cards.actions import Action
from ghl.cards.fields import CardFieldsError
from ghl.cards.find import Choices
from ghl.cards.review import CardAtHand
from ghl.statuses import CardStatus


class Asking(Enum):
    """What the page asks a reason for, with the key that asks and then does it."""

    KEEP_BACK = "Alt+H"
    UNREADABLE = "Alt+U"
    SET_ASIDE = "Alt+X"

    @property
    def action(self) -> Action:
        """What is done with the reason."""
        return Action.SET_ASIDE if self is Asking.SET_ASIDE else Action.HOLD


@dataclass
class Desk:
    """One person's page in one tab. `form` names the form that is open: a press belongs to one of them."""

    offers: Choices
    at_hand: OnTheDesk | None = None
    form: str = ""
    presses: Presses = field(default_factory=Presses)
    laid: Mapping[str, object] = field(default_factory=dict, repr=False)
    kept: Mapping[str, object] = field(default_factory=dict, repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    said: str = field(default="", repr=False)
    undo: Callable[[], None] | None = None
    again: Callable[[], None] | None = None
    trouble: str | None = None
    taken_by: str | None = None
    asking: Asking | None = None
    reason_missing: bool = False
    skipped: list[UUID] = field(default_factory=list)
    trail: list[UUID] = field(default_factory=list)
    settled: set[UUID] = field(default_factory=set)
    asked_for: str = ""
    focus: str = "first_name"
    focused: int = 0
    drawn: bool = False

    def lay(self, card: OnTheDesk | None) -> None:
        """Puts this card on the desk, with new fields."""
        for name in [
            name for name in st.session_state if self.form and str(name).startswith(f"{self.form}_")
        ]:
            del st.session_state[name]
        self.at_hand, self.form = card, f"review{uuid4().hex[:12]}"
        self.problems, self.trouble, self.taken_by = {}, None, None
        self.asking, self.reason_missing, self.again = None, False, None
        self.anew()
        self.focus, self.focused, self.drawn = "first_name", 0, False

    def leave(self, *, remember: bool = True) -> None:
        """The card is done with, and the next one is due."""
        if self.at_hand and remember:
            self.trail = [*(one for one in self.trail if one != self.at_hand.card.id), self.at_hand.card.id]
        self.lay(None)

    def emptied(self) -> bool:
        """Whether the fields have lost what they held: those that are not drawn do, while somebody is elsewhere."""
        return self.at_hand is not None and self.drawn and f"{self.form}_first_name" not in st.session_state

    # Whether a press was meant.

    def anew(self) -> None:
        """Something else is to be looked at before the next press can be meant."""
        self.presses.anew()
        self.laid = {}

    def seen(self) -> None:
        """It is drawn, with this in the fields."""
        self.laid = self.laid or self._standing_there()
        self.presses.drawn()

    def meant(self) -> bool:
        """Whether a press can be meant for what is on the desk: somebody has typed there, or had time to look."""
        if self._standing_there() != self.laid or not self.presses.unseen():
            return True
        self.focused += 1  # the second half of a double click took the caret along
        return False

    def _standing_there(self) -> dict[str, object]:
        return written(self.form) | {"the reason": st.session_state.get(f"{self.form}_reason")}

    # What a press came to.

    def tell(self, what: str, *, undo: Callable[[], None] | None = None) -> None:
        """What the last press did, and how it is taken back where that can be."""
        self.said, self.undo = what, undo

    def ask(self, asking: Asking | None) -> None:
        """Asks for a reason, or goes on with the card."""
        self.asking, self.reason_missing = asking, False
        self.anew()
        self.point("reason" if asking else "first_name")

    def refuse(self, error: CardFieldsError) -> None:
        """The card stays open, with what is wrong at its field and the caret in the first of them."""
        self.problems = {problem.field: problem.message for problem in error.problems}
        self.point(next((name for name in self.problems if name != "card"), "first_name"))

    def meet(self, card: CardAtHand) -> None:
        """Somebody saved the card at hand as it is here now: the person says which it shall be."""
        if self.at_hand:
            self.at_hand = replace(
                self.at_hand, card=card, began=self.at_hand.began or self.at_hand.card.fields
            )
            self.asking = None
            self.anew()

    def point(self, at: str) -> None:
        """Puts the caret into a field, once more if need be."""
        self.focus, self.focused = at, self.focused + 1

    def left_blank(self, open_: OnTheDesk) -> list[str]:
        """The fields that say nothing on this card and said something on the last one."""
        if open_.card.status is not CardStatus.TO_REVIEW:
            return []
        there = written(self.form) or open_.start
        return [name for name in STAYS if self.kept.get(name) and not there.get(name)]
