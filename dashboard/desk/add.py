"""*Add a card*: paper cards typed one after the other, mostly without the mouse.

Fields and no form: each change is kept as a draft, so that a reload, a lost connection or a sign-out costs a word
at most. A new blank form has new fields, so a second press of the key finds nothing to save.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

import streamlit as st

from dashboard import gate
from dashboard.components import keys, states
from dashboard.components.card_form import card_form, written
from dashboard.desk import typed
from dashboard.desk.page import DeskPage, whole_name
from dashboard.desk.typed import Opened
from dashboard.formatting import cards, when
from dashboard.navigation import CARD, WRITERS
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action, act
from ghl.cards.drafts import ADD
from ghl.cards.fields import CardFieldsError
from ghl.cards.save import SavedCard
from ghl.statuses import CardStatus

UNDO_FOR = timedelta(seconds=60)
UNDONE = "Undone right after typing"


@dataclass(frozen=True)
class Said:
    """What the last press did, until the next one."""

    text: str = field(repr=False)
    card: SavedCard | None = None
    at: datetime | None = None
    undo: bool = False
    take_up: bool = False
    values: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass
class Desk:
    """One person's page in one tab. `form` names the blank form that is open: a press belongs to one of them."""

    opened: Opened
    form: str
    start: Mapping[str, object]
    stays: Mapping[str, object]
    draft_at: datetime | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    said: Said | None = None
    trouble: str | None = None
    not_kept: bool = False
    focus: str = "first_name"
    focused: int = 0
    drawn: bool = False

    @classmethod
    def of(cls, opened: Opened) -> "Desk":
        """The page as it is opened: with what was typed last, or blank."""
        if opened.draft:
            draft = opened.draft
            return cls(opened, _new_form(), draft.values, opened.stays, draft_at=draft.changed_at)
        return cls(opened, _new_form(), opened.stays, opened.stays)

    def next_form(self, start: Mapping[str, object], *, focus: str = "first_name") -> None:
        """A blank form with new fields; what stood in the old ones is forgotten."""
        for name in [name for name in st.session_state if str(name).startswith(f"{self.form}_")]:
            del st.session_state[name]
        self.form, self.start = _new_form(), start
        self.draft_at, self.problems, self.trouble, self.not_kept = None, {}, None, False
        self.focus, self.focused, self.drawn = focus, 0, False

    def refuse(self, problems: Mapping[str, str]) -> None:
        """The card stays open, with what is wrong at its field and the caret in the first of them."""
        self.problems, self.said = problems, None
        self.focus = next((name for name in problems if name != "card"), "first_name")
        self.focused += 1


class AddPage(DeskPage):
    """The page for one person at one church."""

    kind = "add"

    def draw(self) -> None:
        """Draws the page; where it is opened anew, with what was typed and not saved."""
        desk = self._desk()
        # Fields that are not drawn lose what they hold, so a page that somebody comes back to is opened anew.
        if desk is None or (desk.drawn and f"{desk.form}_first_name" not in st.session_state):
            opened = guarded(lambda: typed.open_desk(self._hub.database, self._typist, now=self._now()))
            if isinstance(opened, Trouble):
                return states.could_not_load("this page", opened.number)
            desk = st.session_state[self._place] = Desk.of(opened)
        return st.fragment(self._live)()

    def _live(self) -> None:
        still = gate.still(self._viewer, *WRITERS, by_person=True)
        desk = self._desk()
        if desk is None:
            return
        self._draw_said(desk)
        # What comes and goes has a place of its own: fields that moved would be drawn anew and lose the caret.
        with st.container(key="draft", horizontal=True, vertical_alignment="center"):
            if desk.draft_at:
                st.text(f"This is what you typed at {when(desk.draft_at, now=self._now(), zone=self._zone)}.")
                st.button("Start again with an empty card", on_click=self._start_again, args=(desk.form,))
        card_form(
            desk.form,
            desk.start,
            services=desk.opened.services,
            campuses=desk.opened.campuses,
            prayer="write",
            problems=desk.problems,
            on_change=partial(self._changed, desk.form),
        )
        desk.drawn = True
        number = still.number if isinstance(still, Trouble) else desk.trouble
        if number:
            st.error(
                "The card isn't saved yet, and everything you typed is still here. "
                f"Try again; if it stays, tell support the number {number}."
            )
        elif desk.not_kept:
            st.text("What you type is not kept in case of a reload for now. Save & next still saves it.")
        with st.container(horizontal=True, key="actions"):
            st.button(
                "Try again" if number else "Save & next",
                type="primary",
                shortcut="Alt+S",
                icon=":material/save:",
                key=f"save_{desk.form}",
                on_click=self._save,
                args=(desk.form,),
            )
            last = desk.said.card if desk.said else None
            if last and st.button(
                "Back to the last card",
                shortcut="Alt+B",
                icon=":material/arrow_back:",
                key=f"back_{desk.form}",
            ):
                st.switch_page(CARD.path, query_params={"number": str(last.number)})
        keys.focus(f"{desk.form}_{desk.focus}", once=f"{desk.form}{desk.focused}")

    def _draw_said(self, desk: Desk) -> None:
        """What the last press did. Its place is always there, so that screen readers notice what it says."""
        with st.container(key="said", gap="xsmall"):
            said = desk.said
            if said is None:
                st.text(
                    "Tab goes to the next field. Alt+S saves the card from anywhere and opens the next one."
                )
                return
            with st.container(border=True, key="said_box", gap="xsmall"):
                st.text(said.text)
                with st.container(horizontal=True, vertical_alignment="center"):
                    if said.undo and said.at and self._now() < said.at + UNDO_FOR:
                        st.button("Undo", icon=":material/undo:", on_click=self._undo, args=(said,))
                    if said.take_up:
                        st.button("Send it after all", on_click=self._take_up, args=(said,))
                    if said.values:
                        st.button(
                            "Add another person from this card",
                            icon=":material/group_add:",
                            shortcut="Alt+A",
                            wrap=True,
                            key=f"another_{desk.form}",
                            on_click=self._another,
                            args=(desk.form, said),
                        )
                    if said.card:
                        st.page_link(
                            CARD.path,
                            label=f"Open card #{said.card.number}",
                            query_params={"number": str(said.card.number)},
                        )

    # What a press does: commit first, no drawing.

    def _save(self, form: str) -> None:
        desk = self._desk()
        if desk is None or desk.form != form:
            return None  # a second press: that form was saved, and is gone
        values = written(form)
        if not self._may():
            return self._changed(form)
        now = self._now()
        try:
            found = guarded(
                lambda: typed.save_typed(
                    self._hub.database,
                    self._hub.background_waker,
                    self._typist,
                    values,
                    wording=desk.opened.wording,
                    now=now,
                )
            )
        except CardFieldsError as error:
            return desk.refuse({problem.field: problem.message for problem in error.problems})
        if isinstance(found, Trouble):
            desk.trouble = found.number
            return None
        desk.said = self._told(found.card, values, today=found.today, now=now)
        desk.stays = typed.carried(values, typed.STAYS)
        return desk.next_form(desk.stays)

    def _changed(self, form: str) -> None:
        """Keeps what stands in the fields, also when the session ended a moment ago: it is their own, for later."""
        desk = self._desk()
        if desk is None or desk.form != form:
            return
        values = written(form)
        kept = guarded(
            lambda: typed.keep_draft(self._hub.database, self._typist, ADD, values, now=self._now())
        )
        desk.not_kept = kept is not True

    def _start_again(self, form: str) -> None:
        desk = self._desk()
        if desk is None or desk.form != form or not self._may():
            return
        done = guarded(lambda: typed.start_again(self._hub.database, self._typist))
        if isinstance(done, Trouble):
            desk.trouble = done.number
            return
        desk.next_form(desk.stays)

    def _another(self, form: str, said: Said) -> None:
        desk = self._desk()
        if desk is None or desk.form != form:
            return
        start = typed.carried(said.values, typed.SHARED)
        desk.next_form(start)
        desk.said = Said("Another person from the same card: phone, address and service are filled in.")

    def _undo(self, said: Said) -> None:
        self._act(
            said, Action.SET_ASIDE, done="Undone. The card is set aside and goes nowhere.", reason=UNDONE
        )

    def _take_up(self, said: Said) -> None:
        self._act(said, Action.PUT_BACK, done="The card goes to GoHighLevel now.")

    def _act(self, said: Said, action: Action, *, done: str, reason: str = "") -> None:
        desk, card = self._desk(), said.card
        if desk is None or card is None or not self._may():
            return

        def change() -> bool:
            with self._hub.database.church(self._typist.church_id) as session:
                return act(
                    session,
                    self._typist.church_id,
                    action,
                    card.id,
                    reason=reason,
                    actor=self._typist.actor,
                    now=self._now(),
                )

        acted = guarded(change)
        if isinstance(acted, Trouble):
            text = f"That did not work just now. Open the card and try again; support number {acted.number}."
        elif acted:
            text = done
            self._wake()
        else:
            text = "Too late for that: the card has moved on. Open it to see where it is, and to correct it."
        desk.said = Said(text, card=card)

    def _told(self, card: SavedCard, values: Mapping[str, object], *, today: int, now: datetime) -> Said:
        """What a save did, in a sentence or two."""
        name = whole_name(values.get("first_name"), values.get("last_name"))
        if card.duplicate:
            aside = card.status is CardStatus.DISMISSED
            rest = " It was set aside." if aside else ""
            text = (
                f"Looks like the same card: {name} already has card #{card.number}. Nothing was added.{rest}"
            )
            return Said(text, card=card, take_up=aside)
        text = f"Saved: {name}. {self._what_follows(card.status, card.cause, card.facts)}{cards(today)} typed today."
        return Said(text, card=card, at=now, undo=True, values=dict(values))

    def _desk(self) -> Desk | None:
        desk = st.session_state.get(self._place)
        return desk if isinstance(desk, Desk) else None


def _new_form() -> str:
    return f"add{uuid4().hex[:12]}"
