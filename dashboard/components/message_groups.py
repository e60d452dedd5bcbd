"""The groups of texts and e-mails on *Needs attention*, with the question before a whole group is sent. It draws only."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.attention.messages import GroupHands, MessagesDesk
from dashboard.components.message_row import Doing, message_row
from dashboard.texts import words
from ghl.attention.messages import MessageGroup
from ghl.messages.log import LogRow
from ghl.statuses import Role


def fold(group: MessageGroup) -> str:
    """The key of a group's fold."""
    return f"fold_{group.key}"


def is_open(group: MessageGroup, desk: MessagesDesk) -> bool:
    """Whether the rows of a group are shown: as somebody left it, and at first where there are few."""
    return bool(st.session_state.get(fold(group), desk.few))


def message_group(
    group: MessageGroup,
    desk: MessagesDesk,
    hands: GroupHands,
    rows: Mapping[UUID, LogRow],
    doing: Doing,
    *,
    role: Role,
    names: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
) -> None:
    """Draws a group: what happened, who can do what, how many, and its rows where they are asked for."""
    with st.container(border=True, key=f"group_{group.key}", gap="small"):
        st.header(words.title(group), anchor=False)
        with st.container(gap="xxsmall"):
            st.text(words.what_happened(group))
            st.text(words.what_to_do(group, role))
            st.text(words.since(group, now=now, zone=zone))
            if line := words.sample(group):
                st.text(line)
            if told := desk.told.get(group.key):
                st.text(told)
        if group.many or desk.asked == group.key:
            _all_of_it(group, desk, hands)
        with st.expander(
            "Show the texts and e-mails", expanded=desk.few, key=fold(group), on_change="rerun"
        ) as box:
            if box.open:
                _rows(group, desk, hands, rows, doing, names=names, now=now, zone=zone)


def _all_of_it(group: MessageGroup, desk: MessagesDesk, hands: GroupHands) -> None:
    if desk.asked != group.key or desk.plan is None:
        st.button(
            f"{words.send_all(group)}…",
            key=f"all_{group.key}",
            icon=":material/replay:",
            on_click=hands.foresee,
            args=(group,),
        )
        return
    with st.container(gap="xsmall", key=f"plan_{group.key}"):
        for line in words.foreseen(desk.plan):
            st.text(line)
        with st.container(horizontal=True, gap="small"):
            if desk.plan.going:
                st.button(
                    f"Send {words.messages(desk.plan.going)} again",
                    key=f"confirm_{group.key}",
                    type="primary",
                    icon=":material/replay:",
                    on_click=hands.confirm,
                )
            st.button("Not now", key=f"never_{group.key}", on_click=hands.never_mind)


def _rows(
    group: MessageGroup,
    desk: MessagesDesk,
    hands: GroupHands,
    rows: Mapping[UUID, LogRow],
    doing: Doing,
    *,
    names: Mapping[str, str],
    now: datetime,
    zone: ZoneInfo,
) -> None:
    place = desk.place(group.key)
    if place.page is None:
        st.text("Loading texts and e-mails…")
        return
    shown = [rows[id_] for id_ in place.page.ids if id_ in rows]
    for row in shown:
        message_row(row, doing, names=names, now=now, zone=zone)
    if not shown:
        st.text("None is left here.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"paging_{group.key}"):
        if place.trail or place.page.more:
            for label, step, off in (
                ("Newer", "newer", not place.trail),
                ("Older", "older", not place.page.more),
            ):
                st.button(
                    label, on_click=hands.go, args=(group.key, step), disabled=off, key=f"{step}_{group.key}"
                )
        st.button(
            "Show the list as it is now",
            on_click=hands.go,
            args=(group.key, "again"),
            key=f"again_{group.key}",
            icon=":material/refresh:",
        )
