"""How far a church is set up, on Home of its admins, for as long as something is missing."""

import streamlit as st

from dashboard.churches.words import how_far
from dashboard.gate import Viewer
from dashboard.navigation import ADD, FORM, MESSAGES, TEAM, PageSpec, page_called
from dashboard.reading import Trouble, guarded
from ghl.ops.read import one_church
from ghl.ops.setup import Step
from jobs.container import Container


def set_up_box(hub: Container, viewer: Viewer) -> None:
    """Draws what is done and what comes next; nothing once all of it is, and nothing in a demo church."""
    if viewer.church.is_demo:
        return
    line = guarded(lambda: one_church(hub.database, viewer.church.church_id))
    if line is None or isinstance(line, Trouble) or line.set_up.over or line.set_up.next is None:
        return
    page = _page_of(line.set_up.next)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="set_up"):
        st.text(how_far(line.set_up), width="stretch")
        if page:
            st.page_link(page.path, label=page.title, icon=f":material/{page.icon}:", width="content")


def _page_of(step: Step) -> PageSpec | None:
    pages = {
        Step.CONNECTED: page_called("connection"),
        Step.FORM: FORM,
        Step.WORDS: MESSAGES,
        Step.TEAM: TEAM,
        Step.FIRST_CARD: ADD,
    }
    return pages.get(step)
