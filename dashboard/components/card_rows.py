"""Rows of cards: real text, so that they work by keyboard, touch and screen reader, on any width."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.card_list import Errand
from dashboard.components.badges import badge
from dashboard.components.message_badges import row_badges
from dashboard.formatting import ago, esc, one_line, when
from dashboard.navigation import CARD, to_card
from ghl.cards.actions import Action
from ghl.cards.view import CardRow
from ghl.messages.shown import Shown
from ghl.statuses import CardStatus, Channel

ROOM = 155
"""Pixels kept free for the button of a row."""

ERRANDS = {
    Errand.MEND: ("Mend it", ":material/build:"),
    Errand.DECIDE: ("Decide", ":material/help:"),
}


@dataclass(frozen=True)
class Doing:
    """What somebody who may write can do in a row: tick it, and press what it offers.

    `said` is what a row's button did before: it stays where it is and says so.
    """

    ticked: Callable[[CardRow], bool]
    tick: Callable[[UUID, str], None]
    version: int
    offered: Callable[[CardRow], Action | Errand | None]
    press: Callable[[UUID, Action], None]
    said: Mapping[UUID, str]


def card_rows(
    rows: Sequence[CardRow],
    *,
    now: datetime,
    zone: ZoneInfo,
    reviewers: Mapping[UUID, str] | None = None,
    messages: Mapping[UUID, Mapping[Channel, Shown]] | None = None,
    names: Mapping[str, str] | None = None,
    doing: Doing | None = None,
) -> None:
    """Draws the rows in their order. Each keeps its key, so what changes is only what it says.

    `reviewers` are the names of those who have a card open for review at this moment, by card; `messages` are the
    texts and e-mails that were asked for, and `names` those of the team.
    """
    for row in rows:
        with st.container(
            border=True, key=f"row_{row.id}", horizontal=True, vertical_alignment="center", gap="small"
        ):
            if doing:
                _tick(row, doing)
            with st.container(width=260, gap=None, key=f"who_{row.id}"):
                st.page_link(CARD.path, label=esc(row.name) or "No name", query_params=to_card(row.number))
                st.text(came(row, now=now, zone=zone))
                if line := occasion(row):
                    st.text(line)
            with st.container(width=165, gap=None):
                badge(row.status)
            with st.container(width="stretch", gap=None, key=f"why_{row.id}"):
                st.text(one_line(row.why, 400))
                if line := tried(row, now=now, zone=zone):
                    st.text(line)
                if by := (reviewers or {}).get(row.id):
                    st.text(f"{one_line(by, 40)} is on this one.")
                if shown := (messages or {}).get(row.id):
                    row_badges(shown, name=first_name(row.name), names=names or {}, now=now, zone=zone)
            if doing:
                _button(row, doing)


def first_name(name: str) -> str:
    """What a person is called in a sentence about their text."""
    return name.split(" ", 1)[0]


def tick_key(card_id: UUID, version: int) -> str:
    """The key of a row's tick, as `Selection.version` counts them."""
    return f"pick_{card_id}_{version}"


def came(row: CardRow, *, now: datetime, zone: ZoneInfo) -> str:
    """`#1042 · 9:14 am, 5 minutes ago`."""
    exact, passed = when(row.received_at, now=now, zone=zone), ago(row.received_at, now=now)
    return f"#{row.number} · {exact}{f', {passed}' if passed else ''}"


def occasion(row: CardRow) -> str:
    """`9:00 am · North campus · first-time guest`, as far as the card says so."""
    parts = (row.service, row.campus, "first-time guest" if row.first_time else "")
    return " · ".join(one_line(part, 40) for part in parts if part)


def tried(row: CardRow, *, now: datetime, zone: ZoneInfo) -> str:
    """`Tried 3 times · next try 11:42 am`, as far as there is anything to tell."""
    following = f"next try {when(row.next_try_at, now=now, zone=zone)}" if row.next_try_at else ""
    line = " · ".join(part for part in (row.tried, following) if part)
    return line[:1].upper() + line[1:]


def _tick(row: CardRow, doing: Doing) -> None:
    key = tick_key(row.id, doing.version)
    # Its own key for each time that many are ticked at once. Told to change, a box that a browser has not yet heard
    # of would come back with the next click as it was, as if somebody had unticked it.
    st.checkbox(
        f"Select card #{row.number}",
        value=doing.ticked(row),
        key=key,
        label_visibility="collapsed",
        on_change=doing.tick,
        args=(row.id, key),
    )


def _button(row: CardRow, doing: Doing) -> None:
    """The row's button. Its room is always there, so that the row keeps its shape when the button comes."""
    with st.container(width=ROOM, key=f"act_{row.id}"):
        to_do, said = doing.offered(row), doing.said.get(row.id)
        if isinstance(to_do, Action):
            label, icon = _wording(row, to_do)
            st.button(
                label,
                key=f"do_{row.id}",
                icon=icon,
                width="stretch",
                on_click=doing.press,
                args=(row.id, to_do),
            )
        elif to_do is not None:
            label, icon = ERRANDS[to_do]
            correct = to_do is Errand.MEND
            st.page_link(CARD.path, label=label, icon=icon, query_params=to_card(row.number, correct=correct))
        elif said:
            # Pressed again it does nothing, but it stays, and so does the focus of who came by keyboard.
            st.button(said, key=f"do_{row.id}", icon=":material/check:", width="stretch")


def _wording(row: CardRow, action: Action) -> tuple[str, str]:
    if action is Action.PUT_BACK:
        return "Put back", ":material/undo:"
    if row.status is CardStatus.NEEDS_ATTENTION:
        return "Retry", ":material/replay:"
    return "Send now", ":material/send:"
