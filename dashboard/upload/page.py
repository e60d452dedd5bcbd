"""*Import a list* as it is drawn: one step at a time, with what comes next. What a list says is drawn as text only."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from dashboard import gate
from dashboard.components import keys, states
from dashboard.formatting import cards, number, one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import CARDS, REVIEW, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.upload import run as running
from dashboard.upload import words
from dashboard.upload.desk import Desk, Step, doubtful, meaning_key
from dashboard.upload.lately import Lately, refused_button, show_button
from ghl.cards import imports
from ghl.cards.columns import prays
from ghl.cards.dates import DateOrder
from ghl.cards.encoding import ENCODINGS
from ghl.cards.fields import EARLIEST_DAY, LAST_DAY, LENGTHS
from ghl.cards.find import Choices as Known
from ghl.cards.find import choices as known_choices
from ghl.cards.import_preview import Preview, preview
from ghl.cards.imports import ImportView
from ghl.cards.list_file import MAX_LIST_ROWS, NO_NAMES, ListFile
from ghl.cards.list_plan import MAX_MEANINGS
from ghl.cards.refused import is_refused_file
from ghl.cards.suggest import KEEP, LEAVE
from ghl.cards.table import RawRow, TableError
from ghl.forms.wordings import newest
from ghl.statuses import CardStatus, Channel
from jobs.container import Container

TYPES = ["csv", "tsv", "txt", "xlsx", "xlsm", "xls"]
"""An old Excel file may be chosen as well: then we can say how to save it anew."""
SAMPLES = 3
"""Values of a column that are shown beside its name."""
LISTED = 20
"""Refused rows, and rows to mend, that stand on the page; all of them stand in the file."""
EVERY = 1.0
"""Seconds between two looks at an import that runs."""
NOT_ALLOWED = "Your sign-in has ended, or your role has changed. Nothing was saved. Load the page again."


class UploadPage:
    """The page for one person at one church; the list itself lies on their desk, in the session's memory."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)
        self._place = f"upload_{viewer.person.user_id}_{self._church_id}"

    def draw(self) -> None:
        """Draws the step that the list is at."""
        desk = self._desk()
        _trail(desk.step)
        match desk.step:
            case Step.CHOOSE:
                self._choose(desk)
            case Step.COLUMNS:
                self._columns(desk)
            case Step.CHECK:
                self._check(desk)
            case Step.SAVE:
                found = guarded(self._look_at_import)
                if found is None:
                    desk.restart()
                    self._choose(desk)
                elif isinstance(found, ImportView) and found.over:
                    self._result(desk, found)
                else:
                    st.fragment(self._saving, run_every=EVERY)()

    # 1 Choose a file

    def _choose(self, desk: Desk) -> None:
        st.text(
            f"A list from Excel, Google Sheets or another program: CSV or XLSX, up to 20 MB and "
            f"{number(MAX_LIST_ROWS)} rows. Nothing is saved before you have seen what will happen."
        )
        chosen = st.file_uploader("Choose a file", type=TYPES, key=f"{desk.form}_file")
        if chosen is not None:
            with st.spinner("Reading the list…"):
                try:
                    desk.open(one_line(chosen.name, 200), chosen.getvalue())
                except TableError as problem:
                    desk.trouble = str(problem)
                else:
                    st.rerun()
            st.error(desk.trouble, title="This file can't be read", icon=":material/error:")
        with st.container(border=True, gap="small", key="sample"):
            st.header("No list yet?", anchor=False)
            st.text(
                "Download a sample, put your people into it, and choose it above. Delete the two examples."
            )
            st.download_button(
                "Download a sample file",
                data=words.sample_file(),
                file_name="cards-sample.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key="sample_file",
            )
            with st.expander("What each column means"):
                st.markdown(words.explained())
                st.text("Your own names are fine: Given name, Cell, Zip and many others are known.")
        Lately(self._hub, self._viewer).show()

    # 2 Match the columns

    def _columns(self, desk: Desk) -> None:
        opened = desk.opened
        if opened is None:
            return
        self._about(desk, opened)
        self._how_read(desk, opened)
        st.header("Where does each column go?", anchor=False)
        st.text(
            "We have made a suggestion for each. Look it over; then go on below."
            if not desk.again
            else "The columns are those of your last list, so they are matched as you did then."
        )
        empty = [place for place in range(len(opened.headings)) if not opened.values(place, 1)]
        for place in range(len(opened.headings)):
            if place not in empty and not is_refused_file([opened.headings[place]]):
                self._column(desk, opened, place)
        if empty:
            names = one_line(", ".join(one_line(opened.headings[place], 40) for place in empty), 300)
            st.text(f"Left out, because nothing stands in {'it' if len(empty) == 1 else 'them'}: {names}")
        self._order(desk)
        self._meanings(desk)
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
        with _buttons():
            st.button(
                "Next: check the rows",
                type="primary",
                icon=":material/arrow_forward:",
                key=f"{desk.form}_next",
                disabled=bool(problems),
                on_click=self._go,
                args=(desk.form, Step.CHECK),
            )
            self._another_button(desk, "Choose another file")

    def _about(self, desk: Desk, opened: ListFile) -> None:
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

    def _how_read(self, desk: Desk, opened: ListFile) -> None:
        """The sheet, the row of the names, the letters: what may be read otherwise."""
        if len(opened.sheets) > 1:
            sheet = self._field(
                desk,
                "sheet",
                opened.sheet or opened.sheets[0],
                partial(
                    st.selectbox,
                    "Sheet of the workbook",
                    opened.sheets,
                    format_func=one_line,
                ),
            )
            if sheet != (opened.sheet or opened.sheets[0]):
                self._read_again(desk, sheet=sheet)
        doubt = opened.skipped or opened.header == NO_NAMES or not desk.plan().names_somebody()
        with st.expander("Not read rightly? Column names and letters", expanded=bool(doubt)):
            starts: Mapping[int, str] = {
                NO_NAMES: "There are no column names",
                **{row.number: f"Row {row.number}: {words.in_short(row, ())}" for row in opened.starts},
            }
            header = self._field(
                desk,
                "header",
                opened.header,
                partial(
                    st.selectbox,
                    "The column names stand in",
                    list(starts),
                    format_func=lambda place: starts.get(place, ""),
                ),
            )
            if header != opened.header:
                self._read_again(desk, header=header, sheet=opened.sheet, encoding=opened.encoding)
            if opened.encoding:
                encoding = self._field(
                    desk,
                    "letters",
                    opened.encoding,
                    partial(
                        st.selectbox,
                        "If letters such as é look wrong, the file was written on",
                        list(ENCODINGS),
                        format_func=lambda code: ENCODINGS.get(code, ""),
                    ),
                )
                if encoding != opened.encoding:
                    self._read_again(desk, encoding=encoding)

    def _read_again(self, desk: Desk, **how: Any) -> None:
        with st.spinner("Reading the list…"):
            try:
                desk.open(desk.name, desk.content, **how)
            except TableError as problem:
                st.error(str(problem), icon=":material/error:")
                return
        st.rerun()

    def _column(self, desk: Desk, opened: ListFile, place: int) -> None:
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
                target = self._field(
                    desk,
                    f"to_{place}",
                    desk.choices.targets.get(key, LEAVE),
                    partial(
                        st.selectbox,
                        f"Column {place + 1} goes to",
                        list(words.TARGETS),
                        format_func=lambda code: words.TARGETS.get(code, ""),
                    ),
                )
                desk.choices.targets[key] = target
                if doubtful(suggestion) and not desk.again and target == suggestion.target:
                    st.badge("Our guess: please look", icon=":material/visibility:", color="orange")
                elif prays(opened.headings[place]) and target == KEEP:
                    st.text("An answer of its own may be sent on. A prayer request stays here.")

    def _order(self, desk: Desk) -> None:
        facts = desk.look()
        if facts.order_sure:
            return
        with st.container(border=True, key="order", gap="small"):
            st.text(f"Dates in the list: {one_line(', '.join(facts.dates), 100)}")
            orders = {
                DateOrder.MONTH_FIRST: "The month: 3/4/2026 is March 4",
                DateOrder.DAY_FIRST: "The day: 3/4/2026 is April 3",
            }
            desk.choices.order = self._field(
                desk,
                "order",
                desk.choices.order,
                partial(
                    st.radio,
                    "What comes first?",
                    list(orders),
                    format_func=lambda order: orders.get(order, ""),
                    index=None,
                ),
            )

    def _meanings(self, desk: Desk) -> None:
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
                    chosen = self._field(
                        desk,
                        f"meaning_{place}_{hash(word)}",
                        next((label for label, value in words.MEANINGS.items() if value is meaning), said[0]),
                        partial(st.selectbox, f"Answer {place} says", said),
                    )
                    desk.choices.meanings[word] = words.MEANINGS[chosen]

    # 3 Check

    def _check(self, desk: Desk) -> None:
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
            self._first(shown)
        self._refused(desk, opened, shown)
        self._to_mend(opened, desk, shown)
        if shown.new:
            self._options(desk, shown, known)
            self._consent(desk, shown, own_words)
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
        with _buttons():
            if shown.new:
                st.button(
                    f"Save {cards(shown.new)}",
                    type="primary",
                    icon=":material/save:",
                    key=f"{desk.form}_save",
                    disabled=missing,
                    on_click=self._start,
                    args=(desk.form,),
                )
            st.button(
                "Back to the columns",
                icon=":material/arrow_back:",
                key=f"{desk.form}_back",
                on_click=self._go,
                args=(desk.form, Step.COLUMNS),
            )
            self._another_button(desk, "Choose another file")
        return None

    def _look(self, desk: Desk, opened: ListFile) -> tuple[Preview, Known, str]:
        """The preview of the list as it is decided now, and what its fields offer."""
        # What people said yes to changes nothing in what becomes of the rows.
        plan = replace(desk.plan(), wording="", where="")
        if desk.shown is None or desk.shown_for != plan:
            with st.spinner(f"Checking {words.rows(len(opened.rows))}…"):
                desk.shown = preview(
                    self._hub.database,
                    self._church_id,
                    plan.rows(opened.rows, today=self._today()),
                    now=self._now(),
                    heading_of=plan.heading_of,
                )
            desk.shown_for = plan
            desk.refused = running.refused_rows(
                opened, {rejected.row: rejected.reason for rejected in desk.shown.refused}
            )
        with self._hub.database.church(self._church_id) as session:
            wordings = (newest(session, self._church_id, channel) for channel in Channel)
            own = "\n".join(wording.text for wording in wordings if wording)
            return desk.shown, known_choices(session, self._church_id), own

    def _first(self, shown: Preview) -> None:
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

    def _options(self, desk: Desk, shown: Preview, known: Known) -> None:
        choices = desk.choices
        with st.container(border=True, key="options", gap="small"):
            st.header("For cards that don't say it", anchor=False)
            service, campus, day = st.columns(3)
            with service:
                choices.service = self._field(
                    desk,
                    "service",
                    choices.service,
                    partial(st.text_input, "Service", max_chars=LENGTHS["service"], autocomplete="off"),
                )
            with campus:
                choices.campus = self._field(
                    desk,
                    "campus",
                    choices.campus,
                    partial(st.text_input, "Campus", max_chars=LENGTHS["campus"], autocomplete="off"),
                )
            with day:
                choices.visit_date = self._field(
                    desk,
                    "visit_date",
                    choices.visit_date,
                    partial(
                        st.date_input,
                        "Date on the card",
                        value=None,
                        format="MM/DD/YYYY",
                        min_value=EARLIEST_DAY,
                        max_value=LAST_DAY,
                    ),
                )
            keys.offer(f"{desk.form}_service", known.services)
            keys.offer(f"{desk.form}_campus", known.campuses)
            if shown.review_all:
                st.text("Your church reviews every new card first, so these wait in To review.")
                return
            ways = {False: "Send them to GoHighLevel at once", True: "Put them into To review first"}
            choices.review = self._field(
                desk,
                "review",
                choices.review,
                partial(
                    st.radio,
                    "What happens to the new cards?",
                    list(ways),
                    format_func=lambda way: ways.get(way, ""),
                ),
            )

    def _consent(self, desk: Desk, shown: Preview, own_words: str) -> None:
        choices = desk.choices
        with st.container(border=True, key="consent", gap="small"):
            st.header("May we text and e-mail them?", anchor=False)
            with st.container(gap=None):
                st.text(words.consent("Texts", shown.texts))
                st.text(words.consent("E-mails", shown.emails))
            if not (shown.texts.yes_without_words or shown.emails.yes_without_words):
                return
            st.text(
                "The list doesn't say what people said yes to. It is kept with their yes, as the proof of it."
            )
            choices.wording = self._field(
                desk,
                "wording",
                choices.wording,
                partial(
                    st.text_area,
                    "What did the box say?",
                    max_chars=LENGTHS["consent_wording"],
                    height=110,
                    disabled=choices.no_words,
                    placeholder="Yes, our church may text me about my visit …",
                ),
            )
            if own_words and not choices.wording and not choices.no_words:
                st.button(
                    "It was our own card: use its words",
                    key=f"{desk.form}_own",
                    on_click=self._use_words,
                    args=(desk.form, own_words),
                )
            choices.no_words = self._field(
                desk, "no_words", choices.no_words, partial(st.checkbox, "Nobody knows the words any more")
            )
            if choices.no_words:
                st.text("Their yes is kept without words. It proves less, if anybody asks.")
            choices.where = self._field(
                desk,
                "where",
                choices.where,
                partial(
                    st.selectbox,
                    "Where did they say yes?",
                    ["", *words.WHERE],
                    format_func=lambda way: way or "Not known",
                ),
            )

    def _refused(self, desk: Desk, opened: ListFile, shown: Preview) -> None:
        if not shown.refused:
            return
        reasons = {rejected.row: rejected.reason for rejected in shown.refused}
        with st.container(border=True, key="refused", gap="small"):
            st.header(f"{words.rows(len(reasons)).capitalize()} will be refused", anchor=False)
            st.text("They are not saved. You can mend them now in your file, or after saving the others.")
            self._listed(desk, opened, reasons)
            self._download(desk, len(reasons), desk.refused)

    def _to_mend(self, opened: ListFile, desk: Desk, shown: Preview) -> None:
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
            self._listed(desk, opened, reasons)

    def _listed(self, desk: Desk, opened: ListFile, reasons: Mapping[int, str]) -> None:
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

    # 4 Save, and what came of it

    def _look_at_import(self) -> ImportView | None:
        import_id = self._desk().import_id
        if import_id is None:
            return None
        with self._hub.database.church(self._church_id) as session:
            return imports.look(session, self._church_id, import_id)

    def _saving(self) -> None:
        still = gate.still(self._viewer, *WRITERS)
        desk = self._desk()
        found = still if isinstance(still, Trouble) else guarded(self._look_at_import)
        if found is None or (isinstance(found, ImportView) and found.over):
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
        with _buttons():
            st.button(
                "Stopping…" if found.stop_asked else "Stop",
                icon=":material/stop_circle:",
                key=f"{desk.form}_stop",
                on_click=self._stop,
                args=(found.id,),
            )
            self._another_button(desk, "Import another list meanwhile")
        st.text("What is saved stays saved. Importing the same list again saves nothing twice.")

    def _result(self, desk: Desk, found: ImportView) -> None:
        counts = found.counts
        st.header("Done" if found.finished else "Stopped before the end", anchor=False)
        at = when(found.started_at, now=self._now(), zone=self._zone)
        st.text(f"{one_line(found.name, 100)}, {at}")
        if trouble := words.trouble(found):
            st.error(trouble, icon=":material/error:")
        mending = words.mending(found)
        with st.container(gap="xsmall", key="said"):
            for line in words.result(found):
                st.text(line)
        if found.refused_kept:
            refused_button(self._hub, self._viewer, found, primary=True)
        with _buttons():
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
            self._another_button(desk, "Import another list")

    # What a press does

    def _go(self, form: str, step: Step) -> None:
        desk = self._desk()
        if desk.form == form and desk.opened is not None and desk.step is not Step.SAVE and not desk.fresh():
            gate.used()
            desk.go(step)

    def _restart(self, form: str) -> None:
        desk = self._desk()
        if desk.form != form or desk.fresh():
            return
        gate.used()
        if import_id := desk.import_id:
            # Where that fails it comes back with the next sign-in, and nothing is lost.
            guarded(lambda: self._close(import_id))
        desk.restart()

    def _use_words(self, form: str, text: str) -> None:
        desk = self._desk()
        if desk.form == form:
            desk.choices.wording = text[: LENGTHS["consent_wording"]]
            st.session_state[f"{form}_wording"] = desk.choices.wording

    def _start(self, form: str) -> None:
        desk = self._desk()
        if desk.form != form or desk.step is not Step.CHECK or desk.opened is None:
            return  # a second press: the list is being saved
        shown = desk.shown
        if shown is None or desk.fresh() or desk.words_missing():
            return
        acting = gate.acting(self._viewer, *WRITERS)
        if isinstance(acting, gate.Refused):
            desk.trouble = acting.why
            return
        wanted = running.List(
            desk.opened,
            desk.plan(),
            desk.name,
            self._today(),
            review=desk.choices.review or shown.review_all,
            to_mend=len(shown.to_mend),
        )
        begun = guarded(lambda: running.start(self._hub, self._church_id, wanted, actor=acting.person.actor))
        if isinstance(begun, Trouble):
            desk.trouble = (
                f"Nothing is saved yet. Try again; if it stays, tell support the number {begun.number}."
            )
            return
        desk.remember()
        desk.saves(begun)

    def _stop(self, import_id: UUID) -> None:
        desk = self._desk()
        if desk.import_id == import_id and not desk.fresh() and gate.acting(self._viewer, *WRITERS):
            guarded(lambda: self._ask_to_stop(import_id))

    def _ask_to_stop(self, import_id: UUID) -> None:
        with self._hub.database.church(self._church_id) as session:
            imports.stop(session, self._church_id, import_id, actor=self._viewer.person.actor)

    def _close(self, import_id: UUID) -> None:
        with self._hub.database.church(self._church_id) as session:
            imports.close(session, self._church_id, import_id)

    # Pieces

    def _field(self, desk: Desk, name: str, value: Any, draw: Callable[..., Any]) -> Any:
        """A field that says `value` when it is drawn anew, and what stands in it now."""
        key = f"{desk.form}_{name}"
        if key not in st.session_state:
            st.session_state[key] = value
        return draw(key=key)

    def _another_button(self, desk: Desk, label: str) -> None:
        st.button(
            label,
            icon=":material/upload_file:",
            key=f"{desk.form}_another",
            on_click=self._restart,
            args=(desk.form,),
        )

    def _download(self, desk: Desk, count: int, content: bytes) -> None:
        st.download_button(
            words.download(count),
            data=content,
            file_name=words.refused_name(desk.name),
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key=f"{desk.form}_refused",
        )

    def _desk(self) -> Desk:
        desk = st.session_state.get(self._place)
        if not isinstance(desk, Desk):
            desk = st.session_state[self._place] = Desk()
            # A tab that was just opened: what this person imported last, and has not read the end of.
            found = guarded(self._unread)
            if isinstance(found, ImportView):
                desk.saves(found.id)
        return desk

    def _unread(self) -> ImportView | None:
        with self._hub.database.church(self._church_id) as session:
            return imports.unread(session, self._church_id, self._viewer.person.actor, now=self._now())

    def _now(self) -> datetime:
        return self._hub.clock.now()

    def _today(self) -> date:
        return self._now().astimezone(self._zone).date()


def _trail(step: Step) -> None:
    """Where the list is, and what comes next; constant words."""
    parts = [
        f"**{place + 1} {label}**" if place == step else f"{place + 1} {label}"
        for place, label in enumerate(words.STEPS)
    ]
    with st.container(key="trail"):
        st.markdown(" → ".join(parts))


@contextmanager
def _buttons() -> Iterator[None]:
    with st.container(horizontal=True, vertical_alignment="center", key="steps"):
        yield
