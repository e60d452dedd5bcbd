"""Prayer requests, newest first, for those who may read them. Each opening of a page is noted; the words are not."""

from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import states
from dashboard.formatting import one_line, when
from dashboard.navigation import CARD, EVERYBODY
from dashboard.prayers import Place, Reader
from dashboard.reading import Trouble
from ghl.cards.prayers import Mark, Prayer, PrayerPage
from ghl.people.names import name_of

ss = st.session_state
viewer = gate.require(*EVERYBODY)
place_key = f"prayers_{viewer.person.user_id}_{viewer.church.church_id}"
if not viewer.church.reads_prayers:
    # Whatever was open is not kept for somebody who may no longer read it.
    ss.pop(place_key, None)
    states.not_for_you("An admin can let you read prayer requests, on the page Team.")
    st.stop()
zone = ZoneInfo(viewer.church.timezone)
hub = services.container()
every = max(0.5, hub.settings.page_refresh_seconds - 0.5)

place: Place = ss.setdefault(place_key, Place())
if place.page and not any(place.key(prayer.card_id) in ss for prayer in place.page.prayers):
    # The ticks are drawn on each run of the page, so without them somebody was elsewhere meanwhile.
    place.turn([])


def tick(card_id: UUID) -> None:
    """Somebody prayed for it, or takes that back. Written before anything is drawn."""
    acting = gate.acting(viewer, *EVERYBODY)
    if isinstance(acting, gate.Refused):
        place.complaint = acting.why
    elif place.click(card_id, "", now=hub.clock.now()):
        place.complaint = Reader(hub, acting).mark(card_id, prayed=bool(ss[place.key(card_id)]))


def newer() -> None:
    """The page before."""
    gate.used()
    place.turn(place.trail[:-1])


def older() -> None:
    """The next page. Pressed where there is none, nothing happens."""
    gate.used()
    if place.page and place.page.more and place.page.last:
        place.turn([*place.trail, place.page.last])


def draw(prayer: Prayer, marked: Mark | None) -> None:
    """One request."""
    now = hub.clock.now()
    with st.container(border=True, gap="xsmall", key=f"prayer_{prayer.card_id.hex}"):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"asked_{prayer.card_id.hex}"
        ):
            st.text(one_line(prayer.name) or "No name")
            st.text(when(prayer.at, now=now, zone=zone))
            st.page_link(
                CARD.path, label=f"Card #{prayer.number}", query_params={"number": str(prayer.number)}
            )
        st.text(prayer.text)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            # What the database says goes before what the box showed: somebody else may have ticked it.
            ss[place.key(prayer.card_id)] = marked is not None
            st.checkbox("Prayed for", key=place.key(prayer.card_id), on_change=tick, args=(prayer.card_id,))
            if marked:
                by = name_of(marked.by, services.names(viewer.church.church_id))
                st.text(f"by {one_line(by)}, {when(marked.at, now=now, zone=zone)}")


def paging(page: PrayerPage) -> None:
    """The way to older and newer requests."""
    if place.trail or page.more:
        with st.container(horizontal=True, vertical_alignment="center", key="paging"):
            st.button("Newer", on_click=newer, disabled=not place.trail, key="newer")
            st.button("Older", on_click=older, disabled=not page.more, key="older")
            st.text(f"Page {len(place.trail) + 1}")


@st.fragment(run_every=every)
def live() -> None:
    """The requests; their ticks change by themselves."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the prayer requests", still.number)
    if not still.church.reads_prayers:
        st.rerun()
    reader = Reader(hub, still)
    page = reader.open(place)
    if isinstance(page, Trouble):
        return states.could_not_load("the prayer requests", page.number)
    marked = reader.marks(page)
    if isinstance(marked, Trouble):
        return states.could_not_load("the prayer requests", marked.number)
    if place.complaint:
        st.error(place.complaint, icon=":material/error:")
    if not page.prayers:
        with st.container(border=True, gap="xsmall"):
            st.text("No prayer request yet.")
            st.text("They appear here as soon as somebody writes one on a card.")
    for prayer in page.prayers:
        draw(prayer, marked.get(prayer.card_id))
    paging(page)
    return None


st.title("Prayer requests")
st.text(one_line(viewer.church.name))
st.text("That you opened this page is noted in the change log; the words are not. They never leave the hub.")
live()
