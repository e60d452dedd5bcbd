"""The fields of a card, for typing one, reviewing one and correcting one. It draws and reads; it saves nothing.

Plain fields in the order of a paper card, one tab stop each. A list to choose from would drop what somebody
typed and left with Tab, and a calendar takes three stops; so text stays text and is checked when it is saved.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Literal

import streamlit as st

from dashboard.components import keys
from dashboard.components.held import held, held_among
from dashboard.components.number_question import SAYS, NumberOnCard, ask_number, is_on_the_card
from dashboard.formatting import one_line
from ghl.cards.consent import OF_THE_PERSON
from ghl.cards.fields import COLUMNS, YES_NO, CardFields
from ghl.statuses import CardSource

BLANK = "Left blank"
ANSWERS: Mapping[str, bool | None] = {BLANK: None, "Yes": True, "No": False}
TICKS: Mapping[str, bool | None] = {BLANK: None, "Yes, box ticked": True, "No": False}
"""Three answers on purpose: a box left blank is not a no."""

LABELS: Mapping[str, str] = {
    "service": "Service",
    "campus": "Campus",
    "visit_date": "Date on the card",
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Mobile phone",
    "email": "E-mail",
    "address": "Address",
    "city": "City",
    "state": "State",
    "postal_code": "ZIP or postal code",
    "birthday": "Birthday",
    "first_time": "First time here?",
    "interests": "Interests, with ; between",
    "volunteer": "Wants to help?",
    "sms_consent": "May we text this person?",
    "email_consent": "May we e-mail this person?",
    "notes": "Notes on the card",
    "prayer_request": "Prayer request",
    "consent_wording": "Words beside the boxes, as on the card",
    "consent_at": "Date signed",
    "adult": "18 or older?",
    "guardian_name": "Parent or guardian",
    "guardian_phone": "Their phone",
    "guardian_consent": "Do they agree?",
}
"""What each field is called, here and wherever else one of them is named."""

HINTS: Mapping[str, str] = {
    "visit_date": "MM/DD/YYYY",
    "birthday": "MM/DD/YYYY",
    "consent_at": "MM/DD/YYYY",
    "phone": "(615) 555-0123",
    "interests": "Choir; Small group",
}
DATES = frozenset({"birthday", "visit_date", "consent_at"})
LONG = frozenset({"notes", "prayer_request", "consent_wording"})
SELDOM = ("consent_wording", "consent_at", "adult", "guardian_name", "guardian_phone", "guardian_consent")
"""Folded away until somebody opens them, or one of them says something; the first mostly does and needs no look."""

LINES: Sequence[Sequence[str]] = (
    ("service", "campus", "visit_date"),
    ("first_name", "last_name"),
    ("phone", "email"),
    ("address", "city"),
    ("state", "postal_code", "birthday"),
    ("first_time", "volunteer"),
    ("sms_consent", "email_consent"),
    ("interests",),
    ("notes",),
)
"""One set of columns a line, so that Tab goes through the card as people read it."""

SEALED = (
    "Only the person can say yes: by the form, or on a new card. A yes is for the phone and the e-mail that they"
    " wrote themselves."
)

LIVE = "1s"
"""A pause after which what stands in a field is handed over, so that a reload loses a word at most."""


def card_form(
    key: str,
    start: Mapping[str, object],
    *,
    services: Sequence[str],
    campuses: Sequence[str],
    prayer: Literal["write", "hidden"],
    problems: Mapping[str, str] = {},
    sealed: Mapping[str, object] = {},
    asks_for_words: bool = True,
    number: NumberOnCard | None = None,
    on_change: Callable[[], None] | None = None,
) -> None:
    """Draws the fields, keyed `{key}_{column}`, filled from `start` (by `COLUMNS` name) when `key` is new.

    `services` and `campuses` are offered while typing. `problems` says by column what is wrong; `on_change`
    is called after each change. Names in `start` that are no column are the church's own questions. What is
    `sealed` is shown and can't be changed; a page that asks for the words beside the boxes itself has no field. With
    `number` a new one that takes a yes for texts along is asked about: *Is this the number on the card?*
    """
    start = {**start, **sealed}
    questions = [name for name in start if name not in COLUMNS]
    st.session_state.setdefault(f"{key}_questions", questions)
    seldom_said = any(_shown(column, start.get(column)) not in ("", BLANK) for column in SELDOM[1:])
    st.session_state.setdefault(f"{key}_open", seldom_said)
    typed = {column: _said(column, _seed(key, column, start.get(column))) for column in SAYS}
    asks = (number.beside(typed), number.new(typed)) if number else ("", ())
    field = _Field(key, start, problems, sealed, on_change, asks=asks)
    connection = _say_again(key)
    with st.container(key=f"card_form_{key}"):
        _fields(field, key, prayer, problems, sealed=bool(sealed), words=asks_for_words)
    st.session_state[f"{key}_connection"] = connection
    keys.offer(f"{key}_service", services)
    keys.offer(f"{key}_campus", campuses)


def written(key: str) -> dict[str, object]:
    """What stands in the fields now, by `COLUMNS` name, ready for `ghl.cards.fields.parse_card` and for JSON."""
    state = st.session_state
    found = {
        column: _said(column, state[f"{key}_{column}"]) for column in COLUMNS if f"{key}_{column}" in state
    }
    for number, question in enumerate(state.get(f"{key}_questions", ()), start=1):
        found[question] = state.get(f"{key}_answer_{number}") or ""
    return found


def on_the_card(key: str, number: NumberOnCard) -> bool:
    """Whether somebody says of the number that stands in the fields now that it is the one on the card."""
    return is_on_the_card(key, number.new(written(key)))


def sealed_values(source: CardSource, fields: CardFields) -> dict[str, object]:
    """What nobody but the person can say, as the card says it; empty where staff read it from paper."""
    if source is not CardSource.FORM:
        return {}
    return {column: _plain(getattr(fields, column)) for column in OF_THE_PERSON}


def start_values(fields: CardFields, prayer: str = "") -> dict[str, object]:
    """A card as the form takes it, in the shape in which `written` gives it back."""
    values: dict[str, object] = {
        column: _plain(value)
        for column, value in fields.model_dump(exclude={"custom_answers"}).items()
        if value not in (None, "", ())
    }
    if prayer:
        values["prayer_request"] = prayer
    return values | dict(fields.custom_answers)


def _fields(
    field: "_Field",
    key: str,
    prayer: Literal["write", "hidden"],
    problems: Mapping[str, str],
    *,
    sealed: bool,
    words: bool,
) -> None:
    if "card" in problems:
        st.error(problems["card"])
    for line in LINES:
        for column, place in zip(line, st.columns(_widths(line)), strict=True):
            with place:
                field.draw(column)
        if sealed and "sms_consent" in line:
            st.text(SEALED)
    if prayer == "write":
        field.draw("prayer_request")
        st.text("Kept apart from the card: only people who may read prayer requests see it again.")
    for number, question in enumerate(st.session_state[f"{key}_questions"], start=1):
        field.answer(number, question)
    unfolded = st.session_state[f"{key}_open"] or any(column in problems for column in SELDOM)
    title = "Consent words, age and guardian" if words else "Date signed, age and guardian"
    with st.expander(title, expanded=unfolded, key=f"{key}_seldom"):
        if words:
            field.draw("consent_wording")
        for line in (("consent_at", "adult"), ("guardian_name", "guardian_phone"), ("guardian_consent",)):
            for column, place in zip(line, st.columns(_widths(line)), strict=True):
                with place:
                    field.draw(column)


class _Field:
    """One card's fields as widgets."""

    def __init__(
        self,
        key: str,
        start: Mapping[str, object],
        problems: Mapping[str, str],
        sealed: Collection[str],
        on_change: Callable[[], None] | None,
        *,
        asks: tuple[str, tuple[str, ...]],
    ) -> None:
        self._key = key
        self._start = start
        self._problems = problems
        self._sealed = sealed
        self._asks_at, self._numbers = asks
        self._on_change = on_change

    def draw(self, column: str) -> None:
        """The field of a column, with what is wrong under it."""
        _seed(self._key, column, self._start.get(column))
        key, label, change = f"{self._key}_{column}", LABELS[column], self._on_change
        if column in self._sealed:
            # No field: a radio that is greyed out is hard to read. What stands there is kept as in a field.
            st.session_state[key] = shown = _shown(column, self._start.get(column))
            st.text(f"{label}{'' if label.endswith('?') else ':'} {shown or 'nothing'}")
            return
        if column in YES_NO:
            choices = tuple(_choices(column))
            at = held_among(key, choices)
            st.radio(label, choices, index=at, horizontal=True, key=key, on_change=change)
        elif column in LONG:
            st.text_area(label, value=held(key), height=100, key=key, on_change=change)
        else:
            st.text_input(
                label,
                value=held(key),
                key=key,
                placeholder=HINTS.get(column),
                autocomplete="off",
                live=LIVE,
                on_change=change,
            )
        if column in self._problems:
            st.error(self._problems[column])
        if column == self._asks_at:
            ask_number(self._key, self._numbers)

    def answer(self, number: int, question: str) -> None:
        """The answer to one of the church's own questions; a question is as foreign as any text on a card."""
        key = f"{self._key}_answer_{number}"
        st.session_state.setdefault(key, str(self._start.get(question) or ""))
        st.text(one_line(question, 200))
        label = f"Answer to question {number}"
        st.text_area(label, value=held(key), height=68, key=key, on_change=self._on_change)
        if question in self._problems:
            st.error(self._problems[question])


def _say_again(key: str) -> str:
    """The name of the browser's connection; where that is a new one, sets the fields to what they hold here.

    What is sent while a connection breaks is lost, and Streamlit's page then takes fields for gone and draws them
    blank, which would come back as if somebody had emptied them.
    """
    connection = str(st.context.headers.get("Sec-WebSocket-Key") or "")
    state = st.session_state
    if state.get(f"{key}_connection", connection) != connection:
        answers = range(1, len(state[f"{key}_questions"]) + 1)
        for name in (*COLUMNS, *(f"answer_{number}" for number in answers)):
            if held := state.get(f"{key}_{name}"):
                state[f"{key}_{name}"] = held
    return connection


def _seed(key: str, column: str, value: object) -> object:
    """What the field of a column holds; the first time that is the value it starts from."""
    name = f"{key}_{column}"
    if name not in st.session_state:
        st.session_state[name] = _shown(column, value)
    return st.session_state[name]


def _shown(column: str, value: object) -> str:
    if column in YES_NO:
        return next((word for word, answer in _choices(column).items() if answer is value), BLANK)
    return str(_plain(value) or "")


def _said(column: str, shown: object) -> object:
    return _choices(column)[str(shown)] if column in YES_NO else str(shown or "")


def _plain(value: object) -> object:
    """A value as text in a field: dates as Americans write them, a list with `; ` between."""
    if isinstance(value, date):
        return f"{value.month}/{value.day}/{value.year}"
    if isinstance(value, list | tuple):
        return "; ".join(str(entry) for entry in value)
    return value


def _choices(column: str) -> Mapping[str, bool | None]:
    return TICKS if column in {"sms_consent", "email_consent"} else ANSWERS


def _widths(line: Sequence[str]) -> list[int]:
    return [2 if column == "address" else 1 for column in line]
