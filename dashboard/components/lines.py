"""Labels and values below each other, as plain text: what is written on a card, what is known of a contact."""

from collections.abc import Sequence

import streamlit as st

LABEL_WIDTH = 140


def lines(shown: Sequence[tuple[str, str]], *, key: str, label_width: int = LABEL_WIDTH) -> None:
    """Draws a line a pair. Both may be foreign text; neither is read as anything but text."""
    with st.container(gap="xxsmall", key=f"lines_{key}"):
        for label, value in shown:
            with st.container(horizontal=True, wrap=False, gap="small"):
                st.text(label, width=label_width)
                st.text(value, width="stretch")
