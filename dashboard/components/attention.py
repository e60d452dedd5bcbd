"""The groups of *Needs attention*, their rows, the fields that are mended, and retries of many. It draws only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.attention import asked, words
from dashboard.attention.desk import Aside, Ask, Mending
from dashboard.card_list import Errand, offered
from dashboard.clicks import Said
from dashboard.components import keys
from dashboard.components.badges import badge
from dashboard.components.card_form import HINTS, LABELS, LIVE
from dashboard.components.card_panel import change
from dashboard.components.card_rows import occasion, tried
from dashboard.components.number_question import ask_number
from dashboard.formatting import cards, esc, one_line
from dashboard.navigation import ATTENTION, CARD, to_card
from dashboard.reading import Trouble
from ghl.attention.mend import Looked
from ghl.attention.retries import Progress
from ghl.cards.actions import Action
from ghl.cards.counts import FOR_PEOPLE
from ghl.cards.fields import LENGTHS
from ghl.cards.view import CardRow
from ghl.causes import WHO_ACTS, cause, to_be_mended
from ghl.statuses import CardStatus, RetryState
from ghl.support import support_number

LONGEST_REASON = 500


@dataclass(frozen=True)
class Doing:
    """What can be done in a row, and what was done before: a row stays where it is and says so."""

    press: Callable[[UUID, Action], None]
    open_mend: Callable[[UUID], None]
    open_aside: Callable[[UUID], None]
    said: Mapping[UUID, Said]
    mending: Mending | None
    aside: Aside | None
    mend: Callable[[Mending], None]
    set_aside: Callable[[Aside], None]


def row(card: CardRow, doing: Doing, *, now: datetime, zone: ZoneInfo) -> None:
    """Draws a card, and below it what is open for it."""
    with st.container(border=True, key=f"row_{card.id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(width=250, gap=None, key=f"who_{card.id}"):
                st.page_link(
                    CARD.path,
                    label=esc(card.name) or "No name",
                    query_params=to_card(card.number, back_to=ATTENTION),
                )
                st.text(f"#{card.number} · {words.stopped(card.stands_since, now=now, zone=zone)}")
                if line := occasion(card):
                    st.text(line)
            with st.container(width="stretch", gap="xxsmall", key=f"why_{card.id}"):
                if card.status not in FOR_PEOPLE:
                    badge(card.status)
                st.text(one_line(_without_who(card.why), 400))
                if line := tried(card, now=now, zone=zone):
                    st.text(line)
                if card.status is CardStatus.NEEDS_ATTENTION and cause(card.cause or "").who == "support":
                    st.text(f"Number for support: {support_number(card.id)}")
            _buttons(card, doing)
        if doing.mending and doing.mending.found.card_id == card.id:
            doing.mend(doing.mending)
        if doing.aside and doing.aside.card_id == card.id:
            doing.set_aside(doing.aside)


def _buttons(card: CardRow, doing: Doing) -> None:
    """The row's buttons. What was pressed stays and says what it did, and keeps the focus of who came by keyboard."""
    said, to_do = doing.said.get(card.id), offered(card)
    waits = card.status in FOR_PEOPLE
    with st.container(
        width=330, horizontal=True, horizontal_alignment="right", gap="small", key=f"act_{card.id}"
    ):
        if waits and card.status is CardStatus.NEEDS_ATTENTION and to_be_mended(card.cause):
            st.button(
                "Mend",
                key=f"open_{card.id}",
                icon=":material/build:",
                on_click=doing.open_mend,
                args=(card.id,),
            )
        if said and (not waits or not isinstance(to_do, Action)):
            _said(card, said, doing)
        elif isinstance(to_do, Action) and (waits or card.status is CardStatus.DISMISSED):
            label, icon = _wording(card, to_do)
            st.button(label, key=f"do_{card.id}", icon=icon, on_click=doing.press, args=(card.id, to_do))
        elif to_do is Errand.DECIDE:
            _to_card(card, "Decide", "help")
        if waits and _corrected_on_card(card):
            _to_card(card, "Correct it", "edit", correct=True)
        if waits:
            st.button(
                "Set aside",
                key=f"aside_{card.id}",
                icon=":material/archive:",
                on_click=doing.open_aside,
                args=(card.id,),
            )


def _corrected_on_card(card: CardRow) -> bool:
    """Whether people mend something that no field is named for: then the whole card is theirs to correct."""
    entry = cause(card.cause or "")
    return card.status is CardStatus.NEEDS_ATTENTION and entry.who == "staff" and not entry.fields


def _to_card(card: CardRow, label: str, icon: str, *, correct: bool = False) -> None:
    st.page_link(
        CARD.path,
        label=label,
        icon=f":material/{icon}:",
        query_params=to_card(card.number, back_to=ATTENTION, correct=correct),
        width="content",
    )


def _said(card: CardRow, said: Said, doing: Doing) -> None:
    if card.status is CardStatus.DISMISSED:
        st.button(
            "Undo",
            key=f"do_{card.id}",
            icon=":material/undo:",
            on_click=doing.press,
            args=(card.id, Action.PUT_BACK),
        )
    else:
        st.button(said.words, key=f"do_{card.id}", icon=":material/check:")


def _wording(card: CardRow, action: Action) -> tuple[str, str]:
    if card.status is CardStatus.DISMISSED:
        return "Undo", ":material/undo:"
    if action is Action.PUT_BACK:
        return "Let it go on", ":material/send:"
    if card.status is CardStatus.HELD:
        return "Send it", ":material/send:"
    return "Retry", ":material/replay:"


def _without_who(told: str) -> str:
    """The reason alone: who acts stands above the group."""
    for ending in WHO_ACTS.values():
        told = told.removesuffix(f" {ending}")
    return told


def mend(
    open_: Mending, looked: Looked, *, save: Callable[[], None], close: Callable[[], None], first: bool
) -> None:
    """Draws the fields that are to be mended, what the change is, and what still is in the way."""
    with st.container(key=f"mending_{open_.found.card_id}", gap="small"):
        with st.container(horizontal=True, gap="small"):
            for name in open_.found.fields:
                st.text_input(
                    LABELS[name],
                    value=open_.start(name),
                    key=open_.key(name),
                    max_chars=LENGTHS[name],
                    placeholder=HINTS.get(name),
                    autocomplete="off",
                    live=LIVE,
                    width=340,
                )
        keys.focus(open_.key(open_.found.fields[0]), once=open_.serial)
        if looked.asks:
            ask_number(open_.form, looked.asks)
        for one in looked.changes:
            change(one)
            if sent := looked.sent.get(one.field):
                st.text(f"It goes as {one_line(sent, 100)}.")
        if looked.problem and not first:
            st.text(one_line(looked.problem, 400))
        if open_.complaint:
            st.warning(open_.complaint, icon=":material/edit_note:")
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Save and retry",
                key=f"save_{open_.serial}",
                type="primary",
                icon=":material/replay:",
                on_click=save,
            )
            st.button("Not now", key=f"close_{open_.serial}", on_click=close)
        st.text(
            "What stood there before is kept. What this person said about texts and e-mail stays as it is."
        )


def set_aside(open_: Aside, *, save: Callable[[], None], close: Callable[[], None]) -> None:
    """Draws the question why a card is set aside."""
    with st.container(key=f"set_aside_{open_.card_id}", gap="small"):
        st.text("It is kept and not sent. It can be put back at any time.")
        st.text_input(
            "Why is it set aside?", key=open_.key, max_chars=LONGEST_REASON, autocomplete="off", live=LIVE
        )
        keys.focus(open_.key, once=open_.serial)
        if open_.complaint:
            st.warning(open_.complaint, icon=":material/edit_note:")
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Set it aside",
                key=f"save_{open_.serial}",
                type="primary",
                icon=":material/archive:",
                on_click=save,
            )
            st.button("Not now", key=f"close_{open_.serial}", on_click=close)


def question(
    ask: Ask, look: Callable[[], None], *, confirm: Callable[[], None], never_mind: Callable[[], None]
) -> None:
    """Draws the inside of the dialog: what would happen, and the two ways out. `look` finds it out, once."""
    if ask.plan is None:
        with st.spinner("Counting…"):
            look()
    if ask.plan is None or isinstance(ask.plan, Trouble):
        number = ask.plan.number if isinstance(ask.plan, Trouble) else ""
        st.text(f"We couldn't look at the cards. Nothing was changed. Tell support the number {number}.")
        st.button("Close", key="retry_never_mind", on_click=never_mind)
        return
    for line in words.foreseen(ask.plan, ask.shown):
        st.text(line)
    if ask.complaint:
        st.error(ask.complaint, icon=":material/error:")
    if not ask.plan.going:
        st.button("Close", key="retry_never_mind", on_click=never_mind)
        return
    with st.container(horizontal=True, gap="small"):
        st.button(
            f"Retry {cards(ask.plan.going)}",
            key="retry_confirm",
            type="primary",
            icon=":material/replay:",
            on_click=confirm,
        )
        st.button("Not now", key="retry_never_mind", on_click=never_mind)


def running(
    run: Progress, *, names: Mapping[str, str], now: datetime, zone: ZoneInfo, stop: Callable[[UUID], None]
) -> None:
    """Draws a retry that is under way."""
    with st.container(border=True, key=f"run_{run.id}", gap="xsmall"):
        st.text(words.asked_by(run, asked.in_words(run.wanted, zone=zone), now=now, zone=zone, names=names))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            share = min(1.0, run.done / run.total) if run.total else 0.0
            st.progress(share, text=words.under_way(run), width="stretch")
            st.button(
                "Stop",
                key=f"stop_{run.id}",
                icon=":material/stop_circle:",
                on_click=stop,
                args=(run.id,),
                disabled=run.state is not RetryState.RUNNING,
            )


def just_over(run: Progress, *, names: Mapping[str, str], now: datetime, zone: ZoneInfo) -> None:
    """Draws what came of a retry a moment ago."""
    with st.container(border=True, key=f"over_{run.id}", gap="xsmall"):
        st.text(words.asked_by(run, asked.in_words(run.wanted, zone=zone), now=now, zone=zone, names=names))
        st.text(words.outcome(run, now=now, zone=zone, names=names))


def history(runs: Sequence[Progress], *, names: Mapping[str, str], now: datetime, zone: ZoneInfo) -> None:
    """Draws the last retries: who, what, and what came of it."""
    for run in runs:
        with st.container(key=f"past_{run.id}", gap=None):
            st.text(
                words.asked_by(run, asked.in_words(run.wanted, zone=zone), now=now, zone=zone, names=names)
            )
            st.text(words.outcome(run, now=now, zone=zone, names=names))
