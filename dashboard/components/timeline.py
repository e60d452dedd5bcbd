"""What happened to a card, step by step: real text, the answers of GoHighLevel folded away."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.card_panel import change
from dashboard.formatting import ago, one_line, when
from ghl.cards.story import CallMade, Try
from ghl.cards.timeline import CALLS, Event, EventKind

ICONS: Mapping[EventKind, str] = {
    EventKind.RECEIVED: ":material/inbox:",
    EventKind.CHECKED: ":material/fact_check:",
    EventKind.CORRECTED: ":material/edit:",
    EventKind.REVIEWED: ":material/rate_review:",
    EventKind.DECIDED: ":material/how_to_reg:",
    EventKind.PUT_BACK: ":material/undo:",
    EventKind.SENT_AGAIN: ":material/send:",
    EventKind.QUEUED: ":material/schedule:",
    EventKind.TRIED: ":material/sync:",
    EventKind.ARRIVED: ":material/check_circle:",
    EventKind.HELD: ":material/front_hand:",
    EventKind.SET_ASIDE: ":material/archive:",
    EventKind.MESSAGE_ASKED: ":material/chat:",
    EventKind.MESSAGE_TRIED: ":material/sync:",
    EventKind.MESSAGE_SENT: ":material/send:",
    EventKind.MESSAGE_DELIVERED: ":material/mark_chat_read:",
    EventKind.MESSAGE_DONE: ":material/person_check:",
    EventKind.MESSAGE_NOT_SENT: ":material/block:",
    EventKind.PRAYER_READ: ":material/visibility:",
    EventKind.NEXT_TRY: ":material/update:",
}

FIRST, LAST = 4, 20
"""Steps that are always shown at both ends of a long story."""


def timeline(events: Sequence[Event], *, now: datetime, zone: ZoneInfo, whole: bool) -> int:
    """Draws the steps, the oldest first; returns how many in the middle were left out, none with `whole`."""
    left_out = 0 if whole else max(0, len(events) - FIRST - LAST)
    for place, event in enumerate(events):
        if left_out and place == FIRST:
            st.text(f"… {left_out} steps between are folded away …")
        if not left_out or place < FIRST or place >= FIRST + left_out:
            _event(event, place, now=now, zone=zone)
    return left_out


def moment(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """`9:14 am, 5 minutes ago`; of what is still to come, the time alone."""
    passed = ago(at, now=now) if at <= now else ""
    return ", ".join(part for part in (when(at, now=now, zone=zone), passed) if part)


def _event(event: Event, place: int, *, now: datetime, zone: ZoneInfo) -> None:
    with st.container(gap="xxsmall", key=f"event_{place}"):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            # The titles are ours, so they may be bold.
            st.markdown(f"{ICONS[event.kind]} **{event.title}**", width="content")
            st.text(moment(event.at, now=now, zone=zone), width="content")
        if event.by:
            st.text(f"By {one_line(event.by)}")
        for one in event.changes:
            change(one)
        for detail in event.details:
            st.text(one_line(detail, 600))
        if event.tried and (event.tried.calls or event.tried.trace_id):
            with st.expander("What we asked, and GoHighLevel's answers", key=f"calls_{place}"):
                _calls(event.tried)


def _calls(tried: Try) -> None:
    if tried.trace_id:
        st.text(f"Trace id for GoHighLevel's support: {one_line(tried.trace_id)}")
    for call in tried.calls:
        st.text(call_in_words(call))
        if call.trace_id and call.trace_id != tried.trace_id:
            st.text(f"Trace id: {one_line(call.trace_id)}")
        if call.answer:
            st.text(one_line(call.answer, 2000))
    st.text("Names, numbers and addresses are struck out. Answers are kept for 30 days.")


def call_in_words(call: CallMade) -> str:
    """`Make the contact: answered 422 after 312 ms. Its reason: …`."""
    what = CALLS.get(call.call, one_line(call.call))
    how = f"answered {call.status}" if call.status else "no answer" if call.error else "done"
    after = f" after {call.ms:,} ms" if call.ms is not None else ""
    reason = f" Its reason: {one_line(call.reason, 300)}" if call.reason else ""
    return f"{what}: {how}{after}.{reason}"
