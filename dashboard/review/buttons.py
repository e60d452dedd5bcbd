"""The buttons of *Review new cards*, all made alike: a press carries the form that it was drawn for."""

from collections.abc import Callable

import streamlit as st

from dashboard.review.desk import Desk


def button(
    desk: Desk,
    label: str,
    name: str,
    press: Callable[..., None],
    *what: object,
    key: str | None = None,
    icon: str | None = None,
    first: bool = False,
) -> None:
    """Draws a button; `key` presses it as well. The press is called with the form of the desk, and `what`."""
    st.button(
        label,
        type="primary" if first else "secondary",
        shortcut=key,
        icon=icon,
        key=f"{name}_{desk.form}",
        on_click=press,
        args=(desk.form, *what),
    )


def back_button(desk: Desk, press: Callable[[str], None]) -> None:
    """Draws the way back to the card before, where there is one."""
    if desk.trail:
        button(desk, "Back to the last card", "back", press, key="Alt+B", icon=":material/arrow_back:")
