"""The one banner above a church's pages, only while something is wrong. Constant words: alerts read Markdown."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.formatting import cards, clock_time
from ghl.cards.why import ChurchState, Outage
from ghl.causes import WHO_ACTS, CauseCode, cause
from ghl.statuses import Role


@dataclass(frozen=True)
class Notice:
    """What the banner says."""

    title: str
    text: str
    icon: str


def notice(
    state: ChurchState, outage: Outage | None, *, waiting: int, role: Role, zone: ZoneInfo
) -> Notice | None:
    """The most important thing that is wrong now, or None. Pure."""
    safe = f"**{cards(waiting)} {'is' if waiting == 1 else 'are'} safe and waiting.**"
    if state.held_by:
        entry = cause(state.held_by[0])
        return Notice(entry.title, f"{safe} {_who_acts(entry.code, role)}", _icon(entry.code))
    if outage:
        test = f" We test again at {clock_time(outage.next_test_at, zone)}." if outage.next_test_at else ""
        return Notice(
            "GoHighLevel isn't answering",
            f"{safe} You can go on adding cards.{test} When it is back, they go out by themselves.",
            ":material/cloud_off:",
        )
    return None


def draw(shown: Notice | None) -> None:
    """Draws the banner, or nothing. Its place is always there, so that what follows keeps its own."""
    place = st.empty()
    if shown:
        place.warning(shown.text, title=shown.title, icon=shown.icon)


def _who_acts(code: CauseCode, role: Role) -> str:
    entry = cause(code)
    if entry.who == "admin" and role is Role.ADMIN:
        return entry.what_to_do
    return f"{WHO_ACTS[entry.who]} You can go on adding cards."


def _icon(code: CauseCode) -> str:
    return ":material/pause_circle:" if code is CauseCode.CHURCH_PAUSED else ":material/key_off:"
