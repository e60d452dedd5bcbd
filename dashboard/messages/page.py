"""*Messages* for one admin: the church's templates, one of them open to be written, tried and published, and its rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import states
from dashboard.formatting import esc, one_line
from dashboard.gate import Viewer
from dashboard.messages import words
from dashboard.messages.desk import Desk
from dashboard.messages.hands import Hands
from dashboard.messages.history import draw_history
from dashboard.messages.preview import draw_preview, draw_problems
from dashboard.messages.rules import SendingRules
from dashboard.messages.writing import draw_back, draw_fared, draw_presses, draw_test, draw_words
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from ghl.messages import templates
from ghl.messages.defaults import DEFAULTS
from ghl.messages.ramp import texts_of_the_day
from ghl.messages.recent import RecentCard, recent_cards
from ghl.messages.settings import MessagingRules, rules_of
from ghl.messages.standing import MessageStanding, standing_of
from ghl.messages.templates import MAX_NAME, Template, Version
from ghl.people.names import name_of
from ghl.statuses import Channel
from jobs.container import Container

TEST_EVERY = 2.0
"""Seconds between two looks at how a test fares."""


@dataclass(frozen=True)
class Found:
    """What the page shows, read at once."""

    desk: Desk
    templates: Sequence[Template]
    versions: Sequence[Version]
    cards: Sequence[RecentCard]
    rules: MessagingRules
    texts_today: int


class MessagesPage:
    """The page for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)
        self._hands = Hands(hub, viewer)

    def draw(self) -> None:
        """Draws the page."""
        found = guarded(self._read)
        if isinstance(found, Trouble):
            return states.could_not_load("the messages", found.number)
        desk = found.desk
        _draw_said(desk)
        self._draw_list(found)
        self._draw_new()
        # The name is any text, and a heading reads Markdown.
        st.header("Its words", anchor=False, divider="gray")
        with st.container(key="open_name"):
            st.text(one_line(desk.opened.name))
        left, right = st.columns([3, 2], gap="large")
        with left:
            draw_back(desk, self._hands, hub=self._hub, zone=self._zone)
            draw_words(desk, self._hands)
            draw_presses(desk, self._hands)
            draw_test(desk, self._hands, own_email=self._viewer.person.email)
            self._draw_fared(desk)
        with right:
            draw_preview(
                desk,
                self._hands,
                found.cards,
                church_name=self._viewer.church.name,
                rules=found.rules,
            )
            draw_problems(desk.problems(self._viewer.church.name))
        draw_history(
            desk, self._hands, found.versions, name=self._name, now=self._hub.clock.now(), zone=self._zone
        )
        SendingRules(self._hub, self._viewer).draw(found.rules, texts_today=found.texts_today)
        return None

    def _read(self) -> Found:
        with self._hub.database.church(self._church_id) as session:
            known = templates.templates_of(session, self._church_id)
            if len([one for one in known if one.key in DEFAULTS]) < len(DEFAULTS):
                templates.ensure_defaults(session, self._church_id, now=self._hub.clock.now())
                known = templates.templates_of(session, self._church_id)
            desk = self._hands.desk
            by_id = {one.id: one for one in known}
            if desk is None or desk.opened.id not in by_id:
                desk = self._hands.sit_down(session, known[0])
            elif by_id[desk.opened.id] != desk.opened and not desk.different():
                # Somebody else changed it, and nothing was typed here: theirs is shown.
                desk = self._hands.sit_down(session, by_id[desk.opened.id], desk.said)
            return Found(
                desk,
                known,
                templates.versions_of(session, self._church_id, desk.opened.id),
                recent_cards(session, self._church_id),
                rules_of(session, self._church_id),
                texts_of_the_day(session, self._church_id, now=self._hub.clock.now()),
            )

    def _draw_list(self, found: Found) -> None:
        now = self._hub.clock.now()
        for one in found.templates:
            is_open = one.id == found.desk.opened.id
            with st.container(border=True, gap="xxsmall", key=f"row_{one.id}"):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    with st.container(width="stretch", key=f"head_{one.id}"):
                        st.text(one_line(one.name))
                    channel, icon = words.CHANNELS[one.channel]
                    st.badge(channel, icon=f":material/{icon}:", color="gray")
                    said, colour = words.badge(one)
                    st.badge(said, color=colour)
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    with st.container(width="stretch", gap=None, key=f"about_{one.id}"):
                        st.text(words.about(one))
                        st.text(
                            one_line(
                                words.changed(one, self._name(one.changed_by), now=now, zone=self._zone), 200
                            )
                        )
                    # Always a button: one that vanished would take the focus with it.
                    st.button(
                        "Shown below" if is_open else "Open",
                        key=f"open_{one.id}",
                        icon=":material/edit:",
                        on_click=self._hands.open,
                        args=(one.id,),
                        help=f"The words of {esc(one.name)}",
                    )

    def _draw_new(self) -> None:
        with st.expander("A template of your own", icon=":material/add:"):
            name, channel = "new_template_name", "new_template_channel"
            st.text_input(
                "Name", key=name, max_chars=MAX_NAME, autocomplete="off", placeholder="Newcomers' lunch"
            )
            st.radio(
                "Kind",
                list(Channel),
                format_func=lambda one: words.CHANNELS[one][0],
                horizontal=True,
                key=channel,
            )
            st.button(
                "Add it",
                icon=":material/add:",
                key="create",
                on_click=self._hands.create,
                args=(name, channel),
            )

    def _draw_fared(self, desk: Desk) -> None:
        """How the test fares, looked at again while it may still change."""

        def look() -> MessageStanding | Trouble | None:
            if desk.test is None:
                return None
            test = desk.test

            def read() -> MessageStanding | None:
                with self._hub.database.church(self._church_id) as session:
                    return standing_of(session, self._church_id, test)

            return guarded(read)

        first = look()
        moving = isinstance(first, MessageStanding) and not first.over

        @st.fragment(run_every=TEST_EVERY if moving else None)
        def fared() -> None:
            gate.still(self._viewer, *ADMINS)
            now = look()
            shown = now if isinstance(now, MessageStanding) else None
            draw_fared(desk, shown, hub=self._hub, zone=self._zone)

        fared()

    def _name(self, actor: str) -> str:
        if actor == templates.HUB:
            return "the hub"
        names = guarded(lambda: services.names(self._church_id))
        return one_line(name_of(actor, {} if isinstance(names, Trouble) else names))


def _draw_said(desk: Desk) -> None:
    if desk.trouble:
        st.error(
            "This isn't saved yet, and everything you typed is still here. "
            f"Try again; if it stays, tell support the number {desk.trouble}."
        )
    elif desk.complaint:
        st.error(desk.complaint, icon=":material/error:")
        for one in desk.complaints:
            st.text(f"✗ {one_line(one.text, 400)}")
    elif desk.said:
        with st.container(key="said"):
            st.text(f"✓ {one_line(desk.said, 200)}")
