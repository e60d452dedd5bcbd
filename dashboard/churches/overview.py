"""*Churches*: one sentence, and a line a church, worst first. It holds still: it is read when the page runs."""

from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboard.churches import adding, words
from dashboard.components import states
from dashboard.formatting import esc, one_line
from dashboard.navigation import CHURCH
from dashboard.news import words as news
from dashboard.reading import Trouble, guarded
from ghl.ops.read import MOST_CHURCHES, ChurchLine, all_churches
from ghl.people.policy import SignedIn
from ghl.webhooks.counts import counts_since
from jobs.container import Container

TABLE = "churches_table"
CHOSEN = "churches_chosen"
PARAMETER = "church"
MOST_LISTED = 50
"""Churches below each other on a telephone, the worst first; the others are found by name."""


def draw(hub: Container, person: SignedIn) -> None:
    """Draws the page."""
    if slug := st.session_state.pop(adding.ADDED, None):
        st.switch_page(CHURCH.path, query_params={PARAMETER: slug})
    found = guarded(lambda: all_churches(hub.database))
    if isinstance(found, Trouble):
        return states.could_not_load("the churches", found.number)
    st.header(words.summary(found.lines), anchor=False)
    if found.lines:
        _choose(found.lines)
        # Streamlit does not tell the script how wide a screen is: one of the two is shown, by style.css.
        with st.container(key="churches_wide"):
            _table(found.lines)
        with st.container(key="churches_narrow", gap="small"):
            _list(found.lines[:MOST_LISTED], more=len(found.lines) > MOST_LISTED)
        if found.more:
            st.text(f"The first {MOST_CHURCHES:,} churches by name.")
        if refused := _refused(hub):
            st.text(refused)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text("Each number is as of the moment when this page was opened.", width="stretch")
            st.button("Look again", icon=":material/refresh:", key="churches_again")
    with st.expander("Add a church", icon=":material/add:", expanded=not found.lines):
        adding.draw(hub, person)
    return None


def _refused(hub: Container) -> str:
    """What was told by nobody we know, in the whole installation."""

    def read() -> str:
        with hub.database.system() as session:
            return news.refused(counts_since(session, (hub.clock.now() - timedelta(days=7)).date()))

    found = guarded(read)
    return "" if isinstance(found, Trouble) else found


def _choose(lines: Sequence[ChurchLine]) -> None:
    """The way to a church by keyboard, by voice and on a telephone, where a table is hard to hit."""
    by_slug = {line.slug: one_line(line.name) for line in lines}
    slug = st.selectbox(
        "Open a church",
        list(by_slug),
        index=None,
        format_func=by_slug.__getitem__,
        placeholder="Choose or type its name",
        key=CHOSEN,
        width=420,
    )
    if slug:
        _open(slug)


def _table(lines: Sequence[ChurchLine]) -> None:
    column = st.column_config
    shown = pd.DataFrame(
        {
            "Church": [one_line(line.name) for line in lines],
            "State": [[words.STATES[line.standing.state][0]] for line in lines],
            "What is going on": [one_line(line.standing.why, 200) for line in lines],
            "Who acts": [line.standing.who for line in lines],
            "Waiting": [line.waiting for line in lines],
            "Need people": [line.need_people for line in lines],
            "Oldest": [words.short(line.oldest_waiting) for line in lines],
            "Last card": [words.short(line.last_card) or "never" for line in lines],
            "Last news": [words.short(line.last_news) or "never" for line in lines],
            "Token": [words.short(line.token_age) for line in lines],
        }
    )
    event = st.dataframe(
        shown,
        hide_index=True,
        row_height=44,
        key=TABLE,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Church": column.TextColumn(width=125),
            "State": column.MultiselectColumn(
                "State",
                options=[label for label, _ in words.STATES.values()],
                color=[colour for _, colour in words.STATES.values()],
                width=95,
            ),
            "What is going on": column.TextColumn(width=170),
            "Who acts": column.TextColumn(width=100),
            "Waiting": column.NumberColumn(format="localized", width=68),
            "Need people": column.NumberColumn(format="localized", width=97),
            "Oldest": column.TextColumn(width=75, help="How long the card waits that waits longest"),
            "Last card": column.TextColumn(width=78, help="How long ago the last card came in"),
            "Last news": column.TextColumn(
                width=82, help="How long ago GoHighLevel last told us something for the church"
            ),
            "Token": column.TextColumn(width=62, help="How long ago the church's token was stored"),
        },
    )
    if rows := event.selection.rows:
        _open(lines[rows[0]].slug)


def _list(lines: Sequence[ChurchLine], *, more: bool) -> None:
    """The same for a telephone, where ten columns do not fit: a church below the other."""
    for line in lines:
        label, colour = words.STATES[line.standing.state]
        with st.container(border=True, gap="xxsmall", key=f"church_{line.slug}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(label, color=colour)
                st.page_link(
                    CHURCH.path,
                    label=esc(line.name),
                    query_params={PARAMETER: line.slug},
                    width="content",
                )
            st.text(one_line(line.standing.why, 200))
            st.text(words.in_short(line))
    if more:
        st.text(f"The {MOST_LISTED} that need somebody most. Choose any other by its name above.")


def _open(slug: str) -> None:
    # Coming back, nothing is chosen any more.
    for key in (TABLE, CHOSEN):
        st.session_state.pop(key, None)
    st.switch_page(CHURCH.path, query_params={PARAMETER: slug})
