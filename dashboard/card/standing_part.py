"""Where the card stands and what can be done with it, and what the buttons there do."""

from functools import partial

import streamlit as st

from dashboard import gate
from dashboard.card import facts
from dashboard.card.panel_part import PanelPart
from dashboard.card.visit import Circumstances, Visit
from dashboard.components import card_standing, states
from dashboard.formatting import one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import EVERYBODY
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action
from ghl.cards.outlook import outlook
from ghl.cards.story import CardInFull
from ghl.statuses import CardStatus


class StandingPart:
    """The top of the page, which refreshes itself. It begins the whole page anew where another part has to change."""

    def __init__(self, visit: Visit, card: CardInFull, panel: PanelPart, *, every: float) -> None:
        self._visit = visit
        self._place = visit.place
        self._card = card
        self._panel = panel
        self._every = every

    def draw(self) -> None:
        """Draws the part."""
        st.fragment(self._live, run_every=self._every)()

    def _live(self) -> None:
        if self._place.anew:
            # A click in here changed what stands elsewhere on the page.
            self._place.anew = False
            st.rerun()
        still = gate.still(self._visit.viewer, *EVERYBODY)
        if isinstance(still, Trouble):
            return states.could_not_load("the card", still.number)
        answer = guarded(self._visit.circumstances)
        if isinstance(answer, Trouble):
            return states.could_not_load("the card", answer.number)
        if answer.card is None:
            st.text("This card is no longer there.")
            return None
        with st.container(border=True, gap="small", key="standing"):
            self._draw(answer.card, answer, still)
        return None

    def _draw(self, found: CardInFull, around: Circumstances, still: Viewer) -> None:
        now, zone = self._visit.now(), self._visit.zone
        words = outlook(
            found,
            now=now,
            outage=around.outage,
            names=around.names,
            when=partial(when, now=now, zone=zone),
            reader=still.church.role,
        )
        card_standing.standing(found, words, now=now, zone=zone)
        on_it = guarded(lambda: self._visit.reviewer(found, around.names))
        if on_it and not isinstance(on_it, Trouble):
            st.text(f"{one_line(on_it, 40)} is on this one.")
        card_standing.contact_link(found)
        if self._visit.writes:
            card_standing.buttons(
                found,
                now=now,
                unfinished=self._place.unfinished,
                sent=self._place.sent,
                do=self._do,
                open_panel=self._panel.open,
            )
        self._told()
        if self._elsewhere(found):
            st.rerun()
        if found.revision != self._place.drawn:
            st.button("Somebody corrected this card: show it as it is now", key="newer", on_click=self._newer)

    def _told(self) -> None:
        """What the last click came to. The words are ours."""
        place = self._place
        if place.told and place.told_at:
            at = when(place.told_at, now=self._visit.now(), zone=self._visit.zone)
            (st.success if place.told.good else st.warning)(f"{at}: {place.told.text}")

    def _elsewhere(self, found: CardInFull) -> bool:
        """Whether the card has moved on in a way that other parts of the page show."""
        place = self._place
        if bool(facts.doubts(found)) is not place.doubtful:
            # A question came up or was answered: another part of the page begins or ends with it.
            return True
        # What goes is now what went. Where nothing is being typed, nothing can be lost.
        arrived = found.state.status is CardStatus.SYNCED and place.drawn_as is not found.state.status
        return arrived and not place.panel

    def _do(self, action: Action) -> None:
        """What needs no reason."""
        if self._place.click.second():
            return
        if works := self._visit.at_work(self._card.id):
            came = works.do(action)
            self._place.click.counts()
            self._place.sent = came.good and action is Action.SEND_NOW
            self._visit.say(came)

    def _newer(self) -> None:
        """The whole page begins anew, with the card as somebody else saved it."""
        self._visit.at_work(self._card.id)
