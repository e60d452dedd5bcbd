"""What a template has said: each version stays, can be compared with the newest words, and brought back."""

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.formatting import one_line
from dashboard.messages import words
from dashboard.messages.desk import Desk
from dashboard.messages.hands import Hands
from ghl.messages.templates import MOST_VERSIONS, Version


def draw_history(
    desk: Desk,
    hands: Hands,
    versions: Sequence[Version],
    *,
    name: Callable[[str], str],
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Draws the versions of the open template, newest first."""
    with st.expander(f"Versions ({len(versions)})", icon=":material/history:"):
        key = f"{desk.form}_version"
        by_number = {one.number: one for one in versions}
        chosen = st.selectbox(
            "Version",
            [*by_number],
            format_func=lambda number: one_line(
                words.version_named(
                    by_number[number], desk.opened, name(by_number[number].created_by), now=now, zone=zone
                ),
                120,
            ),
            key=key,
        )
        one, newest = by_number[chosen], versions[0]
        with st.container(border=True, key="version_words"):
            if one.words.subject:
                st.text(f"Subject: {one.words.subject}")
            st.text(one.words.body or "Nothing yet.")
        if one.number == newest.number:
            st.text("These are the newest words.")
        else:
            changed = words.differences(one, newest)
            st.text(f"What version {newest.number} says otherwise:" if changed else "Both say the same.")
            if changed:
                st.text("\n".join(changed))
        # Always there: one that came would push another from under a pointer.
        st.button(
            "Bring these words back",
            icon=":material/undo:",
            key="bring_back",
            on_click=hands.bring_back,
            args=(desk.form, key),
        )
        st.text("A version is never changed: each message in the log names the one it said.")
        if len(versions) == MOST_VERSIONS:
            st.text(f"The newest {MOST_VERSIONS}.")
