"""Beside a card: the notes of the team, and the person's other cards."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.card.work import Told
from dashboard.components.badges import BADGES
from dashboard.components.held import held, say_again
from dashboard.formatting import one_line, when
from dashboard.navigation import CARD
from ghl.cards.notes import LONGEST_NOTE, Note
from ghl.cards.story import OtherCard
from ghl.people.names import name_of


def new_note(
    serial: str,
    *,
    told: Told | None,
    typed_at: str,
    typed: Callable[[], None],
    keep: Callable[[], None],
    start_again: Callable[[], None],
) -> None:
    """Draws the field for a note. `serial` keys it anew after each note; `told` is what came of the last one.

    `typed_at` says when it was typed, where it is back from an earlier visit. `typed` is called after each change.
    """
    say_again(f"held_{serial}", [f"note_{serial}"])
    if typed_at:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"What you typed at {typed_at} is back.", width="content")
            st.button("Start again", key="note_anew", on_click=start_again)
    key = f"note_{serial}"
    st.text_area("A new note", value=held(key), key=key, max_chars=LONGEST_NOTE, height=80, on_change=typed)
    if told:
        (st.success if told.good else st.error)(told.text)
    st.button("Keep the note", key="keep_note", icon=":material/note_add:", on_click=keep)


def notes(kept: Sequence[Note], *, now: datetime, zone: ZoneInfo, names: Mapping[str, str]) -> None:
    """Draws the notes, the newest first."""
    if not kept:
        st.text("No notes yet. What you note here stays with your team.")
    for note in kept:
        with st.container(border=True, gap="xxsmall", key=f"note_row_{note.id}"):
            st.text(f"{one_line(name_of(note.by, names))}, {when(note.at, now=now, zone=zone)}")
            st.text(note.text)


def others(cards: Sequence[OtherCard], *, now: datetime, zone: ZoneInfo, more: bool) -> None:
    """Draws the person's other cards, the newest first, each with the way to it."""
    for card in cards:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.page_link(CARD.path, label=f"#{card.number}", query_params={"number": str(card.number)})
            at = when(card.received_at, now=now, zone=zone)
            st.text(
                f"{one_line(card.name) or 'No name'} · {at} · {BADGES[card.status].label}", width="stretch"
            )
    if more:
        st.text("There are more: find them by phone or e-mail among all cards.")
