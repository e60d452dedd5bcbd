"""Who is it: the card beside the people whom GoHighLevel has, as they are now, and the three answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.card.facts import Doubt, Line
from dashboard.card.looking import Told
from dashboard.components.lines import lines
from dashboard.formatting import esc, one_line

NARROW = 90
"""Three people beside each other leave little room for the labels."""


@dataclass(frozen=True)
class Answers:
    """What the buttons do. `without` and `then` say what the card goes without if it is somebody else."""

    same: Callable[[str], None]
    different: Callable[[], None] | None
    not_sure: Callable[[], None] | None
    anew: Callable[[str], None]
    name: str
    without: str
    then: str


def question(
    on_card: Sequence[Line],
    asked: Sequence[Doubt],
    told: Told,
    *,
    answers: Answers | None,
    again: Callable[[], None],
    address: Callable[[str], str] | None,
) -> None:
    """Draws the card beside whom GoHighLevel has, and the answers; a reader who may not answer gets none.

    `address` says where GoHighLevel shows a contact; None where there is no real one.
    """
    with st.container(border=True, key="doubt", gap="small"):
        st.header("Is it the same person?" if len(asked) == 1 else "Who is it?", anchor=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="doubt_age"):
            if told.busy:
                st.markdown(":material/sync:", width="content")
            st.text(one_line(told.text, 400), width="content")
            if told.again:
                st.button("Look again", key="look_again", icon=":material/refresh:", on_click=again)
        places = st.columns(1 + len(asked), gap="medium")
        with places[0]:
            st.markdown("**The card says**")
            lines(on_card, key="doubt_card", label_width=NARROW)
        for number, (doubt, place) in enumerate(zip(asked, places[1:], strict=True)):
            with place:
                _person(doubt, number, told, answers, alone=len(asked) == 1)
                if address and not doubt.gone:
                    st.link_button(
                        f"Open {esc(doubt.called, 40) or 'the contact'} in GoHighLevel",
                        address(doubt.contact_id),
                        key=f"open_{number}",
                        icon=":material/open_in_new:",
                    )
        if answers:
            _answers(asked, answers)


def _person(doubt: Doubt, number: int, told: Told, answers: Answers | None, *, alone: bool) -> None:
    st.markdown("**GoHighLevel has**" if told.answer else "**We knew of GoHighLevel**")
    if doubt.gone:
        st.text(
            f"{one_line(doubt.name) or 'This contact'} is no longer in GoHighLevel: merged or removed there."
        )
        st.text("Let the card go again: we look anew who has this phone and e-mail. Nobody is there twice.")
        if answers:
            st.button(
                "Look anew and send",
                key=f"anew_{number}",
                icon=":material/person_search:",
                on_click=answers.anew,
                args=(doubt.contact_id,),
            )
        return
    lines(doubt.lines, key=f"doubt_{number}", label_width=NARROW)
    if answers and not alone:
        _same(doubt, number, answers)


def _answers(asked: Sequence[Doubt], answers: Answers) -> None:
    alone = len(asked) == 1
    there = [doubt for doubt in asked if not doubt.gone]
    if not there:
        return
    with st.container(horizontal=True, gap="small", key="doubt_answers"):
        if alone:
            _same(asked[0], 0, answers)
        if answers.different:
            st.button(
                f"Someone else: add {esc(answers.name, 40)} without this {answers.without}",
                key="different",
                wrap=True,
                icon=":material/person_add:",
                on_click=answers.different,
            )
        if answers.not_sure:
            st.button(
                "Not sure: keep it here", key="not_sure", icon=":material/help:", on_click=answers.not_sure
            )
    with st.container(gap="xxsmall", key="doubt_then"):
        whose = f"{one_line(there[0].called, 40)}'s name" if alone and there[0].called else "The name"
        st.text(f"Same person: the card goes into that contact. {whose} in GoHighLevel stays as it is.")
        if answers.different:
            st.text(f"Someone else: {answers.then}")
        if answers.not_sure:
            st.text("Not sure: nothing is sent. What is decided here is remembered and not asked again.")


def _same(doubt: Doubt, number: int, answers: Answers) -> None:
    called = esc(doubt.called, 40) or "this contact"
    st.button(
        f"Same person: update {called}",
        key=f"same_{number}",
        wrap=True,
        icon=":material/person_check:",
        on_click=answers.same,
        args=(doubt.contact_id,),
    )
