"""*Review new cards*: the next card as it came beside its form, mostly without the mouse.

A card is reserved for who has it open. Each change is kept as a draft and renews the reservation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from enum import Enum
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

import streamlit as st

from dashboard import gate, services
from dashboard.components import keys, states
from dashboard.components.card_form import (
    LABELS,
    LINES,
    SELDOM,
    card_form,
    sealed_values,
    start_values,
    written,
)
from dashboard.desk import reviewing
from dashboard.desk.page import DeskPage, whole_name
from dashboard.desk.presses import Presses
from dashboard.desk.reviewing import OnTheDesk, Standing, TakenError
from dashboard.desk.typed import STAYS, carried
from dashboard.formatting import cards, clock_time, esc, number, one_line, when
from dashboard.navigation import ADD, CARD, REVIEW, WRITERS, to_card
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action, ActionError, act
from ghl.cards.correct import CardChangedError, CorrectionError, changes_between
from ghl.cards.decide import decide, take_back
from ghl.cards.fields import COLUMNS, YES_NO, CardFields, CardFieldsError
from ghl.cards.find import Choices
from ghl.cards.lookalikes import LikeCard, LikeContact
from ghl.cards.review import CardAtHand
from ghl.causes import CauseCode
from ghl.people.names import name_of
from ghl.people.policy import actor_name
from ghl.statuses import CardSource, CardStatus

Answer = TypeVar("Answer")

UNREADABLE = "Can't read this card"
LOOK_EVERY = 5.0
"""Seconds after which an empty page looks for new cards; with a card open nothing happens by itself."""
CAME: Mapping[CardSource, str] = {
    CardSource.FORM: "from the web form",
    CardSource.IMPORT: "from a list",
    CardSource.API: "from another program",
    CardSource.TYPED: "typed",
}


class Asking(Enum):
    """What the page asks a reason for, with the key that asks and then does it."""

    KEEP_BACK = "Alt+H"
    UNREADABLE = "Alt+U"
    SET_ASIDE = "Alt+X"

    @property
    def action(self) -> Action:
        """What is done with the reason."""
        return Action.SET_ASIDE if self is Asking.SET_ASIDE else Action.HOLD


STANDS: Mapping[CardStatus, str] = {
    CardStatus.TO_REVIEW: "It is to be reviewed.",
    CardStatus.WAITING: "It is on its way to GoHighLevel.",
    CardStatus.SENDING: "It is on its way to GoHighLevel.",
    CardStatus.SYNCED: "It is in GoHighLevel.",
    CardStatus.NEEDS_ATTENTION: "It needs attention: something on it has to be mended.",
    CardStatus.HELD: "It needs a decision.",
    CardStatus.DISMISSED: "It is set aside.",
}


@dataclass
class Desk:
    """One person's page in one tab. `form` names the form that is open: a press belongs to one of them."""

    offers: Choices
    at_hand: OnTheDesk | None = None
    form: str = ""
    presses: Presses = field(default_factory=Presses)
    laid: Mapping[str, object] = field(default_factory=dict, repr=False)
    kept: Mapping[str, object] = field(default_factory=dict, repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    said: str = field(default="", repr=False)
    undo: Callable[[], None] | None = None
    again: Callable[[], None] | None = None
    trouble: str | None = None
    taken_by: str | None = None
    asking: Asking | None = None
    reason_missing: bool = False
    skipped: list[UUID] = field(default_factory=list)
    trail: list[UUID] = field(default_factory=list)
    settled: set[UUID] = field(default_factory=set)
    asked_for: str = ""
    focus: str = "first_name"
    focused: int = 0
    drawn: bool = False

    def lay(self, card: OnTheDesk | None) -> None:
        """Puts this card on the desk, with new fields."""
        for name in [
            name for name in st.session_state if self.form and str(name).startswith(f"{self.form}_")
        ]:
            del st.session_state[name]
        self.at_hand, self.form = card, f"review{uuid4().hex[:12]}"
        self.problems, self.trouble, self.taken_by = {}, None, None
        self.asking, self.reason_missing, self.again = None, False, None
        self.anew()
        self.focus, self.focused, self.drawn = "first_name", 0, False

    def anew(self) -> None:
        """Something else is to be looked at before the next press can be meant."""
        self.presses.anew()
        self.laid = {}

    def seen(self) -> None:
        """It is drawn, with this in the fields."""
        self.laid = self.laid or self._standing_there()
        self.presses.drawn()

    def meant(self) -> bool:
        """Whether a press can be meant for what is on the desk: somebody has typed there, or had time to look."""
        if self._standing_there() != self.laid or not self.presses.unseen():
            return True
        self.focused += 1  # the second half of a double click took the caret along
        return False

    def tell(self, what: str, *, undo: Callable[[], None] | None = None) -> None:
        """What the last press did, and how it is taken back where that can be."""
        self.said, self.undo = what, undo

    def _standing_there(self) -> dict[str, object]:
        return written(self.form) | {"the reason": st.session_state.get(f"{self.form}_reason")}

    def leave(self, *, remember: bool = True) -> None:
        """The card is done with, and the next one is due."""
        if self.at_hand and remember:
            self.trail = [*(one for one in self.trail if one != self.at_hand.card.id), self.at_hand.card.id]
        self.lay(None)

    def point(self, at: str) -> None:
        """Puts the caret into a field, once more if need be."""
        self.focus, self.focused = at, self.focused + 1


class ReviewPage(DeskPage):
    """The page for one person at one church."""

    kind = "review"

    def draw(self) -> None:
        """Draws the page. Where it is opened anew it begins with the card that this person has reserved."""
        desk = self._desk()
        if desk is None:
            offers = guarded(lambda: reviewing.offers(self._hub.database, self._typist))
            if isinstance(offers, Trouble):
                return states.could_not_load("this page", offers.number)
            kept = guarded(
                lambda: reviewing.kept_from_before(self._hub.database, self._typist, now=self._now())
            )
            desk = st.session_state[self._place] = Desk(
                offers, kept={} if isinstance(kept, Trouble) else kept
            )
        # Fields that are not drawn lose what they hold, so a page that somebody comes back to is opened anew.
        if desk.at_hand and desk.drawn and f"{desk.form}_first_name" not in st.session_state:
            desk.lay(None)
        self._asked_for(desk)
        return st.fragment(self._live)()

    # Drawing.

    def _live(self) -> None:
        still = gate.still(self._viewer, *WRITERS, by_person=True)
        desk = self._desk()
        if desk is None:
            return
        with states.loading("the next card", first=desk.at_hand is None):
            found = self._next(desk) if desk.at_hand is None else desk.at_hand
        if isinstance(found, Trouble):
            states.could_not_load("the next card", found.number)
            return
        if found is None:
            self._draw_said(desk)
            st.fragment(self._nothing_left, run_every=LOOK_EVERY)()
            if desk.trouble:
                st.error(f"That did not work just now. Try again; support number {desk.trouble}.")
            self._draw_back(desk)
            return
        if desk.at_hand is None:
            desk.lay(found)
        self._draw_said(desk)
        if desk.at_hand:
            self._draw_card(desk, desk.at_hand, number=still.number if isinstance(still, Trouble) else None)

    def _next(self, desk: Desk) -> OnTheDesk | Trouble | None:
        return guarded(
            lambda: reviewing.next_card(
                self._hub.database,
                self._typist,
                now=self._now(),
                skipped=desk.skipped,
                settled=desk.settled,
            )
        )

    def _draw_said(self, desk: Desk) -> None:
        """What the last press did, and how far the church is."""
        with st.container(key="said", gap="xsmall"):
            shown = guarded(lambda: reviewing.standing(self._hub.database, self._typist))
            if desk.said:
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.text(desk.said, width="content")
                    if desk.undo:
                        st.button(
                            "Undo",
                            icon=":material/undo:",
                            key=f"take_back_{desk.form}",
                            on_click=self._take_back,
                            args=(desk.form,),
                        )
            if isinstance(shown, Standing) and shown.left:
                others = "".join(
                    f" {self._who(one.user_id)} is on {number(one.cards)}." for one in shown.others
                )
                st.text(f"{cards(shown.left)} left to review.{others}")

    def _nothing_left(self) -> None:
        """No card for this person at the moment; it looks again by itself."""
        if isinstance(gate.still(self._viewer, *WRITERS), Trouble):
            return None
        now = self._now()
        midnight = datetime.combine(now.astimezone(self._zone).date(), time.min, self._zone)
        shown = guarded(lambda: reviewing.standing(self._hub.database, self._typist, since=midnight))
        if isinstance(shown, Trouble):
            return states.could_not_load("the cards to review", shown.number)
        with st.container(border=True, gap="xsmall", key="nothing_left"):
            busy = sum(one.cards for one in shown.others)
            if shown.left > busy:
                st.text(f"{cards(shown.left - busy)} came in.")
                if st.button("Review now", type="primary", shortcut="Alt+S", key="review_now"):
                    gate.used()
                    st.rerun()
            elif busy:
                who = " and ".join(self._who(one.user_id) for one in shown.others)
                are = "is" if len(shown.others) == 1 else "are"
                last = "the last card" if busy == 1 else f"the last {number(busy)} cards"
                back = "It comes" if busy == 1 else "They come"
                st.text(
                    f"{who} {are} on {last}. {back} back here if nobody touches {'it' if busy == 1 else 'them'} for 10 minutes."
                )
            else:
                st.text(f"All new cards are reviewed.{self._today(shown)}")
                st.page_link(ADD.path, label="Add a paper card", icon=":material/add_card:")
        return None

    def _draw_card(self, desk: Desk, open_: OnTheDesk, *, number: str | None) -> None:
        card = open_.card
        if desk.taken_by is not None:
            return self._draw_taken(desk)
        # What comes and goes has a place of its own: fields that moved would be drawn anew and lose the caret.
        with st.container(key="alike"):
            self._draw_alike(desk, open_)
        with st.container(key="draft", horizontal=True, vertical_alignment="center"):
            if open_.draft_at:
                st.text(
                    f"This is what you typed at {when(open_.draft_at, now=self._now(), zone=self._zone)}."
                )
                if open_.began is None:
                    st.button("Start again from the card", on_click=self._start_again, args=(desk.form,))
        with st.container(key="theirs"):
            if open_.began is not None:
                self._draw_theirs(desk, open_, open_.began)
        left, right = st.columns([2, 3], gap="medium")
        with left:
            self._draw_as_it_came(open_)
        with right:
            with st.container(key="kept"):
                self._draw_kept(desk, open_)
            card_form(
                desk.form,
                open_.start,
                services=desk.offers.services,
                campuses=desk.offers.campuses,
                prayer="hidden",
                problems=desk.problems,
                sealed=sealed_values(card.source, card.fields),
                on_change=partial(self._changed, desk.form),
            )
        desk.drawn = True
        number = number or desk.trouble
        if number:
            st.error(
                "The card isn't saved yet, and everything you typed is still here. "
                f"Try again; if it stays, tell support the number {number}."
            )
        if desk.asking:
            self._draw_reason(desk, desk.asking)
        else:
            self._draw_buttons(desk, open_, again=bool(number))
        desk.seen()
        keys.focus(f"{desk.form}_{desk.focus}", once=f"{desk.form}{desk.focused}")
        return None

    def _draw_as_it_came(self, open_: OnTheDesk) -> None:
        """What was written on the card, as plain text, in the order of the card."""
        card = open_.card
        with st.container(border=True, gap="xxsmall", key=f"came_{card.id}"):
            came = when(card.received_at, now=self._now(), zone=self._zone)
            st.text(f"Card #{card.number}, {CAME[card.source]}, {came}", width="stretch")
            if card.status is not CardStatus.TO_REVIEW:
                st.text(self._how_it_stands(card))
            said = start_values(card.came)
            for name in (*(name for line in LINES for name in line), *SELDOM):
                if name in said:
                    st.text(_line(LABELS[name].partition(",")[0], _in_words(name, said[name])))
            for question, answer in said.items():
                if question not in COLUMNS:
                    st.text(_line(one_line(question, 200), str(answer)))
            if card.has_prayer:
                st.text("A prayer request is kept with this card, for those who may read it.")

    def _how_it_stands(self, card: CardAtHand) -> str:
        """Where a card stands that is not to be reviewed, and what a save does to it."""
        corrects = "What you save now corrects it."
        why = one_line(str(card.facts.get("reason") or ""), 200)
        by = f" by {self._name(str(card.facts['by']))}" if card.facts.get("by") else ""
        if card.status is CardStatus.DISMISSED:
            return f"Set aside{by}: {why or 'no reason was given'}. It is not sent. {corrects} It stays set aside."
        if _is_kept_back(card):
            return f"Kept back{by}: {why or 'no reason was given'}. It is not sent. {corrects} It stays kept back."
        return f"Reviewed already. {STANDS[card.status]} {corrects}"

    def _draw_kept(self, desk: Desk, open_: OnTheDesk) -> None:
        """Offers what the last card said where this one says nothing; what stands on the card is never replaced."""
        missing = self._missing(desk, open_)
        if missing:
            words = ", ".join(str(desk.kept[name]) for name in missing)
            st.button(
                f"As on the last card: {esc(words)}",
                shortcut="Alt+L",
                icon=":material/content_copy:",
                key=f"as_last_{desk.form}",
                on_click=self._as_last,
                args=(desk.form,),
            )

    def _missing(self, desk: Desk, open_: OnTheDesk) -> list[str]:
        if open_.card.status is not CardStatus.TO_REVIEW:
            return []
        there = written(desk.form) or open_.start
        return [name for name in STAYS if desk.kept.get(name) and not there.get(name)]

    def _draw_theirs(self, desk: Desk, open_: OnTheDesk, began: CardFields) -> None:
        """Somebody saved the card meanwhile: who, when, what, and the two ways on."""
        card = open_.card
        with st.container(border=True, gap="xsmall", key=f"conflict_{desk.form}"):
            at = when(card.written_at, now=self._now(), zone=self._zone)
            who = "You" if card.written_by == self._typist.actor else self._name(card.written_by)
            st.text(f"{who} saved this card at {at}, while it was open here. What you typed is still here.")
            for change in changes_between(began, card.fields):
                old, new = (one_line(value, 200) or "nothing" for value in (change.old, change.new))
                name = LABELS.get(change.field, change.field).partition(",")[0]
                st.text(_line(one_line(name, 100), f"{old} → {new}"))
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Save mine over it",
                    icon=":material/save:",
                    key=f"over_{desk.form}",
                    on_click=self._over,
                    args=(desk.form,),
                )
                st.button(
                    "Take theirs and start again",
                    key=f"theirs_{desk.form}",
                    on_click=self._start_again,
                    args=(desk.form,),
                )

    def _draw_back(self, desk: Desk) -> None:
        if desk.trail:
            st.button(
                "Back to the last card",
                shortcut="Alt+B",
                icon=":material/arrow_back:",
                key=f"back_{desk.form}",
                on_click=self._back,
                args=(desk.form,),
            )

    def _draw_alike(self, desk: Desk, open_: OnTheDesk) -> None:
        """Who else has this phone or e-mail. The first question has the keys."""
        name = whole_name(open_.card.fields.first_name, open_.card.fields.last_name)
        questions: list[LikeContact | LikeCard] = [*open_.alike.contacts, *open_.alike.cards]
        for place, like in enumerate(questions):
            # Named by whom it is about: a second press can't be meant for the question that comes up next.
            named = f"{like.contact_id if isinstance(like, LikeContact) else like.id.hex}_{desk.form}"
            with st.container(border=True, gap="xsmall", key=f"alike_{named}"):
                if isinstance(like, LikeContact):
                    what = f"This {' and '.join(like.by)}" if like.by else "An address of this card"
                    st.text(
                        f"{what} {'are' if len(like.by) > 1 else 'is'} already on {one_line(like.name) or 'somebody without a name'}"
                        f" in GoHighLevel. The card says {name}."
                    )
                    yes, no = "Same person", "Different people"
                    answers = (
                        partial(self._decide, desk.form, like, "same"),
                        partial(self._decide, desk.form, like, "different"),
                    )
                else:
                    came = when(like.received_at, now=self._now(), zone=self._zone)
                    st.text(
                        f"{'Looks like the same card: ' if like.same_name else ''}{one_line(like.name) or 'Somebody without a name'}"
                        f" has card #{like.number}, {came}, with this {' and '.join(like.by)}."
                    )
                    yes, no = "Same card: set this one aside", "Two different cards"
                    answers = (
                        partial(self._same_card, desk.form, like),
                        partial(self._other_card, desk.form, like),
                    )
                with st.container(horizontal=True):
                    st.button(
                        yes,
                        key=f"yes_{named}",
                        on_click=answers[0],
                        shortcut=None if place else "Alt+Y",
                    )
                    st.button(
                        no,
                        key=f"no_{named}",
                        on_click=answers[1],
                        shortcut=None if place else "Alt+N",
                    )
                    if isinstance(like, LikeCard):
                        st.page_link(
                            CARD.path,
                            label=f"Open card #{like.number}",
                            query_params=to_card(like.number, back_to=REVIEW),
                        )

    def _draw_buttons(self, desk: Desk, open_: OnTheDesk, *, again: bool) -> None:
        corrects = open_.card.status is not CardStatus.TO_REVIEW
        with st.container(horizontal=True, key="actions"):
            if open_.began is None:
                save = "Save the correction" if corrects else "Save & next"
                self._button(
                    desk,
                    "Try again" if again else save,
                    "save",
                    self._save,
                    key="Alt+S",
                    icon=":material/save:",
                    first=True,
                )
            else:
                st.text("This card was saved meanwhile: choose above which it shall be.", width="content")
            leave = "On to the next card" if corrects else "Skip for now"
            self._button(desk, leave, "skip", self._skip, key="Alt+K")
            self._draw_back(desk)
            if open_.began is not None:
                return
            if not corrects:
                self._button(desk, "Keep back", "hold", self._ask, Asking.KEEP_BACK, key="Alt+H")
                self._button(desk, "Can't read this", "unreadable", self._ask, Asking.UNREADABLE, key="Alt+U")
                self._button(desk, "Set aside", "aside", self._ask, Asking.SET_ASIDE, key="Alt+X")
            if _is_kept_back(open_.card):
                self._button(desk, "Save and send it now", "send", self._send, key="Alt+G")
            if _is_kept_back(open_.card) or open_.card.status is CardStatus.DISMISSED:
                self._button(desk, "Put back", "put_back", self._put_back, key="Alt+P")

    @staticmethod
    def _button(
        desk: Desk,
        label: str,
        name: str,
        press: Callable[..., None],
        *what: object,
        key: str | None = None,
        icon: str | None = None,
        first: bool = False,
    ) -> None:
        """A button of the card at hand; the press carries its form."""
        st.button(
            label,
            type="primary" if first else "secondary",
            shortcut=key,
            icon=icon,
            key=f"{name}_{desk.form}",
            on_click=press,
            args=(desk.form, *what),
        )

    def _draw_reason(self, desk: Desk, asking: Asking) -> None:
        """Asks why, in place of the buttons; the same key that opened it does it."""
        aside = asking is Asking.SET_ASIDE
        with st.container(border=True, key="reason_box"):
            st.text_input(
                "Why is this card set aside?" if aside else "Why is this card kept back?",
                key=f"{desk.form}_reason",
                autocomplete="off",
                live="1s",
            )
            if desk.reason_missing:
                st.error("Write a few words: somebody will ask one day.")
            with st.container(horizontal=True):
                do = "Set it aside" if aside else "Keep it back"
                self._button(desk, do, "do", self._put_away, asking.action, key=asking.value, first=True)
                self._button(desk, "Go on with the card", "undo", self._ask, None)

    def _draw_taken(self, desk: Desk) -> None:
        with st.container(border=True, gap="xsmall"):
            st.text(str(desk.taken_by))
            st.text("What you typed is kept for you: you find it when you open that card again.")
            st.button(
                "Next card",
                type="primary",
                shortcut="Alt+S",
                key=f"on_{desk.form}",
                on_click=self._go_on,
                args=(desk.form,),
            )
        desk.seen()

    # What a press does: commit first, no drawing.

    def _save(self, form: str, *, send: bool = False) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or open_.began is not None:
            return None
        if not self._may():
            return self._changed(form)
        values, now = written(form), self._now()
        reviewed = open_.card.status is CardStatus.TO_REVIEW
        stays = {**desk.kept, **carried(values, STAYS)} if reviewed else {}
        desk.again = partial(self._save, form, send=send)
        try:
            done = self._try(
                desk,
                lambda: reviewing.save_reviewed(
                    self._hub.database, self._typist, open_, values, send=send, stays=stays, now=now
                ),
            )
        except CardFieldsError as error:
            return self._refuse(desk, error)
        if done is None:
            return None
        self._wake()
        desk.kept = stays or desk.kept
        name = whole_name(values.get("first_name"), values.get("last_name"))
        what = "Saved" if reviewed else "Sent on" if send else "Corrected"
        follows = self._what_follows(done.status, done.cause, done.facts)
        desk.tell(f"{what}: {name}. {follows}".strip())
        return desk.leave()

    def _send(self, form: str) -> None:
        self._save(form, send=True)

    def _put_back(self, form: str) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return
        values, now = written(form), self._now()
        desk.again = partial(self._put_back, form)
        try:
            done = self._try(
                desk,
                lambda: reviewing.put_back(self._hub.database, self._typist, open_, values, now=now),
            )
        except CardFieldsError as error:
            self._refuse(desk, error)
            return
        if done is not None:
            self._is_back(desk, open_.card.id, done=done)

    def _is_back(self, desk: Desk, card_id: UUID, *, done: bool) -> None:
        """A card was put back: one to review is opened again, any other one goes."""
        self._wake()
        found = self._opened(desk, card_id)
        if found is None:
            return desk.lay(None)
        if found.card.status is CardStatus.TO_REVIEW:
            desk.tell("Put back: it is to be reviewed.")
            desk.trail = [one for one in desk.trail if one != card_id]
            return desk.lay(found)
        text = f"Put back. {_stands(found.card)}" if done else "That card has moved on meanwhile."
        desk.tell(text)
        return desk.leave()

    def _skip(self, form: str) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return
        card = open_.card
        if card.status is CardStatus.TO_REVIEW:
            desk.skipped = [*(one for one in desk.skipped if one != card.id), card.id]
            desk.tell("Skipped. It comes back at the end.")
        else:
            desk.tell("Left as it was.")
        desk.leave()

    def _back(self, form: str) -> None:
        desk = self._desk()
        if desk is None or desk.form != form or not desk.trail:
            return
        if (desk.at_hand and not desk.meant()) or not self._may():
            return
        last = desk.trail[-1]
        found = self._opened(desk, last)
        if found is None:
            return
        desk.trail = desk.trail[:-1]
        desk.tell("")
        desk.lay(found)

    def _ask(self, form: str, asking: Asking | None) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None:
            return
        gate.used()
        if asking is Asking.UNREADABLE:
            st.session_state[f"{form}_reason"] = UNREADABLE
        desk.asking, desk.reason_missing = asking, False
        desk.anew()
        desk.point("reason" if asking else "first_name")

    def _put_away(self, form: str, action: Action, reason: str | None = None) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return
        why = reason if reason is not None else str(st.session_state.get(f"{form}_reason") or "")
        values, now = written(form), self._now()
        desk.again = partial(self._put_away, form, action, why)
        try:
            done = self._try(
                desk,
                lambda: reviewing.put_away(
                    self._hub.database, self._typist, open_, values, action, reason=why, now=now
                ),
            )
        except ActionError:
            desk.reason_missing = True
            desk.point("reason")
            return
        if done is None:
            return
        name = whole_name(values.get("first_name"), values.get("last_name"))
        kept = "Kept back" if action is Action.HOLD else "Set aside"
        if done:
            undo = partial(self._bring_back, open_.card.id)
            desk.tell(f"{kept}: {name}. You find it under All cards.", undo=undo)
        else:
            desk.tell("That card has moved on meanwhile.")
        desk.leave()

    def _decide(self, form: str, like: LikeContact, verdict: str) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return

        def change() -> bool:
            with self._hub.database.church(self._typist.church_id) as session:
                return decide(
                    session,
                    self._typist.church_id,
                    open_.card.id,
                    contact_id=like.contact_id,
                    verdict="same" if verdict == "same" else "different",
                    actor=self._typist.actor,
                    now=self._now(),
                )

        if self._try(desk, change) is None:
            return
        other = one_line(like.name) or "the other"
        desk.tell(
            f"Same person as {other}: the card updates that contact."
            if verdict == "same"
            else f"Somebody else than {other}: nothing of this card goes into that contact.",
            undo=partial(self._undecide, form, like),
        )
        self._look_once_more(desk, open_)

    def _undecide(self, form: str, like: LikeContact) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None:
            return

        def change() -> bool:
            with self._hub.database.church(self._typist.church_id) as session:
                return take_back(
                    session,
                    self._typist.church_id,
                    open_.card.id,
                    contact_id=like.contact_id,
                    actor=self._typist.actor,
                )

        done = self._try(desk, change)
        if done is None:
            return
        desk.tell("Taken back: it is asked again." if done else "Too late for that: the card has moved on.")
        self._look_once_more(desk, open_)

    def _same_card(self, form: str, like: LikeCard) -> None:
        self._put_away(form, Action.SET_ASIDE, f"The same card as #{like.number}")

    def _bring_back(self, card_id: UUID) -> None:
        """Takes back that a card was kept back or set aside, and opens it again."""
        desk = self._desk()
        if desk is None:
            return

        def change() -> bool:
            with self._hub.database.church(self._typist.church_id) as session:
                return act(
                    session,
                    self._typist.church_id,
                    Action.PUT_BACK,
                    card_id,
                    actor=self._typist.actor,
                    now=self._now(),
                )

        done = self._try(desk, change)
        if done is not None:
            self._is_back(desk, card_id, done=done)

    def _other_card(self, form: str, like: LikeCard) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return
        desk.settled.add(like.id)
        desk.tell(
            f"Two different cards: this one and #{like.number}.", undo=partial(self._unsettle, form, like)
        )
        self._look_once_more(desk, open_)

    def _unsettle(self, form: str, like: LikeCard) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None:
            return
        desk.settled.discard(like.id)
        desk.tell("Taken back: it is asked again.")
        self._look_once_more(desk, open_)

    def _take_back(self, form: str) -> None:
        """The button *Undo* beside what the last press did."""
        desk = self._desk()
        if desk is None or desk.form != form or desk.undo is None or not self._may():
            return
        undo, desk.undo = desk.undo, None
        undo()

    def _look_once_more(self, desk: Desk, open_: OnTheDesk) -> None:
        """The same card and the same fields, with the questions that are left."""
        found = self._opened(desk, open_.card.id)
        if found:
            desk.at_hand = replace(open_, alike=found.alike)
            desk.anew()

    def _as_last(self, form: str) -> None:
        """Fills in what the last card said where this one is blank."""
        desk, open_ = self._open(form)
        if desk is None or open_ is None or not self._may():
            return
        missing = self._missing(desk, open_)
        for name in missing:
            st.session_state[f"{form}_{name}"] = str(desk.kept[name])
        if missing:
            desk.tell(f"Filled in as on the last card: {', '.join(LABELS[name] for name in missing)}.")
            self._changed(form)

    def _over(self, form: str) -> None:
        """Saves what was typed on top of what somebody else saved meanwhile."""
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return
        desk.at_hand = replace(open_, base=open_.card.revision, began=None)
        again = desk.again or partial(self._save, form)
        again()

    def _start_again(self, form: str) -> None:
        desk, open_ = self._pressed(form)
        if desk is None or open_ is None or not self._may():
            return
        card = open_.card
        done = guarded(lambda: reviewing.forget_typed(self._hub.database, self._typist, card))
        if isinstance(done, Trouble):
            desk.trouble = done.number
            return
        desk.lay(OnTheDesk(card, start_values(card.fields), card.revision, alike=open_.alike))

    def _changed(self, form: str) -> None:
        """Keeps what stands in the fields, also when the session ended a moment ago: it is their own, for later."""
        desk, open_ = self._open(form)
        if desk is None or open_ is None:
            return
        values = written(form)
        mine = guarded(
            lambda: reviewing.keep_typed(self._hub.database, self._typist, open_, values, now=self._now())
        )
        if mine is False:
            self._lost(desk, open_.card.id)

    def _go_on(self, form: str) -> None:
        desk, _ = self._pressed(form)
        if desk and self._may():
            desk.leave(remember=False)

    # Helpers.

    def _try(self, desk: Desk, change: Callable[[], Answer]) -> Answer | None:
        """What `change` gives, or None with the reason on the desk; what was typed stays."""
        desk.trouble, desk.problems = None, {}
        try:
            done = guarded(change)
        except TakenError as error:
            self._taken(desk, error)
            return None
        except CardChangedError:
            self._met(desk)
            return None
        except CorrectionError as error:
            desk.problems = {"card": f"{error}"}
            return None
        if isinstance(done, Trouble):
            desk.trouble = done.number
            return None
        return done

    @staticmethod
    def _refuse(desk: Desk, error: CardFieldsError) -> None:
        """The card stays open, with what is wrong at its field and the caret in the first of them."""
        desk.problems = {problem.field: problem.message for problem in error.problems}
        desk.point(next((name for name in desk.problems if name != "card"), "first_name"))

    def _met(self, desk: Desk) -> None:
        """Somebody saved another revision while this one was open: the person says which it shall be."""
        open_ = desk.at_hand
        found = self._opened(desk, open_.card.id) if open_ else None
        if open_ is None or found is None:
            return
        desk.at_hand = replace(open_, card=found.card, began=open_.began or open_.card.fields)
        desk.asking = None
        desk.anew()

    def _lost(self, desk: Desk, card_id: UUID) -> None:
        """Somebody else has taken the card, or somebody has dealt with it."""
        found = guarded(lambda: reviewing.who_has(self._hub.database, self._typist, card_id))
        if isinstance(found, Trouble):
            desk.trouble = found.number
        else:
            self._taken(desk, found)

    def _taken(self, desk: Desk, error: TakenError) -> None:
        stands = _stands(error.card) if error.card else ""
        if error.by:
            desk.taken_by = f"{self._who(error.by)} is on this card now."
        elif error.card is None or error.done_by is None:
            desk.taken_by = f"This card is not to be reviewed any more. {stands}".strip()
        elif error.done_by == self._typist.actor:
            desk.taken_by = f"You have dealt with this card in another window. {stands}"
        else:
            desk.taken_by = f"{self._name(error.done_by)} has dealt with this card meanwhile. {stands}"
        desk.anew()

    def _opened(self, desk: Desk, card_id: UUID) -> OnTheDesk | None:
        try:
            found = guarded(
                lambda: reviewing.this_card(
                    self._hub.database, self._typist, card_id, now=self._now(), settled=desk.settled
                )
            )
        except TakenError as error:
            desk.tell(f"{self._who(error.by)} is on that card now." if error.by else "That card is gone.")
            return None
        if isinstance(found, Trouble):
            desk.trouble = found.number
            return None
        return found

    def _asked_for(self, desk: Desk) -> None:
        """Opens the card that a link names, once."""
        wanted = st.query_params.get("number", "")
        if not wanted.isdecimal() or len(wanted) > 18 or wanted == desk.asked_for:
            return
        desk.asked_for = wanted
        card_id = guarded(lambda: reviewing.number_to_card(self._hub.database, self._typist, int(wanted)))
        if isinstance(card_id, UUID) and (found := self._opened(desk, card_id)):
            desk.lay(found)

    def _today(self, shown: Standing) -> str:
        if not shown.today.last_at:
            return ""
        by = name_of(shown.today.last_by, services.names(self._typist.church_id))
        return f" {number(shown.today.cards)} today, the last by {one_line(by)} at {clock_time(shown.today.last_at, self._zone)}."

    def _who(self, user_id: UUID) -> str:
        return self._name(actor_name(user_id))

    def _name(self, actor: str) -> str:
        names = guarded(lambda: services.names(self._typist.church_id))
        return one_line(name_of(actor, {} if isinstance(names, Trouble) else names))

    def _pressed(self, form: str) -> tuple[Desk | None, OnTheDesk | None]:
        """The desk and its card, for a press that was meant for them: not the second half of a double one."""
        desk, open_ = self._open(form)
        return (desk, open_) if desk and desk.meant() else (None, None)

    def _open(self, form: str) -> tuple[Desk | None, OnTheDesk | None]:
        """The desk and its card, while the form of this press is still open."""
        desk = self._desk()
        if desk is None or desk.form != form:
            return None, None
        return desk, desk.at_hand

    def _desk(self) -> Desk | None:
        desk = st.session_state.get(self._place)
        return desk if isinstance(desk, Desk) else None


def _is_kept_back(card: CardAtHand) -> bool:
    return card.status is CardStatus.HELD and card.cause == CauseCode.HELD_BY_STAFF


def _stands(card: CardAtHand) -> str:
    return "It is kept back." if _is_kept_back(card) else STANDS[card.status]


def _in_words(column: str, value: object) -> str:
    return ("Yes" if value else "No") if column in YES_NO else str(value)


def _line(name: str, value: str) -> str:
    return f"{name} {value}" if name.endswith("?") else f"{name}: {value}"
