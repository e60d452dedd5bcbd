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
    One for `prayers` is for those who may read prayer requests, whatever their role.
    """

    file: str
    title: str
    icon: str
    roles: frozenset[Role] = frozenset()
    ops: bool = False
    prayers: bool = False
    section: str = ""
    listed: bool = True

    def is_for(self, person: SignedIn) -> bool:
        """Whether this person finds the page in their menu."""
        reads_prayers = person.church is not None and person.church.reads_prayers
        return (self.ops and person.is_ops) or (self.prayers and reads_prayers) or person.role in self.roles

    @property
    def path(self) -> Path:
        """The page's script: what `st.page_link` and `st.switch_page` take."""
        return FOLDER / f"{self.file}.py"


HOME = PageSpec("home", "Home", "home", roles=EVERYBODY)
ADD = PageSpec("add", "Add a card", "add_card", roles=WRITERS)
REVIEW = PageSpec("review", "Review new cards", "rate_review", roles=WRITERS)
ATTENTION = PageSpec("attention", "Needs attention", "build", roles=WRITERS)
CARDS = PageSpec("cards", "All cards", "badge", roles=EVERYBODY)
CONSENT = PageSpec("consent", "May we text?", "sms", roles=EVERYBODY)
PERSON = PageSpec("person", "Person", "person", roles=EVERYBODY, listed=False)
TEXTS = PageSpec("texts", "Texts and e-mails", "forum", roles=EVERYBODY)
UPLOAD = PageSpec("upload", "Import a list", "upload_file", roles=WRITERS)
CARD = PageSpec("card", "Card", "id_card", roles=EVERYBODY, listed=False)
CONNECTION = PageSpec("connection", "Connection", "cable", roles=ADMINS)
PRAYERS = PageSpec("prayers", "Prayer requests", "volunteer_activism", prayers=True)
FORM = PageSpec("form", "Card form", "qr_code_2", roles=ADMINS)
ERASE = PageSpec("erase", "Erase this person", "person_remove", roles=ADMINS, listed=False)
CONSENT_LOG = PageSpec("consent_log", "Consent log", "fact_check", roles=ADMINS)
TEAM = PageSpec("team", "Team", "group", roles=ADMINS)
NEWS = PageSpec("news", "News from GoHighLevel", "campaign", roles=ADMINS)
AUDIT = PageSpec("audit", "Change log", "history", roles=ADMINS, ops=True)
CHURCHES = PageSpec("churches", "Churches", "church", ops=True)
CHURCH = PageSpec("church", "Church", "church", ops=True, listed=False)
PEOPLE = PageSpec("people", "People", "manage_accounts", ops=True)
SIGNED_IN = PageSpec("signed_in", "Signed in", "devices", roles=EVERYBODY, ops=True, listed=False)
INSTALLATION = PageSpec("installation", "This installation", "dns", ops=True)
KEYS = PageSpec("keys", "Keys", "key", ops=True)

CORRECTION = "correction"
"""In a card's address: its form is open from the start."""

PAGES = (
    *(HOME, ADD, REVIEW, ATTENTION, CARDS, TEXTS, CONSENT, UPLOAD, CARD, PERSON, ERASE, PRAYERS),
    *(CONNECTION, FORM, CONSENT_LOG, TEAM, NEWS),
    *(CHURCHES, CHURCH, PEOPLE),
    *(AUDIT, KEYS, INSTALLATION, SIGNED_IN),
)
"""In the order of the work; the first that a person may see is where they land."""


def to_card(number: int, *, back_to: PageSpec = CARDS, correct: bool = False) -> dict[str, str]:
    """What stands in the address of a card: `back_to` is where its way back leads, `correct` opens its form."""
    query = {"number": str(number)}
    if back_to is not CARDS:
        query["from"] = back_to.file
    return query | ({"open": CORRECTION} if correct else {})


def way_back(asked: str, person: SignedIn) -> PageSpec:
    """The page that an address names as the way back; all cards, where that is none of this person's."""
    return next((page for page in PAGES if page.file == asked and page.listed and page.is_for(person)), CARDS)


def pages_for(person: SignedIn | None) -> tuple[PageSpec, ...]:
    """The pages of a person. Nobody signed in: all, because each of them then asks to sign in."""
    return tuple(page for page in PAGES if person is None or page.is_for(person))


def page_called(file: str) -> PageSpec | None:
    """The page of this file, for what leads to a page that an installation may not have."""
    return next((page for page in PAGES if page.file == file), None)


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
