"""What stands around every page: the tab's title, the style, which church, who is signed in, the way out.

Above the page it says that somebody is only here to help, for as long as they are.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import services
from dashboard.components import keys
from dashboard.formatting import one_line, when
from dashboard.navigation import SIGNED_IN
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import Role

ASSETS = Path(__file__).resolve().parent.parent / "assets"
Choose: TypeAlias = Callable[[UUID | None], None]
HELPER = "Helper, only looks"
ROLES = {Role.ADMIN: "Admin", Role.STAFF: "Staff", Role.VIEWER: "Viewer"}


def tab() -> None:
    """The browser tab, the style and the script of every page. The picture is ours: a named one comes from elsewhere."""
    st.set_page_config(
        page_title="Church Connect Hub",
        page_icon=str(ASSETS / "icon.png"),
        layout="wide",
        initial_sidebar_state=270,
    )
    st.html(ASSETS / "style.css")
    keys.load()


def side(person: SignedIn, *, sign_out: Callable[[], None], choose: Choose, told: str) -> None:
    """Draws the side of the page, and above the page what has to be said before anything else.

    `choose` works in another church; `told` is a key of the tab's memory with a sentence about the church at hand.
    """
    with st.sidebar:
        _churches(person, choose)
        with st.container(gap=None):
            st.text(one_line(person.name or person.email))
            if person.name:
                st.text(one_line(person.email))
            st.text(what_they_are(person))
        st.page_link(SIGNED_IN.path, label="Where you are signed in", icon=f":material/{SIGNED_IN.icon}:")
        st.button("Sign out", on_click=sign_out, icon=":material/logout:", key="sign_out")
    if person.church and person.church.help_until:
        _helping(person.church, choose)
    if sentence := st.session_state.get(told):
        with st.container(border=True, horizontal=True, vertical_alignment="center", key="moved"):
            st.text(sentence, width="stretch")
            st.button("All right", key="moved_read", on_click=st.session_state.pop, args=(told, None))


def _churches(person: SignedIn, choose: Choose) -> None:
    """The church at hand, and the way to another one."""
    here = person.church.church_id if person.church else None
    others = [church for church in person.churches if church.church_id != here]
    if not others:
        if person.church:
            st.text(one_line(person.church.name))
        return
    names = {church.church_id: _called(church) for church in person.churches}
    # Its key tells for which church it was drawn, so that it never holds the choice of an earlier one.
    key = f"church_of_{here}"

    def chosen() -> None:
        # Taken out, so that a choice that was refused does not stand there.
        choose(st.session_state.pop(key))

    st.selectbox(
        "Church",
        list(names),
        index=list(names).index(here) if here else None,
        format_func=names.__getitem__,
        placeholder="Choose a church",
        key=key,
        on_change=chosen,
    )


def _called(church: ChurchRole) -> str:
    return f"{one_line(church.name)} (to help)" if church.help_until else one_line(church.name)


def _helping(church: ChurchRole, choose: Choose) -> None:
    assert church.help_until is not None
    now = services.container().clock.now()
    until = when(church.help_until, now=now, zone=ZoneInfo(church.timezone))
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="helping"):
        st.badge("Help access", icon=":material/support:", color="orange")
        st.text(
            f"You are in {one_line(church.name)} to help, until {until} there. You see their cards, no prayer "
            "requests, and change nothing. Their change log says that you were here.",
            width="stretch",
        )
        st.button(
            "Leave this church", key="helping_leave", icon=":material/logout:", on_click=choose, args=(None,)
        )


def what_they_are(person: SignedIn) -> str:
    """The person's role in a word or two."""
    if person.church and person.church.help_until:
        return f"{HELPER}; runs the installation"
    if person.role is None:
        return "Runs the installation" if person.is_ops else "No church"
    return f"{ROLES[person.role]}, runs the installation" if person.is_ops else ROLES[person.role]
