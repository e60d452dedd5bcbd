"""May we text this card's person? One line for texts and one for e-mails, above a card or anywhere else."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.components.badges import Colour
from dashboard.consent.asking import (
    CHANGED,
    NOT_YET_ASKED,
    Told,
    changed_since,
    no_contact,
    worth_asking,
)
from dashboard.consent.words import answer_line, lifted_line, other_line, question
from dashboard.navigation import CARD, PERSON, to_card
from dashboard.reading import Trouble, guarded
from ghl.consent import ask
from ghl.consent.ask import NOT_ASKED, Answer, Person
from ghl.consent.reasons import Reason
from ghl.db.engine import Database
from ghl.statuses import Channel, ConsentKind

PLURAL = {Channel.SMS: "Texts", Channel.EMAIL: "E-mails"}
YES: tuple[str, Colour] = (":material/check_circle:", "green")
NO: tuple[str, Colour] = (":material/do_not_disturb_on:", "red")

COLOURS: Mapping[ConsentKind, Colour] = {
    ConsentKind.YES: "green",
    ConsentKind.NO: "red",
    ConsentKind.STOP: "red",
    ConsentKind.ASKED: "orange",
    ConsentKind.UNKNOWN: "gray",
}
"""Of each thing that was said; its word stands beside it."""


def card_answer(
    database: Database,
    church_id: UUID,
    card_id: UUID,
    *,
    now: datetime,
    zone: ZoneInfo,
    confirm: Callable[[], None] | None = None,
    told: Told | None = None,
    ask_anew: Callable[[], None] | None = None,
) -> frozenset[Channel]:
    """Reads and draws the answers for the person of one card, with the way to all that was said. Draws its own trouble.

    `told` is what came of asking GoHighLevel, and `ask_anew` asks it; None where that is not offered.
    Returns the channels for which the answer is yes.
    """

    def read() -> Person | None:
        with database.church(church_id) as session:
            return ask.of_card(session, church_id, card_id, there=told.there if told else NOT_ASKED, now=now)

    person = guarded(read)
    if isinstance(person, Trouble):
        st.text(f"We couldn't look whether this person may be texted. Support number {person.number}.")
        return frozenset()
    if person is not None:
        with st.container(gap="xxsmall", key=f"may_we_{card_id.hex}"):
            draw_answers(person, zone=zone, key=card_id.hex, confirm=confirm)
            if told is not None and ask_anew is not None and (told.there or worth_asking(person)):
                draw_told(told, person, key=card_id.hex, ask_anew=ask_anew)
            st.page_link(
                PERSON.path,
                label="All that was said, and a receipt",
                icon=f":material/{PERSON.icon}:",
                query_params={"number": str(person.number)},
                width="content",
            )
    return frozenset(one.channel for one in person.answers if one.yes) if person else frozenset()


def draw_answers(
    person: Person, *, zone: ZoneInfo, key: str, confirm: Callable[[], None] | None = None
) -> None:
    """Draws a line an address: the badge, the question and why. Names in it are people's, so it is plain text.

    `confirm` says that the corrected number is the one on the card; None for those who only read.
    """
    if not person.answers:
        st.text("No: there is no phone and no e-mail that can be written to.")
    for answer in person.answers:
        one_answer(answer, name=person.first_name, zone=zone, key=f"{key}_{answer.channel}")
        if answer.verdict.reason is Reason.NUMBER_UNCHECKED:
            _number_to_check(person, answer, key=f"{key}_{answer.channel}", confirm=confirm)


def _number_to_check(person: Person, answer: Answer, *, key: str, confirm: Callable[[], None] | None) -> None:
    """Draws the way to say that the number is the one on the card: here, or on the card that was corrected last."""
    on = answer.said.number if answer.said else None
    if on is not None and on != person.number:
        st.page_link(
            CARD.path,
            label=f"The number was corrected on card #{on}",
            icon=f":material/{CARD.icon}:",
            query_params=to_card(on),
            width="content",
        )
    elif confirm is not None:
        st.button(
            "Yes, this is the number on the card",
            key=f"number_{key}",
            icon=":material/fact_check:",
            on_click=confirm,
        )


def one_answer(answer: Answer, *, name: str, zone: ZoneInfo, key: str) -> None:
    """Draws one answer: `May we text Anna? Yes: …`"""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"answer_{key}"):
        icon, colour = YES if answer.yes else NO
        st.badge(PLURAL[answer.channel], icon=icon, color=colour)
        about = answer.purpose if answer.others else ""
        st.text(
            f"{question(answer.channel, name, about)} {answer_line(answer, name=name, zone=zone)}",
            width="stretch",
        )
    for purpose, verdict in answer.others.items():
        st.text(f"{question(answer.channel, name, purpose)} {other_line(verdict, name=name, zone=zone)}")
    for line in (lifted_line(answer, name=name, zone=zone), no_contact(answer)):
        if line:
            st.text(line)


def draw_told(told: Told, person: Person, *, key: str, ask_anew: Callable[[], None]) -> None:
    """Draws whether GoHighLevel was asked, and the way to ask it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"from_ghl_{key}"):
        st.text(CHANGED if changed_since(person, told.there) else told.text, width="stretch")
        if told.again:
            st.button(
                "Ask GoHighLevel again" if told.text != NOT_YET_ASKED else "Ask GoHighLevel now",
                key=f"ask_{key}",
                icon=":material/refresh:",
                on_click=ask_anew,
            )
