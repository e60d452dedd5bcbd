"""What opens below a card's standing: the form in which it is corrected, or the reason why it is kept back."""

from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.card.facts import BLANK, WRONG_FIELD, name_of_field
from dashboard.card.place import Opened, Panel
from dashboard.components import keys
from dashboard.components.card_form import card_form, sealed_values
from dashboard.components.number_question import NumberOnCard
from dashboard.formatting import one_line, when
from ghl.cards.actions import Action
from ghl.cards.correct import Change, changes_between
from ghl.cards.story import CardInFull
from ghl.people.names import name_of

LONGEST_REASON = 500

KEPT = "What stood there before is kept."
UPDATED = "The contact in GoHighLevel gets the new values. What your team changed there itself stays."


def correction(
    panel: Panel,
    card: CardInFull,
    *,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, str],
    keep: Callable[[], None],
    save: Callable[[], None],
    over_theirs: Callable[[], None],
    start_again: Callable[[], None],
    close: Callable[[], None],
    reads_prayers: bool,
    with_prayer: Callable[[], None],
) -> None:
    """Draws the form with what is typed, what is wrong with it, and what others saved meanwhile."""
    st.header("Correct this card")
    st.text(f"{KEPT} {UPDATED}" if card.contact_id else KEPT)
    # Their places are always there: what comes and goes must not move the fields under a caret.
    typed, theirs = st.empty(), st.empty()
    if panel.typed_at:
        with typed.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"What you typed at {when(panel.typed_at, now=now, zone=zone)} is back.", width="content")
            st.button("Start again from the card", key="start_again", on_click=start_again)
    if panel.newer:
        with theirs:
            _theirs(panel, card, now=now, zone=zone, names=names, over=over_theirs, start_again=start_again)
    card_form(
        panel.key,
        panel.start,
        services=panel.services,
        campuses=panel.campuses,
        prayer="write" if panel.prayer else "hidden",
        problems=panel.problems,
        sealed=sealed_values(card.state.source, card.written.fields) if card.written else {},
        number=number_on(card),
        on_change=keep,
    )
    if reads_prayers and not panel.prayer:
        st.button(
            "Correct the prayer request too" if card.has_prayer else "Add a prayer request",
            key="with_prayer",
            icon=":material/edit_note:",
            on_click=with_prayer,
        )
    elif card.has_prayer and not panel.prayer:
        st.text("The prayer request stays as it is. Only your prayer team can correct it.")
    # The caret goes to what is to be mended: once, and once more for each new problem.
    field = next(iter(panel.problems), WRONG_FIELD.get(card.state.cause or "", "first_name"))
    keys.focus(f"{panel.key}_{field}", once=f"{panel.key}_{len(panel.problems)}")
    with st.container(horizontal=True, gap="small"):
        if not panel.newer:
            _save(save)
        st.button("Don't save", key="close", on_click=close)


def number_on(card: CardInFull) -> NumberOnCard:
    """What the card says, for the question about a new number."""
    return NumberOnCard(card.state.source, card.fields, card.region)


def reason(panel: Panel, *, do: Callable[[Action], None], close: Callable[[], None]) -> None:
    """Draws the question why the card is kept back or set aside."""
    hold = panel.kind is Opened.HOLD
    st.header("Keep this card back" if hold else "Set this card aside")
    st.text(
        "It stays here and is not sent, until somebody sends it."
        if hold
        else "It is kept and not sent. It can be put back at any time."
    )
    st.text_area("Why?", key=f"{panel.key}_reason", max_chars=LONGEST_REASON, height=80)
    if panel.complaint:
        st.error(panel.complaint)
    keys.focus(f"{panel.key}_reason", once=panel.key)
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Keep it back" if hold else "Set it aside",
            key="with_reason",
            type="primary",
            icon=":material/front_hand:" if hold else ":material/archive:",
            on_click=do,
            args=(Action.HOLD if hold else Action.SET_ASIDE,),
        )
        st.button("Not now", key="close", on_click=close)


def change(one: Change) -> None:
    """Draws what a field said and what it says, as `Mobile phone: (615) 555-01 → (615) 555-0123`."""
    old, new = (one_line(value, 200) or BLANK for value in (one.old, one.new))
    st.text(f"{one_line(name_of_field(one.field), 100)}: {old} → {new}")


def _theirs(
    panel: Panel,
    card: CardInFull,
    *,
    now: datetime,
    zone: ZoneInfo,
    names: Mapping[str, str],
    over: Callable[[], None],
    start_again: Callable[[], None],
) -> None:
    """Somebody else saved a revision meanwhile: who, when, what, and the two ways on."""
    newest, began = card.written, next((one for one in card.revisions if one.no == panel.base), None)
    if newest is None:
        return
    with st.container(border=True, gap="xsmall", key="conflict"):
        who, at = one_line(name_of(newest.by, names)), when(newest.at, now=now, zone=zone)
        st.text(f"{who} saved this card at {at}, while you were typing. What you typed is still here.")
        for one in changes_between(began.fields, newest.fields) if began else ():
            change(one)
        with st.container(horizontal=True, gap="small"):
            st.button("Save mine over it", key="over", icon=":material/save:", on_click=over)
            st.button("Take theirs and start again", key="theirs", on_click=start_again)


def _save(save: Callable[[], None]) -> None:
    st.button("Save", key="save", icon=":material/save:", type="primary", shortcut="Alt+S", on_click=save)
