"""The badges of a card's text and e-mail, each with its reason as text."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.badges import Badge
from dashboard.formatting import one_line
from dashboard.message_words import in_short
from ghl.messages.shown import BadgeCode, Shown
from ghl.statuses import Channel

BADGES: Mapping[BadgeCode, Badge] = {
    BadgeCode.NEEDS_DECISION: Badge("Needs a decision", ":material/help:", "orange"),
    BadgeCode.NEEDS_ATTENTION: Badge("Needs attention", ":material/build:", "red"),
    BadgeCode.WAITING: Badge("Waiting", ":material/schedule:", "blue"),
    BadgeCode.NOT_SENT: Badge("Not sent", ":material/block:", "gray"),
    BadgeCode.SENT: Badge("Sent", ":material/send:", "blue"),
    BadgeCode.DELIVERED: Badge("Delivered", ":material/check_circle:", "green"),
}
KINDS: Mapping[Channel, str] = {Channel.SMS: "Text", Channel.EMAIL: "E-mail"}


def message_badge(channel: Channel, code: BadgeCode) -> None:
    """Draws a message's badge: `Text: Delivered`."""
    drawn = BADGES[code]
    st.badge(f"{KINDS[channel]}: {drawn.label}", icon=drawn.icon, color=drawn.colour)


def row_badges(
    shown: Mapping[Channel, Shown], *, name: str, names: Mapping[str, str], now: datetime, zone: ZoneInfo
) -> None:
    """Draws a card's badges below each other, as a row of a list has them."""
    for channel in Channel:
        if one := shown.get(channel):
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", key=f"badge_{one.message_id.hex}"
            ):
                message_badge(channel, one.code)
                st.text(
                    one_line(in_short(one, name=one_line(name, 40), names=names, now=now, zone=zone), 240),
                    width="stretch",
                )
