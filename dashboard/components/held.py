"""Fields that keep what they hold: when the browser's connection breaks, and when two runs follow at once."""

from collections.abc import Iterable, Sequence

import streamlit as st


def held(key: str) -> str:
    """What the text field of this key holds here, for its `value`.

    A value that the script puts into a field goes to the browser with one run only. Where the next run follows
    before the browser has drawn it, it draws the next one alone: blank, and tells that back as if somebody had emptied
    the field. As the field's default the value goes with each run.
    """
    return str(st.session_state.get(key) or "")


def held_among(key: str, choices: Sequence[str]) -> int:
    """The same for a field of choices, for its `index`."""
    return choices.index(said) if (said := st.session_state.get(key)) in choices else 0


def say_again(key: str, fields: Iterable[str]) -> None:
    """Sets these fields to what they hold here, where the browser's connection is a new one. Before they are drawn.

    What is sent while a connection breaks is lost, and Streamlit's page then takes fields for gone and draws them
    blank, which would come back as if somebody had emptied them.
    """
    connection = str(st.context.headers.get("Sec-WebSocket-Key") or "")
    state = st.session_state
    if state.get(f"{key}_connection", connection) != connection:
        for name in fields:
            if held := state.get(name):
                state[name] = held
    state[f"{key}_connection"] = connection
