"""The filter fields of *Texts and e-mails*: state, kind, words, days, and the search. It draws only."""

from collections.abc import Callable, Mapping
from uuid import UUID

import streamlit as st

from dashboard.components.held import held
from dashboard.components.message_badges import BADGES
from dashboard.formatting import one_line
from dashboard.periods import PERIODS
from dashboard.texts.desk import CHANNELS, RANGE, Asked

FIND, STATES, CHANNEL, TEMPLATE = "texts_find", "texts_state", "texts_channel", "texts_template"
WHEN, SINCE, UNTIL = "texts_when", "texts_from", "texts_to"
FIELDS = (FIND, STATES, CHANNEL, TEMPLATE, WHEN, SINCE, UNTIL)
TOLD = "texts_told"
"""How often the fields were told what to say; see `dashboard.components.filters`."""

TIMES = {"": "Any time"} | {code: one.label for code, one in PERIODS.items()} | {RANGE: "From … to …"}


def key(name: str) -> str:
    """The key of a field, another one each time it is told what to say."""
    return f"{name}_{st.session_state.get(TOLD, 0)}"


def put(asked: Asked, words: str) -> None:
    """Lets the fields say this; before they are drawn, or in a callback."""
    st.session_state[TOLD] = st.session_state.get(TOLD, 0) + 1
    values = {
        FIND: words,
        STATES: list(asked.badges),
        CHANNEL: asked.channel,
        TEMPLATE: asked.template_id,
        WHEN: asked.period,
        SINCE: asked.since,
        UNTIL: asked.until,
    }
    st.session_state.update({key(name): value for name, value in values.items()})


def written() -> tuple[Asked, str]:
    """What the fields say now: the filter, and the words that are searched for."""
    said = {name: st.session_state.get(key(name)) for name in FIELDS}
    since, until = (said[SINCE], said[UNTIL]) if said[WHEN] == RANGE else (None, None)
    if since and until and since > until:
        since, until = until, since
    asked = Asked(
        badges=tuple(code for code in BADGES if code in (said[STATES] or ())),
        channel=said[CHANNEL],
        template_id=said[TEMPLATE],
        period=said[WHEN] or "",
        since=since,
        until=until,
    )
    return asked, " ".join(str(said[FIND] or "").split())


def drawn() -> bool:
    """Whether the fields still hold what was said in them: they forget it while another page is open."""
    return key(FIND) in st.session_state and key(STATES) in st.session_state


def filters(templates: Mapping[UUID, str], *, changed: Callable[[], None], find: Callable[[], None]) -> None:
    """Draws the fields. `changed` is called when one of them says something else, `find` to go to the search."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="texts_search"):
        st.text_input(
            "Find a person",
            value=held(key(FIND)),
            key=key(FIND),
            type="search",
            max_chars=100,
            placeholder="Name, phone, e-mail, card #",
            autocomplete="off",
            icon=":material/search:",
            on_change=changed,
        )
        st.button("Find", key="texts_go_find", shortcut="f", on_click=find, width="content")
    st.pills(
        "Only those with these badges",
        list(BADGES),
        selection_mode="multi",
        format_func=lambda code: f"{BADGES[code].icon} {BADGES[code].label}",
        key=key(STATES),
        label_visibility="collapsed",
        on_change=changed,
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="texts_filters"):
        st.selectbox(
            "Kind",
            [None, *CHANNELS],
            format_func=lambda one: CHANNELS[one] if one else "Texts and e-mails",
            key=key(CHANNEL),
            width=190,
            on_change=changed,
        )
        # A link may name words that the church does not have: none is found then, and it can be taken back.
        chosen = st.session_state.get(key(TEMPLATE))
        known = [*templates, *([chosen] if chosen and chosen not in templates else [])]
        if known:
            st.selectbox(
                "Words",
                [None, *known],
                format_func=lambda one: (
                    one_line(templates.get(one, "Other words"), 40) if one else "Any words"
                ),
                key=key(TEMPLATE),
                width=220,
                on_change=changed,
            )
        st.selectbox(
            "Asked for",
            list(TIMES),
            format_func=TIMES.__getitem__,
            key=key(WHEN),
            width=190,
            on_change=changed,
        )
        if st.session_state.get(key(WHEN)) == RANGE:
            for label, name in (("From", SINCE), ("To", UNTIL)):
                st.date_input(
                    label, key=key(name), value=None, format="MM/DD/YYYY", width=190, on_change=changed
                )
