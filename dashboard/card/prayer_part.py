"""The prayer request on a card's page: read on demand, by those who may, and each reading is noted."""

import streamlit as st

from dashboard import gate
from dashboard.card.visit import Visit
from dashboard.card.work import Desk, Told
from dashboard.components import states
from dashboard.navigation import EVERYBODY
from dashboard.reading import Trouble
from ghl.cards.story import CardInFull


class PrayerPart:
    """Behind a button; what was read is shown for this visit."""

    def __init__(self, visit: Visit, card: CardInFull) -> None:
        self._visit = visit
        self._place = visit.place
        self._card = card

    def draw(self) -> None:
        """Draws the part."""
        st.fragment(self._live)()

    def _live(self) -> None:
        still = gate.still(self._visit.viewer, *EVERYBODY, by_person=True)
        if isinstance(still, Trouble):
            return states.could_not_load("the prayer request", still.number)
        if not still.church.reads_prayers:
            self._place.hide_prayer()
            st.text("There is a prayer request. Only your prayer team can read it.")
            return None
        if self._place.prayer is None:
            st.button(
                "Read the prayer request", key="prayer", icon=":material/visibility:", on_click=self._read
            )
            if self._place.prayer_told:
                st.warning(self._place.prayer_told.text)
        else:
            with st.container(border=True, key="prayer_text"):
                st.text(self._place.prayer)
            st.button("Hide it", key="hide_prayer", icon=":material/visibility_off:", on_click=self._hide)
        st.text("That somebody read it is noted in the change log; the words are not.")
        return None

    def _read(self) -> None:
        """Reads it for this visit. A second press finds it read, so one reading is noted once."""
        place = self._place
        if place.prayer is not None or place.just_hidden(self._visit.now()):
            return
        reader = gate.acting(self._visit.viewer, *EVERYBODY)
        if isinstance(reader, gate.Refused):
            place.prayer_told, place.prayer = Told(good=False, text=reader.why), None
            return
        found = Desk(self._visit.hub, reader, self._card.id).prayer()
        place.prayer_told = found if isinstance(found, Told) else None
        place.prayer = None if isinstance(found, Told) else found

    def _hide(self) -> None:
        """Takes it off the screen; reading it again is another reading."""
        gate.used()
        self._place.hide_prayer(self._visit.now())
