"""What opens below a card's standing, one at a time: its correction, or the reason why it is kept back or set aside."""

from collections.abc import Mapping

import streamlit as st

from dashboard import gate, services
from dashboard.card.place import Opened, Panel
from dashboard.card.visit import Visit
from dashboard.card.work import Desk, Refused, Told
from dashboard.components import card_panel
from dashboard.components.card_form import on_the_card, start_values, written
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action
from ghl.cards.find import Choices
from ghl.cards.story import CardInFull


class PanelPart:
    """Opens, fills and closes it. What is typed into a correction is kept by itself."""

    def __init__(self, visit: Visit, card: CardInFull) -> None:
        self._visit = visit
        self._place = visit.place
        self._card = card

    def bring_back(self) -> None:
        """Looks whether this person began a correction on an earlier visit."""
        desk = Desk(self._visit.hub, self._visit.viewer, self._card.id)
        self._place.unfinished = desk.draft() is not None

    def draw(self, names: Mapping[str, str]) -> None:
        """Draws what is open, for those who may change the card."""
        panel = self._place.panel
        if panel is None or not self._visit.writes:
            return
        with st.container(border=True, gap="small", key="panel"):
            if panel.kind is not Opened.CORRECTION:
                card_panel.reason(panel, do=self._with_reason, close=self._close)
                return
            card_panel.correction(
                panel,
                self._card,
                now=self._visit.now(),
                zone=self._visit.zone,
                names=names,
                keep=self._keep,
                save=self._save,
                over_theirs=self._over_theirs,
                start_again=self._start_again,
                close=self._close,
                reads_prayers=self._visit.viewer.church.reads_prayers,
                with_prayer=self._with_prayer,
            )

    def open(self, kind: Opened) -> None:
        """Opens one thing instead of another. A correction that was begun earlier goes on where it was left."""
        place = self._place
        works = None if place.click.second() else self._visit.at_work(self._card.id)
        if works is None or (place.panel and place.panel.kind is kind):
            return
        place.told = None
        place.panel = Panel(kind)
        if kind is Opened.CORRECTION:
            place.panel = self._correction(works)

    def _correction(self, works: Desk) -> Panel:
        """The correction as it begins: with the card as it is now, or with what was typed earlier."""
        read = guarded(self._visit.look)
        choices = guarded(lambda: services.choices(self._visit.church_id))
        newest = read if isinstance(read, CardInFull) else self._card
        offered = Choices() if isinstance(choices, Trouble) else choices
        begun = works.draft()
        start = begun.values if begun else start_values(newest.fields)
        return Panel(
            Opened.CORRECTION,
            base=begun.revision if begun else newest.revision,
            start=start,
            services=offered.services,
            campuses=offered.campuses,
            typed_at=begun.changed_at if begun else None,
            newer=newest.revision if begun and begun.revision != newest.revision else None,
            prayer=bool(begun) and "prayer_request" in start and works.viewer.church.reads_prayers,
        )

    def _at_work(self) -> tuple[Desk, Panel] | None:
        """The person at work and what they have open, where both still hold."""
        works, panel = self._visit.at_work(self._card.id), self._place.panel
        return None if works is None or panel is None else (works, panel)

    def _close(self, *, forget: bool = True) -> None:
        """Closes what is open; `forget` also lets go of what was typed."""
        panel, self._place.panel = self._place.panel, None
        if panel is None:
            return
        panel.forget(st.session_state)
        if forget and panel.kind is Opened.CORRECTION and (works := self._visit.at_work(self._card.id)):
            self._place.unfinished = False
            works.drop_draft()

    def _keep(self) -> None:
        """Keeps what is typed into the correction."""
        panel, acting = self._place.panel, gate.acting(self._visit.viewer, *WRITERS)
        if panel and isinstance(acting, gate.Viewer):
            desk = Desk(self._visit.hub, acting, self._card.id)
            desk.keep_draft(written(panel.key), revision=panel.base)

    def _save(self) -> None:
        """Saves the correction; where that cannot be, what was typed stays."""
        if not (at := self._at_work()):
            return
        works, panel = at
        came = works.correct(
            written(panel.key),
            base_revision=panel.base,
            zone=self._visit.zone,
            prayer=panel.prayer,
            prayer_was=panel.prayer_was,
            on_the_card=on_the_card(panel.key, card_panel.number_on(self._card)),
        )
        if isinstance(came, Refused):
            panel.problems, panel.newer = came.problems, came.newer
            return
        self._place.unfinished = False
        if panel.prayer:
            self._place.hide_prayer()
        self._visit.say(came)
        self._close(forget=False)

    def _with_prayer(self) -> None:
        """Takes the prayer request into the correction; whoever does that reads it, which is noted."""
        if not (at := self._at_work()) or at[1].prayer:
            return
        works, panel = at
        read = works.prayer() if self._card.has_prayer else ""
        if isinstance(read, Told):
            self._visit.say(read)
            return
        panel.prayer, panel.prayer_was = True, read
        st.session_state[f"{panel.key}_prayer_request"] = read

    def _over_theirs(self) -> None:
        """Saves what was typed on top of what somebody else saved meanwhile."""
        panel = self._place.panel
        if panel and panel.newer:
            panel.base = panel.newer
            self._save()

    def _start_again(self) -> None:
        """The correction from its beginning, with the card as it is now."""
        self._close()
        self.open(Opened.CORRECTION)

    def _with_reason(self, action: Action) -> None:
        """Keeps back or sets aside with the reason that was typed."""
        if not (at := self._at_work()):
            return
        works, panel = at
        came = works.do(action, str(st.session_state.get(f"{panel.key}_reason") or ""))
        if came.good:
            self._visit.say(came)
            self._close()
        else:
            panel.complaint = came.text
