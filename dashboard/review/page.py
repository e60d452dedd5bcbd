"""*Review new cards*: the next card as it came beside its form, mostly without the mouse.

A card is reserved for who has it open. Each change is kept as a draft and renews the reservation.
"""

from datetime import datetime, time

import streamlit as st

from dashboard import gate
from dashboard.components import states
from dashboard.desk.page import typist_at
from dashboard.formatting import cards, clock_time, number
from dashboard.gate import Viewer
from dashboard.navigation import ADD, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.review import reviewing, words
from dashboard.review.buttons import back_button, button
from dashboard.review.card import OpenCard
from dashboard.review.desk import Desk
from dashboard.review.hands import Hands
from dashboard.review.reviewing import OnTheDesk, Standing
from dashboard.review.tries import Tries
from dashboard.seat import Seat
from jobs.container import Container

LOOK_EVERY = 5.0
"""Seconds after which an empty page looks for new cards; with a card open nothing happens by itself."""


class ReviewPage:
    """The page for one person at one church; what they are at lies on their desk, in the session's memory."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._seat = Seat(hub, viewer, "review")
        self._typist = typist_at(self._seat)
        self._tries = Tries(self._seat, self._typist)
        self._hands = Hands(self._seat, self._typist, self._tries)
        self._card = OpenCard(self._seat, self._hands)

    def draw(self) -> None:
        """Draws the page. Where it is opened anew it begins with the card that this person has reserved."""
        desk = self._seat.desk(Desk) or self._set_up()
        if isinstance(desk, Trouble):
            return states.could_not_load("this page", desk.number)
        if desk.emptied():
            desk.lay(None)
        self._asked_for(desk)
        return st.fragment(self._live)()

    def _set_up(self) -> Desk | Trouble:
        database, now = self._seat.database, self._seat.now()
        offers = guarded(lambda: reviewing.offers(database, self._typist))
        if isinstance(offers, Trouble):
            return offers
        kept = guarded(lambda: reviewing.kept_from_before(database, self._typist, now=now))
        return self._seat.set_up(Desk(offers, kept={} if isinstance(kept, Trouble) else kept))

    def _asked_for(self, desk: Desk) -> None:
        """Opens the card that a link names, once."""
        wanted = st.query_params.get("number", "")
        if not wanted.isdecimal() or len(wanted) > 18 or wanted == desk.asked_for:
            return
        desk.asked_for = wanted
        if found := self._tries.open_number(desk, int(wanted)):
            desk.lay(found)

    def _live(self) -> None:
        still = gate.still(self._seat.viewer, *WRITERS, by_person=True)
        desk = self._seat.desk(Desk)
        if desk is None:
            return
        with states.loading("the next card", first=desk.at_hand is None):
            found = self._next(desk) if desk.at_hand is None else desk.at_hand
        if isinstance(found, Trouble):
            states.could_not_load("the next card", found.number)
            return
        if found is None:
            self._draw_said(desk)
            st.fragment(self._nothing_left, run_every=LOOK_EVERY)()
            if desk.trouble:
                st.error(f"That did not work just now. Try again; support number {desk.trouble}.")
            back_button(desk, self._hands.back)
            return
        if desk.at_hand is None:
            desk.lay(found)
        self._draw_said(desk)
        if desk.taken_by is not None:
            self._card.draw_taken(desk)
        else:
            self._card.draw(desk, found, number=still.number if isinstance(still, Trouble) else None)

    def _next(self, desk: Desk) -> OnTheDesk | Trouble | None:
        return guarded(
            lambda: reviewing.next_card(
                self._seat.database,
                self._typist,
                now=self._seat.now(),
                skipped=desk.skipped,
                settled=desk.settled,
            )
        )

    def _draw_said(self, desk: Desk) -> None:
        """What the last press did, and how far the church is."""
        with st.container(key="said", gap="xsmall"):
            shown = guarded(lambda: reviewing.standing(self._seat.database, self._typist))
            if desk.said:
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.text(desk.said, width="content")
                    if desk.undo:
                        button(desk, "Undo", "take_back", self._hands.take_back, icon=":material/undo:")
            if isinstance(shown, Standing) and shown.left:
                st.text(words.left(shown, self._seat.name))

    def _nothing_left(self) -> None:
        """No card for this person at the moment; it looks again by itself."""
        if isinstance(gate.still(self._seat.viewer, *WRITERS), Trouble):
            return None
        midnight = datetime.combine(self._seat.today(), time.min, self._seat.zone)
        shown = guarded(lambda: reviewing.standing(self._seat.database, self._typist, since=midnight))
        if isinstance(shown, Trouble):
            return states.could_not_load("the cards to review", shown.number)
        with st.container(border=True, gap="xsmall", key="nothing_left"):
            busy = sum(one.cards for one in shown.others)
            if shown.left > busy:
                st.text(f"{cards(shown.left - busy)} came in.")
                if st.button("Review now", type="primary", shortcut="Alt+S", key="review_now"):
                    gate.used()
                    st.rerun()
            elif busy:
                st.text(words.only_theirs(shown, busy, self._seat.name))
            else:
                st.text(f"All new cards are reviewed.{self._today(shown)}")
                st.page_link(ADD.path, label="Add a paper card", icon=":material/add_card:")
        return None

    def _today(self, shown: Standing) -> str:
        if not shown.today.last_at:
            return ""
        by, at = self._seat.name(shown.today.last_by), clock_time(shown.today.last_at, self._seat.zone)
        return f" {number(shown.today.cards)} today, the last by {by} at {at}."
