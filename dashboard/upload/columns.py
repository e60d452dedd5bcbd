"""The second step of *Import a list*: where each column goes, and what of the list can be read in two ways.

It draws and writes down what is chosen on the desk; it looks at no card. What a list says is drawn as text only.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from dashboard.formatting import number, one_line
from dashboard.upload import words
from dashboard.upload.desk import Desk, Step, doubtful, meaning_key
from dashboard.upload.hands import Hands
from dashboard.upload.pieces import another_button, buttons, choice, field
from ghl.cards.columns import prays
from ghl.cards.dates import DateOrder
from ghl.cards.encoding import ENCODINGS
from ghl.cards.list_file import NO_NAMES, ListFile
from ghl.cards.list_plan import MAX_MEANINGS
from ghl.cards.refused import is_refused_file
from ghl.cards.suggest import KEEP, LEAVE
from ghl.cards.table import TableError

SAMPLES = 3
"""Values of a column that are shown beside its name."""


class Columns:
    """The step as it is drawn."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    def draw(self, desk: Desk) -> None:
        """Draws the step; what is chosen changes the rest of it in the same run."""
        opened = desk.opened
        if opened is None:
            return
        _about(desk, opened)
        _how_read(desk, opened)
        st.header("Where does each column go?", anchor=False)
        st.text(
            "We have made a suggestion for each. Look it over; then go on below."
            if not desk.again
            else "The columns are those of your last list, so they are matched as you did then."
        )
        _matching(desk, opened)
        _order(desk)
        _meanings(desk)
        if shortened := desk.look().shortened:
            st.warning(
                f"{number(shortened)} phone numbers look like 6.16E+09: Excel has thrown digits away. Format that "
                "column as text in Excel and save the list again, or mend those cards later.",
                icon=":material/phone_disabled:",
            )
        problems = desk.left(lambda name: f"“{one_line(name, 40)}”")
        with st.container(gap="xsmall", key="left"):
            for problem in problems:
                st.text(problem)
        with buttons():
            st.button(
                "Next: check the rows",
                type="primary",
                icon=":material/arrow_forward:",
                key=f"{desk.form}_next",
                disabled=bool(problems),
                on_click=self._hands.go,
                args=(desk.form, Step.CHECK),
            )
            another_button(desk, "Choose another file", self._hands.restart)


def _about(desk: Desk, opened: ListFile) -> None:
    columns = len(opened.headings)
    with st.container(gap=None, key="about"):
        st.text(one_line(desk.name, 100))
        st.text(f"{words.rows(len(opened.rows))} · {columns} column{'' if columns == 1 else 's'}")
    if opened.mended:
        st.text(
            "This is a file of refused rows. Its last column is only for you; the rest is read as it was."
        )
    if opened.header == NO_NAMES:
        st.text("The list has no column names, so its columns are called A, B, C.")
    elif opened.skipped:
        st.text(
            f"What stands above row {opened.header} looks like a title. The column names are taken from "
            f"row {opened.header}."
        )
    if len(opened.nameless) and any(opened.values(place, 1) for place in opened.nameless):
        st.text(
            "A column has no name. In Excel that happens when cells of the first row are merged: say "
            "below where it goes."
        )


def _how_read(desk: Desk, opened: ListFile) -> None:
    """The sheet, the row of the names, the letters: what may be read otherwise."""
    if len(opened.sheets) > 1:
        sheets = {sheet: one_line(sheet) for sheet in opened.sheets}
        now = opened.sheet or opened.sheets[0]
        sheet = choice(desk, "sheet", now, "Sheet of the workbook", sheets)
        if sheet != now:
            _read_again(desk, sheet=sheet)
    doubt = opened.skipped or opened.header == NO_NAMES or not desk.plan().names_somebody()
    with st.expander("Not read rightly? Column names and letters", expanded=bool(doubt)):
        starts: Mapping[int, str] = {
            NO_NAMES: "There are no column names",
            **{row.number: f"Row {row.number}: {words.in_short(row, ())}" for row in opened.starts},
        }
        header = choice(desk, "header", opened.header, "The column names stand in", starts)
        if header != opened.header:
            _read_again(desk, header=header, sheet=opened.sheet, encoding=opened.encoding)
        if opened.encoding:
            label = "If letters such as é look wrong, the file was written on"
            encoding = choice(desk, "letters", opened.encoding, label, ENCODINGS)
            if encoding != opened.encoding:
                _read_again(desk, encoding=encoding)


def _read_again(desk: Desk, **how: Any) -> None:
    with st.spinner("Reading the list…"):
        try:
            desk.open(desk.name, desk.content, **how)
        except TableError as problem:
            st.error(str(problem), icon=":material/error:")
            return
    st.rerun()


def _matching(desk: Desk, opened: ListFile) -> None:
    """Each column that says anything, and the names of the others."""
    empty = [place for place in range(len(opened.headings)) if not opened.values(place, 1)]
    for place in range(len(opened.headings)):
        if place not in empty and not is_refused_file([opened.headings[place]]):
            _column(desk, opened, place)
    if empty:
        names = one_line(", ".join(one_line(opened.headings[place], 40) for place in empty), 300)
        st.text(f"Left out, because nothing stands in {'it' if len(empty) == 1 else 'them'}: {names}")


def _column(desk: Desk, opened: ListFile, place: int) -> None:
    key = str(place)
    suggestion = desk.suggestions[place]
    with st.container(border=True, key=f"column_{place}"):
        left, right = st.columns([3, 2], vertical_alignment="center")
        with left, st.container(gap=None, key=f"head_column_{place}"):
            st.text(one_line(opened.headings[place], 100))
            if prays(opened.headings[place]) or desk.choices.targets.get(key) == "prayer_request":
                st.text("Prayer requests are not shown here.")
            else:
                samples = dict.fromkeys(one_line(str(value), 40) for value in opened.values(place))
                st.text(" · ".join(list(samples)[:SAMPLES]))
        with right:
            before = desk.choices.targets.get(key, LEAVE)
            target = choice(desk, f"to_{place}", before, f"Column {place + 1} goes to", words.TARGETS)
            desk.choices.targets[key] = target
            if doubtful(suggestion) and not desk.again and target == suggestion.target:
                st.badge("Our guess: please look", icon=":material/visibility:", color="orange")
            elif prays(opened.headings[place]) and target == KEEP:
                st.text("An answer of its own may be sent on. A prayer request stays here.")


def _order(desk: Desk) -> None:
    facts = desk.look()
    if facts.order_sure:
        return
    with st.container(border=True, key="order", gap="small"):
        st.text(f"Dates in the list: {one_line(', '.join(facts.dates), 100)}")
        orders = {
            DateOrder.MONTH_FIRST: "The month: 3/4/2026 is March 4",
            DateOrder.DAY_FIRST: "The day: 3/4/2026 is April 3",
        }
        before = desk.choices.order
        desk.choices.order = choice(
            desk, "order", before, "What comes first?", orders, draw=st.radio, index=None
        )


def _meanings(desk: Desk) -> None:
    unclear = desk.look().unclear
    if not 0 < len(unclear) <= MAX_MEANINGS:
        return
    with st.container(border=True, key="meanings", gap="small"):
        st.text("These words stand in yes-or-no columns. What do they say?")
        said = list(words.MEANINGS)
        for place, (word, count) in enumerate(unclear.items(), start=1):
            left, right = st.columns([3, 2], vertical_alignment="center")
            with left:
                st.text(f"{one_line(word, 100)} ({words.rows(count)})")
            with right:
                meaning = meaning_key(word, desk.choices.meanings)
                chosen = field(
                    desk,
                    f"meaning_{place}_{hash(word)}",
                    next((label for label, value in words.MEANINGS.items() if value is meaning), said[0]),
                    partial(st.selectbox, f"Answer {place} says", said),
                    said,
                )
                desk.choices.meanings[word] = words.MEANINGS[chosen]
