"""The third step of *Import a list*: what would become of each row, looked up and shown before anything is saved.

What a list says is drawn as text only, and no prayer request at all.
"""

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd
import streamlit as st

from dashboard.components import states
from dashboard.formatting import cards, number, one_line
from dashboard.reading import Trouble, guarded
from dashboard.seat import Seat
from dashboard.upload import run as running
from dashboard.upload import unsaid, words
from dashboard.upload.desk import Desk, Step
from dashboard.upload.hands import Hands
from dashboard.upload.pieces import another_button, buttons
from ghl.cards.columns import prays
from ghl.cards.find import Choices as Known
from ghl.cards.find import choices as known_choices
from ghl.cards.import_preview import Preview, preview
from ghl.cards.list_file import ListFile
from ghl.cards.refused import is_refused_file
from ghl.cards.table import RawRow
from ghl.forms.wordings import newest
from ghl.statuses import Channel

LISTED = 20
"""Refused rows, and rows to mend, that stand on the page; all of them stand in the file."""


class Check:
    """The step as it is drawn, and what it looks up for that."""

    def __init__(self, seat: Seat, hands: Hands) -> None:
        self._seat = seat
        self._hands = hands

    def draw(self, desk: Desk) -> None:
        """Draws the step, after a look at every row where something changed for them."""
        opened = desk.opened
        if opened is None:
            return None
        answer = guarded(lambda: self._look(desk, opened))
        if isinstance(answer, Trouble):
            return states.could_not_load("what is here already", answer.number)
        shown, known, own_words = answer
        with st.container(gap=None, key="count"):
            st.text(one_line(desk.name, 100))
            st.header(words.counted(shown), anchor=False)
        if shown.new:
            _first(shown)
        _refused(desk, opened, shown)
        _to_mend(desk, opened, shown)
        if shown.new:
            unsaid.options(desk, shown, known)
            unsaid.consent(desk, shown, own_words, self._hands)
        missing = bool(shown.new) and desk.words_missing()
        with st.container(gap="xsmall", key="left"):
            if missing:
                st.text("Before saving: say above what the box said, or that nobody knows.")
            if not shown.new:
                st.text(
                    "Nothing of this list would be saved."
                    if shown.refused or not shown.rows
                    else "Every card of this list is here already. There is nothing to save."
                )
        if desk.trouble:
            st.error(desk.trouble, icon=":material/error:")
        self._buttons(desk, shown, missing=missing)
        return None

    def _look(self, desk: Desk, opened: ListFile) -> tuple[Preview, Known, str]:
        """The preview of the list as it is decided now, and what its fields offer."""
        # What people said yes to changes nothing in what becomes of the rows.
        plan = replace(desk.plan(), wording="", where="")
        database, church_id = self._seat.database, self._seat.church_id
        if desk.shown is None or desk.shown_for != plan:
            with st.spinner(f"Checking {words.rows(len(opened.rows))}…"):
                desk.shown = preview(
                    database,
                    church_id,
                    plan.rows(opened.rows, today=self._seat.today()),
                    now=self._seat.now(),
                    heading_of=plan.heading_of,
                )
            desk.shown_for = plan
            desk.refused = running.refused_rows(
                opened, {rejected.row: rejected.reason for rejected in desk.shown.refused}
            )
        with database.church(church_id) as session:
            wordings = (newest(session, church_id, channel) for channel in Channel)
            own = "\n".join(wording.text for wording in wordings if wording)
            return desk.shown, known_choices(session, church_id), own

    def _buttons(self, desk: Desk, shown: Preview, *, missing: bool) -> None:
        with buttons():
            if shown.new:
                st.button(
                    f"Save {cards(shown.new)}",
                    type="primary",
                    icon=":material/save:",
                    key=f"{desk.form}_save",
                    disabled=missing,
                    on_click=self._hands.start,
                    args=(desk.form,),
                )
            st.button(
                "Back to the columns",
                icon=":material/arrow_back:",
                key=f"{desk.form}_back",
                on_click=self._hands.go,
                args=(desk.form, Step.COLUMNS),
            )
            another_button(desk, "Choose another file", self._hands.restart)


def _first(shown: Preview) -> None:
    st.header(
        "The first card as it will be saved"
        if len(shown.first) == 1
        else f"The first {len(shown.first)} cards as they will be saved",
        anchor=False,
    )
    st.dataframe(
        pd.DataFrame(words.as_saved(shown.first)),
        hide_index=True,
        alt="The first cards as they will be saved",
        key="first_cards",
    )
    if shown.prayers:
        st.text(f"{cards(shown.prayers)} with a prayer request: kept apart, and not shown here.")


def _refused(desk: Desk, opened: ListFile, shown: Preview) -> None:
    if not shown.refused:
        return
    reasons = {rejected.row: rejected.reason for rejected in shown.refused}
    with st.container(border=True, key="refused", gap="small"):
        st.header(f"{words.rows(len(reasons)).capitalize()} will be refused", anchor=False)
        st.text("They are not saved. You can mend them now in your file, or after saving the others.")
        _listed(desk, opened, reasons)
        st.download_button(
            words.download(len(reasons)),
            data=desk.refused,
            file_name=words.refused_name(desk.name),
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"{desk.form}_refused",
        )


def _to_mend(desk: Desk, opened: ListFile, shown: Preview) -> None:
    if not shown.to_mend:
        return
    reasons = {card.row: card.reason for card in shown.to_mend}
    one = len(reasons) == 1
    with st.container(border=True, key="to_mend", gap="small"):
        st.header(
            f"{cards(len(reasons)).capitalize()} will be saved and {'needs' if one else 'need'} mending",
            anchor=False,
        )
        st.text(
            f"{'It' if one else 'They'} will stand under Needs attention, where you mend {'it' if one else 'them'} one by one."
        )
        _listed(desk, opened, reasons)


def _listed(desk: Desk, opened: ListFile, reasons: Mapping[int, str]) -> None:
    """The first of these rows, each with its reason."""
    targets = desk.targets()
    hidden = [
        place
        for place, heading in enumerate(opened.headings)
        if targets[place] == "prayer_request" or prays(heading) or is_refused_file([heading])
    ]
    rows: dict[int, RawRow] = {row.number: row for row in opened.rows if row.number in reasons}
    for row, reason in list(reasons.items())[:LISTED]:
        with st.container(gap=None, key=f"head_row_{row}"):
            st.text(f"Row {row}: {words.in_short(rows[row], hidden)}")
            st.text(one_line(reason, 300))
    if len(reasons) > LISTED:
        st.text(f"And {number(len(reasons) - LISTED)} more.")
