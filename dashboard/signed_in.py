"""The list of somebody's own sessions, and the buttons that end them. It never shows another person's."""

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate
from dashboard.components import states
from dashboard.formatting import ago, when
from dashboard.reading import Trouble, guarded
from ghl.people import sessions
from ghl.people.browsers import in_words
from ghl.people.policy import IDLE_LIFE, SESSION_LIFE, SignedIn
from ghl.people.sessions import MOST_OPEN, OpenSession
from jobs.container import Container

TOLD = "signed_in_told"
ONE_CHURCH = "You came in by a link for one church: your other browsers are ended from a sign-in of your own."


class SignedInPage:
    """The page of one person."""

    def __init__(self, hub: Container, person: SignedIn) -> None:
        self._hub = hub
        self._person = person
        self._zone = ZoneInfo(person.church.timezone) if person.church else ZoneInfo("UTC")

    def draw(self) -> None:
        """Draws the list."""
        found = guarded(
            lambda: sessions.open_sessions(
                self._hub.database, self._person.user_id, gate.token(), clock=self._hub.clock
            )
        )
        if isinstance(found, Trouble):
            states.could_not_load("where you are signed in", found.number)
            return
        if self._person.one_church:
            # Somebody else may have had this link in their hands: it tells nothing of the person's other browsers.
            found = [one for one in found if one.this]
        if told := st.session_state.pop(TOLD, None):
            st.text(told)
        for one in found:
            self._row(one)
        if len(found) > 1:
            st.button(
                "Sign out everywhere else",
                icon=":material/logout:",
                on_click=self._end_others,
                key="end_others",
            )
        if len(found) == MOST_OPEN:
            st.text(f"Only {MOST_OPEN} are shown. Sign out everywhere else ends the others too.")
        hours, days = int(IDLE_LIFE.total_seconds()) // 3600, SESSION_LIFE.days
        st.text(
            f"You are signed out automatically after {hours} hours without use, and after {days} days at the latest."
        )

    def _row(self, one: OpenSession) -> None:
        now = self._hub.clock.now()
        with st.container(
            border=True,
            key=f"session_{one.id}",
            horizontal=True,
            vertical_alignment="center",
            gap="small",
        ):
            with st.container(gap=None, width="stretch"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.text(in_words(one.user_agent), width="content")
                    if one.this:
                        st.badge("This browser", icon=":material/check_circle:", color="green")
                began = when(one.started_at, now=now, zone=self._zone)
                used = ago(one.seen_at, now=now) or when(one.seen_at, now=now, zone=self._zone)
                st.text(f"Signed in {began}. Last used {used}.")
            if not one.this:
                st.button(
                    "Sign out",
                    key=f"end_{one.id}",
                    on_click=self._end,
                    args=(one.id, in_words(one.user_agent)),
                )

    def _end(self, session_id: UUID, called: str) -> None:
        def end(person: SignedIn) -> str:
            ended = sessions.end_session(
                self._hub.database, person.user_id, session_id, clock=self._hub.clock
            )
            return f"Signed out: {called}." if ended else f"{called} was signed out already."

        self._do(end)

    def _end_others(self) -> None:
        def end(person: SignedIn) -> str:
            count = sessions.end_others(
                self._hub.database, person.user_id, gate.token(), clock=self._hub.clock
            )
            return f"Signed out in {count} other browser{'' if count == 1 else 's'}."

        self._do(end)

    def _do(self, end: Callable[[SignedIn], str]) -> None:
        person = gate.the_same(self._person)
        if isinstance(person, gate.Refused):
            told = person.why
        elif person.one_church:
            told = ONE_CHURCH
        else:
            done = guarded(lambda: end(person))
            told = done if isinstance(done, str) else gate.did_not_work(done).why
        st.session_state[TOLD] = told
