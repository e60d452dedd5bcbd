"""What one admin has open on *Messages*: a template as it was when it was opened, and what is typed over it.

Only what is different is saved: of two admins who work on different fields neither undoes the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import streamlit as st

from dashboard.messages.words import ANY_TIME, within_of
from ghl.cards.drafts import Draft as Kept
from ghl.messages.lint import Problem, problems
from ghl.messages.render import Words
from ghl.messages.templates import Draft, Template
from ghl.statuses import Channel, Purpose

FIELDS: Mapping[str, str] = {
    "name": "Name of the template",
    "purpose": "What it is about",
    "within": "Send within",
    "onboarding": "Goes with Send onboarding materials",
    "subject": "Subject",
    "body": "Words",
}


def place_of(template_id: UUID) -> str:
    """Where an admin's half-typed words of a template are kept."""
    return f"message {template_id}"


@dataclass
class Desk:
    """One admin's page in one tab. `form` names its fields, so that a page that was saved gets new ones.

    `theirs` are fields of the draft that somebody else changed meanwhile. `card` counts the presses of *Another card*.
    """

    opened: Template
    form: str = field(default_factory=lambda: f"message_{uuid4().hex[:8]}")
    complaints: Sequence[Problem] = ()
    said: str = ""
    trouble: str = ""
    complaint: str = ""
    typed_at: datetime | None = None
    theirs: Sequence[str] = ()
    card: int = 0
    test: UUID | None = None
    test_said: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The fields that this kind of message has."""
        return tuple(name for name in FIELDS if name != "subject" or self.opened.channel is Channel.EMAIL)

    def key(self, name: str) -> str:
        """The key of a field, which holds what was stored when it is first drawn."""
        key = f"{self.form}_{name}"
        st.session_state.setdefault(key, stored(self.opened, name))
        return key

    @property
    def alive(self) -> bool:
        """Whether its fields still hold something: those that were not drawn for a while do not."""
        return f"{self.form}_body" in st.session_state

    def typed(self, name: str) -> str | bool:
        """What stands in a field now."""
        return st.session_state.get(f"{self.form}_{name}", stored(self.opened, name))  # type: ignore[no-any-return]

    def put(self, name: str, value: str | bool) -> None:
        """Writes into a field, for a callback."""
        st.session_state[f"{self.form}_{name}"] = value

    def different(self) -> list[str]:
        """The fields that say something else than when the template was opened."""
        return [name for name in self.names if self.typed(name) != stored(self.opened, name)]

    def words(self) -> Words:
        """The words as they stand in the fields."""
        subject = str(self.typed("subject")) if "subject" in self.names else ""
        return Words(" ".join(subject.split()), str(self.typed("body")))

    def problems(self, church_name: str) -> tuple[Problem, ...]:
        """What is wrong with the words as they stand in the fields."""
        channel = self.opened.channel
        return problems(self.words(), channel=channel, first=channel is Channel.SMS, church_name=church_name)

    def change(self) -> Draft:
        """What is different, as it is saved."""
        named = {name: self.typed(name) for name in self.different()}
        within = named.get("within")
        return Draft(
            name=_text(named.get("name")),
            purpose=Purpose(str(named["purpose"])) if "purpose" in named else None,
            send_within_hours=int(str(within)) if within not in {None, ANY_TIME} else None,
            any_time=within == ANY_TIME,
            onboarding=bool(named["onboarding"]) if "onboarding" in named else None,
            subject=_text(named.get("subject")),
            body=_text(named.get("body")),
        )


def stored(template: Template, name: str) -> str | bool:
    """A field of a template as it stands on the page."""
    match name:
        case "within":
            return within_of(template.send_within_hours)
        case "purpose":
            return str(template.purpose)
        case "onboarding":
            return template.onboarding
        case _:
            return str(getattr(template, name))


def open_desk(template: Template, kept: Kept | None) -> Desk:
    """A desk with fields of its own, and in them what was typed earlier and not saved."""
    desk = Desk(template)
    pairs = kept.values.items() if kept else ()
    back = {
        name: pair
        for name, pair in pairs
        if name in desk.names and isinstance(pair, list) and len(pair) == 2  # what was stored, what was typed
    }
    for name in desk.names:
        desk.put(name, back[name][1] if name in back else stored(template, name))
    if kept and desk.different():
        desk.typed_at = kept.changed_at
        desk.theirs = [
            name for name, (was, typed) in back.items() if stored(template, name) not in (was, typed)
        ]
    return desk


def forget(desk: Desk) -> None:
    """Takes the fields of this desk out of the tab's memory."""
    for name in [name for name in st.session_state if str(name).startswith(f"{desk.form}_")]:
        del st.session_state[name]


def _text(value: str | bool | None) -> str | None:
    return None if value is None else str(value)
