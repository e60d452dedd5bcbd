"""What stands around every page: the tab's title, the style, which church, who is signed in, the way out."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboard.components import keys
from dashboard.formatting import one_line
from dashboard.navigation import SIGNED_IN
from ghl.people.policy import SignedIn
from ghl.statuses import Role

ASSETS = Path(__file__).resolve().parent.parent / "assets"
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


def side(person: SignedIn, *, sign_out: Callable[[], None]) -> None:
    """Draws the side of the page."""
    with st.sidebar:
        with st.container(gap=None):
            st.text(one_line(person.name or person.email))
            if person.name:
                st.text(one_line(person.email))
            st.text(what_they_are(person))
        st.page_link(SIGNED_IN.path, label="Where you are signed in", icon=f":material/{SIGNED_IN.icon}:")
        st.button("Sign out", on_click=sign_out, icon=":material/logout:", key="sign_out")


def what_they_are(person: SignedIn) -> str:
    """The person's role in a word or two."""
    if person.role is None:
        return "Runs the installation" if person.is_ops else "No church"
    return f"{ROLES[person.role]}, runs the installation" if person.is_ops else ROLES[person.role]
