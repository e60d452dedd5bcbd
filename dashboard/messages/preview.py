"""How the words look on a real card: exactly what leaves, how long it is, and what keeps it from being published."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard.formatting import one_line
from dashboard.messages import words
from dashboard.messages.desk import Desk
from dashboard.messages.hands import Hands
from ghl.cards.fields import CardFields
from ghl.messages.appended import appended
from ghl.messages.lint import Problem
from ghl.messages.recent import RecentCard
from ghl.messages.render import Rendered, RenderError, render, values_of
from ghl.messages.segments import count
from ghl.messages.settings import MessagingRules
from ghl.statuses import Channel

MADE_UP = CardFields(
    first_name="Anna", last_name="Keller", service="Sunday 9 am", visit_date=date(2026, 11, 22)
)
"""A church without a card sees its words on this one."""


def draw_preview(
    desk: Desk,
    hands: Hands,
    cards: Sequence[RecentCard],
    *,
    church_name: str,
    rules: MessagingRules,
) -> None:
    """Draws it. What stands on the card is foreign text, and so are the words: neither is read as Markdown."""
    st.subheader("Preview", anchor=False)
    card = cards[desk.card % len(cards)] if cards else None
    fields = card.fields if card else MADE_UP
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="on_card"):
        st.text(_whose(card), width="stretch")
        if len(cards) > 1:
            st.button(
                "Another card",
                icon=":material/cached:",
                key="another_card",
                on_click=hands.another_card,
                args=(desk.form,),
            )
    channel, values = desk.opened.channel, values_of(fields, church_name, rules)
    try:
        shown, later = (
            render(desk.words(), values, channel=channel, first_text=first) for first in (True, False)
        )
    except RenderError:
        st.text("There is no preview yet. First mend what is marked.")
        return
    if channel is Channel.SMS:
        _draw_text(shown, later, church_name)
    else:
        _draw_mail(shown)


def draw_problems(found: Sequence[Problem]) -> None:
    """What keeps the words from being published, and what would be better."""
    for one in found:
        st.text(f"{'✗' if one.must else 'Better:'} {one_line(one.text, 400)}")
    if not any(one.must for one in found):
        st.text("✓ These words can be published.")


def _draw_text(shown: Rendered, later: Rendered, church_name: str) -> None:
    with st.container(border=True, key="preview_text"):
        st.text(shown.text)
    parts = count(shown.text)
    st.text(words.counted(parts))
    if said := words.costly(parts):
        st.text(said)
    st.text(words.costs(parts))
    if more := appended(later.text, church_name):
        st.text(
            "Your words don't say how to stop. So to somebody who got a text before, GoHighLevel may add:"
        )
        with st.container(border=True, key="preview_added"):
            st.text(more.strip())
        with_more = count(later.text + more).parts
        st.text(f"With that it is {with_more} {'part' if with_more == 1 else 'parts'}.")


def _draw_mail(shown: Rendered) -> None:
    with st.container(border=True, key="preview_mail"):
        st.text(f"Subject: {one_line(shown.subject, 300)}")
        # Made by `ghl.messages.render`: paragraphs and the church's own https links, all else escaped.
        st.html(shown.html)


def _whose(card: RecentCard | None) -> str:
    if card is None:
        return "No card has come yet: this one is made up."
    name = one_line(f"{card.fields.first_name} {card.fields.last_name}", 60) or "no name"
    return f"On card #{card.number}, {name}"
