"""What the presses of *Review new cards* do. Each asks whether it was meant and may, commits first, and draws nothing."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple
from uuid import UUID

import streamlit as st

from dashboard import gate
from dashboard.components.card_form import LABELS, on_the_card, start_values, written
from dashboard.consent.words import NUMBER_TO_CHECK, too_late_for
from dashboard.desk.page import what_follows, whole_name
from dashboard.desk.typed import STAYS, Typist, carried
from dashboard.message_words import asked_in_words
from dashboard.reading import Trouble, guarded
from dashboard.review import reviewing, words
from dashboard.review.desk import Asking, Desk
from dashboard.review.reviewing import OnTheDesk
from dashboard.review.tries import Tries
from dashboard.seat import Seat
from ghl.cards.actions import Action, ActionError
from ghl.cards.correct import Corrected
from ghl.cards.lookalikes import LikeCard, LikeContact
from ghl.messages.asked import Asked
from ghl.statuses import CardStatus


def welcome_key(form: str) -> str:
    """The key of the tick that sends the welcome text and e-mail with the card of this form."""
    return f"{form}_welcome"


MOVED_ON = "That card has moved on meanwhile."
ASKED_AGAIN = "Taken back: it is asked again."


class _At(NamedTuple):
    """The desk and its card at the moment of a press."""

    desk: Desk
    open_: OnTheDesk


class Hands:
    """The presses of one reviewer. Each carries the form that it was drawn for, and is nothing for any other."""

    def __init__(self, seat: Seat, typist: Typist, tries: Tries) -> None:
        self._seat = seat
        self._database = seat.database
        self._typist = typist
        self._tries = tries

    # The card is done with.

    def save(self, form: str, *, send: bool = False) -> None:
        """Saves what stands in the fields, and goes on to the next card. With `send` one that is kept back goes too."""
        at = self._meant(form)
        if at is None or at.open_.began is not None:
            return
        if not self._seat.may():
            self.changed(form)
            return
        desk, open_ = at
        values, now = written(form), self._seat.now()
        reviewed = open_.card.status is CardStatus.TO_REVIEW
        stays = {**desk.kept, **carried(values, STAYS)} if reviewed else {}
        desk.again = partial(self.save, form, send=send)
        ticked = reviewed and bool(st.session_state.get(welcome_key(form)))
        welcome: list[Asked] | None = [] if ticked else None
        done = self._tries.change(
            desk,
            lambda: reviewing.save_reviewed(
                self._database,
                self._typist,
                open_,
                values,
                send=send,
                stays=stays,
                on_the_card=on_the_card(form, open_.number),
                now=now,
                welcome=welcome,
            ),
        )
        if done is None:
            return
        self._seat.wake()
        desk.kept = stays or desk.kept
        name = whole_name(values.get("first_name"), values.get("last_name"))
        what = "Saved" if reviewed else "Sent on" if send else "Corrected"
        follows = what_follows(self._seat.church_id, done.status, done.cause, done.facts)
        told = asked_in_words(welcome or (), name=name, now=now, zone=self._seat.zone)[1]
        desk.tell(
            " ".join(part for part in (f"{what}: {name}.", follows, *self._besides(done), *told) if part)
        )
        desk.leave()

    def skip(self, form: str) -> None:
        """Leaves the card as it is; one to review comes again at the end."""
        at = self._pressed(form)
        if at is None:
            return
        desk, card = at.desk, at.open_.card
        if card.status is CardStatus.TO_REVIEW:
            desk.skipped = [*(one for one in desk.skipped if one != card.id), card.id]
            desk.tell("Skipped. It comes back at the end.")
        else:
            desk.tell("Left as it was.")
        desk.leave()

    def ask(self, form: str, asking: Asking | None) -> None:
        """Asks for the reason before a card is put away; with None it goes on with the card."""
        at = self._meant(form)
        if at is None:
            return
        gate.used()
        if asking is Asking.UNREADABLE:
            st.session_state[f"{form}_reason"] = words.UNREADABLE
        at.desk.ask(asking)

    def put_away(self, form: str, action: Action, reason: str | None = None) -> None:
        """Keeps the card back or sets it aside, for this reason or the one that was typed."""
        at = self._pressed(form)
        if at is None:
            return
        desk, open_ = at
        why = reason if reason is not None else str(st.session_state.get(f"{form}_reason") or "")
        values, now = written(form), self._seat.now()
        desk.again = partial(self.put_away, form, action, why)
        try:
            done = self._tries.change(
                desk,
                lambda: reviewing.put_away(
                    self._database,
                    self._typist,
                    open_,
                    values,
                    action,
                    reason=why,
                    on_the_card=on_the_card(form, open_.number),
                    now=now,
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
        if done.done:
            undo = partial(self._bring_back, open_.card.id)
            said = (f"{kept}: {name}. You find it under All cards.", *self._besides(done.saved))
            desk.tell(" ".join(said), undo=undo)
        else:
            desk.tell(MOVED_ON)
        desk.leave()

    def go_on(self, form: str) -> None:
        """Leaves a card that somebody else has taken or dealt with."""
        if at := self._pressed(form):
            at.desk.leave(remember=False)

    # A card comes back.

    def back(self, form: str) -> None:
        """Opens the card that was here before."""
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form or not desk.trail:
            return
        if (desk.at_hand and not desk.meant()) or not self._seat.may():
            return
        found = self._tries.open(desk, desk.trail[-1])
        if found is None:
            return
        desk.trail = desk.trail[:-1]
        desk.tell("")
        desk.lay(found)

    def put_back(self, form: str) -> None:
        """Puts back a card that is kept back or set aside, with what was typed into it."""
        at = self._pressed(form)
        if at is None:
            return
        desk, open_ = at
        values, now = written(form), self._seat.now()
        desk.again = partial(self.put_back, form)
        done = self._tries.change(
            desk,
            lambda: reviewing.put_back(
                self._database,
                self._typist,
                open_,
                values,
                on_the_card=on_the_card(form, open_.number),
                now=now,
            ),
        )
        if done is not None:
            self._is_back(desk, open_.card.id, done=done.done, saved=done.saved)

    def take_back(self, form: str) -> None:
        """Takes back what the last press did."""
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form or desk.undo is None or not self._seat.may():
            return
        undo, desk.undo = desk.undo, None
        undo()

    def _bring_back(self, card_id: UUID) -> None:
        """Takes back that a card was kept back or set aside."""
        desk = self._seat.desk(Desk)
        if desk is None:
            return
        done = self._tries.change(
            desk,
            lambda: reviewing.bring_back(self._database, self._typist, card_id, now=self._seat.now()),
        )
        if done is not None:
            self._is_back(desk, card_id, done=done)

    def _is_back(self, desk: Desk, card_id: UUID, *, done: bool, saved: Corrected | None = None) -> None:
        """A card was put back: one to review is opened again, any other one goes."""
        self._seat.wake()
        found, besides = self._tries.open(desk, card_id), self._besides(saved)
        if found is None:
            desk.lay(None)
        elif found.card.status is CardStatus.TO_REVIEW:
            desk.tell(" ".join(("Put back: it is to be reviewed.", *besides)))
            desk.trail = [one for one in desk.trail if one != card_id]
            desk.lay(found)
        else:
            told = f"Put back. {words.stands(found.card)}" if done else MOVED_ON
            desk.tell(" ".join((told, *besides)))
            desk.leave()

    def _besides(self, saved: Corrected | None) -> tuple[str, ...]:
        """What follows for texts and e-mails from what was saved."""
        if saved is None:
            return ()
        asked = NUMBER_TO_CHECK if saved.number_asked else ""
        return tuple(part for part in (too_late_for(saved.on_its_way, zone=self._seat.zone), asked) if part)

    # Who is who.

    def decide(self, form: str, like: LikeContact, *, same: bool) -> None:
        """Says whether the card's person is this contact."""
        at = self._pressed(form)
        if at is None:
            return
        done = self._tries.change(
            at.desk,
            lambda: reviewing.decide_on(
                self._database, self._typist, at.open_.card, like, same=same, now=self._seat.now()
            ),
        )
        if done is not None:
            told = words.decided(like, same=same)
            self._look_once_more(at, told, undo=partial(self._undecide, form, like))

    def same_card(self, form: str, like: LikeCard) -> None:
        """Sets the card aside: it is this other one once more."""
        self.put_away(form, Action.SET_ASIDE, f"The same card as #{like.number}")

    def other_card(self, form: str, like: LikeCard) -> None:
        """Says that this is another card, which is not asked again in this tab."""
        at = self._pressed(form)
        if at is None:
            return
        at.desk.settled.add(like.id)
        told = f"Two different cards: this one and #{like.number}."
        self._look_once_more(at, told, undo=partial(self._unsettle, form, like))

    def _undecide(self, form: str, like: LikeContact) -> None:
        at = self._open(form)
        if at is None:
            return
        done = self._tries.change(
            at.desk, lambda: reviewing.undecide(self._database, self._typist, at.open_.card, like)
        )
        if done is not None:
            self._look_once_more(at, ASKED_AGAIN if done else "Too late for that: the card has moved on.")

    def _unsettle(self, form: str, like: LikeCard) -> None:
        at = self._open(form)
        if at is None:
            return
        at.desk.settled.discard(like.id)
        self._look_once_more(at, ASKED_AGAIN)

    def _look_once_more(self, at: _At, told: str, *, undo: partial[None] | None = None) -> None:
        """The same card and the same fields, with the questions that are left."""
        desk, open_ = at
        desk.tell(told, undo=undo)
        found = self._tries.open(desk, open_.card.id)
        if found:
            desk.at_hand = replace(open_, alike=found.alike)
            desk.anew()

    # What is typed.

    def changed(self, form: str) -> None:
        """Keeps what stands in the fields, also when the session ended a moment ago: it is their own, for later."""
        at = self._open(form)
        if at is None:
            return
        values = written(form)
        mine = guarded(
            lambda: reviewing.keep_typed(self._database, self._typist, at.open_, values, now=self._seat.now())
        )
        if mine is False:
            self._tries.lost(at.desk, at.open_.card.id)

    def as_last(self, form: str) -> None:
        """Fills in what the last card said where this one is blank."""
        at = self._open(form)
        if at is None or not self._seat.may():
            return
        blank = at.desk.left_blank(at.open_)
        for name in blank:
            st.session_state[f"{form}_{name}"] = str(at.desk.kept[name])
        if blank:
            at.desk.tell(f"Filled in as on the last card: {', '.join(LABELS[name] for name in blank)}.")
            self.changed(form)

    def over(self, form: str) -> None:
        """Saves what was typed on top of what somebody else saved meanwhile."""
        at = self._pressed(form)
        if at is None:
            return
        desk, open_ = at
        desk.at_hand = replace(open_, base=open_.card.revision, began=None)
        again = desk.again or partial(self.save, form)
        again()

    def start_again(self, form: str) -> None:
        """Forgets what was typed, and begins with the card as it is now."""
        at = self._pressed(form)
        if at is None:
            return
        card = at.open_.card
        done = guarded(lambda: reviewing.forget_typed(self._database, self._typist, card))
        if isinstance(done, Trouble):
            at.desk.trouble = done.number
            return
        at.desk.lay(OnTheDesk(card, start_values(card.fields), card.revision, alike=at.open_.alike))

    # Which press counts.

    def _pressed(self, form: str) -> _At | None:
        """The desk and its card, for a press that was meant for them, of somebody who may."""
        at = self._meant(form)
        return at if at and self._seat.may() else None

    def _meant(self, form: str) -> _At | None:
        """The desk and its card, for a press that was meant for them: not the second half of a double one."""
        at = self._open(form)
        return at if at and at.desk.meant() else None

    def _open(self, form: str) -> _At | None:
        """The desk and its card, while the form of this press is still open."""
        desk = self._seat.desk(Desk)
        if desk is None or desk.form != form or desk.at_hand is None:
            return None
        return _At(desk, desk.at_hand)
