"""*Import a list* as it is drawn: one step at a time, with what comes next. What a list says is drawn as text only."""

import streamlit as st

from dashboard.clicks import OneClick
from dashboard.gate import Viewer
from dashboard.reading import guarded
from dashboard.seat import Seat
from dashboard.upload import words
from dashboard.upload.check import Check
from dashboard.upload.choose import Choose
from dashboard.upload.columns import Columns
from dashboard.upload.desk import Desk, Step
from dashboard.upload.hands import Hands
from dashboard.upload.outcome import Outcome
from ghl.cards import imports
from ghl.cards.imports import ImportView
from jobs.container import Container


class UploadPage:
    """The page for one person at one church; the list itself lies on their desk, in the session's memory."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._seat = Seat(hub, viewer, "upload")
        hands = Hands(self._seat)
        self._choose = Choose(self._seat)
        self._columns = Columns(hands)
        self._check = Check(self._seat, hands)
        self._outcome = Outcome(self._seat, hands)

    def draw(self) -> None:
        """Draws the step that the list is at."""
        desk = self._seat.desk(Desk) or self._set_up()
        _trail(desk.step)
        match desk.step:
            case Step.CHOOSE:
                self._choose.draw(desk)
            case Step.COLUMNS:
                self._columns.draw(desk)
            case Step.CHECK:
                self._check.draw(desk)
            case Step.SAVE:
                if not self._outcome.draw(desk):
                    desk.restart()
                    self._choose.draw(desk)

    def _set_up(self) -> Desk:
        """A tab that was just opened: what this person imported last, and has not read the end of."""
        desk = self._seat.set_up(Desk(OneClick(self._seat.hub.clock)))
        found = guarded(self._unread)
        if isinstance(found, ImportView):
            desk.saves(found.id)
        return desk

    def _unread(self) -> ImportView | None:
        actor = self._seat.viewer.person.actor
        with self._seat.database.church(self._seat.church_id) as session:
            return imports.unread(session, self._seat.church_id, actor, now=self._seat.now())


def _trail(step: Step) -> None:
    """Where the list is, and what comes next; constant words."""
    parts = [
        f"**{place + 1} {label}**" if place == step else f"{place + 1} {label}"
        for place, label in enumerate(words.STEPS)
    ]
    with st.container(key="trail"):
        st.markdown(" → ".join(parts))
