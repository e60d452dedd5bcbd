"""What the filters above lists have in common: fields that are told what to say, the search, the badges and the days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

import streamlit as st

from dashboard.components.held import held
from dashboard.periods import PERIODS, RANGE

LONGEST_WORDS = 100
TIMES = {"": "Any time"} | {code: period.label for code, period in PERIODS.items()} | {RANGE: "From … to …"}


class Badge(Protocol):
    """What stands on a badge."""

    @property
    def label(self) -> str:
        """Its words."""

    @property
    def icon(self) -> str:
        """Its picture."""


@dataclass(frozen=True)
class Fields:
    """The fields of one filter. `told` counts how often they were told what to say."""

    told: str
    names: tuple[str, ...]

    def key(self, name: str) -> str:
        """The key of a field. Fields that are told what to say begin anew under another one.

        Told to change, a field that a browser has not yet heard of would come back with the next click as it was.
        """
        return f"{name}_{st.session_state.get(self.told, 0)}"

    def put(self, values: Mapping[str, Any]) -> None:
        """Lets the fields say this; before they are drawn, or in a callback."""
        st.session_state[self.told] = st.session_state.get(self.told, 0) + 1
        st.session_state.update({self.key(name): value for name, value in values.items()})

    def said(self) -> dict[str, Any]:
        """What the fields say now; None for those that are not drawn."""
        return {name: st.session_state.get(self.key(name)) for name in self.names}

    def drawn(self, *names: str) -> bool:
        """Whether these still hold what was said in them: they forget it while another page is open."""
        return all(self.key(name) in st.session_state for name in names)


def in_order(since: date | None, until: date | None) -> tuple[date | None, date | None]:
    """Two days, the earlier one first."""
    return (until, since) if since and until and since > until else (since, until)


def days(said: Mapping[str, Any], when: str, since: str, until: str) -> tuple[str, date | None, date | None]:
    """The period that was chosen, and the two days where it is one *From … to …*."""
    if said[when] != RANGE:
        return said[when] or "", None, None
    return RANGE, *in_order(said[since], said[until])


def words(said: Mapping[str, Any], find: str) -> str:
    """The words that are searched for."""
    return " ".join(str(said[find] or "").split())


def search(
    fields: Fields, find: str, *, row: str, changed: Callable[[], None], go: Callable[[], None]
) -> None:
    """Draws the search, with the key that leads to it. `row` is the key of the line; `go` puts the caret there."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=row):
        st.text_input(
            "Find a person",
            value=held(fields.key(find)),
            key=fields.key(find),
            type="search",
            max_chars=LONGEST_WORDS,
            placeholder="Name, phone, e-mail, card #",
            autocomplete="off",
            icon=":material/search:",
            on_change=changed,
        )
        st.button("Find", key=f"go_{find}", shortcut="f", on_click=go, width="content")


def badges(
    fields: Fields, name: str, label: str, of: Mapping[Any, Badge], *, changed: Callable[[], None]
) -> None:
    """Draws the badges, of which any number may be chosen."""
    st.pills(
        label,
        list(of),
        selection_mode="multi",
        format_func=lambda code: f"{of[code].icon} {of[code].label}",
        key=fields.key(name),
        label_visibility="collapsed",
        on_change=changed,
    )


def times(
    fields: Fields, label: str, when: str, since: str, until: str, *, changed: Callable[[], None]
) -> None:
    """Draws the choice of a time, and its two days where it is one *From … to …*."""
    st.selectbox(
        label,
        list(TIMES),
        format_func=TIMES.__getitem__,
        key=fields.key(when),
        width=190,
        on_change=changed,
    )
    if st.session_state.get(fields.key(when)) == RANGE:
        for side, name in (("From", since), ("To", until)):
            day(fields, side, name, changed=changed, width=190)


def day(
    fields: Fields,
    label: str,
    name: str,
    *,
    changed: Callable[[], None],
    width: int | Literal["stretch"] = "stretch",
) -> None:
    """Draws one day."""
    st.date_input(
        label, key=fields.key(name), value=None, format="MM/DD/YYYY", width=width, on_change=changed
    )
