"""How many seconds are left to take a text or an e-mail back. It draws only."""

from datetime import datetime, timedelta
from math import ceil

import streamlit as st

from dashboard import services
from ghl.causes import CauseCode
from ghl.messages.shown import Shown

LAST = timedelta(minutes=2)
"""Of longer than this the time of day tells enough."""

AT_ONCE = 5
"""So many of a page tick; beside the others stands the time of day."""

PLAIN = {None, CauseCode.SAID_NOT_SENT}
"""Causes for which a message leaves as soon as its time has come."""


def seconds_left(shown: Shown, *, now: datetime) -> int | None:
    """The seconds until it leaves, where they are few and it waits for nothing else. Pure."""
    until = shown.undo_until
    if until is None or shown.waits_for_card or shown.cause not in PLAIN:
        return None
    return ceil((until - now).total_seconds()) if now < until <= now + LAST else None


def countdown(shown: Shown, *, now: datetime) -> bool:
    """Draws the seconds beside *Undo*, where they tick; whether they do.

    They are a part of the page of their own, which alone changes with each second: the button beside it keeps its
    place and its focus, and what is selected stays so.
    """
    if seconds_left(shown, now=now) is None:
        return False
    hub = services.container()

    @st.fragment(run_every=1.0)
    def ticking() -> None:
        left = seconds_left(shown, now=hub.clock.now())
        st.text(f"Leaves in {left} s" if left is not None else "Leaves now", width="content")

    with st.container(key=f"leaves_{shown.message_id.hex}", width="content"):
        ticking()
    return True
