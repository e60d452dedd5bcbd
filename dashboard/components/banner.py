"""The banner above every page of a church: drawn only while something is wrong, and kept true by itself."""

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import notices
from dashboard.reading import Trouble, guarded


def banner() -> None:
    """Draws the banner of the church at hand; its place is always there, so that the page below holds still."""

    @st.fragment(run_every=max(1.0, services.container().settings.page_refresh_seconds))
    def live() -> None:
        person = gate.who(by_person=False)
        if person is None or isinstance(person, Trouble) or person.church is None:
            return
        church = person.church
        now = guarded(lambda: services.situation(church.church_id))
        # Where the database does not answer, the page itself says so.
        if not isinstance(now, Trouble):
            notices.draw(notices.notice(now, role=church.role, zone=ZoneInfo(church.timezone)))

    live()
