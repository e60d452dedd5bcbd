"""The replies that may be a stop, on *Needs attention*: what was said, by whom, and the two answers. It draws only."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.attention.replies import RepliesDesk, Reply, ReplyHands
from dashboard.consent.words import MESSAGES, address_of
from dashboard.formatting import number, one_line, when


def replies(desk: RepliesDesk, hands: ReplyHands, *, now: datetime, zone: ZoneInfo) -> None:
    """Draws the group, where there is any reply."""
    if not desk.shown:
        return
    with st.container(border=True, key="group_replies", gap="small"):
        some = "Replies" if not desk.count else f"{number(desk.count)} {_replies(desk.count)}"
        st.header(f"{some} that may be a stop", anchor=False)
        st.text(
            "Nothing is sent there until somebody has read them. Say what was meant."
            if desk.count
            else "Nothing is left here."
        )
        for reply in desk.shown.values():
            _reply(reply, desk, hands, now=now, zone=zone)
        if desk.more:
            st.text("There are more. They come up as soon as these are decided.")


def _reply(reply: Reply, desk: RepliesDesk, hands: ReplyHands, *, now: datetime, zone: ZoneInfo) -> None:
    """One reply. What was said, and the names, are foreign text."""
    found = reply.doubt
    address = address_of(found.channel, found.address, desk.region)
    who = f"{one_line(' or '.join(reply.names), 120)}, {address}," if reply.names else address
    with st.container(border=True, gap="xxsmall", key=f"reply_{found.id.hex}"):
        st.text(f"{who} wrote {when(found.received_at, now=now, zone=zone)}:")
        st.text(found.said)
        if told := desk.told.get(found.id):
            st.text(told)
        elif found.id not in desk.waiting:
            st.text("Decided. Nothing is left to do here.")
        else:
            st.text(f"Do they want no more {MESSAGES[found.channel]}?")
            with st.container(horizontal=True, gap="small"):
                for label, name, stop in (("Yes, stop", "yes", True), ("No, go on", "no", False)):
                    st.button(
                        label,
                        key=f"reply_{name}_{found.id.hex}",
                        on_click=hands.decide,
                        args=(found.id, stop),
                    )


def _replies(count: int) -> str:
    return "reply" if count == 1 else "replies"
