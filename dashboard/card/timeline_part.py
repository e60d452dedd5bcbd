"""What happened to a card, and what comes next."""

from collections.abc import Callable

import streamlit as st

from dashboard import gate
from dashboard.card.visit import Circumstances, Visit
from dashboard.components import states
from dashboard.components.timeline import timeline as draw_timeline
from dashboard.navigation import EVERYBODY
from dashboard.reading import Trouble, guarded
from ghl.cards.timeline import timeline
from ghl.messages.story import MessageStory
from ghl.messages.timeline import message_events


class TimelinePart:
    """The story of the card and of its messages, which refreshes itself."""

    def __init__(self, visit: Visit, messages: Callable[[], MessageStory], *, every: float) -> None:
        self._visit = visit
        self._messages = messages
        self._every = every

    def draw(self) -> None:
        """Draws the part."""
        st.fragment(self._live, run_every=self._every)()

    def _live(self) -> None:
        still = gate.still(self._visit.viewer, *EVERYBODY)
        answer = still if isinstance(still, Trouble) else guarded(self._read)
        if isinstance(answer, Trouble):
            return states.could_not_load("what happened", answer.number)
        around, told_of_messages = answer
        if around.card is None:
            return None
        now, zone, place = self._visit.now(), self._visit.zone, self._visit.place
        besides = message_events(told_of_messages, names=around.names)
        events = timeline(around.card, now=now, names=around.names, outage=around.outage, besides=besides)
        folded = draw_timeline(events, now=now, zone=zone, whole=place.whole)
        if folded:
            st.button(f"Show all {len(events)} steps", key="whole", on_click=self._unfold)
        if around.card.more_tries:
            st.text("Earlier tries are not listed.")
        return None

    def _read(self) -> tuple[Circumstances, MessageStory]:
        return self._visit.circumstances(), self._messages()

    def _unfold(self) -> None:
        """Shows the whole story."""
        gate.used()
        self._visit.place.whole = True
