"""A card as it came beside its form, with what can be done with it. It draws only, and visitors' words as text only."""

from functools import partial

import streamlit as st

from dashboard.components import keys
from dashboard.components.card_form import LABELS, LINES, SELDOM, card_form, sealed_values, start_values
from dashboard.components.held import held
from dashboard.formatting import one_line, when
from dashboard.review import words
from dashboard.review.beside import Beside
from dashboard.review.buttons import back_button, button
from dashboard.review.desk import Asking, Desk
from dashboard.review.hands import Hands, welcome_key
from dashboard.review.reviewing import OnTheDesk
from dashboard.seat import Seat
from ghl.cards.fields import COLUMNS
from ghl.statuses import CardStatus


class OpenCard:
    """The card at hand."""

    def __init__(self, seat: Seat, hands: Hands) -> None:
        self._seat = seat
        self._hands = hands
        self._beside = Beside(seat, hands)

    def draw(self, desk: Desk, open_: OnTheDesk, *, number: str | None) -> None:
        """Draws the card; `number` is the support number where the session could not be looked at."""
        # What comes and goes has a place of its own: fields that moved would be drawn anew and lose the caret.
        with st.container(key="alike"):
            self._beside.alike(desk, open_)
        with st.container(key="draft", horizontal=True, vertical_alignment="center"):
            self._beside.draft(desk, open_)
        with st.container(key="theirs"):
            self._beside.theirs(desk, open_)
        left, right = st.columns([2, 3], gap="medium")
        with left:
            self._as_it_came(open_)
        with right:
            with st.container(key="kept"):
                self._beside.as_last(desk, open_)
            self._form(desk, open_)
        desk.drawn = True
        number = number or desk.trouble
        if number:
            st.error(
                "The card isn't saved yet, and everything you typed is still here. "
                f"Try again; if it stays, tell support the number {number}."
            )
        if desk.asking:
            self._reason(desk, desk.asking)
        else:
            self._buttons(desk, open_, again=bool(number))
        desk.seen()
        keys.focus(f"{desk.form}_{desk.focus}", once=f"{desk.form}{desk.focused}")

    def draw_taken(self, desk: Desk) -> None:
        """Draws that somebody else has the card now, in its place."""
        with st.container(border=True, gap="xsmall"):
            st.text(str(desk.taken_by))
            st.text("What you typed is kept for you: you find it when you open that card again.")
            button(desk, "Next card", "on", self._hands.go_on, key="Alt+S", first=True)
        desk.seen()

    def _as_it_came(self, open_: OnTheDesk) -> None:
        """What was written on the card, in the order of the card."""
        card = open_.card
        with st.container(border=True, gap="xxsmall", key=f"came_{card.id}"):
            came = when(card.received_at, now=self._seat.now(), zone=self._seat.zone)
            st.text(f"Card #{card.number}, {words.CAME[card.source]}, {came}", width="stretch")
            if card.status is not CardStatus.TO_REVIEW:
                st.text(words.reviewed_before(card, self._seat.name))
            said = start_values(card.came)
            for name in (*(name for line in LINES for name in line), *SELDOM):
                if name in said:
                    st.text(words.line(LABELS[name].partition(",")[0], words.in_words(name, said[name])))
            for question, answer in said.items():
                if question not in COLUMNS:
                    st.text(words.line(one_line(question, 200), str(answer)))
            if card.has_prayer:
                st.text("A prayer request is kept with this card, for those who may read it.")

    def _form(self, desk: Desk, open_: OnTheDesk) -> None:
        card_form(
            desk.form,
            open_.start,
            services=desk.offers.services,
            campuses=desk.offers.campuses,
            prayer="hidden",
            problems=desk.problems,
            sealed=sealed_values(open_.card.source, open_.card.fields),
            number=open_.number,
            on_change=partial(self._hands.changed, desk.form),
        )

    def _buttons(self, desk: Desk, open_: OnTheDesk, *, again: bool) -> None:
        hands = self._hands
        corrects = open_.card.status is not CardStatus.TO_REVIEW
        if not corrects:
            # Off for each card anew: nobody is texted because of a tick that was left from the last one.
            key = welcome_key(desk.form)
            st.checkbox(
                "Send the welcome text and e-mail",
                value=bool(st.session_state.get(key)),
                key=key,
            )
        with st.container(horizontal=True, key="actions"):
            if open_.began is None:
                save = "Save the correction" if corrects else "Save & next"
                label = "Try again" if again else save
                button(desk, label, "save", hands.save, key="Alt+S", icon=":material/save:", first=True)
            else:
                st.text("This card was saved meanwhile: choose above which it shall be.", width="content")
            leave = "On to the next card" if corrects else "Skip for now"
            button(desk, leave, "skip", hands.skip, key="Alt+K")
            back_button(desk, hands.back)
            if open_.began is not None:
                return
            if not corrects:
                button(desk, "Keep back", "hold", hands.ask, Asking.KEEP_BACK, key="Alt+H")
                button(desk, "Can't read this", "unreadable", hands.ask, Asking.UNREADABLE, key="Alt+U")
                button(desk, "Set aside", "aside", hands.ask, Asking.SET_ASIDE, key="Alt+X")
            kept_back = words.is_kept_back(open_.card)
            if kept_back:
                send = partial(hands.save, send=True)
                button(desk, "Save and send it now", "send", send, key="Alt+G")
            if kept_back or open_.card.status is CardStatus.DISMISSED:
                button(desk, "Put back", "put_back", hands.put_back, key="Alt+P")

    def _reason(self, desk: Desk, asking: Asking) -> None:
        """Asks why, in place of the buttons; the same key that opened it does it."""
        aside = asking is Asking.SET_ASIDE
        with st.container(border=True, key="reason_box"):
            st.text_input(
                "Why is this card set aside?" if aside else "Why is this card kept back?",
                value=held(f"{desk.form}_reason"),
                key=f"{desk.form}_reason",
                autocomplete="off",
                live="1s",
            )
            if desk.reason_missing:
                st.error("Write a few words: somebody will ask one day.")
            with st.container(horizontal=True):
                do = "Set it aside" if aside else "Keep it back"
                button(desk, do, "do", self._hands.put_away, asking.action, key=asking.value, first=True)
                button(desk, "Go on with the card", "undo", self._hands.ask, None)
