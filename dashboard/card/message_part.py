"""The texts and e-mails on a card's page: whether the person may be written to, where each message stands, what can be done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.card.message_work import LONGEST_REASON, MessageDesk
from dashboard.card.work import Told
from dashboard.clicks import ONE_CLICK
from dashboard.components import states
from dashboard.components.held import held
from dashboard.components.message_badges import message_badge
from dashboard.consent.answer import card_answer
from dashboard.formatting import one_line, when
from dashboard.gate import Viewer
from dashboard.message_words import thing, to_do, why
from dashboard.navigation import EVERYBODY, WRITERS
from dashboard.reading import Trouble, guarded
from ghl.causes import CauseCode
from ghl.messages.shown import Shown
from ghl.messages.story import MessageStory, message_story
from ghl.statuses import MessageState
from jobs.container import Container

SHARED = timedelta(seconds=0.7)
"""The timeline refreshes at about the same time, and shares one reading."""

NOBODY_ASKED = (
    "No text and no e-mail was asked for yet. Nothing goes by itself: somebody has to press the button."
)

WENT: Mapping[str, tuple[str, str]] = {CauseCode.UNSURE_TWO_FOUND: ("It went out", "It did not: send it")}
"""What the two answers to an open question are called, where GoHighLevel has the message twice."""


@dataclass
class MessagePlace:
    """What somebody has open among the messages of one card, and what their last press came to."""

    told: Told | None = None
    told_at: datetime | None = None
    once_more: UUID | None = None
    serial: str = field(default_factory=lambda: uuid4().hex[:8])
    pressed_at: datetime | None = None
    _read: tuple[datetime, MessageStory] | None = field(default=None, repr=False)

    def double(self, now: datetime) -> bool:
        """Whether a press now is the second half of a double click, which may hit another button than the first."""
        before, self.pressed_at = self.pressed_at, now
        return before is not None and timedelta() <= now - before < ONE_CLICK

    def close(self) -> None:
        """Nothing is open any more."""
        self.once_more, self.serial = None, uuid4().hex[:8]

    def say(self, told: Told, at: datetime) -> None:
        """Keeps what a press came to, and that what was read is old."""
        self.told, self.told_at, self._read = told, at, None

    def last(self, now: datetime) -> MessageStory | None:
        """What was read a moment ago."""
        return self._read[1] if self._read and timedelta() <= now - self._read[0] < SHARED else None

    def read(self, now: datetime, story: MessageStory) -> None:
        """Keeps what was just read."""
        self._read = (now, story)


class MessagePart:
    """The messages of one card, for one person."""

    def __init__(
        self,
        hub: Container,
        viewer: Viewer,
        card_id: UUID,
        name: str,
        *,
        every: float,
        changed: Callable[[], None],
    ) -> None:
        self._hub = hub
        self._viewer = viewer
        self._card_id = card_id
        self._name = one_line(name, 40)
        self._zone = ZoneInfo(viewer.church.timezone)
        self._every = every
        self._changed = changed
        self._place_key = f"messages_{viewer.person.user_id}_{card_id}"

    @property
    def _place(self) -> MessagePlace:
        place: MessagePlace = st.session_state.setdefault(self._place_key, MessagePlace())
        return place

    def story(self) -> MessageStory:
        """All about the messages of the card, read once for all parts that ask at the same moment."""
        now, church_id = self._hub.clock.now(), self._viewer.church.church_id
        if known := self._place.last(now):
            return known
        with self._hub.database.church(church_id) as session:
            found = message_story(session, church_id, self._card_id)
        self._place.read(now, found)
        return found

    def draw(self) -> None:
        """Draws the part, which refreshes itself."""
        st.fragment(self._live, run_every=self._every)()

    def _live(self) -> None:
        still = gate.still(self._viewer, *EVERYBODY)
        read = still if isinstance(still, Trouble) else guarded(lambda: (self.story(), self._names()))
        if isinstance(still, Trouble) or isinstance(read, Trouble):
            number = (
                still.number
                if isinstance(still, Trouble)
                else read.number
                if isinstance(read, Trouble)
                else ""
            )
            return states.could_not_load("the texts and e-mails", number)
        story, names = read
        writes, now = still.church.role in WRITERS, self._hub.clock.now()
        with st.container(border=True, gap="small", key="messages"):
            allowed = card_answer(
                self._hub.database,
                self._viewer.church.church_id,
                self._card_id,
                now=now,
                zone=self._zone,
                confirm=partial(self._press, "confirm_number") if writes else None,
            )
            for shown in story.newest:
                self._message(shown, names, now, writes=writes, allowed=shown.channel in allowed)
            if not story.newest:
                st.text(NOBODY_ASKED)
            if writes:
                st.button(
                    "Send onboarding materials",
                    key="send_onboarding",
                    icon=":material/outgoing_mail:",
                    on_click=self._press,
                    args=("send_onboarding",),
                )
            self._said()
        return None

    def _names(self) -> Mapping[str, str]:
        return services.names(self._viewer.church.church_id)

    def _said(self) -> None:
        place = self._place
        if place.told and place.told_at:
            at = when(place.told_at, now=self._hub.clock.now(), zone=self._zone)
            # May hold a person's name, so it is plain text beside an empty sign of how it went.
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="messages_told"):
                st.markdown(
                    ":material/check_circle:" if place.told.good else ":material/info:", width="content"
                )
                st.text(f"{at}: {place.told.text}", width="stretch")

    def _message(
        self, shown: Shown, names: Mapping[str, str], now: datetime, *, writes: bool, allowed: bool
    ) -> None:
        key = shown.message_id.hex
        with st.container(gap="xxsmall", key=f"message_{key}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                message_badge(shown.channel, shown.code)
                st.text(one_line(shown.template), width="content")
                if writes and shown.undo_until:
                    self._button("Undo", "undo", shown, icon="undo")
            st.text(one_line(why(shown, name=self._name, names=names, now=now, zone=self._zone), 600))
            if do := to_do(shown):
                st.text(one_line(do.replace("*", ""), 400))
            if writes:
                self._choices(shown, allowed=allowed)

    def _choices(self, shown: Shown, *, allowed: bool) -> None:
        """What a person can choose where it went wrong, is not known, or is over. `allowed`: they said yes to such ones."""
        with st.container(horizontal=True, gap="small", key=f"choices_{shown.message_id.hex}"):
            if shown.open_question:
                went, again = WENT.get(shown.cause or "", ("It arrived", "Send again"))
                self._button(went, "it_arrived", shown, icon="done")
                self._button(again, "send_again", shown, icon="replay")
            elif shown.state is MessageState.FAILED:
                self._button("Send again", "send_again", shown, icon="replay")
            elif shown.state is MessageState.HELD:
                self._button("Send it", "send_again", shown, icon="send")
            elif shown.state is MessageState.NOT_SENT and shown.cause == CauseCode.TOO_OLD:
                if allowed:
                    self._button("Send it all the same", "send_late", shown, icon="schedule_send")
            elif shown.gone and allowed and self._place.once_more != shown.message_id:
                self._button("Send it once more…", "open_once_more", shown, icon="forward_to_inbox")
        if shown.gone and allowed and self._place.once_more == shown.message_id:
            self._once_more(shown)

    def _once_more(self, shown: Shown) -> None:
        field_key = f"why_{self._place.serial}"
        with st.container(border=True, gap="xsmall", key="once_more"):
            st.text_input(
                f"Why does this {thing(shown.channel)} go once more?",
                value=held(field_key),
                key=field_key,
                max_chars=LONGEST_REASON,
                autocomplete="off",
            )
            with st.container(horizontal=True, gap="small"):
                self._button("Send it once more", "send_once_more", shown, icon="forward_to_inbox")
                self._button("Not now", "close_once_more", shown, icon="close")

    def _button(self, label: str, press: str, shown: Shown, *, icon: str) -> None:
        st.button(
            label,
            key=f"{press}_{shown.message_id.hex}",
            icon=f":material/{icon}:",
            on_click=self._press,
            args=(press, shown),
        )

    def _press(self, what: str, shown: Shown | None = None) -> None:
        """A button was pressed. The second half of a double click presses nothing."""
        place, now = self._place, self._hub.clock.now()
        if place.double(now):
            return
        acting = gate.acting(self._viewer, *WRITERS)
        if isinstance(acting, gate.Refused):
            place.say(Told(good=False, text=acting.why), now)
            return
        desk = MessageDesk(self._hub, acting, self._card_id, self._name)
        told = self._pressed(desk, what, shown)
        if told is not None:
            place.say(told, now)
            self._changed()

    def _pressed(self, desk: MessageDesk, what: str, shown: Shown | None) -> Told | None:
        place = self._place
        if shown is None:
            return desk.confirm_number() if what == "confirm_number" else desk.send_onboarding()
        match what:
            case "open_once_more":
                place.close()
                place.once_more = shown.message_id
                return None
            case "close_once_more":
                place.close()
                return None
            case "send_once_more":
                told = desk.send_once_more(
                    shown.message_id, str(st.session_state.get(f"why_{place.serial}") or "")
                )
                if told.good:
                    place.close()
                return told
            case "undo":
                return desk.undo(shown.message_id)
            case "send_again":
                return desk.send_again(shown.message_id)
            case "it_arrived":
                return desk.it_arrived(shown.message_id)
            case "send_late":
                return desk.send_late(shown.template_id)
        return None
