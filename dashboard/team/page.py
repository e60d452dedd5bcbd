"""*Team* for one admin: everybody who works for the church, a row each, and what can be done about them.

Who is on the page is read at each full run; a press acts on the person of its row, by id.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate
from dashboard.components import states
from dashboard.formatting import one_line
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from dashboard.team import words
from dashboard.team.helping import help_box
from dashboard.team.inviting import Inviting
from ghl.people import team
from ghl.people.errors import PersonError
from ghl.people.team import Member
from ghl.statuses import Role
from jobs.container import Container

TRY_AGAIN = "That did not work; nothing was changed. Try again, or tell support the number {}."


@dataclass
class _Ask:
    """A question that stands open in a dialog, about one person."""

    what: Literal["change", "remove"]
    member: Member
    complaint: str = ""


class TeamPage:
    """The page for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._place = f"team_{self._church_id}"
        self._inviting = Inviting(hub, self._church_id, allowed=self._actor)

    def draw(self) -> None:
        """Draws the page."""
        found = guarded(lambda: team.members(self._hub.database, self._church_id))
        if isinstance(found, Trouble):
            return states.could_not_load("the team", found.number)
        help_box(self._hub, self._viewer)
        self._draw_said()
        self._inviting.draw_link()
        with st.expander(
            "Invite somebody",
            icon=":material/person_add:",
            expanded=len(found) < 2 or bool(self._inviting.desk.complaint),
        ):
            self._inviting.draw_form()
        st.header(f"{len(found)} {'person' if len(found) == 1 else 'people'}", anchor=False)
        for member in found:
            self._draw_row(member)
        if len(found) == team.MOST_MEMBERS:
            st.text(f"The first {team.MOST_MEMBERS} by name.")
        st.text("What is changed here holds at once, in every window of that person.")
        if ask := st.session_state.get(f"{self._place}_ask"):
            self._draw_question(ask)
        return None

    def _draw_row(self, member: Member) -> None:
        me = member.user_id == self._viewer.person.user_id
        zone, now = ZoneInfo(self._viewer.church.timezone), self._hub.clock.now()
        with st.container(border=True, gap="xxsmall", key=f"row_{member.user_id}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                with st.container(gap=None, width="stretch", key=f"head_{member.user_id}"):
                    st.text(f"{one_line(member.name)}{' (you)' if me else ''}")
                    st.text(one_line(member.email, 254))
                st.badge(words.ROLE_NAMES[member.role], color="blue" if member.role is Role.ADMIN else "gray")
                if member.reads_prayers:
                    st.badge("Reads prayer requests", icon=":material/volunteer_activism:", color="violet")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(words.seen(member, now=now, zone=zone), width="stretch")
                who = (member,)
                st.button(
                    "Change",
                    key=f"change_{member.user_id}",
                    icon=":material/edit:",
                    on_click=self._ask_change,
                    args=who,
                )
                if not me:
                    st.button(
                        "New link",
                        key=f"link_{member.user_id}",
                        icon=":material/link:",
                        on_click=self._new_link,
                        args=who,
                    )
                st.button(
                    "Remove",
                    key=f"remove_{member.user_id}",
                    icon=":material/person_remove:",
                    on_click=self._ask_remove,
                    args=who,
                )

    def _draw_question(self, ask: _Ask) -> None:
        changes = ask.what == "change"

        @st.dialog(
            "Change what they may" if changes else "Remove from the team?", on_dismiss=self._never_mind
        )
        def dialog() -> None:
            if st.session_state.get(f"{self._place}_ask") is not ask:
                st.rerun()
            if isinstance(gate.still(self._viewer, *ADMINS, by_person=True), Trouble):
                st.text("The database does not answer just now.")
            st.text(f"{one_line(ask.member.name)}, {one_line(ask.member.email, 254)}")
            if changes:
                self._draw_change(ask)
            else:
                self._draw_removal(ask)

        dialog()

    def _draw_change(self, ask: _Ask) -> None:
        member = ask.member
        roles = list(words.ROLE_NAMES)
        st.radio(
            "Role",
            roles,
            index=roles.index(member.role),
            format_func=words.role_offered,
            key=f"role_{member.user_id}",
        )
        st.checkbox(
            words.PRAYERS,
            value=member.reads_prayers,
            key=f"prayers_{member.user_id}",
            help=words.PRAYERS_HELP,
        )
        if member.user_id == self._viewer.person.user_id and member.role is Role.ADMIN:
            st.text("This is you. Without the role Admin you can't open this page any more.")
        self._draw_ways_out(ask, "Save", self._change)

    def _draw_removal(self, ask: _Ask) -> None:
        if ask.member.user_id == self._viewer.person.user_id:
            st.text("This is you. You are out at once, and only another admin can let you in again.")
        else:
            st.text("They are out at once, in every window. What they did stays, and so do their cards.")
        self._draw_ways_out(ask, "Remove", self._remove)

    def _draw_ways_out(self, ask: _Ask, label: str, act: Callable[[_Ask], None]) -> None:
        if ask.complaint:
            st.error(ask.complaint, icon=":material/error:")
        with st.container(horizontal=True, gap="small"):
            st.button(label, key="team_do", type="primary", on_click=act, args=(ask,))
            st.button("Not now", key="team_never_mind", on_click=self._never_mind)

    def _draw_said(self) -> None:
        if said := st.session_state.get(f"{self._place}_said"):
            with st.container(border=True, horizontal=True, vertical_alignment="center", key="team_said"):
                st.text(said, width="stretch")
                st.button(
                    "Close",
                    key="team_said_read",
                    on_click=st.session_state.pop,
                    args=(f"{self._place}_said", None),
                )

    def _actor(self) -> str | gate.Refused:
        person = gate.acting(self._viewer, *ADMINS)
        return person if isinstance(person, gate.Refused) else person.person.actor

    def _ask_change(self, member: Member) -> None:
        self._ask(_Ask("change", member))

    def _ask_remove(self, member: Member) -> None:
        self._ask(_Ask("remove", member))

    def _ask(self, ask: _Ask) -> None:
        gate.used()
        for name in ("role", "prayers"):
            st.session_state.pop(f"{name}_{ask.member.user_id}", None)
        st.session_state[f"{self._place}_ask"] = ask

    def _never_mind(self) -> None:
        gate.used()
        st.session_state.pop(f"{self._place}_ask", None)

    def _new_link(self, member: Member) -> None:
        if complaint := self._inviting.again(member.user_id, member.name, member.email):
            self._say(complaint)

    def _change(self, ask: _Ask) -> None:
        user_id = ask.member.user_id
        role, prayers = st.session_state[f"role_{user_id}"], st.session_state[f"prayers_{user_id}"]
        self._do(
            ask,
            lambda actor: team.change_member(
                self._hub.database,
                self._church_id,
                user_id,
                role=Role(role) if role != ask.member.role else None,
                reads_prayers=prayers if prayers != ask.member.reads_prayers else None,
                actor=actor,
            ),
            f"Changed: {one_line(ask.member.name)}.",
        )

    def _remove(self, ask: _Ask) -> None:
        self._do(
            ask,
            lambda actor: team.remove_member(
                self._hub.database, self._church_id, ask.member.user_id, actor=actor
            ),
            f"{one_line(ask.member.name)} is out of the team.",
        )

    def _do(self, ask: _Ask, act: Callable[[str], bool], done: str) -> None:
        """Does what was asked, once: a second press finds no question any more."""
        if st.session_state.get(f"{self._place}_ask") is not ask:
            return
        actor = self._actor()
        if isinstance(actor, gate.Refused):
            ask.complaint = actor.why
            return
        try:
            acted = guarded(lambda: act(actor))
        except PersonError as error:
            ask.complaint = str(error)
            return
        if isinstance(acted, Trouble):
            ask.complaint = TRY_AGAIN.format(acted.number)
            return
        st.session_state.pop(f"{self._place}_ask", None)
        self._say(done if acted else "Nothing was different.")

    def _say(self, words_: str) -> None:
        st.session_state[f"{self._place}_said"] = words_
