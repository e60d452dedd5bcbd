"""*Add a card*: paper cards typed one after the other, mostly without the mouse.

Fields and no form: each change is kept as a draft, so that a reload, a lost connection or a sign-out costs a word
at most. A new blank form has new fields, so a second press of the key finds nothing to save. What stands beside the
boxes of the paper cards is asked once for a pile; without an answer no words are kept as proof.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal
from uuid import uuid4

import streamlit as st

from dashboard import gate
from dashboard.components import keys, states
from dashboard.components.card_form import card_form, written
from dashboard.consent.words import too_late_for
from dashboard.desk import typed
from dashboard.desk.page import goes_later, typist_at, what_follows, whole_name
from dashboard.desk.presses import Presses
from dashboard.desk.typed import Beside, Opened, Stands, says_anything
from dashboard.desk.windows import FORMS
from dashboard.formatting import cards, one_line, when
from dashboard.gate import Viewer
from dashboard.navigation import ADD, CARD, WRITERS, to_card
from dashboard.reading import Trouble, guarded
from dashboard.seat import Seat
from ghl.cards.actions import Action, act
from ghl.cards.drafts import place_of_form
from ghl.cards.fields import LENGTHS, CardFieldsError
from ghl.cards.save import SavedCard
from ghl.cards.values import clean
from ghl.people import sessions
from ghl.statuses import CardStatus
from jobs.container import Container

UNDO_FOR = timedelta(seconds=60)
UNDONE = "Undone right after typing"
NOTHING_TYPED = "The card has no name, no phone and no e-mail."
ON_ITS_WAY = (
    "It is in GoHighLevel or on its way there. Open it to correct it: the contact there is updated as well."
)


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
    beside: Beside | None = None
    asking: Literal["words", "type"] | None = None
    presses: Presses = field(default_factory=Presses)
    laid: Mapping[str, object] = field(default_factory=dict, repr=False)
    more: int = 0
    draft_at: datetime | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    said: Said | None = None
    trouble: str | None = None
    not_kept: bool = False
    focus: str = "first_name"
    focused: int = 0
    drawn: bool = False

    @classmethod
    def of(cls, opened: Opened, form: str) -> "Desk":
        """The page as it is opened: with what was typed last, or blank."""
        draft = opened.draft
        return cls(
            opened,
            form,
            draft.values if draft else opened.stays,
            opened.stays,
            beside=opened.beside,
            more=opened.more,
            draft_at=draft.changed_at if draft else None,
        )

    def next_form(self, start: Mapping[str, object], *, focus: str = "first_name") -> None:
        """A blank form with new fields; what stood in the old ones is forgotten."""
        for name in [name for name in st.session_state if str(name).startswith(f"{self.form}_")]:
            del st.session_state[name]
        self.form, self.start, self.laid = _new_form(), start, {}
        self.presses.anew()
        self.draft_at, self.problems, self.trouble, self.not_kept = None, {}, None, False
        self.focus, self.focused, self.drawn = focus, 0, False

    def refuse(self, problems: Mapping[str, str]) -> None:
        """The card stays open, with what is wrong at its field and the caret in the first of them."""
        self.problems = problems
        self.focus = next((name for name in problems if name != "card"), "first_name")
        self.focused += 1


class AddPage:
    """The page for one person at one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._seat = Seat(hub, viewer, "add")
        self._typist = typist_at(self._seat)

    def draw(self) -> None:
        """Draws the page; where it is opened anew, with what was typed and not saved."""
        desk = self._seat.desk(Desk)
        # Fields that are not drawn lose what they hold, so a page that somebody comes back to is opened anew.
        if desk is None or (desk.drawn and f"{desk.form}_first_name" not in st.session_state):
            trouble = self._open_anew(desk)
            if trouble:
                return states.could_not_load("this page", trouble.number)
        return st.fragment(self._live)()

    def _open_anew(self, before: Desk | None) -> Trouble | None:
        """Lays a form onto the desk, with what was typed last and not saved."""
        form = _new_form()
        opened = guarded(
            lambda: typed.open_desk(
                self._seat.database,
                self._typist,
                form,
                elsewhere=lambda other: FORMS.elsewhere(other, signed_in=self._signed_in),
                now=self._seat.now(),
            )
        )
        if isinstance(opened, Trouble):
            return opened
        self._seat.set_up(Desk.of(opened, form))
        self._is_open(form, instead_of=before.form if before else "")
        return None

    def _is_open(self, form: str, *, instead_of: str) -> None:
        FORMS.open(form, cookie=gate.browser_cookies().get(gate.COOKIE, ""), instead_of=instead_of)

    def _signed_in(self, cookie: str) -> bool:
        """Whether a window that was opened with this cookie still shows its page."""
        return (
            sessions.current(self._seat.database, cookie, clock=self._seat.hub.clock, by_person=False)
            is not None
        )

    def _live(self) -> None:
        still = gate.still(self._seat.viewer, *WRITERS, by_person=True)
        desk = self._seat.desk(Desk)
        if desk is None:
            return
        self._draw_said(desk)
        self._draw_words(desk)
        # What comes and goes has a place of its own: fields that moved would be drawn anew and lose the caret.
        with st.container(key="draft", horizontal=True, vertical_alignment="center"):
            self._draw_draft(desk)
        card_form(
            desk.form,
            desk.start,
            services=desk.opened.services,
            campuses=desk.opened.campuses,
            prayer="write",
            problems=desk.problems,
            asks_for_words=False,
            on_change=partial(self._changed, desk.form),
        )
        if not desk.laid:
            desk.laid = written(desk.form)
        desk.drawn = True
        desk.presses.drawn()
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
                st.switch_page(CARD.path, query_params=to_card(last.number, back_to=ADD))
        keys.focus(f"{desk.form}_{desk.focus}", once=f"{desk.form}{desk.focused}")

    def _draw_draft(self, desk: Desk) -> None:
        """That a card was begun before, and that others were."""
        others = "another card" if desk.more == 1 else f"{desk.more} other cards"
        if desk.draft_at:
            st.text(
                f"This is what you typed at {when(desk.draft_at, now=self._seat.now(), zone=self._seat.zone)}."
            )
            if desk.more:
                st.text(f"You began {others} as well: offered when this one is saved.")
            st.button("Start again with an empty card", on_click=self._start_again, args=(desk.form,))
        elif desk.more and not says_anything(written(desk.form)):
            st.text(f"You began {others} and did not save.")
            st.button("Go on with it", key=f"begun_{desk.form}", on_click=self._go_on, args=(desk.form,))

    def _draw_words(self, desk: Desk) -> None:
        """What the boxes of these paper cards say: asked once, for what is kept as proof must be what people read."""
        own = desk.opened.wording
        with st.container(key="words"):
            if desk.asking == "type":
                self._draw_other_words(desk)
            elif desk.beside is None or desk.asking == "words":
                with st.container(border=True, gap="xsmall", key="words_box"):
                    if own.text:
                        st.text("Do the boxes on your paper cards say these words?")
                        for words in own.words.values():
                            st.text(f"☐ {words.text}")
                    else:
                        st.text("What do the boxes for texts and e-mails on your paper cards say?")
                    st.text("Asked once for a pile. Until you answer, a yes is kept without words.")
                    with st.container(horizontal=True):
                        if own.text:
                            self._words_button("Yes, these words", Beside(own.text, own=True))
                        st.button(
                            "Something else" if own.text else "Type the words",
                            key="words_else",
                            on_click=self._ask_words,
                            args=("type",),
                        )
                        self._words_button("No words at all", Beside())
            else:
                with st.container(horizontal=True, vertical_alignment="center", key="words_said"):
                    what = "your web form's" if desk.beside.own else one_line(desk.beside.text, 80) or "none"
                    told = what if what.endswith((".", "!", "?", "…")) else f"{what}."
                    st.text(f"Words beside the boxes: {told}", width="content")
                    st.button(
                        "Change",
                        key="words_change",
                        on_click=self._ask_words,
                        args=("words",),
                    )

    def _words_button(self, label: str, beside: Beside) -> None:
        key = "words_own" if beside.own else "words_none"
        st.button(label, key=key, on_click=self._set_words, args=(beside,))

    def _draw_other_words(self, desk: Desk) -> None:
        before = desk.beside.text if desk.beside and not desk.beside.own else ""
        st.session_state.setdefault("words_typed", before)
        with st.container(border=True, gap="xsmall", key="words_box"):
            st.text_area(
                "The words beside the boxes, exactly as on the card",
                key="words_typed",
                height=100,
                max_chars=LENGTHS["consent_wording"],
            )
            with st.container(horizontal=True):
                st.button("Use these words", key="words_use", on_click=self._use_typed)
                st.button("Back", key="words_back", on_click=self._ask_words, args=("words",))

    def _draw_said(self, desk: Desk) -> None:
        """What the last press did. Its place is always there, so that screen readers notice what it says."""
        with st.container(key="said", gap="xsmall"):
            said = desk.said
            if said is None:
                st.text(
                    "Tab goes to the next field. Alt+S saves the card from anywhere and opens the next one."
                )
                return
            undo = self._can_undo(said)
            with st.container(border=True, key="said_box", gap="xsmall"):
                st.text(said.text)
                with st.container(horizontal=True, vertical_alignment="center"):
                    if undo:
                        st.button("Undo", icon=":material/undo:", on_click=self._undo, args=(said,))
                    if said.take_up:
                        st.button("Send it after all", on_click=self._take_up, args=(said,))
                    if said.values:
                        st.button(
                            "Add another person from this card",
                            icon=":material/group_add:",
                            shortcut="Alt+A",
                            wrap=True,
                            # It would empty a card that is begun already.
                            disabled=says_anything(written(desk.form)),
                            key=f"another_{desk.form}",
                            on_click=self._another,
                            args=(desk.form, said),
                        )
                    if said.card:
                        st.page_link(
                            CARD.path,
                            label=f"Open card #{said.card.number}"
                            + (" to correct it" if said.undo and not undo else ""),
                            query_params=to_card(said.card.number, back_to=ADD),
                        )

    def _can_undo(self, said: Said) -> bool:
        """Whether the card can still be taken back, as far as anybody knows: one that goes at once can't."""
        card = said.card
        if card is None or not said.undo or said.at is None or self._seat.now() >= said.at + UNDO_FOR:
            return False

        def look() -> Stands | None:
            with self._seat.database.church(self._typist.church_id) as session:
                return typed.standing_of(session, self._typist.church_id, card.id)

        stands = guarded(look)
        if stands is None or isinstance(stands, Trouble):
            return False
        still_here = stands.status in {CardStatus.TO_REVIEW, CardStatus.NEEDS_ATTENTION}
        return still_here or goes_later(self._seat.church_id, stands.status)

    # What a press does: commit first, no drawing.

    def _save(self, form: str) -> None:
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form:
            return None  # a second press: that form was saved, and is gone
        values = written(form)
        if values == desk.laid and desk.presses.unseen():
            desk.focused += (
                1  # the second half of a double click took the caret along from the form that came up
            )
            return None
        if not says_anything(values):
            return desk.refuse({"card": NOTHING_TYPED})
        if not self._seat.may():
            return self._changed(form)
        now = self._seat.now()
        try:
            found = guarded(
                lambda: typed.save_typed(
                    self._seat.database,
                    self._seat.hub.background_waker,
                    self._typist,
                    values,
                    form=form,
                    wording=desk.opened.wording,
                    beside=desk.beside,
                    now=now,
                )
            )
        except CardFieldsError as error:
            desk.said = None
            return desk.refuse({problem.field: problem.message for problem in error.problems})
        if isinstance(found, Trouble):
            desk.trouble = found.number
            return None
        desk.said = self._told(found.card, values, today=found.today, now=now)
        desk.stays = typed.carried(values, typed.STAYS)
        return self._next_form(desk, desk.stays)

    def _next_form(self, desk: Desk, start: Mapping[str, object]) -> None:
        before = desk.form
        desk.next_form(start)
        self._is_open(desk.form, instead_of=before)

    def _changed(self, form: str) -> None:
        """Keeps what stands in the fields, also when the session ended a moment ago: it is their own, for later."""
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form:
            return
        values = written(form)
        kept = guarded(
            lambda: typed.keep_draft(
                self._seat.database, self._typist, place_of_form(form), values, now=self._seat.now()
            )
        )
        desk.not_kept = kept is not True

    def _start_again(self, form: str) -> None:
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form or not self._seat.may():
            return
        done = guarded(lambda: typed.start_again(self._seat.database, self._typist, form))
        if isinstance(done, Trouble):
            desk.trouble = done.number
            return
        self._next_form(desk, desk.stays)

    def _go_on(self, form: str) -> None:
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form or says_anything(written(form)) or not self._seat.may():
            return
        said = desk.said
        trouble = self._open_anew(desk)
        if trouble:
            desk.trouble = trouble.number
        elif opened := self._seat.desk(Desk):
            opened.said = said

    def _ask_words(self, what: Literal["words", "type"]) -> None:
        desk = self._seat.desk(Desk)
        if desk is None:
            return
        gate.used()
        st.session_state.pop("words_typed", None)
        back = what == "words" and desk.asking == "type" and desk.beside is not None
        desk.asking = None if back else what

    def _use_typed(self) -> None:
        text = clean(str(st.session_state.get("words_typed") or ""), lines=True)
        if text:
            self._set_words(Beside(text))

    def _set_words(self, beside: Beside) -> None:
        """What the boxes of the pile say; kept at once, for a reload must not ask again."""
        desk = self._seat.desk(Desk)
        if desk is None or not self._seat.may():
            return
        desk.beside, desk.asking = beside, None
        st.session_state.pop("words_typed", None)
        stays = typed.carried(written(desk.form), typed.STAYS)
        kept = guarded(
            lambda: typed.keep_stays(self._seat.database, self._typist, stays, beside, now=self._seat.now())
        )
        desk.not_kept = isinstance(kept, Trouble)

    def _another(self, form: str, said: Said) -> None:
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form:
            return
        if says_anything(written(form)):
            desk.trouble = None
            desk.said = replace(said, text="This card is begun already. Save it first, or empty it.")
            return
        start = typed.carried(said.values, typed.SHARED)
        self._next_form(desk, start)
        desk.said = Said("Another person from the same card: phone, address and service are filled in.")

    def _undo(self, said: Said) -> None:
        self._act(said, Action.SET_ASIDE, reason=UNDONE)

    def _take_up(self, said: Said) -> None:
        self._act(said, Action.PUT_BACK)

    def _act(self, said: Said, action: Action, *, reason: str = "") -> None:
        desk, card = self._seat.desk(Desk), said.card
        if desk is None or card is None or not self._seat.may():
            return

        def change() -> Stands | None:
            with self._seat.database.church(self._typist.church_id) as session:
                done = act(
                    session,
                    self._typist.church_id,
                    action,
                    card.id,
                    reason=reason,
                    actor=self._typist.actor,
                    now=self._seat.now(),
                )
                return typed.standing_of(session, self._typist.church_id, card.id) if done else None

        acted = guarded(change)
        if isinstance(acted, Trouble):
            text = f"That did not work just now. Open the card and try again; support number {acted.number}."
        elif acted is None:
            text = f"Too late for that. {ON_ITS_WAY}"
        elif action is Action.SET_ASIDE:
            text = "Undone. The card is set aside and goes nowhere."
        else:
            follows = what_follows(self._seat.church_id, acted.status, acted.cause, acted.facts).strip()
            text = f"Taken up again. {follows or 'It goes to GoHighLevel now.'}"
            self._seat.wake()
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
        late = too_late_for(card.on_its_way, zone=self._seat.zone)
        follows = what_follows(self._seat.church_id, card.status, card.cause, card.facts)
        text = f"Saved: {name}. {follows}{late and late + ' '}{cards(today)} typed today."
        return Said(text, card=card, at=now, undo=True, values=dict(values))


def _new_form() -> str:
    return f"add{uuid4().hex[:12]}"
