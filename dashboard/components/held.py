"""Fields that keep what they hold when the browser's connection breaks; for fields outside the form of a card."""

from collections.abc import Iterable

import streamlit as st


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
