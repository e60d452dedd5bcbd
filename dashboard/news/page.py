"""*News from GoHighLevel* on the screen. Its lists are read when the page runs, and hold still."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import gate, services
from dashboard.components import states
from dashboard.formatting import one_line
from dashboard.gate import Viewer
from dashboard.navigation import ADMINS, CONNECTION
from dashboard.news import words
from dashboard.reading import Trouble, guarded
from ghl.cards.phone import shown as shown_phone
from ghl.consent import differences, dnd_check, opt_outs
from ghl.consent.differences import Listed, Which
from ghl.consent.differences import Place as DifferencePlace
from ghl.consent.dnd_check import Checked
from ghl.consent.opt_outs import Standing
from ghl.db.models import Church
from ghl.people.names import name_of
from ghl.statuses import WebhookState
from ghl.webhooks import reading
from ghl.webhooks import seen as seen_marks
from ghl.webhooks.reading import Health, Shown, Wanted
from ghl.webhooks.replay import replay
from jobs.container import Container

MOST_STOPS = 50

MATTERS = Wanted(matters=True)
"""What the page shows at first: of hundreds of events a day few are somebody's business."""


@dataclass
class _Place:
    """One tab: its filters, where it is in both lists, and what the last press brought."""

    wanted: Wanted = MATTERS
    trail: list[reading.Place | None] = field(default_factory=lambda: [None])
    which: Which = Which.OPEN
    differences: list[DifferencePlace | None] = field(default_factory=lambda: [None])
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
    names: Mapping[str, str]
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
        names = services.names(self._church_id)
        with self._hub.database.church(self._church_id) as session:
            events, more = reading.read(session, self._church_id, place.wanted, after=place.trail[-1])
            while not events and len(place.trail) > 1:
                # What stood on this page was marked as seen, or is over.
                place.trail.pop()
                events, more = reading.read(session, self._church_id, place.wanted, after=place.trail[-1])
            differ, more_differences = self._differ(session)
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
                differences=differ,
                more_differences=more_differences,
                checked=dnd_check.checked(session, self._church_id),
                names=names,
                now=now,
            )

    def _differ(self, session: Session) -> tuple[list[Listed], bool]:
        trail = self._place.differences
        found = differences.listed(session, self._church_id, self._place.which, after=trail[-1])
        while not found[0] and len(trail) > 1:
            trail.pop()
            found = differences.listed(session, self._church_id, self._place.which, after=trail[-1])
        return found

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
        st.selectbox(
            "Which",
            list(words.WHICH),
            format_func=words.WHICH.__getitem__,
            key=f"{self._key}_which",
            on_change=self._changed_which,
            width=230,
        )
        if not seen.differences:
            st.text(words.no_difference(self._place.which, seen.checked))
            return
        for one in seen.differences:
            with st.container(border=True, gap="xxsmall", key=f"differs_{one.id.hex}"):
                st.text(words.differs(one, shown=self._shown(one.address or "", seen)))
                if one.seen_at is not None:
                    st.text(self._seen_line(one.seen_at, one.seen_by, seen))
                elif one.settled_at is None:
                    self._seen_button(f"differs_seen_{one.id.hex}", differences.mark_seen, one.id)
        last = seen.differences[-1].place
        self._paging("differs", self._place.differences, seen.more_differences, last)

    def _draw_events(self, seen: _Seen) -> None:
        st.header("What came", anchor=False)
        self._filters()
        if not seen.events:
            with st.container(border=True, gap="xsmall", key="news_none"):
                if seen.health.last is None:
                    st.text(words.NOTHING_YET)
                elif self._place.wanted == MATTERS:
                    st.text(words.NOTHING_MATTERS)
                    st.button(
                        "Show everything",
                        icon=":material/list:",
                        key="news_everything",
                        on_click=self._everything,
                    )
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
                if words.to_see(event):
                    self._seen_button(f"seen_{event.id}", seen_marks.mark_seen, event.id)
                if event.state in {WebhookState.FAILED, WebhookState.DONE}:
                    st.button(
                        "Handle again",
                        icon=":material/replay:",
                        key=f"replay_{event.id}",
                        on_click=self._replay,
                        args=(event.id,),
                    )
            if event.seen_at is not None:
                st.text(self._seen_line(event.seen_at, event.seen_by, seen))

    def _seen_button(self, key: str, mark: Callable[..., bool], what: UUID | int) -> None:
        st.button("Seen", icon=":material/visibility:", key=key, on_click=self._mark, args=(mark, what))

    def _seen_line(self, at: datetime, by: str | None, seen: _Seen) -> str:
        return words.seen_by(name_of(by or "", seen.names), at, now=seen.now, zone=self._zone)

    def _filters(self) -> None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="news_filters"):
            st.selectbox(
                "How it stands",
                list(words.FILTERS),
                format_func=words.FILTERS.__getitem__,
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
        trail: "list[reading.Place | None] | list[DifferencePlace | None]",
        more: bool,
        last: "reading.Place | DifferencePlace | None",
    ) -> None:
        if len(trail) == 1 and not more:
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"paging_{name}"):
            st.button("Newer", key=f"{name}_newer", disabled=len(trail) == 1, on_click=_newer, args=(trail,))
            st.button("Older", key=f"{name}_older", disabled=not more, on_click=_older, args=(trail, last))

    def _shown(self, address: str, seen: _Seen) -> str:
        return one_line(shown_phone(address, seen.region) if address.startswith("+") else address, 100)

    # -- presses: each commits first -----------------------------------------------------------------

    def _changed(self) -> None:
        ss = st.session_state
        state = ss.get(f"{self._key}_state", words.MATTERS)
        kind = ss.get(f"{self._key}_type") or ""
        matters = state == words.MATTERS
        self._place.wanted = Wanted("" if matters else state, kind, matters=matters)
        self._place.trail = [None]

    def _changed_which(self) -> None:
        self._place.which = Which(st.session_state.get(f"{self._key}_which", Which.OPEN))
        self._place.differences = [None]

    def _clear(self) -> None:
        self._choose(words.MATTERS)

    def _everything(self) -> None:
        self._choose("")

    def _choose(self, state: str) -> None:
        st.session_state[f"{self._key}_state"] = state
        st.session_state[f"{self._key}_type"] = ""
        self._changed()

    def _replay(self, event_id: int) -> None:
        def work(session: Session, actor: str) -> str:
            done = replay(session, self._church_id, event_id, actor=actor)
            return "It is handled again in a moment." if done else words.NOT_AGAIN

        self._commit(work)

    def _mark(self, mark: Callable[..., bool], what: UUID | int) -> None:
        def work(session: Session, actor: str) -> str:
            done = mark(session, self._church_id, what, actor=actor, now=self._hub.clock.now())
            return words.MARKED if done else "Somebody else was faster. It is as it is shown now."

        self._commit(work)

    def _push(self) -> None:
        def work(session: Session, _actor: str) -> str:
            opt_outs.try_now(session, self._church_id)
            return "We tell GoHighLevel now. Look again in a few seconds."

        if self._commit(work):
            services.wake(self._church_id)

    def _commit(self, work: Callable[[Session, str], str]) -> bool:
        """Does what was pressed, in one transaction; what is said about it stands above the page."""
        acting = gate.acting(self._viewer, *ADMINS)
        if isinstance(acting, gate.Refused):
            self._place.said = acting.why
            return False

        def commit() -> str:
            with self._hub.database.church(self._church_id) as session:
                return work(session, acting.person.actor)

        done = guarded(commit)
        if isinstance(done, Trouble):
            self._place.said = (
                f"That did not work. Try again. If it stays, tell support the number {done.number}."
            )
            return False
        self._place.said = done
        return True


def _newer(trail: list[object]) -> None:
    if len(trail) > 1:
        trail.pop()


def _older(trail: list[object], last: object) -> None:
    if last is not None:
        trail.append(last)
