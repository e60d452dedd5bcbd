"""How a church sends: when texts may leave, how long one may be taken back, from where they come, how many a day.

Only what is different from when the page was opened is changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate
from dashboard.components.held import held, held_among, say_again
from dashboard.gate import Refused, Viewer
from dashboard.messages import words
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from ghl.messages.settings import (
    EARLIEST,
    LATEST,
    MAX_SENDER,
    MessagingRules,
    RulesError,
    change_rules,
    rules_of,
)
from jobs.container import Container

NAMES = (
    "texts_from",
    "texts_until",
    "sunday_from",
    "undo_seconds",
    "from_number",
    "email_from",
    "email_sends_again",
)
LATEST_START, EARLIEST_END = time(20, 30), time(8, 30)
LIVE = "1s"


@dataclass
class _Desk:
    """The rules as they were when the page was opened."""

    opened: MessagingRules
    form: str = field(default_factory=lambda: f"rules_{uuid4().hex[:8]}")
    problems: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    complaint: str = ""

    def key(self, name: str) -> str:
        key = f"{self.form}_{name}"
        st.session_state.setdefault(key, _shown(self.opened, name))
        return key


class SendingRules:
    """The section of the page for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._place = f"rules_{viewer.person.user_id}_{self._church_id}"

    def draw(self, rules: MessagingRules, *, texts_today: int) -> None:
        """Draws it."""
        desk: _Desk | None = st.session_state.get(self._place)
        if desk is None or f"{desk.form}_texts_from" not in st.session_state:
            desk = self._sit_down(_Desk(rules))
        st.header("Rules for sending", anchor=False, divider="gray")
        if desk.complaint:
            st.error(desk.complaint, icon=":material/error:")
        elif desk.said:
            with st.container(key="rules_said"):
                st.text(f"✓ {desk.said}")
        say_again(desk.form, [desk.key(name) for name in NAMES])
        self._draw_times(desk)
        self._draw_senders(desk)
        zone, now = ZoneInfo(self._viewer.church.timezone), self._hub.clock.now()
        st.button(
            "Save the rules",
            type="primary",
            icon=":material/save:",
            key="save_rules",
            on_click=self._save,
            args=(desk.form,),
        )
        st.subheader("How many texts a day", anchor=False)
        for line in words.ramp(rules.ramp_level, rules.ramp_since, texts_today, now=now, zone=zone):
            st.text(line)

    def _draw_times(self, desk: _Desk) -> None:
        st.text(
            "Texts leave in these hours only, by your clock and by the person's where GoHighLevel knows it. "
            "Others wait until then. Never before 8 am or after 9 pm."
        )
        with st.container(horizontal=True, gap="small"):
            _choose(desk, "texts_from", "From", words.half_hours(EARLIEST, LATEST_START))
            _choose(desk, "texts_until", "Until", words.half_hours(EARLIEST_END, LATEST))
            _choose(
                desk,
                "sunday_from",
                "On Sundays from",
                (words.SAME_AS_EVER, *words.half_hours(EARLIEST, LATEST_START)),
            )
        key, choices = desk.key("undo_seconds"), [*words.UNDO]
        if (now := str(st.session_state[key])) not in choices:
            choices.insert(0, now)
        st.selectbox(
            "A message can be taken back for",
            choices,
            index=held_among(key, choices),
            format_func=words.undo,
            key=key,
        )
        _tell(desk, "undo_seconds")

    def _draw_senders(self, desk: _Desk) -> None:
        key = desk.key("from_number")
        st.text_input(
            "Number that texts come from",
            value=held(key),
            key=key,
            placeholder="The number that GoHighLevel chooses",
            max_chars=64,
            autocomplete="off",
            live=LIVE,
        )
        st.text(
            "It has to be one of your numbers in GoHighLevel. Only with it people can be told where to text START."
        )
        _tell(desk, "from_number")
        key = desk.key("email_from")
        st.text_input(
            "Sender of e-mails",
            value=held(key),
            key=key,
            placeholder="Grace Church <hello@gracechurch.org>",
            max_chars=MAX_SENDER,
            autocomplete="off",
            live=LIVE,
        )
        _tell(desk, "email_from")
        key = desk.key("email_sends_again")
        st.toggle(
            "An e-mail may go again by itself where nobody can tell whether it went out",
            value=bool(st.session_state[key]),
            key=key,
        )
        st.text("Somebody may then get it twice. A text never goes again by itself.")

    def _save(self, form: str) -> None:
        """Saves what is different. A second press finds a page with new fields, and nothing to do."""
        desk: _Desk | None = st.session_state.get(self._place)
        if desk is None or desk.form != form or f"{form}_texts_from" not in st.session_state:
            return
        desk.problems, desk.said, desk.complaint = {}, "", ""
        may = gate.acting(self._viewer, *ADMINS)
        if isinstance(may, Refused):
            desk.complaint = may.why
            return
        try:
            changed = guarded(lambda: self._change(desk))
        except RulesError as error:
            desk.problems = error.problems
            desk.complaint = "The rules aren't saved yet: see what is marked."
            return
        if isinstance(changed, Trouble):
            desk.complaint = (
                "The rules aren't saved yet, and everything you typed is still here. "
                f"Try again; if it stays, tell support the number {changed.number}."
            )
            return
        names, rules = changed
        for name in [name for name in st.session_state if str(name).startswith(f"{form}_")]:
            del st.session_state[name]
        said = "The rules are saved. They hold for everything that has not left yet."
        self._sit_down(_Desk(rules, said=said if names else "Nothing was different."))

    def _sit_down(self, desk: _Desk) -> _Desk:
        st.session_state[self._place] = desk
        for name in NAMES:
            desk.key(name)
        return desk

    def _change(self, desk: _Desk) -> tuple[Sequence[str], MessagingRules]:
        change = {
            name: _read(name, st.session_state[f"{desk.form}_{name}"])
            for name in NAMES
            if st.session_state[f"{desk.form}_{name}"] != _shown(desk.opened, name)
        }
        with self._hub.database.church(self._church_id) as session:
            names = change_rules(
                session,
                self._church_id,
                change,
                actor=self._viewer.person.actor,
                now=self._hub.clock.now(),
            )
            return names, rules_of(session, self._church_id)


def _choose(desk: _Desk, name: str, label: str, offered: Sequence[str]) -> None:
    key = desk.key(name)
    now = str(st.session_state[key])
    choices = list(offered) if now in offered else [now, *offered]
    with st.container(width=190):
        st.selectbox(label, choices, index=held_among(key, choices), key=key)
        _tell(desk, name)


def _tell(desk: _Desk, name: str) -> None:
    if said := desk.problems.get(name):
        st.text(f"✗ {said}")


def _shown(rules: MessagingRules, name: str) -> str | bool:
    """A rule as its field holds it."""
    value = getattr(rules, name)
    if isinstance(value, bool):
        return value
    if isinstance(value, time):
        return words.clock(value)
    if value is None:
        return words.SAME_AS_EVER if name == "sunday_from" else ""
    return str(value)


def _read(name: str, typed: Any) -> Any:
    """A rule as the field says it."""
    match name:
        case "texts_from" | "texts_until":
            return words.read_clock(typed)
        case "sunday_from":
            return None if typed == words.SAME_AS_EVER else words.read_clock(typed)
        case "undo_seconds":
            return int(typed)
        case _:
            return typed
