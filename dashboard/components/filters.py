"""The fields above the list of cards: one to search with, and those that leave something out."""

from collections.abc import Callable

import streamlit as st

from dashboard.card_filter import LONGEST_WORDS, RANGE, SOURCES, Asked
from dashboard.components.badges import BADGES
from dashboard.components.held import held
from dashboard.formatting import one_line
from dashboard.periods import PERIODS
from ghl.cards.find import Choices

FIND = "find"
STATUSES, WHEN, SINCE, UNTIL = "show_status", "show_when", "show_from", "show_to"
SERVICES, CAMPUSES, SOURCE, FIRST = "show_service", "show_campus", "show_source", "show_first"
LIST, OF_LIST = "show_list", "show_list_id"

FIELDS = (FIND, STATUSES, WHEN, SINCE, UNTIL, SERVICES, CAMPUSES, SOURCE, FIRST, LIST, OF_LIST)
TOLD = "filters_told"
"""How often the fields were told what to say."""

ANY_TIME = ""
TIMES = (
    {ANY_TIME: "Any time"} | {code: period.label for code, period in PERIODS.items()} | {RANGE: "From … to …"}
)


def key(name: str) -> str:
    """The key of a field. Fields that are told what to say begin anew under another one.

    Told to change, a field that a browser has not yet heard of would come back with the next click as it was.
    """
    return f"{name}_{st.session_state.get(TOLD, 0)}"


def put(asked: Asked, words: str) -> None:
    """Lets the fields say this; before they are drawn, or in a callback."""
    st.session_state[TOLD] = st.session_state.get(TOLD, 0) + 1
    values = {
        FIND: words,
        STATUSES: list(asked.statuses),
        WHEN: asked.period,
        SINCE: asked.since,
        UNTIL: asked.until,
        SERVICES: list(asked.services),
        CAMPUSES: list(asked.campuses),
        SOURCE: list(asked.sources),
        FIRST: asked.first_time,
        LIST: asked.import_id is not None,
        OF_LIST: asked.import_id,
    }
    st.session_state.update({key(name): value for name, value in values.items()})


def written() -> tuple[Asked, str]:
    """What the fields say now: the filter, and the words that are searched for."""
    said = {name: st.session_state.get(key(name)) for name in FIELDS}
    in_range = said[WHEN] == RANGE
    since, until = (said[SINCE], said[UNTIL]) if in_range else (None, None)
    if since and until and since > until:
        since, until = until, since
    asked = Asked(
        statuses=tuple(status for status in BADGES if status in (said[STATUSES] or ())),
        services=tuple(said[SERVICES] or ()),
        campuses=tuple(said[CAMPUSES] or ()),
        sources=tuple(source for source in SOURCES if source in (said[SOURCE] or ())),
        import_id=said[OF_LIST] if said[LIST] else None,
        period=said[WHEN] or ANY_TIME,
        since=since,
        until=until,
        first_time=bool(said[FIRST]),
    )
    return asked, " ".join(str(said[FIND] or "").split())


def drawn() -> bool:
    """Whether the fields still hold what was said in them: they forget it while another page is open."""
    return key(FIND) in st.session_state and key(STATUSES) in st.session_state


def filters(choices: Choices, *, changed: Callable[[], None], find: Callable[[], None]) -> None:
    """Draws the fields. `changed` is called when one of them says something else, `find` to go to the search."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="search"):
        st.text_input(
            "Find a person",
            value=held(key(FIND)),
            key=key(FIND),
            type="search",
            max_chars=LONGEST_WORDS,
            placeholder="Name, phone, e-mail, card #",
            autocomplete="off",
            icon=":material/search:",
            on_change=changed,
        )
        st.button("Find", key="go_find", shortcut="f", on_click=find, width="content")
    st.pills(
        "Only cards with these badges",
        list(BADGES),
        selection_mode="multi",
        format_func=lambda status: f"{BADGES[status].icon} {BADGES[status].label}",
        key=key(STATUSES),
        label_visibility="collapsed",
        on_change=changed,
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        st.selectbox(
            "Received",
            list(TIMES),
            format_func=TIMES.__getitem__,
            key=key(WHEN),
            width=190,
            on_change=changed,
        )
        if st.session_state[key(WHEN)] == RANGE:
            for label, name in (("From", SINCE), ("To", UNTIL)):
                st.date_input(
                    label, key=key(name), value=None, format="MM/DD/YYYY", width=190, on_change=changed
                )
        with st.popover("More filters", icon=":material/filter_alt:", key="more_filters", width="content"):
            _several("Service", choices.services, SERVICES, changed)
            _several("Campus", choices.campuses, CAMPUSES, changed)
            st.multiselect(
                "How the card came",
                list(SOURCES),
                format_func=SOURCES.__getitem__,
                key=key(SOURCE),
                placeholder="Any way",
                on_change=changed,
            )
        st.checkbox("First-time guests only", key=key(FIRST), on_change=changed)
        # Only a link leads to one list; unticked, it is gone.
        if st.session_state.get(key(LIST)):
            st.checkbox("Only cards of one list", key=key(LIST), on_change=changed)


def _several(label: str, names: tuple[str, ...], name: str, changed: Callable[[], None]) -> None:
    # A church with one campus or none has nothing to choose; what a link asks for can still be taken back.
    # It may be a name that is no choice any more, or not yet.
    names = tuple(dict.fromkeys((*names, *st.session_state[key(name)])))
    if names:
        st.multiselect(
            label,
            list(names),
            format_func=one_line,
            key=key(name),
            placeholder=f"Any {label.lower()}",
            on_change=changed,
        )
