"""Rows of cards: real text, so that they work by keyboard, touch and screen reader, on any width."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.badges import badge
from dashboard.formatting import ago, one_line, when
from ghl.cards.view import CardRow


def card_rows(rows: Sequence[CardRow], *, now: datetime, zone: ZoneInfo) -> None:
    """Draws the rows in their order. Each keeps its key, so what changes is only what it says."""
    for row in rows:
        with st.container(
            border=True, key=f"row_{row.id}", horizontal=True, vertical_alignment="center", gap="small"
        ):
            with st.container(width=260, gap=None, key=f"who_{row.id}"):
                st.text(one_line(row.name) or "No name")
                st.text(came(row, now=now, zone=zone))
            with st.container(width=190, gap=None):
                badge(row.status)
            with st.container(width="stretch", gap=None, key=f"why_{row.id}"):
                st.text(one_line(row.why, 400))
                if line := tried(row, now=now, zone=zone):
                    st.text(line)


def came(row: CardRow, *, now: datetime, zone: ZoneInfo) -> str:
    """`#1042 · 9:14 am, 5 minutes ago`."""
    exact, passed = when(row.received_at, now=now, zone=zone), ago(row.received_at, now=now)
    return f"#{row.number} · {exact}{f', {passed}' if passed else ''}"


def tried(row: CardRow, *, now: datetime, zone: ZoneInfo) -> str:
    """`Tried 3 times · next try 11:42 am`, as far as there is anything to tell."""
    following = f"next try {when(row.next_try_at, now=now, zone=zone)}" if row.next_try_at else ""
    line = " · ".join(part for part in (row.tried, following) if part)
    return line[:1].upper() + line[1:]
