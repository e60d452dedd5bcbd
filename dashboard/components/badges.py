"""Status words: one table from what is stored to what is drawn. Colour never stands alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from ghl.statuses import CardStatus

Colour = Literal["violet", "blue", "green", "red", "orange", "gray"]


@dataclass(frozen=True)
class Badge:
    """A status on the screen: its words, its picture, its colour."""

    label: str
    icon: str
    colour: Colour


BADGES: Mapping[CardStatus, Badge] = {
    CardStatus.TO_REVIEW: Badge("To review", ":material/rate_review:", "violet"),
    CardStatus.WAITING: Badge("Waiting", ":material/schedule:", "blue"),
    CardStatus.SENDING: Badge("Sending", ":material/sync:", "blue"),
    CardStatus.SYNCED: Badge("In GoHighLevel", ":material/check_circle:", "green"),
    CardStatus.NEEDS_ATTENTION: Badge("Needs attention", ":material/build:", "red"),
    CardStatus.HELD: Badge("Needs a decision", ":material/help:", "orange"),
    CardStatus.DISMISSED: Badge("Set aside", ":material/archive:", "gray"),
}


def badge(status: CardStatus) -> None:
    """Draws a card's badge."""
    drawn = BADGES[status]
    st.badge(drawn.label, icon=drawn.icon, color=drawn.colour)
