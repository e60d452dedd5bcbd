"""*Review new cards*: the next card as it came beside its form, mostly without the mouse.

A card is reserved for who has it open. Each change is kept as a draft and renews the reservation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from functools import partial
from typing import TypeVar
from uuid import UUID, uuid4

import streamlit as st

from dashboard import gate, services
from dashboard.components import keys, states
from dashboard.components.card_form import LABELS, LINES, SELDOM, card_form, start_values, written
from dashboard.desk import reviewing
from dashboard.desk.page import DeskPage, whole_name
from dashboard.desk.reviewing import OnTheDesk, Standing, TakenError
from dashboard.formatting import cards, clock_time, number, one_line, when
from dashboard.navigation import ADD, CARD, WRITERS
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action, ActionError
from ghl.cards.correct import CorrectionError
from ghl.cards.decide import decide
from ghl.cards.fields import COLUMNS, YES_NO, CardFieldsError
from ghl.cards.find import Choices
from ghl.cards.lookalikes import LikeCard, LikeContact
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


@dataclass
class Desk:
    """One person's page in one tab. `form` names the form that is open: a press belongs to one of them."""

    offers: Choices
    at_hand: OnTheDesk | None = None
    form: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    said: str = field(default="", repr=False)
    trouble: str | None = None
    taken_by: str | None = None
    asking: Action | None = None
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
        self.asking, self.reason_missing = None, False
        self.focus, self.focused, self.drawn = "first_name", 0, False

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
            desk = st.session_state[self._place] = Desk(offers)
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
        if desk.at_hand is None:
            found = guarded(
                lambda: reviewing.next_card(
                    self._hub.database,
                    self._typist,
                    now=self._now(),
                    skipped=desk.skipped,
                    settled=desk.settled,
                )
            )
            if isinstance(found, Trouble):
                states.could_not_load("the next card", found.number)
                return
            if found is None:
                self._draw_said(desk)
                st.fragment(self._nothing_left, run_every=LOOK_EVERY)()
                return
            desk.lay(found)
        self._draw_said(desk)
        if desk.at_hand:
            self._draw_card(desk, desk.at_hand, number=still.number if isinstance(still, Trouble) else None)

    def _draw_said(self, desk: Desk) -> None:
        """What the last press did, and how far the church is."""
        with st.container(key="said", gap="xsmall"):
            shown = guarded(lambda: reviewing.standing(self._hub.database, self._typist))
            if desk.said:
                st.text(desk.said)
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
                st.button("Start again from the card", on_click=self._start_again, args=(desk.form,))
        left, right = st.columns([2, 3], gap="medium")
        with left:
            self._draw_as_it_came(open_)
        with right:
            card_form(
                desk.form,
                open_.start,
                services=desk.offers.services,
                campuses=desk.offers.campuses,
                prayer="hidden",
                problems=desk.problems,
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
            self._draw_buttons(desk, corrects=card.status is not CardStatus.TO_REVIEW, again=bool(number))
        keys.focus(f"{desk.form}_{desk.focus}", once=f"{desk.form}{desk.focused}")
        return None

    def _draw_as_it_came(self, open_: OnTheDesk) -> None:
        """What was written on the card, as plain text, in the order of the card."""
        card = open_.card
        with st.container(border=True, gap="xxsmall", key=f"came_{card.id}"):
            came = when(card.received_at, now=self._now(), zone=self._zone)
            st.text(f"Card #{card.number}, {CAME[card.source]}, {came}", width="stretch")
            if card.status is not CardStatus.TO_REVIEW:
                st.text("Reviewed already. What you save now corrects it.")
            said = start_values(card.came)
            for name in (*(name for line in LINES for name in line), *SELDOM):
                if name in said:
                    st.text(_line(LABELS[name].partition(",")[0], _in_words(name, said[name])))
            for question, answer in said.items():
                if question not in COLUMNS:
                    st.text(_line(one_line(question, 200), str(answer)))
            if card.has_prayer:
                st.text("A prayer request is kept with this card, for those who may read it.")

    def _draw_alike(self, desk: Desk, open_: OnTheDesk) -> None:
        """Who else has this phone or e-mail. The first question has the keys."""
        name = whole_name(open_.card.fields.first_name, open_.card.fields.last_name)
        questions: list[LikeContact | LikeCard] = [*open_.alike.contacts, *open_.alike.cards]
        for place, like in enumerate(questions):
            with st.container(border=True, gap="xsmall", key=f"alike_{place}_{desk.form}"):
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
                        key=f"yes_{place}_{desk.form}",
                        on_click=answers[0],
                        shortcut=None if place else "Alt+Y",
                    )
                    st.button(
                        no,
                        key=f"no_{place}_{desk.form}",
                        on_click=answers[1],
                        shortcut=None if place else "Alt+N",
                    )
                    if isinstance(like, LikeCard):
                        st.page_link(
                            CARD.path,
                            label=f"Open card #{like.number}",
                            query_params={"number": str(like.number)},
                        )

    def _draw_buttons(self, desk: Desk, *, corrects: bool, again: bool) -> None:
        form = desk.form
        with st.container(horizontal=True, key="actions"):
            st.button(
                "Try again" if again else "Save the correction" if corrects else "Save & next",
                type="primary", shortcut="Alt+S", icon=":material/save:", key=f"save_{form}",
                on_click=self._save, args=(form,),
            )  # fmt: skip
            st.button("Skip for now", shortcut="Alt+K", key=f"skip_{form}", on_click=self._skip, args=(form,))
            if desk.trail:
                st.button(
                    "Back to the last card",
                    shortcut="Alt+B",
                    key=f"back_{form}",
                    on_click=self._back,
                    args=(form,),
                )
            if not corrects:
                st.button(
                    "Hold", shortcut="Alt+H", key=f"hold_{form}", on_click=self._ask, args=(form, Action.HOLD)
                )
                st.button(
                    "Can't read this",
                    shortcut="Alt+U",
                    key=f"unreadable_{form}",
                    on_click=self._unreadable,
                    args=(form,),
                )
                st.button(
                    "Set aside",
                    shortcut="Alt+X",
                    key=f"aside_{form}",
                    on_click=self._ask,
                    args=(form, Action.SET_ASIDE),
                )

    def _draw_reason(self, desk: Desk, action: Action) -> None:
        """Asks why, in place of the buttons; the same key that opened it does it."""
        form, hold = desk.form, action is Action.HOLD
        with st.container(border=True, key="reason_box"):
            st.text_input(
                "Why is this card kept here?" if hold else "Why is this card set aside?",
                key=f"{form}_reason",
                autocomplete="off",
                live="1s",
            )
            if desk.reason_missing:
                st.error("Write a few words: somebody will ask one day.")
            with st.container(horizontal=True):
                st.button(
                    "Keep it here" if hold else "Set it aside", type="primary", shortcut="Alt+H" if hold else "Alt+X",
                    key=f"do_{form}", on_click=self._put_away, args=(form, action),
                )  # fmt: skip
                st.button("Go on with the card", key=f"undo_{form}", on_click=self._ask, args=(form, None))

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

    # What a press does: commit first, no drawing.

    def _save(self, form: str) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None:
            return None
        if not self._may():
            return self._changed(form)
        values, now = written(form), self._now()
        try:
            done = self._try(
                desk,
                lambda: reviewing.save_reviewed(
                    self._hub.database, self._typist, open_.card, values, now=now
                ),
            )
        except CardFieldsError as error:
            desk.problems = {problem.field: problem.message for problem in error.problems}
            desk.point(next((name for name in desk.problems if name != "card"), "first_name"))
            return None
        if done is None:
            return None
        self._wake()
        name = whole_name(values.get("first_name"), values.get("last_name"))
        what = "Saved" if open_.card.status is CardStatus.TO_REVIEW else "Corrected"
        desk.said = f"{what}: {name}. {self._what_follows(done.status, done.cause, done.facts)}".strip()
        return desk.leave()

    def _skip(self, form: str) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None or not self._may():
            return
        card = open_.card
        desk.skipped = [*(one for one in desk.skipped if one != card.id), card.id]
        desk.said = "Skipped. It comes back at the end."
        desk.leave()

    def _back(self, form: str) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None or not desk.trail or not self._may():
            return
        last = desk.trail[-1]
        found = self._opened(desk, last)
        if found is None:
            return
        desk.trail = desk.trail[:-1]
        desk.said = ""
        desk.lay(found)

    def _ask(self, form: str, action: Action | None) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None:
            return
        gate.used()
        desk.asking, desk.reason_missing = action, False
        desk.point("reason" if action else "first_name")

    def _unreadable(self, form: str) -> None:
        st.session_state[f"{form}_reason"] = UNREADABLE
        self._ask(form, Action.HOLD)

    def _put_away(self, form: str, action: Action, reason: str | None = None) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None or not self._may():
            return
        why = reason if reason is not None else str(st.session_state.get(f"{form}_reason") or "")
        values, now = written(form), self._now()
        try:
            done = self._try(
                desk,
                lambda: reviewing.put_away(
                    self._hub.database, self._typist, open_.card, values, action, reason=why, now=now
                ),
            )
        except ActionError:
            desk.reason_missing = True
            desk.point("reason")
            return
        if done is None:
            return
        name = whole_name(values.get("first_name"), values.get("last_name"))
        kept = "Kept here" if action is Action.HOLD else "Set aside"
        desk.said = (
            f"{kept}: {name}. You find it under All cards." if done else "That card has moved on meanwhile."
        )
        desk.leave()

    def _decide(self, form: str, like: LikeContact, verdict: str) -> None:
        desk, open_ = self._open(form)
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
        desk.said = (
            f"Same person as {other}: the card updates that contact."
            if verdict == "same"
            else f"Somebody else than {other}: nothing of this card goes into that contact."
        )
        self._look_once_more(desk, open_)

    def _same_card(self, form: str, like: LikeCard) -> None:
        self._put_away(form, Action.SET_ASIDE, f"The same card as #{like.number}")

    def _other_card(self, form: str, like: LikeCard) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None or not self._may():
            return
        desk.settled.add(like.id)
        desk.said = f"Two different cards: this one and #{like.number}."
        self._look_once_more(desk, open_)

    def _look_once_more(self, desk: Desk, open_: OnTheDesk) -> None:
        """The same card and the same fields, with the questions that are left."""
        found = self._opened(desk, open_.card.id)
        if found:
            desk.at_hand = OnTheDesk(found.card, open_.start, open_.draft_at, found.alike)

    def _start_again(self, form: str) -> None:
        desk, open_ = self._open(form)
        if desk is None or open_ is None or not self._may():
            return
        done = guarded(lambda: reviewing.forget_typed(self._hub.database, self._typist, open_.card))
        if isinstance(done, Trouble):
            desk.trouble = done.number
            return
        desk.lay(OnTheDesk(open_.card, start_values(open_.card.fields), None, open_.alike))

    def _changed(self, form: str) -> None:
        """Keeps what stands in the fields, also when the session ended a moment ago: it is their own, for later."""
        desk, open_ = self._open(form)
        if desk is None or open_ is None:
            return
        values = written(form)
        mine = guarded(
            lambda: reviewing.keep_typed(
                self._hub.database, self._typist, open_.card, values, now=self._now()
            )
        )
        if mine is False:
            self._lost(desk, open_)

    def _go_on(self, form: str) -> None:
        desk, _ = self._open(form)
        if desk and self._may():
            desk.leave(remember=False)

    # Helpers.

    def _try(self, desk: Desk, change: Callable[[], Answer]) -> Answer | None:
        """What `change` gives, or None with the reason on the desk; what was typed stays."""
        desk.trouble, desk.problems = None, {}
        try:
            done = guarded(change)
        except TakenError:
            if desk.at_hand:
                self._lost(desk, desk.at_hand)
            return None
        except CorrectionError as error:
            desk.problems = {"card": f"{error}"}
            return None
        if isinstance(done, Trouble):
            desk.trouble = done.number
            return None
        return done

    def _lost(self, desk: Desk, open_: OnTheDesk) -> None:
        """Ten minutes passed, and somebody else has taken the card or dealt with it."""

        def look() -> OnTheDesk | TakenError:
            try:
                return reviewing.this_card(self._hub.database, self._typist, open_.card.id, now=self._now())
            except TakenError as error:
                return error

        found = guarded(look)
        if isinstance(found, TakenError) and found.by:
            desk.taken_by = f"More than 10 minutes passed, and {self._who(found.by)} is on this card now."
        else:
            desk.taken_by = "Somebody else has dealt with this card meanwhile."

    def _opened(self, desk: Desk, card_id: UUID) -> OnTheDesk | None:
        try:
            found = guarded(
                lambda: reviewing.this_card(
                    self._hub.database, self._typist, card_id, now=self._now(), settled=desk.settled
                )
            )
        except TakenError as error:
            desk.said = f"{self._who(error.by)} is on that card now." if error.by else "That card is gone."
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
        names = guarded(lambda: services.names(self._typist.church_id))
        return one_line(name_of(actor_name(user_id), {} if isinstance(names, Trouble) else names))

    def _open(self, form: str) -> tuple[Desk | None, OnTheDesk | None]:
        """The desk and its card, while the form of this press is still open."""
        desk = self._desk()
        if desk is None or desk.form != form:
            return None, None
        return desk, desk.at_hand

    def _desk(self) -> Desk | None:
        desk = st.session_state.get(self._place)
        return desk if isinstance(desk, Desk) else None


def _in_words(column: str, value: object) -> str:
    return ("Yes" if value else "No") if column in YES_NO else str(value)


def _line(name: str, value: str) -> str:
    return f"{name} {value}" if name.endswith("?") else f"{name}: {value}"
