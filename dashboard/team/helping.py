"""The question of who runs the hub whether they may look, as the church's admins see it, on Home and on *Team*."""

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate
from dashboard.formatting import one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from dashboard.team import words
from ghl.people import help as helping
from ghl.people.errors import PersonError
from ghl.people.help import Help
from jobs.container import Container

SAID = "help_said"
LOOK_EVERY = 20.0
"""Seconds: whoever has the page open sees the question, and its end, without loading it again."""
LET_IN = (
    "If you agree, they see your cards for 24 hours: no prayer requests, no export, and they change nothing. "
    "You can end it at any time. It stands in your change log."
)
OVER = "This was answered or withdrawn already."


def help_box(hub: Container, viewer: Viewer) -> None:
    """Draws what is asked and what lasts now; nothing where there is nothing. For admins."""

    @st.fragment(run_every=LOOK_EVERY)
    def live() -> None:
        if not isinstance(gate.still(viewer, *ADMINS), Trouble):
            _draw(hub, viewer)

    live()


def _draw(hub: Container, viewer: Viewer) -> None:
    if said := st.session_state.get(SAID):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="help_said_box"):
            st.text(said, width="stretch")
            st.button("Close", key="help_said_read", on_click=st.session_state.pop, args=(SAID, None))
    church_id, now = viewer.church.church_id, hub.clock.now()
    found = guarded(lambda: helping.of_church(hub.database, church_id))
    if isinstance(found, Trouble):
        return
    zone = ZoneInfo(viewer.church.timezone)
    for one in found:
        with st.container(border=True, gap="xsmall", key=f"help_{one.id}"):
            if one.on:
                _draw_on(hub, viewer, one, until=when(one.ends_at or now, now=now, zone=zone))
            else:
                _draw_asked(hub, viewer, one, at=when(one.asked_at, now=now, zone=zone))


def _draw_asked(hub: Container, viewer: Viewer, one: Help, *, at: str) -> None:
    st.text(
        f"{one_line(words.asked(one), 300)} runs this hub and asks to look at your church's cards ({at})."
    )
    st.text(f"Why: {one_line(one.reason, 500)}")
    st.text(LET_IN)
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Agree for 24 hours",
            key=f"help_yes_{one.id}",
            icon=":material/check:",
            on_click=_answer,
            args=(hub, viewer, one.id, True),
        )
        st.button(
            "Decline",
            key=f"help_no_{one.id}",
            icon=":material/close:",
            on_click=_answer,
            args=(hub, viewer, one.id, False),
        )


def _draw_on(hub: Container, viewer: Viewer, one: Help, *, until: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge("Help access", icon=":material/support:", color="orange")
        st.text(f"{one_line(words.asked(one), 300)} may look at your cards until {until}.", width="stretch")
        st.button(
            "End it now",
            key=f"help_end_{one.id}",
            icon=":material/block:",
            on_click=_end,
            args=(hub, viewer, one.id),
        )


def _answer(hub: Container, viewer: Viewer, help_id: UUID, agrees: bool) -> None:
    person = gate.acting(viewer, *ADMINS)
    if isinstance(person, gate.Refused):
        st.session_state[SAID] = person.why
        return
    _say(
        lambda: helping.answer(
            hub.database, person.church.church_id, help_id, by=person.person.user_id, agrees=agrees
        ),
        "They may look for 24 hours." if agrees else "You said no. They are told.",
    )


def _end(hub: Container, viewer: Viewer, help_id: UUID) -> None:
    person = gate.acting(viewer, *ADMINS)
    if isinstance(person, gate.Refused):
        st.session_state[SAID] = person.why
        return
    _say(
        lambda: helping.end(hub.database, person.church.church_id, help_id, by=person.person.user_id),
        "Ended. They see nothing of your church any more.",
    )


def _say(act: Callable[[], bool], done: str) -> None:
    try:
        acted = guarded(act)
    except PersonError as error:
        st.session_state[SAID] = str(error)
        return
    if isinstance(acted, Trouble):
        st.session_state[SAID] = f"That did not work. Try again, or tell support the number {acted.number}."
    else:
        st.session_state[SAID] = done if acted else OVER
