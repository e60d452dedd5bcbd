"""What the presses of *Import a list* do. Each belongs to one form and step, commits first, and draws nothing."""

from uuid import UUID

import streamlit as st

from dashboard import gate
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.seat import Seat
from dashboard.upload import run as running
from dashboard.upload.desk import Desk, Step
from ghl.cards import imports
from ghl.cards.fields import LENGTHS


class Hands:
    """The presses of one person at one list."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat

    def go(self, form: str, step: Step) -> None:
        """Another step of the same list."""
        desk = self._open(form)
        if desk and desk.opened is not None and desk.step is not Step.SAVE and not desk.fresh():
            gate.used()
            desk.go(step)

    def restart(self, form: str) -> None:
        """Another list; what came of this one is read."""
        desk = self._open(form)
        if desk is None or desk.fresh():
            return
        gate.used()
        if import_id := desk.import_id:
            # Where that fails it comes back with the next sign-in, and nothing is lost.
            guarded(lambda: self._close(import_id))
        desk.restart()

    def use_words(self, form: str, text: str) -> None:
        """Puts the words of the church's own card into the field for what the box said."""
        desk = self._open(form)
        if desk:
            desk.choices.wording = text[: LENGTHS["consent_wording"]]
            st.session_state[f"{form}_wording"] = desk.choices.wording

    def start(self, form: str) -> None:
        """Begins to save the list; a second press finds that it is being saved."""
        desk = self._open(form)
        if desk is None or desk.step is not Step.CHECK or desk.opened is None:
            return
        shown = desk.shown
        if shown is None or desk.fresh() or desk.words_missing():
            return
        acting = gate.acting(self._seat.viewer, *WRITERS)
        if isinstance(acting, gate.Refused):
            desk.trouble = acting.why
            return
        wanted = running.List(
            desk.opened,
            desk.plan(),
            desk.name,
            self._seat.today(),
            review=desk.choices.review or shown.review_all,
            to_mend=len(shown.to_mend),
        )
        begun = guarded(
            lambda: running.start(self._seat.hub, self._seat.church_id, wanted, actor=acting.person.actor)
        )
        if isinstance(begun, Trouble):
            desk.trouble = (
                f"Nothing is saved yet. Try again; if it stays, tell support the number {begun.number}."
            )
            return
        desk.remember()
        desk.saves(begun)

    def stop(self, import_id: UUID) -> None:
        """Saves no more of the list; what is saved stays."""
        desk = self._seat.desk(Desk)
        if desk and desk.import_id == import_id and not desk.fresh() and self._seat.may():
            guarded(lambda: self._ask_to_stop(import_id))

    def _ask_to_stop(self, import_id: UUID) -> None:
        with self._seat.database.church(self._seat.church_id) as session:
            actor = self._seat.viewer.person.actor
            imports.stop(session, self._seat.church_id, import_id, actor=actor)

    def _close(self, import_id: UUID) -> None:
        with self._seat.database.church(self._seat.church_id) as session:
            imports.close(session, self._seat.church_id, import_id)

    def _open(self, form: str) -> Desk | None:
        """The desk, while the form of this press is still open."""
        desk = self._seat.desk(Desk)
        return desk if desk and desk.form == form else None
