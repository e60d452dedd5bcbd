"""What a list doesn't say and its person does: what stands for all cards, and to what people said yes.

It draws and writes down on the desk; it reads and saves nothing.
"""

from functools import partial

import streamlit as st

from dashboard.components import keys
from dashboard.upload import words
from dashboard.upload.desk import Desk
from dashboard.upload.hands import Hands
from dashboard.upload.pieces import choice, field
from ghl.cards.fields import EARLIEST_DAY, LAST_DAY, LENGTHS
from ghl.cards.find import Choices as Known
from ghl.cards.import_preview import Preview


def options(desk: Desk, shown: Preview, known: Known) -> None:
    """Draws what holds for cards that don't say it, with what is `known` to choose from, and where they go."""
    choices = desk.choices
    with st.container(border=True, key="options", gap="small"):
        st.header("For cards that don't say it", anchor=False)
        service, campus, day = st.columns(3)
        with service:
            choices.service = _short_text(desk, "service", "Service", choices.service)
        with campus:
            choices.campus = _short_text(desk, "campus", "Campus", choices.campus)
        with day:
            choices.visit_date = field(
                desk,
                "visit_date",
                choices.visit_date,
                partial(
                    st.date_input,
                    "Date on the card",
                    value=None,
                    format="MM/DD/YYYY",
                    min_value=EARLIEST_DAY,
                    max_value=LAST_DAY,
                ),
            )
        keys.offer(f"{desk.form}_service", known.services)
        keys.offer(f"{desk.form}_campus", known.campuses)
        if shown.review_all:
            st.text("Your church reviews every new card first, so these wait in To review.")
            return
        ways = {False: "Send them to GoHighLevel at once", True: "Put them into To review first"}
        label = "What happens to the new cards?"
        choices.review = choice(desk, "review", choices.review, label, ways, draw=st.radio)


def consent(desk: Desk, shown: Preview, own_words: str, hands: Hands) -> None:
    """Draws to what people said yes, and where; `own_words` are those of the church's own card."""
    choices = desk.choices
    with st.container(border=True, key="consent", gap="small"):
        st.header("May we text and e-mail them?", anchor=False)
        with st.container(gap=None):
            st.text(words.consent("Texts", shown.texts))
            st.text(words.consent("E-mails", shown.emails))
        if not (shown.texts.yes_without_words or shown.emails.yes_without_words):
            return
        st.text(
            "The list doesn't say what people said yes to. It is kept with their yes, as the proof of it."
        )
        choices.wording = field(
            desk,
            "wording",
            choices.wording,
            partial(
                st.text_area,
                "What did the box say?",
                max_chars=LENGTHS["consent_wording"],
                height=110,
                disabled=choices.no_words,
                placeholder="Yes, our church may text me about my visit …",
            ),
        )
        if own_words and not choices.wording and not choices.no_words:
            st.button(
                "It was our own card: use its words",
                key=f"{desk.form}_own",
                on_click=hands.use_words,
                args=(desk.form, own_words),
            )
        choices.no_words = field(
            desk, "no_words", choices.no_words, partial(st.checkbox, "Nobody knows the words any more")
        )
        if choices.no_words:
            st.text("Their yes is kept without words. It proves less, if anybody asks.")
        places = {"": "Not known", **{place: place for place in words.WHERE}}
        choices.where = choice(desk, "where", choices.where, "Where did they say yes?", places)


def _short_text(desk: Desk, name: str, label: str, before: str) -> str:
    draw = partial(st.text_input, label, max_chars=LENGTHS[name], autocomplete="off")
    return str(field(desk, name, before, draw))
