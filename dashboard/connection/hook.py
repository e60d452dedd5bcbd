"""The part of *Connection* about news from GoHighLevel: the address, the secret, the steps there, and whether news comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select

from dashboard import gate, services
from dashboard.formatting import one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS, NEWS
from dashboard.news.words import health_line
from dashboard.reading import Trouble, guarded
from ghl.db.models import Church
from ghl.people.names import name_of
from ghl.webhooks.reading import Health, health
from ghl.webhooks.secrets import HEADER, SecretView, end_previous, new_secret, secrets_of
from jobs.container import Container

WHY = (
    "GoHighLevel does not tell this hub by itself when somebody replies STOP. We look before each text and every night. "
    "With a workflow it tells us at once."
)
STEPS = (
    "1. In GoHighLevel open Automation, Workflows, and press Create Workflow, Start from Scratch.",
    "2. Press Add New Trigger and choose Contact DND. Save the trigger.",
    "3. Press Add New Trigger once more and choose Customer Replied. Save the trigger.",
    "4. Press the plus sign below and choose the action Webhook. Method: POST. URL: the address below.",
    f"5. Under Headers press Add item. Key: {HEADER}. Value: the secret below.",
    "6. Save the action. Turn the workflow from Draft to Publish, and press Save.",
    "7. Turn Do Not Disturb on and off for a contact of your own. Here it then says when the last news came.",
)
ONCE = "Copy it now. It is shown this once."


@dataclass(frozen=True)
class _Seen:
    public_id: str
    secrets: Sequence[SecretView]
    health: Health
    now: datetime


class HookSection:
    """The section for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id: UUID = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)
        self._fresh = f"hook_secret_{viewer.person.user_id}_{self._church_id.hex}"

    def draw(self) -> None:
        """Draws it. The secret that was just made stands here until the next press or page."""
        seen = guarded(self._read)
        if isinstance(seen, Trouble):
            return
        st.header("News from GoHighLevel", anchor=False)
        st.text(health_line(seen.health, now=seen.now))
        st.page_link(NEWS.path, label="What came", icon=f":material/{NEWS.icon}:", width="content")
        with st.expander("Let GoHighLevel tell us at once", key="hook", expanded=self._is_fresh()):
            st.text(WHY)
            with st.container(gap="xxsmall", key="lines_hook"):
                for line in STEPS:
                    st.text(line)
            self._draw_address(seen)
            self._draw_secret(seen)

    def _draw_address(self, seen: _Seen) -> None:
        base = self._hub.settings.form_url
        st.text("The address:")
        st.code(f"{base}/webhooks/workflow/{seen.public_id}", language=None, wrap_lines=True)
        if not base.startswith("https://"):
            st.text(
                "GoHighLevel can reach it once this hub has a public address. Whoever looks after it sets that."
            )

    def _draw_secret(self, seen: _Seen) -> None:
        names = guarded(lambda: services.names(self._church_id))
        known = {} if isinstance(names, Trouble) else names
        for one in seen.secrets:
            at = when(one.created_at, now=seen.now, zone=self._zone)
            by = name_of(one.created_by, known)
            line = f"The secret ends in {one.last4}. Made by {by}, {at}."
            if one.ends_at is not None:
                until = when(one.ends_at, now=seen.now, zone=self._zone)
                line = f"The one before it ends in {one.last4}. It works until {until}."
            st.text(one_line(line, 200))
        if secret := st.session_state.get(self._fresh):
            st.text(f"The secret, for the header {HEADER}:")
            st.code(secret, language=None, wrap_lines=True)
            st.text(ONCE)
            st.button("I have copied it", key="hook_copied", icon=":material/check:", on_click=self._forget)
        else:
            label = "Make a new secret" if seen.secrets else "Make the secret"
            st.button(label, key="hook_new", icon=":material/key:", on_click=self._make)
            if seen.secrets:
                st.text(
                    "The one that is in use works for 7 more days then. Put the new one into the workflow meanwhile."
                )
        if any(one.ends_at is not None for one in seen.secrets):
            st.button(
                "End the one before it now", key="hook_end", icon=":material/block:", on_click=self._end
            )

    def _read(self) -> _Seen:
        with self._hub.database.church(self._church_id) as session:
            return _Seen(
                session.scalars(select(Church.public_id).where(Church.id == self._church_id)).one(),
                secrets_of(session, self._church_id),
                health(session, self._church_id),
                self._hub.clock.now(),
            )

    def _is_fresh(self) -> bool:
        return self._fresh in st.session_state

    # -- presses: each commits first -----------------------------------------------------------------

    def _make(self) -> None:
        acting = gate.acting(self._viewer, *ADMINS)
        if isinstance(acting, gate.Refused) or self._is_fresh():
            # The second half of a double click makes no second one.
            return

        def commit() -> str:
            with self._hub.database.church(self._church_id) as session:
                made = new_secret(session, self._church_id, actor=acting.person.actor)
            return made.get_secret_value()

        made = guarded(commit)
        if isinstance(made, str):
            st.session_state[self._fresh] = made

    def _end(self) -> None:
        acting = gate.acting(self._viewer, *ADMINS)
        if isinstance(acting, gate.Refused):
            return

        def commit() -> bool:
            with self._hub.database.church(self._church_id) as session:
                return end_previous(session, self._church_id, actor=acting.person.actor)

        guarded(commit)

    def _forget(self) -> None:
        st.session_state.pop(self._fresh, None)
