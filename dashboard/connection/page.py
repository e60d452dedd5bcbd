"""*Connection* on the screen: the connection as it stands, a token that is tried, and the ways to change it.

A pasted token stands in its field until the button is pressed, and is taken out of the session in the same callback.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.clicks import OneClick
from dashboard.components import states
from dashboard.connection import words
from dashboard.connection.desk import Desk, Said, Seen
from dashboard.formatting import one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from ghl.causes import cause
from ghl.connection.age import reminder
from ghl.connection.paste import looks_like_token
from ghl.connection.probes import PROBES
from ghl.connection.standing import KnownToken, Standing
from ghl.connection.trials import Trial
from ghl.connection.verdict import Line, lines, reasons
from ghl.people.names import name_of
from ghl.questions.ask import Asked
from ghl.statuses import TrialState
from jobs.container import Container

EVERY = 5.0
EVERY_WHILE_TESTING = 1.0
"""Seconds between two looks: a test takes about two."""


@dataclass
class _Place:
    """One tab: what came of its last press."""

    church_id: UUID
    click: OneClick
    said: Said = field(default_factory=Said)
    question_id: UUID | None = None
    testing: bool = False


class ConnectionPage:
    """The page for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)
        key = f"connection_{viewer.person.user_id}_{self._church_id}"
        self._place: _Place = st.session_state.setdefault(key, _Place(self._church_id, OneClick(hub.clock)))

    def draw(self) -> None:
        """Draws the page; it looks by itself how a test goes on."""
        every = EVERY_WHILE_TESTING if self._place.testing else EVERY
        st.fragment(self._draw_live, run_every=every)()

    def _draw_live(self) -> None:
        still = gate.still(self._viewer, *ADMINS)
        seen = still if isinstance(still, Trouble) else self._desk().see()
        if isinstance(seen, Trouble):
            return states.could_not_load("the connection", seen.number)
        now = seen.standing
        testing = (now.trial is not None and now.trial.state is TrialState.TESTING) or self._asks()
        if testing != self._place.testing:
            # How often it looks is fixed when the page runs.
            self._place.testing = testing
            st.rerun()
        self._draw_said()
        self._draw_standing(now)
        if now.trial is not None:
            return self._draw_trial(now, now.trial, seen)
        if now.current is None:
            return self._draw_first(now)
        self._draw_previous(now)
        self._draw_rotate(now)
        self._draw_move()
        return self._draw_disconnect(now)

    def _asks(self) -> bool:
        """Whether an answer about the token that is used comes any moment."""
        if self._place.question_id is None:
            return False
        asked = services.look(self._church_id, self._place.question_id)
        return isinstance(asked, Asked) and not asked.over

    # -- what stands ---------------------------------------------------------------------------------

    def _draw_said(self) -> None:
        said = self._place.said
        if said.text:
            (st.success if said.good else st.error)(
                said.text, icon=":material/check:" if said.good else ":material/error:"
            )

    def _draw_standing(self, now: Standing) -> None:
        if now.current is None:
            with st.container(border=True, gap="xxsmall", key="standing_none"):
                st.text("Not connected yet. Cards are saved here and wait.")
            return
        names = guarded(lambda: services.names(self._church_id))
        with st.container(border=True, gap="xxsmall", key="standing_connected"):
            st.text(one_line(f"Connected to {now.location_name or 'your account'} in GoHighLevel"))
            st.text(f"Location id: {now.location_id}")
            for line in words.about(
                now.current, names={} if isinstance(names, Trouble) else names, now=now.at, zone=self._zone
            ):
                st.text(one_line(line, 200))
            if now.hold_cause:
                entry = cause(now.hold_cause)
                st.text(f"{entry.title}. {entry.what_to_do}")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                self._button("Test now", "test_connection", self._test_now, icon="network_check")
                if self._place.question_id is not None:
                    asked = services.look(self._church_id, self._place.question_id)
                    known = asked if isinstance(asked, Asked) else None
                    st.text(words.tested(known, now=now.at, zone=self._zone), width="content")
        if told := reminder(now.current.created_at, now.at):
            st.warning(told.text, icon=":material/schedule:")
        self._draw_abilities(now.current)

    def _draw_abilities(self, token: KnownToken) -> None:
        with st.expander("What the token may do", key="abilities"):
            if not token.checks:
                st.text("This token was put in before each thing was tried by itself. Paste it again to see.")
                return
            for line in lines(token.checks):
                _draw_line(line)

    # -- a token on trial ----------------------------------------------------------------------------

    def _draw_trial(self, now: Standing, trial: Trial, seen: Seen) -> None:
        st.header("The token you pasted")
        with st.container(border=True, gap="xsmall", key="trial"):
            st.text(f"Ends in {trial.last4}, for the location {one_line(trial.location_id, 100)}")
            names = guarded(lambda: services.names(self._church_id))
            by = name_of(trial.created_by, {} if isinstance(names, Trouble) else names)
            st.text(one_line(f"Pasted by {by}: {when(trial.created_at, now=now.at, zone=self._zone)}", 200))
            if trial.location_name:
                st.text(one_line(f"In GoHighLevel: {trial.location_name}", 200))
            done = len([one for one in lines(trial.checks) if one.mark != "open"])
            if trial.state is TrialState.TESTING:
                st.progress(done / len(PROBES), text=f"{done} of {len(PROBES)} things tried")
            for line in lines(trial.checks):
                if trial.state is TrialState.TESTING or line.mark != "open":
                    _draw_line(line)
            if trial.state is TrialState.TESTING and (why := words.waiting(seen.asked, self._senders())):
                st.text(why)
        if trial.state is TrialState.FAILED:
            self._draw_failed(now, trial)
        elif trial.state is TrialState.PASSED:
            self._draw_passed(now, trial)
        else:
            self._button("Stop the test", "stop_test", self._forget, icon="close")

    def _senders(self) -> int:
        """How many workers are heard of; where nobody knows, it is not said that there is none."""
        known = guarded(lambda: services.situation(self._church_id))
        return 1 if isinstance(known, Trouble) else known.workers

    def _draw_failed(self, now: Standing, trial: Trial) -> None:
        st.error(
            "This token won't do yet. Nothing was changed." if now.current else "This token won't do yet.",
            icon=":material/error:",
        )
        for told in reasons(trial.checks):
            st.text(told)
        with st.container(horizontal=True, gap="small"):
            if trial.again:
                self._button("Test again", "test_again", self._again, trial.id, icon="refresh", primary=True)
            self._button("Paste another token", "paste_another", self._forget, icon="content_paste")
        if trial.again:
            st.text("The pasted token is kept, sealed, for an hour after you pasted it.")

    def _draw_passed(self, now: Standing, trial: Trial) -> None:
        if trial.in_use:
            st.info(words.IN_USE, icon=":material/info:")
            self._button("Paste another token", "paste_another", self._forget, icon="content_paste")
            return
        st.success("Everything works.", icon=":material/check:")
        moves = now.location_id is not None and now.location_id != trial.location_id
        agreed = True
        if moves:
            st.warning(
                "Your church is connected to another location. From then on cards go to the new one. The token of the "
                "old one is erased here, and what we know of contacts there is forgotten. Nothing in GoHighLevel changes.",
                icon=":material/swap_horiz:",
            )
            agreed = st.checkbox("Yes, connect to this location instead", key=f"move_{trial.id.hex}")
        label = "Connect" if now.current is None or moves else "Switch to this token"
        with st.container(horizontal=True, gap="small"):
            self._button(
                label,
                "switch",
                self._switch,
                trial.id,
                now.location_id,
                icon="check",
                primary=True,
                disabled=not agreed,
            )
            self._button("Do not use it", "do_not_use", self._forget, icon="close")

    # -- pasting -------------------------------------------------------------------------------------

    def _draw_first(self, now: Standing) -> None:
        st.header("Connect to GoHighLevel")
        with st.container(gap="xxsmall", key="lines_how_to"):
            for line in words.HOW_TO:
                st.text(line)
        self._form("first", location=now.location_id or "", asks_location=True)

    def _draw_rotate(self, now: Standing) -> None:
        with st.expander("Change the token", key="rotate", expanded=now.hold_cause is not None):
            with st.container(gap="xxsmall", key="lines_rotate"):
                for line in words.ROTATE:
                    st.text(line)
            self._form("rotate", location=now.location_id or "", asks_location=False)

    def _draw_move(self) -> None:
        with st.expander("Connect to another location", key="move"):
            st.text("You see what works there before anything changes.")
            self._form("move", location="", asks_location=True)

    def _form(self, name: str, *, location: str, asks_location: bool) -> None:
        problems = self._place.said.problems
        keys = f"{name}_location", f"{name}_token"
        with st.form(f"paste_{name}", border=False, enter_to_submit=False):
            if asks_location:
                st.session_state.setdefault(keys[0], location)
                st.text_input("Location id", key=keys[0], autocomplete="off", max_chars=200)
                _draw_problem(problems.get("location"))
            st.text_input(
                "Private Integration Token",
                key=keys[1],
                type="password",
                autocomplete="new-password",
            )
            _draw_problem(problems.get("token"))
            st.text("It begins with pit-. Once it is handed over it is never shown again.")
            st.form_submit_button(
                "Test",
                type="primary",
                icon=":material/network_check:",
                key=f"test_{name}",
                on_click=self._paste,
                args=(keys[0] if asks_location else None, keys[1], location),
            )

    # -- taking back, finishing, disconnecting -------------------------------------------------------

    def _draw_previous(self, now: Standing) -> None:
        old = now.previous
        if old is None or old.erase_at is None:
            return
        # After Roll back the one in use is the older one.
        back = now.current is not None and old.created_at > now.current.created_at
        st.header("The new token is still kept" if back else "The old token is still kept")
        with st.container(border=True, gap="xsmall", key="previous"):
            until = when(old.erase_at, now=now.at, zone=self._zone)
            st.text(f"It ends in {old.last4}. It is erased here by itself: {until}")
            with st.container(gap="xxsmall", key="lines_kept"):
                for line in words.WENT_BACK if back else words.KEPT:
                    st.text(line)
            with st.container(horizontal=True, gap="small"):
                forget, swap = (
                    ("Erase the new token here", "Use the new token again")
                    if back
                    else ("Finish", "Roll back to the old token")
                )
                self._button(forget, "finish", self._finish, icon="check", primary=not back)
                self._button(swap, "roll_back", self._roll_back, icon="redo" if back else "undo")

    def _draw_disconnect(self, now: Standing) -> None:
        with st.expander("Disconnect", key="disconnect"):
            st.text("Nothing more is sent. Your token is erased here. Your cards stay and wait.")
            st.text(one_line(f"To do it, type your church's name: {now.name}", 250))
            with st.form("disconnect_form", border=False, enter_to_submit=False, clear_on_submit=True):
                st.text_input("Your church's name", key="typed_name", autocomplete="off", max_chars=200)
                st.form_submit_button(
                    "Disconnect",
                    icon=":material/link_off:",
                    key="press_disconnect",
                    on_click=self._disconnect,
                )

    # -- presses: each commits first -----------------------------------------------------------------

    def _test_now(self) -> None:
        """Tests the token that is used; a double click is one question."""
        acting = gate.acting(self._viewer, *ADMINS)
        if isinstance(acting, gate.Refused):
            self._place.said = Said(acting.why)
            return
        self._ask(acting.person.actor)
        self._place.said = Said() if self._place.question_id else Said(words.NOT_NOW)

    def _ask(self, actor: str) -> None:
        """Asks whether the token that is used works."""
        asked = services.ask(self._church_id, "location", actor=actor, same_within=timedelta(seconds=3))
        self._place.question_id = asked.id if isinstance(asked, Asked) else None

    def _button(
        self,
        label: str,
        key: str,
        press: Callable[..., None],
        *args: object,
        icon: str,
        primary: bool = False,
        disabled: bool = False,
    ) -> None:
        st.button(
            label,
            key=key,
            type="primary" if primary else "secondary",
            icon=f":material/{icon}:",
            on_click=press,
            args=args,
            disabled=disabled,
        )

    def _paste(self, location_key: str | None, token_key: str, location: str) -> None:
        token: str = st.session_state.get(token_key, "")
        typed = st.session_state.get(location_key, "") if location_key else location
        # Out of the session before anything else can happen; kept only where the other field has to be mended.
        st.session_state[token_key] = ""
        # Who has filled the field meanwhile means it; the second half of a double click finds it empty.
        said = self._press(lambda desk: desk.paste(typed, token), meant=bool(token))
        if set(said.problems) == {"location"}:
            st.session_state[token_key] = token
        if location_key and looks_like_token(typed):
            # Pasted into the field that anybody can read over a shoulder.
            st.session_state[location_key] = ""

    def _again(self, trial_id: UUID) -> None:
        self._press(lambda desk: desk.test_again(trial_id))

    def _forget(self) -> None:
        self._press(lambda desk: desk.forget_trial())

    def _switch(self, trial_id: UUID, from_location: str | None) -> None:
        self._press(lambda desk: desk.switch(trial_id, from_location=from_location))

    def _finish(self) -> None:
        self._press(lambda desk: desk.finish())

    def _roll_back(self) -> None:
        # It goes back at once; whether GoHighLevel still takes the old token is told a moment later.
        if self._press(lambda desk: desk.roll_back()).good:
            self._ask(self._viewer.person.actor)

    def _disconnect(self) -> None:
        typed = st.session_state.get("typed_name", "")
        self._press(lambda desk: desk.disconnect(typed))

    def _press(self, act: Callable[[Desk], Said], *, meant: bool = False) -> Said:
        """Does it, where this person still may; the page then says what came of it."""
        if not meant and self._place.click.second():
            return Said()
        acting = gate.acting(self._viewer, *ADMINS)
        said = Said(acting.why) if isinstance(acting, gate.Refused) else act(self._desk())
        self._place.said = said
        self._place.click.counts()
        if said.good:
            services.look_again(self._church_id)
        return said

    def _desk(self) -> Desk:
        return Desk(
            self._hub.database,
            self._church_id,
            actor=self._viewer.person.actor,
            wake=services.wake,
            forget=services.forget_breakers,
        )


def _draw_line(line: Line) -> None:
    st.text(f"{words.MARKS[line.mark]} {line.probe.does}: {line.text}")


def _draw_problem(problem: str | None) -> None:
    if problem:
        st.error(problem, icon=":material/error:")
