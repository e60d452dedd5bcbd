"""The last step of *Import a list*: how far its saving is, and in the end what came of it. It draws only."""

import streamlit as st

from dashboard import gate
from dashboard.formatting import one_line, when
from dashboard.navigation import CARDS, REVIEW, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.seat import Seat
from dashboard.upload import words
from dashboard.upload.desk import Desk
from dashboard.upload.hands import Hands
from dashboard.upload.lately import refused_button, show_button
from dashboard.upload.pieces import another_button, buttons
from ghl.cards import imports
from ghl.cards.imports import ImportView
from ghl.statuses import CardStatus

EVERY = 1.0
"""Seconds between two looks at an import that runs."""


class Outcome:
    """The step as it is drawn: anew by itself while the list is being saved, and then to stay."""

    def __init__(self, seat: Seat, hands: Hands) -> None:
        self._seat = seat
        self._hands = hands

    def draw(self, desk: Desk) -> bool:
        """Draws the step; False, and nothing is drawn, where the import is not there any more."""
        found = guarded(lambda: self._look(desk))
        if found is None:
            return False
        if isinstance(found, ImportView) and found.over:
            self._result(desk, found)
        else:
            st.fragment(self._saving, run_every=EVERY)()
        return True

    def _look(self, desk: Desk | None) -> ImportView | None:
        if desk is None or desk.import_id is None:
            return None
        with self._seat.database.church(self._seat.church_id) as session:
            return imports.look(session, self._seat.church_id, desk.import_id)

    def _saving(self) -> None:
        still = gate.still(self._seat.viewer, *WRITERS)
        desk = self._seat.desk(Desk)
        found = still if isinstance(still, Trouble) else guarded(lambda: self._look(desk))
        if desk is None or found is None or (isinstance(found, ImportView) and found.over):
            # Once, and nothing here could be typed or open: what came of it is drawn to stay, without a timer.
            st.rerun()
        st.header("Saving the cards", anchor=False)
        if isinstance(found, Trouble):
            st.text("We can't look at the database just now. Saving goes on when it answers.")
            return
        with st.container(gap=None, key="count"):
            st.text(one_line(found.name, 100))
        st.progress(words.share(found), text=f"{words.how_far(found)} You can leave this page.")
        if not found.begun:
            st.text("Other lists are being saved. This one is next.")
        with buttons():
            st.button(
                "Stopping…" if found.stop_asked else "Stop",
                icon=":material/stop_circle:",
                key=f"{desk.form}_stop",
                on_click=self._hands.stop,
                args=(found.id,),
            )
            another_button(desk, "Import another list meanwhile", self._hands.restart)
        st.text("What is saved stays saved. Importing the same list again saves nothing twice.")

    def _result(self, desk: Desk, found: ImportView) -> None:
        counts = found.counts
        st.header("Done" if found.finished else "Stopped before the end", anchor=False)
        at = when(found.started_at, now=self._seat.now(), zone=self._seat.zone)
        st.text(f"{one_line(found.name, 100)}, {at}")
        if trouble := words.trouble(found):
            st.error(trouble, icon=":material/error:")
        mending = words.mending(found)
        with st.container(gap="xsmall", key="said"):
            for line in words.result(found):
                st.text(line)
        if found.refused_kept:
            refused_button(self._seat.hub, self._seat.viewer, found, primary=True)
        with buttons():
            if counts.created:
                show_button(found)
            if mending:
                st.page_link(
                    CARDS.path,
                    label="Show those to mend",
                    icon=":material/build:",
                    query_params={"status": str(CardStatus.NEEDS_ATTENTION), "import": str(found.id)},
                )
            if found.review and counts.created:
                st.page_link(REVIEW.path, label="Review new cards", icon=":material/rate_review:")
            another_button(desk, "Import another list", self._hands.restart)
