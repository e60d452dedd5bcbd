"""*News from GoHighLevel* on the screen. Its lists are read when the page runs, and hold still."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select

from dashboard import gate, services
from dashboard.components import states
from dashboard.formatting import one_line
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS, CONNECTION
from dashboard.news import words
from dashboard.reading import Trouble, guarded
from ghl.cards.phone import shown as shown_phone
from ghl.consent import dnd_check, opt_outs
from ghl.consent.dnd_check import Checked, Listed
from ghl.consent.opt_outs import Standing
from ghl.db.models import Church
from ghl.statuses import WebhookState
from ghl.webhooks import reading
from ghl.webhooks.reading import Health, Shown, Wanted
from ghl.webhooks.replay import replay
from jobs.container import Container

MOST_STOPS = 50


@dataclass
class _Place:
    """One tab: its filter, where it is in both lists, and what the last press brought."""

    wanted: Wanted = field(default_factory=Wanted)
    trail: list[reading.Place | None] = field(default_factory=lambda: [None])
    differences: list[dnd_check.Place | None] = field(default_factory=lambda: [None])
    said: str = ""


@dataclass(frozen=True)
class _Seen:
    """Everything that the page shows."""

    region: str
    health: Health
    events: list[Shown]
    more: bool
    stops: list[Standing]
    differences: list[Listed]
    more_differences: bool
    checked: Checked
    now: datetime


class NewsPage:
    """The page for one admin of one church."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id: UUID = viewer.church.church_id
        self._zone = ZoneInfo(viewer.church.timezone)
        self._key = f"news_{viewer.person.user_id}_{self._church_id.hex}"
        self._place: _Place = st.session_state.setdefault(self._key, _Place())

    def draw(self) -> None:
        """Draws the page."""
        seen = guarded(self._read)
        if isinstance(seen, Trouble):
            return states.could_not_load("the news", seen.number)
        if self._place.said:
            st.success(self._place.said, icon=":material/check:")
            self._place.said = ""
        self._draw_health(seen)
        self._draw_stops(seen)
        self._draw_differences(seen)
        return self._draw_events(seen)

    def _read(self) -> _Seen:
        place, now = self._place, self._hub.clock.now()
        with self._hub.database.church(self._church_id) as session:
            events, more = reading.read(session, self._church_id, place.wanted, after=place.trail[-1])
            differences, more_differences = dnd_check.listed(
                session, self._church_id, after=place.differences[-1]
            )
            return _Seen(
                region=session.scalars(select(Church.region).where(Church.id == self._church_id)).one(),
                health=reading.health(session, self._church_id),
                events=events,
                more=more,
                stops=list(
                    opt_outs.unconfirmed(
                        session,
                        self._church_id,
                        today=now.astimezone(self._zone).date(),
                        most=MOST_STOPS,
                    )
                ),
                differences=differences,
                more_differences=more_differences,
                checked=dnd_check.checked(session, self._church_id),
                now=now,
            )

    def _draw_health(self, seen: _Seen) -> None:
        with st.container(border=True, gap="xsmall", key="news_health"):
            st.text(words.health_line(seen.health, now=seen.now))
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                if seen.health.last is None:
                    st.page_link(CONNECTION.path, label="Set it up", icon=":material/cable:", width="content")
                st.button("Look again", icon=":material/refresh:", key="news_look_again")

    def _draw_stops(self, seen: _Seen) -> None:
        st.header("Stops that GoHighLevel does not have yet", anchor=False)
        st.text("A stop works here at once. We also tell GoHighLevel; the law gives ten business days.")
        if not seen.stops:
            st.text(words.ALL_BROUGHT)
            return
        for one in seen.stops:
            with st.container(border=True, gap="xxsmall", key=f"stop_{one.id.hex}"):
                st.text(
                    words.brought(one, shown=self._shown(one.address, seen), now=seen.now, zone=self._zone)
                )
        if len(seen.stops) == MOST_STOPS:
            st.text(f"The {MOST_STOPS} most urgent ones.")
        st.button("Tell GoHighLevel now", icon=":material/send:", key="news_push", on_click=self._push)

    def _draw_differences(self, seen: _Seen) -> None:
        st.header("Where GoHighLevel and we differ", anchor=False)
        st.text(words.checked_line(seen.checked, now=seen.now, zone=self._zone))
        if not seen.differences:
            st.text(words.NO_DIFFERENCE if seen.checked.finished_at else "Nothing is known yet.")
            return
        for one in seen.differences:
            with st.container(border=True, gap="xxsmall", key=f"differs_{one.id.hex}"):
                st.text(words.differs(one, shown=self._shown(one.address or "", seen)))
        self._paging("differs", self._place.differences, seen.more_differences, self._next_difference(seen))

    def _draw_events(self, seen: _Seen) -> None:
        st.header("What came", anchor=False)
        self._filters()
        if not seen.events:
            with st.container(border=True, gap="xsmall", key="news_none"):
                if self._place.wanted == Wanted():
                    st.text(words.NOTHING_YET)
                else:
                    st.text(words.NOTHING_MATCHES)
                    st.button(
                        "Clear filters",
                        icon=":material/filter_alt_off:",
                        key="news_clear",
                        on_click=self._clear,
                    )
        for event in seen.events:
            self._draw_event(event, seen)
        last = seen.events[-1].place if seen.events else None
        self._paging("news", self._place.trail, seen.more, last)
        st.text(words.KEPT)

    def _draw_event(self, event: Shown, seen: _Seen) -> None:
        label, icon, colour = words.STATES[event.state]
        with st.container(border=True, gap="xxsmall", key=f"event_{event.id}"):
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", key=f"news_row_{event.id}"
            ):
                st.badge(label, icon=icon, color=colour)  # type: ignore[arg-type]
                st.text(words.what(event), width="stretch")
                st.text(words.moment(event, now=seen.now, zone=self._zone), width="content")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.text(words.came_of(event, now=seen.now, zone=self._zone), width="stretch")
                if event.state in {WebhookState.FAILED, WebhookState.DONE}:
                    st.button(
                        "Handle again",
                        icon=":material/replay:",
                        key=f"replay_{event.id}",
                        on_click=self._replay,
                        args=(event.id,),
                    )

    def _filters(self) -> None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="news_filters"):
            st.selectbox(
                "How it stands",
                ["", *(str(state) for state in words.STATES)],
                format_func=lambda state: words.STATES[WebhookState(state)][0] if state else "All",
                key=f"{self._key}_state",
                on_change=self._changed,
                width=230,
            )
            st.selectbox(
                "What",
                ["", *words.TYPES],
                format_func=lambda kind: words.TYPES.get(kind, "Everything"),
                key=f"{self._key}_type",
                on_change=self._changed,
                width=330,
            )

    def _paging(
        self,
        name: str,
        trail: "list[reading.Place | None] | list[dnd_check.Place | None]",
        more: bool,
        last: "reading.Place | dnd_check.Place | None",
    ) -> None:
        if len(trail) == 1 and not more:
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"paging_{name}"):
            st.button("Newer", key=f"{name}_newer", disabled=len(trail) == 1, on_click=_newer, args=(trail,))
            st.button("Older", key=f"{name}_older", disabled=not more, on_click=_older, args=(trail, last))

    def _next_difference(self, seen: _Seen) -> dnd_check.Place | None:
        last = seen.differences[-1]
        return dnd_check.Place(last.found_at, last.id)

    def _shown(self, address: str, seen: _Seen) -> str:
        return one_line(shown_phone(address, seen.region) if address.startswith("+") else address, 100)

    # -- presses: each commits first -----------------------------------------------------------------

    def _changed(self) -> None:
        ss = st.session_state
        state, kind = ss.get(f"{self._key}_state") or "", ss.get(f"{self._key}_type") or ""
        self._place.wanted, self._place.trail = Wanted(state=state, type=kind), [None]

    def _clear(self) -> None:
        for name in ("state", "type"):
            st.session_state[f"{self._key}_{name}"] = ""
        self._changed()

    def _replay(self, event_id: int) -> None:
        acting = gate.acting(self._viewer, *ADMINS)
        if isinstance(acting, gate.Refused):
            self._place.said = acting.why
            return

        def commit() -> bool:
            with self._hub.database.church(self._church_id) as session:
                return replay(session, self._church_id, event_id, actor=acting.person.actor)

        done = guarded(commit)
        if isinstance(done, Trouble):
            self._place.said = (
                f"That did not work. Try again. If it stays, tell support the number {done.number}."
            )
        else:
            self._place.said = "It is handled again in a moment." if done else "It is being handled already."

    def _push(self) -> None:
        acting = gate.acting(self._viewer, *ADMINS)
        if isinstance(acting, gate.Refused):
            self._place.said = acting.why
            return

        def commit() -> int:
            with self._hub.database.church(self._church_id) as session:
                return opt_outs.try_now(session, self._church_id)

        if not isinstance(guarded(commit), Trouble):
            self._place.said = "We tell GoHighLevel now. Look again in a few seconds."
            services.wake(self._church_id)


def _newer(trail: list[object]) -> None:
    if len(trail) > 1:
        trail.pop()


def _older(trail: list[object], last: object) -> None:
    if last is not None:
        trail.append(last)
