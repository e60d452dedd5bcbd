"""The counts of Home: a tile a status with the way to its cards, and the sum that leaves no card out."""

from collections.abc import Mapping

import streamlit as st

from dashboard.components.badges import BADGES
from dashboard.formatting import number
from dashboard.navigation import ATTENTION, CARDS
from ghl.cards.counts import FOR_PEOPLE
from ghl.statuses import CardStatus


def tiles(
    counts: Mapping[CardStatus, int], *, period: Mapping[str, str], updated: str, mends: bool = False
) -> None:
    """Draws a tile a status. `period` goes into the address of the list; `updated` is the time of the counts.

    Who `mends` gets from what waits for people to the page where that is done, for all of it.
    """
    with st.grid(columns=4, min_column_width=160, gap="small", key="tiles"):
        for status, badge in BADGES.items():
            with st.container(border=True, gap="xxsmall", key=f"tile_{status}"):
                st.metric(f"{badge.icon} {badge.label}", number(counts[status]))
                if mends and status in FOR_PEOPLE:
                    st.page_link(ATTENTION.path, label="Show")
                else:
                    st.page_link(CARDS.path, label="Show", query_params={"status": str(status), **period})
    st.text(f"{accounted(counts)} Updated {updated}.")


def accounted(counts: Mapping[CardStatus, int]) -> str:
    """`62 received = 5 + 0 + … . Every card is accounted for.`, in the order of the tiles."""
    if not any(counts.values()):
        return "No card received."
    parts = " + ".join(number(counts[status]) for status in BADGES)
    return f"{number(sum(counts.values()))} received = {parts}. Every card is accounted for."
