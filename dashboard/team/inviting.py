"""The form that lets a person into a church's team, and the link that comes of it, shown once.

What was typed stays until it is taken. A form that was used up has another name, so a double press invites once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import streamlit as st

from dashboard import gate
from dashboard.formatting import esc, one_line
from dashboard.reading import Trouble, guarded
from dashboard.team import words
from dashboard.team.handing import hand_over
from ghl.people.errors import PersonError
from ghl.people.invite import Invitation
from ghl.people.team import add_member
from ghl.statuses import Role
from jobs.container import Container

Allowed = Callable[[], str | gate.Refused]
"""The actor of a press, if they may at this moment; else why not."""

WIDEST = 640


@dataclass(frozen=True)
class _Given:
    """A link that was made, and for whom."""

    name: str = field(repr=False)
    email: str = field(repr=False)
    handed: Invitation


@dataclass
class _Desk:
    """One tab's form. `form` names its fields."""

    form: str = field(default_factory=lambda: f"invite_{uuid4().hex[:8]}")
    complaint: str = ""
    given: _Given | None = None


class Inviting:
    """Inviting into one church; what several churches were given in one tab is kept apart.

    `first`: for who runs the installation, only until an admin of the church has come in.
    """

    def __init__(self, hub: Container, church_id: UUID, *, allowed: Allowed, first: bool = False) -> None:
        self._hub = hub
        self._first = first
        self._church_id = church_id
        self._allowed = allowed
        self._place = f"inviting_{church_id}"
        self.desk: _Desk = st.session_state.setdefault(self._place, _Desk())

    def draw_link(self) -> None:
        """The link that was made last, until somebody says that they have it."""
        given = self.desk.given
        if given is None:
            return
        done, further = words.handed(
            one_line(given.name), one_line(given.email, 254), mailed=given.handed.mailed
        )
        with st.container(border=True, gap="xsmall", key="invited"):
            st.text(done)
            if given.handed.url:
                st.code(given.handed.url, language=None, wrap_lines=True)
            st.text(further)
            st.button("I have it" if given.handed.url else "Close", key="invited_done", on_click=self._done)

    def draw_form(self) -> None:
        """The form; `first` asks for no role, for it is an admin."""
        form = self.desk.form
        roles = (Role.ADMIN,) if self._first else tuple(words.ROLE_NAMES)
        with st.form(form, enter_to_submit=False, width=WIDEST):
            st.text_input("Name", key=f"{form}_name", autocomplete="off", max_chars=200)
            st.text_input("E-mail", key=f"{form}_email", autocomplete="off", max_chars=254)
            if len(roles) > 1:
                st.selectbox("Role", roles, format_func=words.role_offered, key=f"{form}_role")
            st.checkbox(words.PRAYERS, key=f"{form}_prayers", help=words.PRAYERS_HELP)
            if self.desk.complaint:
                st.error(esc(self.desk.complaint, 400), icon=":material/edit_note:")
            st.form_submit_button(
                "Invite this admin" if self._first else "Invite",
                type="primary",
                icon=":material/person_add:",
                on_click=self._send,
                args=(form, roles[0]),
            )

    def again(self, user_id: UUID, name: str, email: str) -> str:
        """A new link for somebody of the team; what went wrong, or nothing."""
        actor = self._allowed()
        if isinstance(actor, gate.Refused):
            return actor.why
        return self._hand_over(user_id, name, email, actor=actor)

    def _send(self, form: str, only_role: Role) -> None:
        state, desk = st.session_state, self.desk
        if form != desk.form:
            return
        actor = self._allowed()
        if isinstance(actor, gate.Refused):
            desk.complaint = actor.why
            return
        name, email = state[f"{form}_name"], state[f"{form}_email"]
        try:
            added = guarded(
                lambda: add_member(
                    self._hub.database,
                    self._church_id,
                    name=name,
                    email=email,
                    role=Role(state.get(f"{form}_role", only_role)),
                    reads_prayers=state[f"{form}_prayers"],
                    actor=actor,
                    first=self._first,
                )
            )
        except PersonError as error:
            desk.complaint = str(error)
            return
        if isinstance(added, Trouble):
            desk.complaint = (
                f"That did not work; nobody was invited. Try again, or tell support {added.number}."
            )
            return
        fresh = state[self._place] = self.desk = _Desk()
        fresh.complaint = self._hand_over(added, name, email, actor=actor)

    def _hand_over(self, user_id: UUID, name: str, email: str, *, actor: str) -> str:
        self.desk.given = None
        try:
            handed = guarded(lambda: hand_over(self._hub, user_id, self._church_id, actor=actor))
        except PersonError as error:
            return str(error)
        if isinstance(handed, Trouble):
            return f"The link could not be made. Make a new one; if it stays, tell support {handed.number}."
        self.desk.given = _Given(name.strip(), email.strip(), handed)
        return ""

    def _done(self) -> None:
        self.desk.given = None
