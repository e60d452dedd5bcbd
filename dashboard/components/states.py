"""What a page or list says when it has nothing to show. Words: docs of the screens, one idea per sentence."""

import html
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import streamlit as st

from dashboard.navigation import ADD, UPLOAD
from ghl.people.landing import own_path
from ghl.people.links import SIGN_IN_PATH


def nothing_yet(*, writes: bool) -> None:
    """A list of cards that has none, with the ways in for those who may."""
    with _box():
        st.text("No cards yet.")
        st.text("They appear here as soon as one is typed, imported or sent by the web form.")
        if writes:
            with st.container(horizontal=True, gap="small"):
                for page in (ADD, UPLOAD):
                    st.page_link(page.path, label=page.title, icon=f":material/{page.icon}:", width="content")


def nothing_matches(clear: Callable[[], None]) -> None:
    """A filter that leaves nothing, with the way out."""
    with _box():
        st.text("No card matches. Try another word, or show every card again.")
        st.button("Clear filters", on_click=clear, icon=":material/filter_alt_off:")


def could_not_load(what: str, number: str) -> None:
    """The database did not answer. `what` is ours, never a visitor's text."""
    with _box():
        st.text(f"We couldn't load {what}. Nothing is lost.")
        st.text(f"Try again; if it stays, tell support the number {number}.")
        st.button("Try again", icon=":material/refresh:", key=f"again_{what}")


def unexpected(number: str) -> None:
    """Our own code failed on this page."""
    with _box():
        st.text("Something we have not seen before came in the way. Your cards are safe.")
        st.text(f"Load the page again; if it stays, tell support the number {number}.")


@contextmanager
def loading(what: str, *, first: bool) -> Iterator[None]:
    """Says that a list is being loaded, the first time alone: a refresh must not flicker.

    Its place is always there, so that what follows keeps its own.
    """
    place = st.empty()
    if first:
        with place, st.spinner(f"Loading {what}…"):
            yield
    else:
        yield


def signed_out() -> None:
    """Nobody is signed in, or the session is over."""
    st.title("You are signed out")
    with _box():
        st.text("What you typed is kept for you. Sign in again, and you come back to this page.")
        # Not a link button, which opens one more tab. The address is escaped, and a path of ours.
        st.html(f'<a href="{html.escape(back_here())}" target="_self">Sign in</a>')


def back_here() -> str:
    """The address of the sign-in page that leads back to the page somebody is on."""
    parts = urlsplit(st.context.url or "")
    here = own_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)
    return f"{SIGN_IN_PATH}?{urlencode({'next': here})}" if here else SIGN_IN_PATH


def no_church() -> None:
    """Signed in, but a member of nothing."""
    st.title("You don't belong to a church")
    with _box():
        st.text("Ask an admin of your church to add you. Then open this page again.")
        st.text("If you were in a team before, an admin has just removed you from it.")


def not_for_you(whose: str = "An admin of your church can give you another role.") -> None:
    """Signed in, but this page is for others; `whose` says for whom, or who can change that."""
    st.title("This page is not for your role")
    with _box():
        st.text(f"Choose another page from the menu. {whose}")


def _box() -> "st.delta_generator.DeltaGenerator":
    return st.container(border=True, gap="xsmall")
