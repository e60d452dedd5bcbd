"""Home: is everything all right, and what is to be done next."""

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.churches.ready import set_up_box
from dashboard.components import states
from dashboard.components.stops_reminder import pressing_stops
from dashboard.components.tiles import tiles
from dashboard.components.token_reminder import old_token
from dashboard.formatting import cards, clock_time, one_line, when
from dashboard.home import Overview, in_one_sentence, overview
from dashboard.navigation import (
    ADD,
    ADMINS,
    ATTENTION,
    CARD,
    CARDS,
    EVERYBODY,
    HOME,
    REVIEW,
    TEXTS,
    UPLOAD,
    WRITERS,
    to_card,
)
from dashboard.periods import PERIODS
from dashboard.reading import Trouble, guarded
from dashboard.situation import Situation
from dashboard.team.helping import help_box
from dashboard.texts.words import accounted, at_home
from ghl.cards.why import SOON
from ghl.statuses import CardStatus, Role

CHOICES = {"sunday": PERIODS["sunday"].label, "7days": PERIODS["7days"].label, "all": "All"}

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub = services.container()
every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def next_things(now: Situation, role: Role) -> None:
    """What somebody who may change things does next; the numbers are of all cards, not of a period alone."""
    review = now.counts[CardStatus.TO_REVIEW]
    mend = now.to_mend if role in WRITERS else now.for_people
    # For those who may write all of them are always there: a link that came would push another from under a pointer.
    with st.container(horizontal=True, gap="small", key="next"):
        if role in WRITERS:
            label = f"Review {review:,} new {'card' if review == 1 else 'cards'}"
            st.page_link(
                REVIEW.path,
                label=label if review else "No new card to review",
                icon=f":material/{REVIEW.icon}:",
                width="content",
            )
            st.page_link(
                ATTENTION.path,
                label=f"Mend or decide {mend:,}" if mend else "Nothing to mend or decide",
                icon=f":material/{ATTENTION.icon}:",
                width="content",
            )
        elif mend:
            st.page_link(
                CARDS.path,
                label=f"{cards(mend)} to mend or decide",
                icon=":material/build:",
                width="content",
                query_params={"status": [str(CardStatus.NEEDS_ATTENTION), str(CardStatus.HELD)]},
            )
        if role in WRITERS:
            st.page_link(ADD.path, label="Add a paper card", icon=f":material/{ADD.icon}:", width="content")
            st.page_link(
                UPLOAD.path, label="Import a list", icon=f":material/{UPLOAD.icon}:", width="content"
            )


def oldest(seen: Overview) -> None:
    """The card that waits longest, with its reason: the first question when something seems to be stuck."""
    row = seen.oldest
    if row is None or seen.at - row.received_at < SOON:
        return
    with st.container(border=True, gap="xxsmall", key="oldest"):
        st.text(
            f"Waiting longest: card #{row.number}, since {when(row.received_at, now=seen.at, zone=zone)}."
        )
        st.text(one_line(row.why, 400))
        st.page_link(
            CARD.path,
            label=f"Open card #{row.number}",
            icon=":material/id_card:",
            query_params=to_card(row.number, back_to=HOME),
        )


def texts(seen: Overview) -> None:
    """Where the texts and e-mails of the period stand; every figure leads to the log."""
    found = seen.messages
    with st.container(gap="xxsmall", key="texts"):
        st.subheader("Texts and e-mails", anchor=False)
        if found is None or not found.all:
            st.text("None was asked for.")
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"{at_home(found, now=seen.at, zone=zone)}:", width="content")
            st.page_link(
                TEXTS.path, label="Show", query_params={"period": period} if period else {}, width="content"
            )
        st.text(accounted(found))


def into_the_address() -> None:
    """The period as a code, so that a reload and a link show the same."""
    gate.used()
    st.query_params["period"] = st.session_state.period


st.title("Home")
st.text(one_line(viewer.church.name))
if viewer.church.role in ADMINS:
    help_box(hub, viewer)
    set_up_box(hub, viewer)
asked = st.query_params.get("period", "sunday")
if "period" not in st.session_state:
    st.session_state.period = asked if asked in CHOICES else "sunday"
st.segmented_control(
    "Cards received",
    list(CHOICES),
    format_func=CHOICES.__getitem__,
    key="period",
    required=True,
    on_change=into_the_address,
)
period = st.session_state.period if st.session_state.period in PERIODS else None
if viewer.church.role in ADMINS:
    old_token(hub.database, church_id)
    pressing_stops(hub.database, church_id, today=hub.clock.now().astimezone(zone).date())


@st.fragment(run_every=every)
def live() -> None:
    """Everything that changes by itself."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("this page", still.number)

    def read() -> tuple[Situation, Overview]:
        known = services.situation(church_id)
        seen = overview(
            hub.database,
            church_id,
            period,
            now=hub.clock.now(),
            zone=zone,
            known=known,
            reader=still.church.role,
        )
        return known, seen

    with states.loading("the counts", first="home_seen" not in st.session_state):
        answer = guarded(read)
    if isinstance(answer, Trouble):
        return states.could_not_load("this page", answer.number)
    st.session_state.home_seen = True
    known, seen = answer
    st.header(
        in_one_sentence(
            seen.counts,
            period,
            everything=known.counts,
            messages=known.messages_for_people,
            replies=known.replies_to_read,
            reader=still.church.role,
        ),
        anchor=False,
    )
    next_things(known, still.church.role)
    tiles(
        seen.counts,
        period={"period": period} if period else {},
        updated=clock_time(seen.at, zone, seconds=True),
        mends=still.church.role in WRITERS,
    )
    oldest(seen)
    texts(seen)
    return None


live()
