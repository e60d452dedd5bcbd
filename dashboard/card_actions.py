"""What the buttons of the list of cards do. Each click asks anew who it is, commits first, and counts once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import streamlit as st

from dashboard import gate, services
from dashboard.bulk import AT_ONCE, WORDS, Ask, Deed, Run, Runs
from dashboard.card_filter import Asked
from dashboard.card_list import Place, Selection
from dashboard.components.bulk import REASON, can_undo
from dashboard.components.card_rows import tick_key
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action, Chosen, Done, DryRun, act, act_on_all, dry_run
from ghl.messages import many
from ghl.messages.many import MessageAction

SAID = {Action.SEND_NOW: "Queued again", Action.PUT_BACK: "Back again"}
"""What the button of a row says after it was pressed."""

TOO_LATE = "Nothing to do"
BUSY = "Something else is under way in another tab. Wait until it is done, then press again."


@st.cache_resource(show_spinner=False)
def runs() -> Runs:
    """What is being done to many cards in this process, by whom."""
    return Runs()


@dataclass
class Desk:
    """What somebody has in front of them on the list: their place in it, their ticks, and an open question."""

    place: Place = field(default_factory=Place)
    selection: Selection = field(default_factory=Selection)
    ask: Ask | None = None
    focus: str = ""
    complaint: str = ""

    def show(self, asked: Asked, words: str = "") -> None:
        """Another filter, from its first page. Single ticks stay with their cards; *all that match* spoke of others."""
        self.place.show(asked, words)
        if self.selection.everything:
            self.selection.clear()


@dataclass(frozen=True)
class Hands:
    """The callbacks of one run of the page, for the person it was drawn for."""

    viewer: gate.Viewer
    desk: Desk

    @property
    def key(self) -> tuple[UUID, UUID]:
        """Whose actions on many cards these are."""
        return self.viewer.church.church_id, self.viewer.person.user_id

    def runs(self) -> tuple[Run, ...]:
        """What is under way for this person, or was not read yet: the newest first."""
        return runs().of(self.key)

    def tick(self, card_id: UUID, key: str) -> None:
        """The box keyed `key`, of this card, was ticked or unticked."""
        gate.used()
        selection, page = self.desk.selection, self.desk.place.page
        if key != tick_key(card_id, selection.version):
            # A browser's regular refresh, sent just before "Select none" reached it, still tells of the boxes that
            # are gone; Streamlit takes that for news. It must not tick again what was unticked.
            return
        on = bool(st.session_state.get(key))
        selection.tick(card_id, on=on, page=page.ids if page else ())

    def tick_page(self) -> None:
        """All rows of the page."""
        gate.used()
        if self.desk.place.page:
            self.desk.selection.add(self.desk.place.page.ids)

    def tick_everything(self) -> None:
        """All cards that match, as they were when the list was opened."""
        gate.used()
        place = self.desk.place
        if place.wanted is not None and place.opened_at is not None:
            self.desk.selection.add_all(place.wanted, until=place.opened_at, count=place.total)

    def tick_none(self) -> None:
        """No row any more."""
        gate.used()
        self.desk.selection.clear()

    def press(self, card_id: UUID, action: Action) -> None:
        """The button of a row: acts on that card, once."""
        person = gate.acting(self.viewer, *WRITERS)
        hub, place = services.container(), self.desk.place
        if isinstance(person, gate.Refused):
            self.desk.complaint = person.why
            return
        if not place.click(card_id, SAID[action], now=hub.clock.now()):
            return

        def work() -> bool:
            with hub.database.church(person.church.church_id) as session:
                return act(
                    session,
                    person.church.church_id,
                    action,
                    card_id,
                    actor=person.person.actor,
                    now=hub.clock.now(),
                )

        done = guarded(work)
        if isinstance(done, Trouble):
            place.said.pop(card_id, None)
            self.desk.complaint = (
                f"That didn't work; nothing was changed. Tell support the number {done.number}."
            )
            return
        self.desk.complaint = ""
        if done:
            services.wake(person.church.church_id)
        else:
            place.say(card_id, TOO_LATE)

    def question(self, action: Deed | None) -> None:
        """Asks before something is done to the ticked cards; no action is the export."""
        gate.used()
        # Each click is a question of its own, for one whose dialog was cut short by the next must be asked again.
        if isinstance(action, MessageAction) and self.desk.selection.count > many.MOST:
            self.desk.complaint = (
                f"At most {many.MOST:,} cards at once. Choose fewer, by a filter or by ticks."
            )
            return
        if self.desk.selection.count:
            self.desk.complaint = ""
            st.session_state.pop(REASON, None)
            self.desk.ask = Ask(action, self.desk.selection.chosen(), self.desk.selection.count)

    def never_mind(self) -> None:
        """The question is closed, and nothing done."""
        gate.used()
        self.desk.ask = None

    def foresee(self) -> None:
        """Finds out what the answer would do."""
        ask, hub = self.desk.ask, services.container()
        if ask is None or ask.action is None:
            return
        action, church_id = ask.action, self.viewer.church.church_id

        def count() -> DryRun:
            if isinstance(action, MessageAction):
                return many.foresee(hub.database, church_id, ask.chosen, clock=hub.clock)
            with hub.database.church(church_id) as session:
                return dry_run(session, church_id, action, ask.chosen)

        ask.preview = guarded(count)

    def confirm(self) -> None:
        """The answer is yes. A second press finds the same token, or no question any more."""
        person, ask = gate.acting(self.viewer, *WRITERS), self.desk.ask
        if ask is None or ask.action is None:
            return
        if isinstance(person, gate.Refused):
            ask.complaint = person.why
            return
        reason = " ".join(str(st.session_state.get(REASON, "")).split())
        if WORDS[ask.action].asks_why and not reason:
            ask.complaint = "Say in a few words why: somebody will ask one day."
            return
        going = ask.preview.going if ask.preview and not isinstance(ask.preview, Trouble) else ask.count
        # Of messages every card is looked at, whether it gets one or not.
        total = ask.count if isinstance(ask.action, MessageAction) else going
        if not self._start(ask.token, ask.action, ask.chosen, total=total, reason=reason, person=person):
            ask.complaint = BUSY
            return
        self.desk.ask = None
        self.desk.selection.clear()

    def undo(self, run: Run) -> None:
        """Puts back what `run` set aside."""
        person = gate.acting(self.viewer, *WRITERS)
        if isinstance(person, gate.Refused):
            self.desk.complaint = person.why
            return
        if not can_undo(run) or not isinstance(run.outcome, Done):
            return
        chosen = Chosen(ids=run.outcome.ids)
        done = run.outcome.done
        if self._start(f"undo {run.token}", Action.PUT_BACK, chosen, total=done, reason="", person=person):
            runs().read(self.key, run.token)

    def stop(self) -> None:
        """Lets what is under way end with the cards it is busy with."""
        gate.used()
        for run in self.runs():
            run.stop()

    def read(self, run: Run) -> None:
        """The result of `run` was read."""
        gate.used()
        runs().read(self.key, run.token)

    def go(self, step: str) -> None:
        """Newer, older, or the newest."""
        gate.used()
        getattr(self.desk.place, step)()

    def find(self) -> None:
        """To the field for searching."""
        gate.used()
        self.desk.focus = uuid4().hex

    def _start(
        self,
        token: str,
        action: Deed,
        chosen: Chosen,
        *,
        total: int,
        reason: str,
        person: gate.Viewer,
    ) -> bool:
        """Begins, or finds begun; False while something else is under way for this person."""
        hub, church_id = services.container(), person.church.church_id

        def work(*, progress: Callable[[int, int], None], stop: Callable[[], bool]) -> Done:
            def told(dealt_with: int, of: int) -> None:
                progress(dealt_with, of)
                services.wake(church_id)

            if isinstance(action, MessageAction):
                return many.send_to_all(
                    hub.database,
                    church_id,
                    chosen,
                    actor=person.person.actor,
                    clock=hub.clock,
                    total=total,
                    progress=told,
                    stop=stop,
                )
            return act_on_all(
                hub.database,
                church_id,
                action,
                chosen,
                reason=reason,
                actor=person.person.actor,
                clock=hub.clock,
                progress=told,
                stop=stop,
            )

        run = runs().start(self.key, token, action, work, total=total, now=hub.clock.now())
        if run.wait(AT_ONCE) and run.token != token:
            # What another window had begun is done by now.
            run = runs().start(self.key, token, action, work, total=total, now=hub.clock.now())
            run.wait(AT_ONCE)
        return run.token == token
