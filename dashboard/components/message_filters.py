"""The filter fields of *Texts and e-mails*: state, kind, words, days, and the search. It draws only."""

from collections.abc import Callable, Mapping
from uuid import UUID

import streamlit as st

from dashboard.components.filter_fields import Fields, badges, days, search, times, words
from dashboard.components.message_badges import BADGES
from dashboard.formatting import one_line
from dashboard.texts.desk import CHANNELS, Asked

FIND, STATES, CHANNEL, TEMPLATE = "texts_find", "texts_state", "texts_channel", "texts_template"
WHEN, SINCE, UNTIL = "texts_when", "texts_from", "texts_to"
FIELDS = Fields("texts_told", (FIND, STATES, CHANNEL, TEMPLATE, WHEN, SINCE, UNTIL))
key = FIELDS.key


def put(asked: Asked, words: str) -> None:
    """Lets the fields say this; before they are drawn, or in a callback."""
    values = {
        FIND: words,
        STATES: list(asked.badges),
        # A choice of None would be drawn as if nothing had been chosen yet.
        CHANNEL: asked.channel or "",
        TEMPLATE: asked.template_id or "",
        WHEN: asked.period,
        SINCE: asked.since,
        UNTIL: asked.until,
    }
    FIELDS.put(values)


def written() -> tuple[Asked, str]:
    """What the fields say now: the filter, and the words that are searched for."""
    said = FIELDS.said()
    period, since, until = days(said, WHEN, SINCE, UNTIL)
    asked = Asked(
        badges=tuple(code for code in BADGES if code in (said[STATES] or ())),
        channel=said[CHANNEL] or None,
        template_id=said[TEMPLATE] or None,
        period=period,
        since=since,
        until=until,
    )
    return asked, words(said, FIND)


def drawn() -> bool:
    """Whether the fields still hold what was said in them: they forget it while another page is open."""
    return FIELDS.drawn(FIND, STATES)


def filters(templates: Mapping[UUID, str], *, changed: Callable[[], None], find: Callable[[], None]) -> None:
    """Draws the fields. `changed` is called when one of them says something else, `find` to go to the search."""
    search(FIELDS, FIND, row="texts_search", changed=changed, go=find)
    badges(FIELDS, STATES, "Only those with these badges", BADGES, changed=changed)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="texts_filters"):
        st.selectbox(
            "Kind",
            ["", *CHANNELS],
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
                ["", *known],
                format_func=lambda one: (
                    one_line(templates.get(one, "Other words"), 40) if one else "Any words"
                ),
                key=key(TEMPLATE),
                width=220,
                on_change=changed,
            )
        times(FIELDS, "Asked for", WHEN, SINCE, UNTIL, changed=changed)
