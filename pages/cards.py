"""All cards: newest first, where each one stands and why. It changes by itself while rows and order hold still."""

from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.card_list import Place, Snapshot, look, position
from dashboard.components import notices, states
from dashboard.components.badges import BADGES
from dashboard.components.card_rows import card_rows
from dashboard.components.tiles import tiles
from dashboard.formatting import cards, clock_time, one_line
from dashboard.navigation import EVERYBODY
from dashboard.reading import Trouble, guarded
from ghl.cards.why import Outage
from ghl.statuses import CardStatus

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub = services.container()
place: Place = st.session_state.setdefault(f"place_{viewer.person.user_id}_{church_id}", Place())
every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def choose(picked: CardStatus | None) -> None:
    """Another filter; it goes into the address as a code."""
    gate.used()
    st.query_params.from_dict({"status": str(picked)} if picked else {})
    place.show(picked)


def go(step: str) -> None:
    """Newer, older, or the newest."""
    gate.used()
    getattr(place, step)()


def read() -> tuple[Snapshot, Outage | None]:
    """What the page says now, and whether GoHighLevel answers."""
    outage = services.outage(church_id)
    return look(hub.database, church_id, place, now=hub.clock.now(), zone=zone, outage=outage), outage


status = next((code for code in BADGES if code == st.query_params.get("status")), None)
if status != place.status:
    place.show(status)

st.title("All cards")
st.text(one_line(viewer.church.name))


@st.fragment(run_every=every)
def live() -> None:
    """Everything that changes by itself."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the cards", still.number)
    with states.loading("cards", first=place.page is None):
        answer = guarded(read)
    if isinstance(answer, Trouble):
        return states.could_not_load("the cards", answer.number)
    shot, outage = answer
    waiting = shot.counts[CardStatus.WAITING]
    notices.draw(notices.notice(shot.state, outage, waiting=waiting, role=still.church.role, zone=zone))
    tiles(
        shot.counts,
        chosen=place.status,
        choose=choose,
        updated=clock_time(shot.at, zone, seconds=True),
    )
    if place.status:
        st.text(f"Only cards with the badge {BADGES[place.status].label}.")
    if not shot.rows:
        return states.nothing_matches(partial(choose, None)) if place.status else states.nothing_yet()
    # Always there, at one height: a button that came and went would move the rows under a pointer.
    st.button(
        "Back to the newest"
        if place.trail
        else f"Show {cards(shot.new)} more"
        if shot.new
        else "No new cards",
        icon=":material/arrow_upward:",
        disabled=not place.trail and not shot.new,
        on_click=partial(go, "newest"),
        key="newest",
    )
    card_rows(shot.rows, now=shot.at, zone=zone)
    moved = sum(row.status != place.status for row in shot.rows) if place.status else 0
    if moved:
        st.button(f"{cards(moved)} moved on: show the list as it is now", on_click=partial(go, "newest"))
    with st.container(horizontal=True, vertical_alignment="center", key="paging"):
        if place.trail or shot.page.more:
            st.button("Newer", on_click=partial(go, "newer"), disabled=not place.trail, key="newer")
            st.button("Older", on_click=partial(go, "older"), disabled=not shot.page.more, key="older")
        st.text(position(place, shot))
    return None


live()
