"""The field for a note of the team: what is typed is kept by itself, and runs this part alone."""

import streamlit as st

from dashboard import gate
from dashboard.card.visit import Visit
from dashboard.card.work import Desk
from dashboard.components import card_notes
from dashboard.formatting import when
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble
from ghl.cards.story import CardInFull


class NotePart:
    """A new note about the card."""

    def __init__(self, visit: Visit, card: CardInFull) -> None:
        self._visit = visit
        self._place = visit.place
        self._card = card

    def bring_back(self) -> None:
        """Puts what was typed on an earlier visit, and not kept, back into the field."""
        if begun := Desk(self._visit.hub, self._visit.viewer, self._card.id).note_draft():
            st.session_state[self._place.note_key] = str(begun.values.get("text", ""))
            self._place.note_typed_at = begun.changed_at

    def draw(self) -> None:
        """Draws the part."""
        st.fragment(self._live)()

    def _live(self) -> None:
        place = self._place
        if place.note_new:
            # It stands among the others now, and they are drawn by the whole page.
            place.note_new = False
            st.rerun()
        if isinstance(gate.still(self._visit.viewer, *WRITERS, by_person=True), Trouble):
            st.text("The database does not answer. What you typed stays here.")
        at = place.note_typed_at
        card_notes.new_note(
            place.note_serial,
            told=place.note_told,
            typed_at=when(at, now=self._visit.now(), zone=self._visit.zone) if at else "",
            typed=self._typed,
            keep=self._keep,
            start_again=self._start_again,
        )

    def _text(self) -> str:
        return str(st.session_state.get(self._place.note_key) or "")

    def _keep(self) -> None:
        """Keeps the note; where that cannot be, it stays in its field."""
        place, works = self._place, self._visit.at_work(self._card.id)
        if works is None:
            place.note_told = place.told
            return
        place.note_told = works.note(self._text())
        if place.note_told.good:
            place.new_note(st.session_state)
            place.note_new = True

    def _typed(self) -> None:
        """Keeps what is typed as a note so far."""
        self._place.note_told = None
        if acting := gate.acting(self._visit.viewer, *WRITERS):
            Desk(self._visit.hub, acting, self._card.id).keep_note_draft(self._text())

    def _start_again(self) -> None:
        """An empty field instead of what was typed earlier."""
        if works := self._visit.at_work(self._card.id):
            works.keep_note_draft("")
            self._place.new_note(st.session_state)
