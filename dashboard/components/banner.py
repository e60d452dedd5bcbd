"""The banner above every page of a church: drawn only while something is wrong or was, and kept true by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import redis
import streamlit as st
import structlog

from dashboard import gate, services
from dashboard.components import notices
from dashboard.components.notices import Notice
from dashboard.gate import Viewer
from dashboard.navigation import ATTENTION, CARDS, CONNECTION, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.situation import Situation
from ghl import outages
from ghl.causes import sentence
from ghl.outages import Episode
from ghl.people.policy import SignedIn
from ghl.questions.ask import Asked
from ghl.statuses import CardStatus, QuestionState, Role

PLACE = "banner_place"

DRAWN = {"warning": st.warning, "info": st.info, "success": st.success}

NOT_NOW = "The test can't be asked for at this moment. We test again by ourselves."
ANSWERS = "GoHighLevel answers. There is nothing to test."


@dataclass
class _Place:
    """One tab: what its last *Test now* came to, and what it was told."""

    church_id: UUID
    said: str = ""
    asked_at: datetime | None = None
    question_id: UUID | None = None
    telling: tuple[int, datetime | None] | None = None
    closed: tuple[int, datetime | None] | None = None

    def forget_test(self) -> None:
        self.said, self.asked_at, self.question_id = "", None, None


def banner() -> None:
    """Draws the banner of the church at hand; its place is always there, so that the page below holds still."""

    @st.fragment(run_every=max(1.0, services.container().settings.page_refresh_seconds))
    def live() -> None:
        person = gate.who(by_person=False)
        if person is None or isinstance(person, Trouble) or person.church is None:
            return
        viewer = Viewer(person, person.church)
        now = guarded(lambda: services.situation(viewer.church.church_id))
        # Where the database does not answer, the page itself says so.
        if not isinstance(now, Trouble):
            _draw(viewer, now)

    live()


def _draw(viewer: Viewer, now: Situation) -> None:
    role, zone = viewer.church.role, ZoneInfo(viewer.church.timezone)
    place = _place(viewer)
    spot = st.empty()
    shown = notices.notice(now, role=role, zone=zone)
    if shown is None or shown.tests is None:
        place.forget_test()
    if shown:
        with spot.container(key="banner", gap="xsmall"):
            _show(shown)
            if shown.opens:
                st.page_link(
                    CONNECTION.path,
                    label="Open Connection",
                    icon=f":material/{CONNECTION.icon}:",
                    width="content",
                )
            if shown.tests and role in WRITERS:
                _test(viewer, place, shown, now, zone)
        return
    over = notices.recovered(now, role=role, zone=zone)
    if over and now.episode and _to_tell(viewer.person, place, now.episode):
        with spot.container(key="banner", gap="xsmall"):
            _show(over)
            _after(place, now.episode, role)


def _show(shown: Notice) -> None:
    DRAWN[shown.kind](shown.text, title=shown.title, icon=shown.icon)


def _test(viewer: Viewer, place: _Place, shown: Notice, now: Situation, zone: ZoneInfo) -> None:
    """*Test now*, and what came of it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="banner_test"):
        st.button(
            "Test now",
            key="test_now",
            icon=":material/network_check:",
            on_click=_test_outage if shown.tests == "outage" else _test_connection,
            args=(viewer,),
        )
        if said := _said(place, now, zone):
            st.text(said, width="content")


def _said(place: _Place, now: Situation, zone: ZoneInfo) -> str:
    if place.asked_at:
        return notices.test_told(place.asked_at, now, at=services.container().clock.now(), zone=zone)
    if place.question_id:
        return _connection_said(services.look(place.church_id, place.question_id))
    return place.said


def _connection_said(asked: Asked | Trouble | None) -> str:
    if asked is None or isinstance(asked, Trouble):
        return NOT_NOW
    if asked.state is QuestionState.ANSWERED:
        return "The connection works. The waiting cards go out now."
    if asked.state is QuestionState.FAILED and asked.cause:
        return f"Tested just now. {sentence(asked.cause)}"
    if asked.expired:
        return "No answer came within a minute. Nothing is lost; we go on testing by ourselves."
    return "Asked. The answer comes in a few seconds."


def _test_outage(viewer: Viewer) -> None:
    place = _place(viewer)
    place.forget_test()
    acting = gate.acting(viewer, *WRITERS)
    if isinstance(acting, gate.Refused):
        place.said = acting.why
        return
    try:
        asked = guarded(lambda: services.request_test(viewer.church.church_id, actor=acting.person.actor))
    except redis.RedisError as error:
        structlog.get_logger(__name__).info("test not asked for", error=type(error).__name__)
        place.said = NOT_NOW
        return
    if isinstance(asked, Trouble):
        place.said = NOT_NOW
    elif asked is None:
        place.said = ANSWERS
    else:
        place.asked_at = asked


def _test_connection(viewer: Viewer) -> None:
    place = _place(viewer)
    place.forget_test()
    acting = gate.acting(viewer, *WRITERS)
    if isinstance(acting, gate.Refused):
        place.said = acting.why
        return
    asked = services.ask(
        viewer.church.church_id, "location", actor=acting.person.actor, same_within=timedelta(seconds=3)
    )
    if isinstance(asked, Asked):
        place.question_id = asked.id
    else:
        place.said = NOT_NOW


def _to_tell(person: SignedIn, place: _Place, episode: Episode) -> bool:
    """Whether this tab tells that the episode is over: the first tab of a person does, until it is closed."""
    this = (episode.id, episode.closed_at)
    if place.closed == this:
        return False
    if place.telling == this:
        return True

    def told() -> bool:
        with services.container().database.church(place.church_id) as session:
            return outages.tell_once(session, place.church_id, episode, person.user_id)

    first = guarded(told)
    if first is True:
        place.telling = this
        return True
    if first is False:
        place.closed = this
    return False


def _after(place: _Place, episode: Episode, role: Role) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="banner_over"):
        if episode.needing and role in WRITERS:
            st.page_link(ATTENTION.path, label="Show", icon=f":material/{ATTENTION.icon}:", width="content")
        elif episode.needing:
            st.page_link(
                CARDS.path,
                label="Show",
                icon=":material/build:",
                width="content",
                query_params={"status": [str(CardStatus.NEEDS_ATTENTION), str(CardStatus.HELD)]},
            )
        st.button(
            "Close this message",
            key="close_recovery",
            icon=":material/close:",
            on_click=_close,
            args=(place, episode),
        )


def _close(place: _Place, episode: Episode) -> None:
    gate.used()
    place.closed = (episode.id, episode.closed_at)


def _place(viewer: Viewer) -> _Place:
    place = st.session_state.get(PLACE)
    if not isinstance(place, _Place) or place.church_id != viewer.church.church_id:
        place = st.session_state[PLACE] = _Place(viewer.church.church_id)
    return place
