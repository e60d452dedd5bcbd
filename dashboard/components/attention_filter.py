"""The fields that leave a part of *Needs attention*: by cause, how the card came, service, and when it stopped."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.attention.asked import Asked, title
from dashboard.card_filter import SOURCES
from dashboard.components.filter_fields import Fields, day, in_order
from dashboard.formatting import one_line

CAUSES, SOURCE, SERVICES, SINCE, UNTIL = "wait_cause", "wait_source", "wait_service", "wait_from", "wait_to"
FIELDS = Fields("wait_told", (CAUSES, SOURCE, SERVICES, SINCE, UNTIL))
key = FIELDS.key


def put(asked: Asked) -> None:
    """Lets the fields say this; before they are drawn, or in a callback."""
    values = {
        CAUSES: list(asked.causes),
        SOURCE: list(asked.sources),
        SERVICES: list(asked.services),
        SINCE: asked.since,
        UNTIL: asked.until,
    }
    FIELDS.put(values)


def written() -> Asked:
    """What the fields say now."""
    said = FIELDS.said()
    since, until = in_order(said[SINCE], said[UNTIL])
    return Asked(
        causes=tuple(sorted(said[CAUSES] or ())),
        sources=tuple(source for source in SOURCES if source in (said[SOURCE] or ())),
        services=tuple(said[SERVICES] or ()),
        since=since,
        until=until,
    )


def drawn() -> bool:
    """Whether the fields still hold what was said in them: they forget it while another page is open."""
    return FIELDS.drawn(CAUSES)


def fields(causes: Sequence[str], services: Sequence[str], *, changed: Callable[[], None]) -> None:
    """Draws the fields, folded away: most people have no use for them."""
    with st.popover("Filter", icon=":material/filter_alt:", key="wait_filter", width="content"):
        st.multiselect(
            "Why it stopped",
            list(causes),
            format_func=title,
            key=key(CAUSES),
            placeholder="Any reason",
            on_change=changed,
        )
        st.multiselect(
            "How the card came",
            list(SOURCES),
            format_func=SOURCES.__getitem__,
            key=key(SOURCE),
            placeholder="Any way",
            on_change=changed,
        )
        if services:
            st.multiselect(
                "Service",
                list(services),
                format_func=one_line,
                key=key(SERVICES),
                placeholder="Any service",
                on_change=changed,
            )
        for label, name in (("Stopped from", SINCE), ("Stopped up to", UNTIL)):
            day(FIELDS, label, name, changed=changed)
