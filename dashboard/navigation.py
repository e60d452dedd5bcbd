"""The pages and who sees them, as data. Each page asks for its role itself as well."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from dashboard.formatting import capped
from ghl.people.policy import SignedIn
from ghl.statuses import Role

FOLDER = Path(__file__).resolve().parent.parent / "pages"
EVERYBODY = frozenset(Role)
WRITERS = frozenset({Role.ADMIN, Role.STAFF})
"""Who may change anything; a viewer only looks."""
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True)
class PageSpec:
    """A page: its file in `pages/`, its words in the menu, and whom it is for.

    `section` is the heading it stands under in the menu. None has one so far: with headings Streamlit's menu is no
    list that screen readers know (axe: `list`, `listitem`). A page that is not `listed` is reached by links only.
    """

    file: str
    title: str
    icon: str
    roles: frozenset[Role] = frozenset()
    ops: bool = False
    section: str = ""
    listed: bool = True

    def is_for(self, person: SignedIn) -> bool:
        """Whether this person finds the page in their menu."""
        return (self.ops and person.is_ops) or person.role in self.roles

    @property
    def path(self) -> Path:
        """The page's script: what `st.page_link` and `st.switch_page` take."""
        return FOLDER / f"{self.file}.py"


HOME = PageSpec("home", "Home", "home", roles=EVERYBODY)
ADD = PageSpec("add", "Add a card", "add_card", roles=WRITERS)
REVIEW = PageSpec("review", "Review new cards", "rate_review", roles=WRITERS)
ATTENTION = PageSpec("attention", "Needs attention", "build", roles=WRITERS)
CARDS = PageSpec("cards", "All cards", "badge", roles=EVERYBODY)
UPLOAD = PageSpec("upload", "Import a list", "upload_file", roles=WRITERS)
CARD = PageSpec("card", "Card", "id_card", roles=EVERYBODY, listed=False)
FORM = PageSpec("form", "Card form", "qr_code_2", roles=ADMINS)
ERASE = PageSpec("erase", "Erase this person", "person_remove", roles=ADMINS, listed=False)
AUDIT = PageSpec("audit", "Change log", "history", roles=ADMINS, ops=True)
INSTALLATION = PageSpec("installation", "This installation", "dns", ops=True)

PAGES = (HOME, ADD, REVIEW, ATTENTION, CARDS, UPLOAD, CARD, FORM, INSTALLATION, AUDIT, ERASE)
"""In the order of the work; the first that a person may see is where they land."""


def pages_for(person: SignedIn | None) -> tuple[PageSpec, ...]:
    """The pages of a person. Nobody signed in: all, because each of them then asks to sign in."""
    return tuple(page for page in PAGES if person is None or page.is_for(person))


def menu_for(
    person: SignedIn | None, counts: Mapping[str, int] | None = None
) -> dict[str, list[StreamlitPage]]:
    """The pages as Streamlit takes them, by section; the first is the landing page.

    `counts` says by a page's file how many things wait there: it stands in the menu, while it is not 0.
    """
    menu: dict[str, list[StreamlitPage]] = {}
    theirs = pages_for(person)
    if not theirs:
        return menu
    # A page for others is reached by an address alone, and says itself whom it is for: "no such page" would be wrong.
    others = [page for page in PAGES if page not in theirs]
    for place, page in enumerate((*theirs, *others)):
        count = (counts or {}).get(page.file, 0)
        menu.setdefault(page.section, []).append(
            st.Page(
                page.path,
                title=f"{page.title} ({capped(count)})" if count else page.title,
                icon=f":material/{page.icon}:",
                url_path=page.file,
                default=place == 0,
                visibility="visible" if page.listed and page in theirs else "hidden",
            )
        )
    return menu
