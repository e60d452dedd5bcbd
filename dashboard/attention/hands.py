"""What the buttons of *Needs attention* do. Each click asks anew who it is, commits first, and counts once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import gate, services
from dashboard.attention.desk import Aside, Ask, Desk, Mending
from dashboard.clicks import Said
from dashboard.components.number_question import is_on_the_card
from dashboard.navigation import WRITERS
from dashboard.reading import Answer, Trouble, guarded
from ghl.attention import mend as mending
from ghl.attention import retries
from ghl.attention.retries import RetryError
from ghl.attention.wanted import Wanted
from ghl.cards.actions import Action, ActionError, act
from ghl.cards.correct import CorrectionError
from ghl.statuses import CardStatus

SAID = {
    Action.SEND_NOW: "Queued again",
    Action.PUT_BACK: "Put back",
    Action.SET_ASIDE: "Set aside",
}
"""What the button of a row says after it was pressed."""

MENDED = "Saved and queued"
MOVED_ON = {
    CardStatus.WAITING: "It is already on its way",
    CardStatus.SENDING: "It is already on its way",
    CardStatus.SYNCED: "It is already in GoHighLevel",
    CardStatus.DISMISSED: "It was set aside",
}
"""Where a card is that somebody else dealt with first."""

GONE = "It is no longer there"
TOO_LATE = "Nothing to do"
LOOK_FIRST = "Look at the change above. If it is right, press again."
SAY_WHY = "Say in a few words why: somebody will ask one day."


@dataclass(frozen=True)
class Hands:
    """The callbacks of one run of the page, for the person it was drawn for."""

    viewer: gate.Viewer
    desk: Desk

    @property
    def church_id(self) -> UUID:
        """The church of the person at work."""
        return self.viewer.church.church_id

    # -- one card --------------------------------------------------------------------------------------

    def press(self, card_id: UUID, action: Action) -> None:
        """The button of a row: acts on that card, once."""
        self._act(card_id, action)

    def open_mend(self, card_id: UUID) -> None:
        """Opens the fields of a card that are to be mended. Pressed twice they stay as they are."""
        gate.used()
        if self.desk.mending and self.desk.mending.found.card_id == card_id:
            return
        found = self._ask(lambda session: mending.to_mend(session, self.church_id, card_id))
        if found is None:
            self._moved_on(card_id)
        elif not isinstance(found, Trouble):
            self._put_by()
            typed = self.desk.half_mended.get(card_id, {})
            self.desk.complaint, self.desk.aside, self.desk.mending = "", None, Mending(found, typed)

    def save_mend(self) -> None:
        """Saves what was typed and sends the card; only where the change had been shown."""
        person, open_ = gate.acting(self.viewer, *WRITERS), self.desk.mending
        if open_ is None:
            return
        if isinstance(person, gate.Refused):
            open_.complaint = person.why
            return
        typed = written(open_)
        if typed != open_.shown:
            open_.complaint = LOOK_FIRST
            return
        found, now = open_.found, services.container().clock.now()
        on_the_card = is_on_the_card(open_.form, mending.look(found, typed).asks)
        try:
            saved = self._ask(
                lambda session: mending.mend(
                    session,
                    person.church.church_id,
                    found.card_id,
                    typed,
                    revision=found.revision,
                    actor=person.person.actor,
                    now=now,
                    on_the_card=on_the_card,
                )
            )
        except (mending.MendError, CorrectionError) as error:
            open_.complaint = str(error)
            return
        if isinstance(saved, Trouble):
            open_.complaint = self.desk.complaint
            return
        self.desk.mending = None
        self.desk.half_mended.pop(found.card_id, None)
        if saved is None:
            self._moved_on(found.card_id)
            return
        still_here = saved.status is CardStatus.NEEDS_ATTENTION
        self.desk.click(found.card_id, TOO_LATE if still_here else MENDED, now=now)
        services.wake(self.church_id)

    def close_mend(self) -> None:
        """Leaves the card as it is, and forgets what was typed."""
        gate.used()
        if open_ := self.desk.mending:
            self.desk.half_mended.pop(open_.found.card_id, None)
        self.desk.mending = None

    def _put_by(self) -> None:
        """Keeps what is typed into the card at hand, for when it is opened again."""
        if open_ := self.desk.mending:
            self.desk.half_mended[open_.found.card_id] = written(open_)

    def open_aside(self, card_id: UUID) -> None:
        """Asks why a card is set aside."""
        gate.used()
        if not (self.desk.aside and self.desk.aside.card_id == card_id):
            self._put_by()
            self.desk.complaint, self.desk.mending, self.desk.aside = "", None, Aside(card_id)

    def save_aside(self) -> None:
        """Sets the card aside with the reason that was typed."""
        open_ = self.desk.aside
        if open_ is None:
            return
        reason = " ".join(str(st.session_state.get(open_.key) or "").split())
        if not reason:
            gate.used()
            open_.complaint = SAY_WHY
            return
        self.desk.aside = None
        self._act(open_.card_id, Action.SET_ASIDE, reason)

    def close_aside(self) -> None:
        """Leaves the card where it is."""
        gate.used()
        self.desk.aside = None

    # -- many cards ------------------------------------------------------------------------------------

    def question(self, wanted: Wanted, title: str, shown: int) -> None:
        """Asks before all of these are retried."""
        gate.used()
        self.desk.ask = Ask(wanted, title, shown)

    def never_mind(self) -> None:
        """The question is closed, and nothing done."""
        gate.used()
        self.desk.ask = None

    def foresee(self) -> None:
        """Finds out what the answer would do; the cards it is about are the ones of this moment."""
        ask = self.desk.ask
        if ask is not None:
            ask.plan = self._ask(lambda session: retries.foresee(session, self.church_id, ask.wanted))

    def confirm(self) -> None:
        """The answer is yes. A second press finds the same token, or no question any more."""
        person, ask = gate.acting(self.viewer, *WRITERS), self.desk.ask
        if ask is None or ask.plan is None or isinstance(ask.plan, Trouble):
            return
        if isinstance(person, gate.Refused):
            ask.complaint = person.why
            return
        plan, now = ask.plan, services.container().clock.now()
        try:
            started = self._ask(
                lambda session: retries.start(
                    session,
                    person.church.church_id,
                    plan,
                    token=ask.token,
                    actor=person.person.actor,
                    now=now,
                )
            )
        except RetryError as error:
            ask.complaint = str(error)
            return
        if isinstance(started, Trouble):
            ask.complaint = self.desk.complaint
            return
        self.desk.ask = None

    def stop(self, request_id: UUID) -> None:
        """Takes no more cards of a retry that is under way."""
        person = gate.acting(self.viewer, *WRITERS)
        if isinstance(person, gate.Refused):
            self.desk.complaint = person.why
        else:
            self._ask(
                lambda session: retries.stop(
                    session, person.church.church_id, request_id, actor=person.person.actor
                )
            )

    # -- the view --------------------------------------------------------------------------------------

    def go(self, key: str, step: str) -> None:
        """Newer, older, or the list of a group as it is now."""
        gate.used()
        self._put_by()
        self.desk.mending = self.desk.aside = None
        getattr(self.desk.place(key), step)()

    def again(self) -> None:
        """The whole page as it is now."""
        gate.used()
        self.desk.show(self.desk.asked)

    def _act(self, card_id: UUID, action: Action, reason: str = "") -> None:
        person = gate.acting(self.viewer, *WRITERS)
        hub, desk = services.container(), self.desk
        now = hub.clock.now()
        if isinstance(person, gate.Refused):
            desk.complaint = person.why
            return
        if not desk.click(card_id, SAID[action], now=now):
            return
        try:
            done = self._ask(
                lambda session: act(
                    session,
                    person.church.church_id,
                    action,
                    card_id,
                    reason=reason,
                    actor=person.person.actor,
                    now=now,
                )
            )
        except ActionError as error:
            desk.said.pop(card_id, None)
            desk.complaint = str(error)
            return
        if isinstance(done, Trouble):
            desk.said.pop(card_id, None)
        elif done:
            desk.complaint = ""
            services.wake(self.church_id)
        else:
            self._moved_on(card_id)

    def _moved_on(self, card_id: UUID) -> None:
        """Somebody was quicker, here or elsewhere: the row says where the card is now."""
        desk, now = self.desk, services.container().clock.now()
        status = self._ask(lambda session: mending.where_it_went(session, self.church_id, card_id))
        if isinstance(status, Trouble):
            return
        desk.complaint = ""
        said = MOVED_ON.get(status, TOO_LATE) if status else GONE
        desk.said[card_id] = Said(now, said)

    def _ask(self, what: Callable[[Session], Answer]) -> Answer | Trouble:
        """What a transaction of the church brings; where it fails, the page says so."""

        def transaction() -> Answer:
            with services.container().database.church(self.church_id) as session:
                return what(session)

        answer = guarded(transaction)
        if isinstance(answer, Trouble):
            self.desk.complaint = (
                f"That didn't work; nothing was changed. Tell support the number {answer.number}."
            )
        return answer


def written(open_: Mending) -> Mapping[str, str]:
    """What stands in the fields of the card that is being mended."""
    state: Any = st.session_state
    return {name: str(state.get(open_.key(name), open_.start(name)) or "") for name in open_.found.fields}
