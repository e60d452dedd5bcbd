"""The lists that were imported lately: who, when, what came of each, and its refused rows again."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import states
from dashboard.formatting import one_line, when
from dashboard.gate import COOKIE, Viewer
from dashboard.navigation import CARDS, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.upload import words
from ghl.cards import imports
from ghl.cards.imports import ImportView
from ghl.people import sessions
from ghl.people.names import name_of
from jobs.container import Container

EVERY = 3.0
"""Seconds between two looks while a list is being saved."""


class Lately:
    """The imports of a church's last days."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)

    def show(self) -> None:
        """Draws them, the newest first, and anew by itself while one is being saved."""
        found = guarded(self._read)
        if isinstance(found, Trouble) or not any(not one.over for one in found):
            st.fragment(self._draw)()
        else:
            st.fragment(self._follow, run_every=EVERY)()

    def _follow(self) -> None:
        if not self._draw():
            # Once: what is drawn now needs no timer any more.
            st.rerun()

    def _draw(self) -> bool:
        """Draws them; returns whether one is being saved, also where nobody knows."""
        still = gate.still(self._viewer, *WRITERS)
        found = still if isinstance(still, Trouble) else guarded(self._read)
        if isinstance(found, Trouble):
            states.could_not_load("the lists of the last days", found.number)
            return True
        if not found:
            return False
        people = guarded(lambda: services.names(self._church_id))
        names = {} if isinstance(people, Trouble) else people
        now = self._hub.clock.now()
        st.header("Lists of the last 30 days", anchor=False)
        for one in found:
            with st.container(border=True, gap="xsmall", key=f"import_{one.id}"):
                with st.container(gap=None, key=f"head_import_{one.id}"):
                    st.text(one_line(one.name, 100) or "A list without a name")
                    at, who = when(one.started_at, now=now, zone=self._zone), name_of(one.by, names)
                    st.text(f"{at}, {one_line(who, 60)}")
                self._standing(one)
        if len(found) == imports.MOST_LISTED:
            st.text(f"Only the newest {imports.MOST_LISTED} are listed.")
        st.text("Refused rows are kept for 30 days.")
        return any(not one.over for one in found)

    def _standing(self, one: ImportView) -> None:
        if not one.over:
            st.progress(words.share(one), text=words.how_far(one))
            return
        st.text(words.in_one_line(one.counts))
        if one.silent:
            st.text(words.SILENT)
        elif one.trouble:
            st.text(one_line(one.trouble, 400))
        elif not one.finished:
            st.text("It was stopped before the end. Import the same list again to go on.")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if one.counts.created:
                show_button(one)
            if one.refused_kept:
                refused_button(self._hub, self._viewer, one)

    def _read(self) -> Sequence[ImportView]:
        with self._hub.database.church(self._church_id) as session:
            return imports.latest(session, self._church_id, now=self._hub.clock.now())


def show_button(one: ImportView) -> None:
    """Draws the way to the cards that an import brought."""
    st.page_link(
        CARDS.path, label="Show these cards", icon=":material/badge:", query_params={"import": str(one.id)}
    )


def refused_button(hub: Container, viewer: Viewer, one: ImportView, *, primary: bool = False) -> None:
    """Draws the way to the refused rows, or says who may have them."""
    if not one.may_read_refused(viewer.person):
        st.text(
            "Prayer requests stand in the refused rows: only your prayer team, and who imported them, get the file."
        )
        return
    st.download_button(
        words.download(one.counts.refused),
        data=refused_content(hub, viewer, one, gate.browser_cookies().get(COOKIE)),
        file_name=words.refused_name(one.name),
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        type="primary" if primary else "secondary",
        key=f"refused_{one.id}",
    )


def refused_content(
    hub: Container, viewer: Viewer, one: ImportView, token: str | None
) -> Callable[[], bytes]:
    """Reads the file when somebody presses the button, which is long after the page was drawn: so it asks anew."""

    def content() -> bytes:
        person = sessions.current(hub.database, token, clock=hub.clock)
        church = person.church if person else None
        if (
            person is None
            or person.user_id != viewer.person.user_id
            or church is None
            or church.church_id != viewer.church.church_id
            or church.role not in WRITERS
        ):
            raise imports.ImportRefusedError("Your sign-in has ended, or your role has changed.")
        with hub.database.church(church.church_id) as session:
            found = imports.refused_rows(session, person, one.id)
        if found is None:
            raise imports.ImportRefusedError("These rows are no longer kept.")
        return found

    return content
