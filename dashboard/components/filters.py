"""The fields above the list of cards: one to search with, and those that leave something out."""

from collections.abc import Callable

import streamlit as st

from dashboard.card_filter import SOURCES, Asked
from dashboard.components.badges import BADGES
from dashboard.components.filter_fields import Fields, badges, days, search, times, words
from dashboard.formatting import one_line
from ghl.cards.find import Choices

FIND = "find"
STATUSES, WHEN, SINCE, UNTIL = "show_status", "show_when", "show_from", "show_to"
SERVICES, CAMPUSES, SOURCE, FIRST = "show_service", "show_campus", "show_source", "show_first"
LIST, OF_LIST = "show_list", "show_list_id"

FIELDS = Fields(
    "filters_told",
    (FIND, STATUSES, WHEN, SINCE, UNTIL, SERVICES, CAMPUSES, SOURCE, FIRST, LIST, OF_LIST),
)
key = FIELDS.key


def put(asked: Asked, words: str) -> None:
    """Lets the fields say this; before they are drawn, or in a callback."""
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
    FIELDS.put(values)


def written() -> tuple[Asked, str]:
    """What the fields say now: the filter, and the words that are searched for."""
    said = FIELDS.said()
    period, since, until = days(said, WHEN, SINCE, UNTIL)
    asked = Asked(
        statuses=tuple(status for status in BADGES if status in (said[STATUSES] or ())),
        services=tuple(said[SERVICES] or ()),
        campuses=tuple(said[CAMPUSES] or ()),
        sources=tuple(source for source in SOURCES if source in (said[SOURCE] or ())),
        import_id=said[OF_LIST] if said[LIST] else None,
        period=period,
        since=since,
        until=until,
        first_time=bool(said[FIRST]),
    )
    return asked, words(said, FIND)


def drawn() -> bool:
    """Whether the fields still hold what was said in them: they forget it while another page is open."""
    return FIELDS.drawn(FIND, STATUSES)


def filters(choices: Choices, *, changed: Callable[[], None], find: Callable[[], None]) -> None:
    """Draws the fields. `changed` is called when one of them says something else, `find` to go to the search."""
    search(FIELDS, FIND, row="search", changed=changed, go=find)
    badges(FIELDS, STATUSES, "Only cards with these badges", BADGES, changed=changed)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        times(FIELDS, "Received", WHEN, SINCE, UNTIL, changed=changed)
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
