"""The bar for the cards that are ticked, the question before something is done to them, and how it went.

It draws what it is given; the page does what is asked.
"""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.bulk import WORDS, Ask, Deed, Run, foreseen, in_progress, outcome
from dashboard.formatting import capped, capped_cards, cards
from dashboard.reading import Trouble
from ghl.cards.actions import Action, Done

REASON = "bulk_reason"
LONGEST_REASON = 500


def bar(
    count: int,
    elsewhere: int,
    actions: Sequence[Deed],
    *,
    busy: bool,
    ask: Callable[[Deed | None], None],
    clear: Callable[[], None],
) -> None:
    """Draws how many cards are ticked, `elsewhere` of them on other pages, and what can be done to them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bulk"):
        st.text(ticked(count, elsewhere), width="content")
        # One thing at a time: what is under way is told below, with the way to stop it.
        for action in () if busy else actions:
            words = WORDS[action]
            st.button(words.button, key=f"bulk_{action}", icon=words.icon, on_click=ask, args=(action,))
        st.button("Export CSV", key="bulk_export", icon=":material/download:", on_click=ask, args=(None,))
        st.button("Select none", key="bulk_clear", icon=":material/deselect:", on_click=clear)


def ticked(count: int, elsewhere: int) -> str:
    """`3 cards selected, 1 of them not on this page`; `10,000+ cards` where the list itself counts no further."""
    return f"{capped_cards(count)} selected" + (
        f", {capped(elsewhere)} of them not on this page" if elsewhere else ""
    )


def progress(run: Run, *, stop: Callable[[], None]) -> None:
    """Draws how far an action on many cards is."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="bulk_run"):
        share = min(1.0, run.dealt_with / run.total) if run.total else 0.0
        st.progress(share, text=in_progress(run), width="stretch")
        st.button("Stop", key="bulk_stop", icon=":material/stop_circle:", on_click=stop, disabled=run.stopped)


def result(run: Run, *, began: str, undo: Callable[[Run], None], read: Callable[[Run], None]) -> None:
    """Draws how it ended, until somebody has read it. `began`: the time, because what is told may be over by then."""
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"bulk_result_{run.token}"
    ):
        with st.container(width="stretch", gap=None):
            st.text(f"{began}:")
            for line in outcome(run):
                st.text(line)
        if can_undo(run):
            st.button(
                "Put back",
                key=f"bulk_undo_{run.token}",
                icon=":material/undo:",
                on_click=undo,
                args=(run,),
            )
        st.button("Close", key=f"bulk_read_{run.token}", icon=":material/close:", on_click=read, args=(run,))


def can_undo(run: Run) -> bool:
    """Whether cards were kept back or set aside by it that can be put back."""
    undoable = run.action in {Action.SET_ASIDE, Action.HOLD}
    return undoable and isinstance(run.outcome, Done) and bool(run.outcome.ids)


def question(
    ask: Ask, look: Callable[[], None], *, confirm: Callable[[], None], never_mind: Callable[[], None]
) -> None:
    """Draws the inside of the dialog: what will happen, why (where that is asked), and the two ways out.

    `look` finds out what will happen; it is called once, while the dialog says that it counts.
    """
    assert ask.action is not None
    words = WORDS[ask.action]
    if ask.preview is None:
        with st.spinner("Counting…"):
            look()
    if isinstance(ask.preview, Trouble) or ask.preview is None:
        number = ask.preview.number if isinstance(ask.preview, Trouble) else ""
        st.text(f"We couldn't look at the cards. Nothing was changed. Tell support the number {number}.")
        st.button("Close", key="bulk_never_mind", on_click=never_mind)
        return
    for line in foreseen(ask.action, ask.preview):
        st.text(line)
    if not ask.preview.going:
        st.button("Close", key="bulk_never_mind", on_click=never_mind)
        return
    if words.asks_why:
        st.text_area(words.asks_why, key=REASON, max_chars=LONGEST_REASON, height=96)
    if ask.complaint:
        st.error(ask.complaint, icon=":material/edit_note:")
    with st.container(horizontal=True, gap="small"):
        st.button(
            words.confirm.format(cards(ask.preview.going)),
            key="bulk_confirm",
            type="primary",
            icon=words.icon,
            on_click=confirm,
        )
        st.button("Not now", key="bulk_never_mind", on_click=never_mind)
