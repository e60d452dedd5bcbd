"""The pages and who sees them, as data. Each page asks for its role itself as well."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from ghl.people.policy import SignedIn
from ghl.statuses import Role

FOLDER = Path(__file__).resolve().parent.parent / "pages"
EVERYBODY = frozenset(Role)


@dataclass(frozen=True)
class PageSpec:
    """A page: its file in `pages/`, its words in the menu, and whom it is for."""

    file: str
    title: str
    icon: str
    roles: frozenset[Role] = frozenset()
    ops: bool = False

    def is_for(self, person: SignedIn) -> bool:
        """Whether this person finds the page in their menu."""
        return (self.ops and person.is_ops) or person.role in self.roles


PAGES = (
    PageSpec("cards", "All cards", "badge", roles=EVERYBODY),
    PageSpec("installation", "This installation", "dns", ops=True),
)
"""In the order of the work; the first that a person may see is where they land."""


def pages_for(person: SignedIn | None) -> tuple[PageSpec, ...]:
    """The pages of a person. Nobody signed in: all, because each of them then asks to sign in."""
    return tuple(page for page in PAGES if person is None or page.is_for(person))


def menu_for(person: SignedIn | None) -> list[StreamlitPage]:
    """The pages as Streamlit takes them; the first is the landing page."""
    return [
        st.Page(
            FOLDER / f"{page.file}.py",
            title=page.title,
            icon=f":material/{page.icon}:",
            url_path=page.file,
            default=place == 0,
        )
        for place, page in enumerate(pages_for(person))
    ]
