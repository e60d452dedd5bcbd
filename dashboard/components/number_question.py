"""*Is this the number on the card?*: asked beside a number that is changed and would take a yes for texts along."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from ghl.cards.addresses import read_addresses
from ghl.cards.consent import new_numbers
from ghl.cards.fields import CardFields
from ghl.statuses import CardSource

QUESTION = "Is this the number on the card?"
YES = "Yes, it stands on the card"
NO = "No, somebody told it to us"
UNTIL_THEN = "Until somebody has said yes, no text goes to it."

SAYS = ("phone", "sms_consent", "guardian_phone", "guardian_consent")
"""The fields that decide whether it is asked."""


@dataclass(frozen=True, repr=False)
class NumberOnCard:
    """What the card said before somebody began to change it."""

    source: CardSource
    fields: CardFields = field(repr=False)
    region: str

    def new(self, typed: Mapping[str, object]) -> tuple[str, ...]:
        """The numbers that are asked about, of what stands in the fields (`SAYS`)."""
        return new_numbers(self.source, self.fields, self._after(typed), self.region)

    def beside(self, typed: Mapping[str, object]) -> str:
        """The field beside which it is asked; empty where it is not."""
        new = self.new(typed)
        if not new:
            return ""
        return "phone" if read_addresses(self._after(typed), self.region).phone in new else "guardian_phone"

    def _after(self, typed: Mapping[str, object]) -> CardFields:
        return self.fields.model_copy(update={name: typed[name] for name in SAYS if name in typed})


def ask_number(key: str, numbers: tuple[str, ...]) -> None:
    """Draws the question. Its answer is about these numbers: with others it is asked anew."""
    state, answer = st.session_state, f"{key}_on_the_card"
    if state.get(f"{key}_asked_of") != numbers:
        state[f"{key}_asked_of"], state[answer] = numbers, None
    at = (YES, NO).index(said) if (said := state.get(answer)) in {YES, NO} else None
    st.radio(QUESTION, (YES, NO), index=at, key=answer)
    st.text(UNTIL_THEN)


def is_on_the_card(key: str, numbers: tuple[str, ...]) -> bool:
    """Whether somebody answered yes, and about these numbers; without an answer nothing is confirmed."""
    state = st.session_state
    return (
        bool(numbers) and state.get(f"{key}_on_the_card") == YES and state.get(f"{key}_asked_of") == numbers
    )
