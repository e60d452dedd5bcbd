"""One person at one church in one tab: where their desk stands, and what each of their presses asks first.

It holds nothing of what is done there, and neither draws nor saves.
"""

from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.formatting import one_line
from dashboard.gate import Viewer
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from ghl.people.names import name_of
from jobs.container import Container

Desk = TypeVar("Desk")


class Seat:
    """Who sits here, for which church, by which clock. `kind` tells their desks of several pages apart."""

    def __init__(self, hub: Container, viewer: Viewer, kind: str) -> None:
        self.hub = hub
        self.viewer = viewer
        self.database = hub.database
        self.church_id = viewer.church.church_id
        self.zone = ZoneInfo(viewer.church.timezone)
        self._place = f"{kind}_{viewer.person.user_id}_{self.church_id}"

    def desk(self, kind: type[Desk]) -> Desk | None:
        """The desk of this person in this tab, where there is one."""
        desk = st.session_state.get(self._place)
        return desk if isinstance(desk, kind) else None

    def set_up(self, desk: Desk) -> Desk:
        """Their desk is this one from now on."""
        st.session_state[self._place] = desk
        return desk

    def may(self) -> bool:
        """Whether this person may change something at this moment; counts as use of the session."""
        return not isinstance(gate.acting(self.viewer, *WRITERS), gate.Refused)

    def now(self) -> datetime:
        """The time by the hub's clock."""
        return self.hub.clock.now()

    def today(self) -> date:
        """The day on the church's wall."""
        return self.now().astimezone(self.zone).date()

    def wake(self) -> None:
        """Tells the workers that cards of this church are ready to go."""
        self.hub.background_waker.wake(self.church_id)

    def name(self, actor: str) -> str:
        """What somebody of this church is called, on one line."""
        names = guarded(lambda: services.names(self.church_id))
        return one_line(name_of(actor, {} if isinstance(names, Trouble) else names))
