"""The fields that leave a part of *Needs attention*: by cause, how the card came, service, and when it stopped."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.attention.asked import Asked, title
from dashboard.card_filter import SOURCES
from dashboard.formatting import one_line

CAUSES, SOURCE, SERVICES, SINCE, UNTIL = "wait_cause", "wait_source", "wait_service", "wait_from", "wait_to"
FIELDS = (CAUSES, SOURCE, SERVICES, SINCE, UNTIL)
TOLD = "wait_told"
"""How often the fields were told what to say."""


def key(name: str) -> str:
    """The key of a field, another one each time it is told what to say; see `dashboard.components.filters`."""
    return f"{name}_{st.session_state.get(TOLD, 0)}"


def put(asked: Asked) -> None:
    """Lets the fields say this; before they are drawn, or in a callback."""
    st.session_state[TOLD] = st.session_state.get(TOLD, 0) + 1
    values = {
        CAUSES: list(asked.causes),
        SOURCE: list(asked.sources),
        SERVICES: list(asked.services),
        SINCE: asked.since,
        UNTIL: asked.until,
    }
    st.session_state.update({key(name): value for name, value in values.items()})


def written() -> Asked:
    """What the fields say now."""
    said = {name: st.session_state.get(key(name)) for name in FIELDS}
    since, until = said[SINCE], said[UNTIL]
    if since and until and since > until:
        since, until = until, since
    return Asked(
        causes=tuple(sorted(said[CAUSES] or ())),
        sources=tuple(source for source in SOURCES if source in (said[SOURCE] or ())),
        services=tuple(said[SERVICES] or ()),
        since=since,
        until=until,
    )


def drawn() -> bool:
    """Whether the fields still hold what was said in them: they forget it while another page is open."""
    return key(CAUSES) in st.session_state


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
            st.date_input(label, key=key(name), value=None, format="MM/DD/YYYY", on_change=changed)
