"""What stands beside the form of a card: who is like it, what was typed before, what others saved meanwhile.

It draws only, from the desk; what visitors wrote is drawn as text only.
"""

from functools import partial

import streamlit as st

from dashboard.components.card_form import LABELS
from dashboard.desk.page import whole_name
from dashboard.formatting import esc, one_line, when
from dashboard.navigation import CARD, REVIEW, to_card
from dashboard.review import words
from dashboard.review.buttons import button
from dashboard.review.desk import Desk
from dashboard.review.hands import Hands
from dashboard.review.reviewing import OnTheDesk
from dashboard.seat import Seat
from ghl.cards.correct import changes_between
from ghl.cards.lookalikes import LikeCard, LikeContact


class Beside:
    """The questions and offers of one card. Each draws nothing where there is nothing to ask or to offer."""

    def __init__(self, seat: Seat, hands: Hands) -> None:
        self._seat = seat
        self._hands = hands

    def alike(self, desk: Desk, open_: OnTheDesk) -> None:
        """Who else has this phone or e-mail. The first question has the keys."""
        questions: list[LikeContact | LikeCard] = [*open_.alike.contacts, *open_.alike.cards]
        for place, like in enumerate(questions):
            if isinstance(like, LikeContact):
                self._like_contact(desk, open_, like, keys=place == 0)
            else:
                self._like_card(desk, like, keys=place == 0)

    def _like_contact(self, desk: Desk, open_: OnTheDesk, like: LikeContact, *, keys: bool) -> None:
        # Named by whom it is about: a second press can't be meant for the question that comes up next.
        named, hands = like.contact_id, self._hands
        with st.container(border=True, gap="xsmall", key=f"alike_{named}_{desk.form}"):
            fields = open_.card.fields
            st.text(words.like_contact(like, whole_name(fields.first_name, fields.last_name)))
            same, different = (partial(hands.decide, same=answer) for answer in (True, False))
            with st.container(horizontal=True):
                button(desk, "Same person", f"yes_{named}", same, like, key="Alt+Y" if keys else None)
                button(
                    desk, "Different people", f"no_{named}", different, like, key="Alt+N" if keys else None
                )

    def _like_card(self, desk: Desk, like: LikeCard, *, keys: bool) -> None:
        named, hands = like.id.hex, self._hands
        with st.container(border=True, gap="xsmall", key=f"alike_{named}_{desk.form}"):
            st.text(words.like_card(like, when(like.received_at, now=self._seat.now(), zone=self._seat.zone)))
            yes, no = "Same card: set this one aside", "Two different cards"
            with st.container(horizontal=True):
                button(desk, yes, f"yes_{named}", hands.same_card, like, key="Alt+Y" if keys else None)
                button(desk, no, f"no_{named}", hands.other_card, like, key="Alt+N" if keys else None)
                st.page_link(
                    CARD.path,
                    label=f"Open card #{like.number}",
                    query_params=to_card(like.number, back_to=REVIEW),
                )

    def draft(self, desk: Desk, open_: OnTheDesk) -> None:
        """That what stands in the fields was typed before, and the way back to the card as it is."""
        if open_.draft_at:
            at = when(open_.draft_at, now=self._seat.now(), zone=self._seat.zone)
            st.text(f"This is what you typed at {at}.")
            if open_.began is None:
                st.button("Start again from the card", on_click=self._hands.start_again, args=(desk.form,))

    def theirs(self, desk: Desk, open_: OnTheDesk) -> None:
        """Somebody saved the card meanwhile: who, when, what, and the two ways on."""
        if open_.began is None:
            return
        card = open_.card
        with st.container(border=True, gap="xsmall", key=f"conflict_{desk.form}"):
            at = when(card.written_at, now=self._seat.now(), zone=self._seat.zone)
            mine = card.written_by == self._seat.viewer.person.actor
            who = "You" if mine else self._seat.name(card.written_by)
            st.text(f"{who} saved this card at {at}, while it was open here. What you typed is still here.")
            for change in changes_between(open_.began, card.fields):
                old, new = (one_line(value, 200) or "nothing" for value in (change.old, change.new))
                name = LABELS.get(change.field, change.field).partition(",")[0]
                st.text(words.line(one_line(name, 100), f"{old} → {new}"))
            with st.container(horizontal=True, gap="small"):
                button(desk, "Save mine over it", "over", self._hands.over, icon=":material/save:")
                button(desk, "Take theirs and start again", "theirs", self._hands.start_again)

    def as_last(self, desk: Desk, open_: OnTheDesk) -> None:
        """Offers what the last card said where this one says nothing; what stands on the card is never replaced."""
        blank = desk.left_blank(open_)
        if blank:
            last = ", ".join(str(desk.kept[name]) for name in blank)
            button(
                desk,
                f"As on the last card: {esc(last)}",
                "as_last",
                self._hands.as_last,
                key="Alt+L",
                icon=":material/content_copy:",
            )
