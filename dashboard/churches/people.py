"""*People*: who may sign in where, page by page, and inviting a church's first admin. No guest."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from dashboard import gate
from dashboard.churches.words import ago
from dashboard.components import states
from dashboard.formatting import one_line
from dashboard.reading import Trouble, guarded
from dashboard.team import words
from dashboard.team.inviting import Inviting
from ghl.churches import ChurchView, list_churches
from ghl.people.everybody import PeoplePage, Person, Place, people
from ghl.people.policy import SignedIn
from jobs.container import Container

PLACE = "people_list"
CHURCH = "people_church"
INVITE = "people_invite"


@dataclass
class _List:
    """Where the list stands: the addresses after which its pages begin."""

    after: list[str] = field(default_factory=list)


class PeoplePageDrawn:
    """The page for one person who runs the installation."""

    def __init__(self, hub: Container, person: SignedIn) -> None:
        self._hub = hub
        self._person = person
        self._list: _List = st.session_state.setdefault(PLACE, _List())

    def draw(self) -> None:
        """Draws the page."""
        churches = guarded(lambda: list_churches(self._hub.database))
        if isinstance(churches, Trouble):
            return states.could_not_load("the people", churches.number)
        self._draw_inviting(churches)
        by_id = {church.id: one_line(church.name) for church in churches}
        st.selectbox(
            "Church",
            list(by_id),
            index=None,
            format_func=by_id.__getitem__,
            placeholder="All churches",
            key=CHURCH,
            on_change=self._first_page,
            width=420,
        )
        after = self._list.after[-1] if self._list.after else ""
        church_id = st.session_state.get(CHURCH)
        found = guarded(lambda: people(self._hub.database, after=after, church_id=church_id))
        if isinstance(found, Trouble):
            return states.could_not_load("the people", found.number)
        now = self._hub.clock.now()
        if not found.people:
            st.text("Nobody of this church may sign in yet." if church_id else "Nobody may sign in.")
        for one in found.people:
            _draw_person(one, now)
        return self._draw_turning(found)

    def _draw_inviting(self, churches: Sequence[ChurchView]) -> None:
        names = {church.id: one_line(church.name) for church in churches}
        with st.expander("Invite a church's first admin", icon=":material/person_add:"):
            church_id = st.selectbox(
                "For which church",
                list(names),
                index=None,
                format_func=names.__getitem__,
                placeholder="Choose a church",
                key=INVITE,
                width=420,
            )
            if church_id:
                inviting = Inviting(self._hub, church_id, allowed=self._actor, first=True)
                inviting.draw_link()
                inviting.draw_form()

    def _draw_turning(self, found: PeoplePage) -> None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button("Back", key="people_back", disabled=not self._list.after, on_click=self._back)
            last = found.people[-1].email if found.people else ""
            st.button("On", key="people_on", disabled=not found.more, on_click=self._on, args=(last,))
            st.text("By e-mail address. Guests of churches are never here.")

    def _actor(self) -> str | gate.Refused:
        now = gate.acting_ops(self._person)
        return now if isinstance(now, gate.Refused) else now.actor

    def _first_page(self) -> None:
        self._list.after.clear()

    def _back(self) -> None:
        if self._list.after:
            self._list.after.pop()

    def _on(self, last: str) -> None:
        if not self._list.after or self._list.after[-1] != last:
            self._list.after.append(last)


def _draw_person(one: Person, now: datetime) -> None:
    with st.container(border=True, gap="xxsmall", key=f"row_{one.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            with st.container(gap=None, width="stretch", key=f"head_{one.id}"):
                st.text(one_line(one.email, 254))
                if one.name:
                    st.text(one_line(one.name))
            if one.is_ops:
                st.badge("Runs the installation", icon=":material/dns:", color="blue")
        for place in one.places:
            st.text(_where(place, now))
        if not one.places and not one.is_ops:
            st.text("In no team any more: sees nothing.")


def _where(place: Place, now: datetime) -> str:
    seen = f"last here {ago(now - place.seen_at)}" if place.seen_at else "has not signed in yet"
    prayers = ", reads prayer requests" if place.reads_prayers else ""
    return f"{one_line(place.church)}: {words.ROLE_NAMES[place.role]}{prayers}; {seen}"
