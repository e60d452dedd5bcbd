"""The counts on top of the list: each is the button that shows those cards, and they add up."""

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.components.badges import BADGES
from dashboard.formatting import number
from ghl.statuses import CardStatus


def tiles(
    counts: Mapping[CardStatus, int],
    *,
    chosen: CardStatus | None,
    choose: Callable[[CardStatus | None], None],
    updated: str,
) -> None:
    """Draws a tile for all cards and one a status. `updated` is the time of the counts in the church's words."""
    shown: list[tuple[CardStatus | None, str, int]] = [(None, "All cards", sum(counts.values()))]
    shown += [(status, badge.label, counts[status]) for status, badge in BADGES.items()]
    with st.grid(columns=4, min_column_width=160, gap="xsmall", key="tiles"):
        for status, label, count in shown:
            st.button(
                f"**{number(count)}** {label}",
                key=f"tile_{status or 'all'}",
                type="primary" if status == chosen else "secondary",
                width="stretch",
                on_click=choose,
                args=(status,),
            )
    st.text(f"{accounted(counts)} Updated {updated}.")


def accounted(counts: Mapping[CardStatus, int]) -> str:
    """`62 received = 5 + 0 + … . Every card is accounted for.`, in the order of the tiles."""
    if not any(counts.values()):
        return "No card received yet."
    parts = " + ".join(number(counts[status]) for status in BADGES)
    return f"{number(sum(counts.values()))} received = {parts}. Every card is accounted for."
