"""The form that adds a church. What was typed stays until it is taken; a used-up form adds nothing twice."""

from dataclasses import dataclass, field
from uuid import uuid4
from zoneinfo import available_timezones

import streamlit as st

from dashboard import gate
from dashboard.formatting import esc
from dashboard.reading import Trouble, guarded
from ghl.churches import MAX_NAME, ChurchError, add_church
from ghl.people.policy import SignedIn
from jobs.container import Container

PLACE = "adding_church"
ADDED = "church_added"
WIDEST = 640

COMMON = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
)
"""Where most churches are; all others follow by name."""


@dataclass
class _Desk:
    form: str = field(default_factory=lambda: f"church_{uuid4().hex[:8]}")
    complaint: str = ""


def zones() -> list[str]:
    """Every time zone there is, those of most churches first."""
    return [*COMMON, *sorted(available_timezones() - set(COMMON))]


def draw(hub: Container, person: SignedIn) -> None:
    """Draws the form."""
    desk: _Desk = st.session_state.setdefault(PLACE, _Desk())
    with st.form(desk.form, enter_to_submit=False, width=WIDEST):
        st.text_input("Name", key=f"{desk.form}_name", max_chars=MAX_NAME, autocomplete="off")
        st.text_input(
            "Short name",
            key=f"{desk.form}_slug",
            max_chars=63,
            placeholder="grace",
            autocomplete="off",
            help="For addresses and commands: small letters, digits and hyphens. It stays as it is.",
        )
        st.selectbox("Time zone", zones(), index=None, key=f"{desk.form}_zone", placeholder="Choose or type")
        if desk.complaint:
            st.error(esc(desk.complaint, 400), icon=":material/edit_note:")
        st.form_submit_button(
            "Add the church",
            type="primary",
            icon=":material/add:",
            on_click=_add,
            args=(hub, person, desk),
        )


def _add(hub: Container, person: SignedIn, desk: _Desk) -> None:
    state = st.session_state
    if state.get(PLACE) is not desk:
        return
    now = gate.acting_ops(person)
    if isinstance(now, gate.Refused):
        desk.complaint = now.why
        return
    name, slug, zone = (state[f"{desk.form}_{field}"] for field in ("name", "slug", "zone"))
    if not zone:
        desk.complaint = "Choose the church's time zone."
        return
    slug = slug.strip()
    try:
        added = guarded(
            lambda: add_church(hub.database, slug=slug, name=name, timezone=zone, actor=now.actor)
        )
    except ChurchError as error:
        desk.complaint = str(error)
        return
    if isinstance(added, Trouble):
        desk.complaint = f"That did not work; no church was added. Try again, or tell support {added.number}."
        return
    state[PLACE] = _Desk()
    state[ADDED] = slug
