"""May we text somebody? A name, phone or e-mail gives Yes or No and why; what people say is recorded here as a stop.

What is searched for stays in this tab: names and numbers do not go into the address.
"""

from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import states
from dashboard.components.held import held
from dashboard.consent import answer as answers
from dashboard.consent.desk import Desk, Place, Shot, refused
from dashboard.consent.words import MESSAGES, address_of, brought_line, if_erased, who
from dashboard.formatting import one_line, when
from dashboard.navigation import CARD, EVERYBODY, PERSON, WRITERS, to_card
from dashboard.reading import Trouble
from ghl.consent.ask import Answer, Person
from ghl.consent.by_hand import LONGEST_NOTE, Doubt, How
from ghl.consent.lines import Pair
from ghl.consent.reasons import Reason

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub, ss = services.container(), st.session_state
prefix = f"may_we_{church_id}_{viewer.person.user_id}"
place: Place = ss.setdefault(prefix, Place())
FIND, NOTE = f"{prefix}_find", f"{prefix}_note"
every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def search() -> None:
    """Looks for what was typed."""
    gate.used()
    words = str(ss.get(FIND) or "")
    found = Desk(hub, viewer).search(words)
    if isinstance(found, Trouble):
        place.told = refused(gate.did_not_work(found))
    else:
        place.found(words, found)


def at_work() -> Desk | None:
    """Somebody who may write, at this moment; otherwise says why not. Called before each change."""
    if place.twice(hub.clock.now()):
        return None
    acting = gate.acting(viewer, *WRITERS)
    if isinstance(acting, gate.Refused):
        place.told = refused(acting)
        return None
    return Desk(hub, acting)


def begin(number: int | None, pair: Pair) -> None:
    """The first of two clicks: whose stop it is."""
    gate.used()
    place.asking, place.told = (number, pair), None
    ss[NOTE] = ""
    place.pressed_at = hub.clock.now()


def never_mind() -> None:
    """Nothing is recorded."""
    gate.used()
    place.asking = None


def record(pair: Pair, how: How) -> None:
    """The second: how they said it, which records it."""
    works = at_work()
    if works is not None and place.asking is not None and place.asking[1] == pair:
        place.told = works.stop(*pair, how, str(ss.get(NOTE) or ""))
        if place.told.good:
            place.asking = None
            services.wake(church_id)


def decide(doubt_id: UUID, stop: bool) -> None:
    """What a reply meant."""
    works = at_work()
    if works is not None:
        place.told = works.decide(doubt_id, stop=stop)
        if place.told.good:
            services.wake(church_id)


def ask_anew(card_id: UUID) -> None:
    """Asks GoHighLevel again about somebody who was found."""
    gate.used()
    Desk(hub, viewer).ask_anew(place, card_id)


def how_asked(pair: Pair, region: str) -> None:
    """How somebody said it: each way is one button."""
    with st.container(border=True, gap="small", key="record_stop"):
        st.text(f"No more {MESSAGES[pair[0]]} to {address_of(*pair, region)}. How did they ask for it?")
        st.text_input("A note, if you like", value=held(NOTE), key=NOTE, max_chars=LONGEST_NOTE)
        with st.container(horizontal=True, gap="small"):
            st.button("They said it", key="said_it", type="primary", on_click=record, args=(pair, How.SPOKEN))
            st.button(
                "They wrote it", key="wrote_it", type="primary", on_click=record, args=(pair, How.EMAIL)
            )
            st.button("Never mind", key="never_mind", on_click=never_mind)
        st.text("Nobody here can take a stop back. Only the person can: with START, or a new signed card.")


def one(answer: Answer, person: Person, region: str, *, writes: bool) -> None:
    """One answer, how far its stop is, and the way to record one."""
    key = f"{person.number}_{answer.channel}"
    answers.one_answer(answer, name=person.first_name, zone=zone, key=key)
    if person.number is None and answer.verdict.reason is Reason.NOT_ASKED:
        # Nobody is asked about an address that no card has: nothing is sent there. The web itself has no keys.
        st.text(if_erased(answer.channel))
    if answer.brought is not None:
        st.text(
            f"In GoHighLevel: {brought_line(answer.brought, now=hub.clock.now(), zone=zone)}", width="stretch"
        )
    if not (writes and answer.address) or answer.verdict.reason in {Reason.STOPPED, Reason.SAID_NO}:
        return
    pair = (answer.channel, answer.address)
    if place.asking == (person.number, pair):
        how_asked(pair, region)
    else:
        st.button(
            f"Record a stop of {MESSAGES[answer.channel]}",
            key=f"stop_{key}",
            icon=":material/do_not_disturb_on:",
            on_click=begin,
            args=(person.number, pair),
        )


def draw(person: Person, shot: Shot, *, writes: bool) -> None:
    """One person: who, where more stands, an answer an address, and whether GoHighLevel was asked."""
    region = shot.region
    with st.container(border=True, gap="small", key=f"found_{person.number}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(who(person))
            if person.number is not None:
                shown = ", ".join(address_of(*pair, region) for pair in person.pairs)
                st.text(shown, width="content")
                st.page_link(CARD.path, label=f"Card #{person.number}", query_params=to_card(person.number))
                st.page_link(
                    PERSON.path, label="All that was said", query_params={"number": str(person.number)}
                )
            else:
                st.text(", ".join(address_of(*pair, region) for pair in person.pairs))
        if not person.answers:
            st.text("No: there is no phone and no e-mail that can be written to.")
        for answer in person.answers:
            one(answer, person, region, writes=writes)
        if person.card_id is not None and (told := shot.told.get(person.card_id)):
            answers.draw_told(
                told, person, key=person.card_id.hex, ask_anew=partial(ask_anew, person.card_id)
            )


def people(shot: Shot, *, writes: bool) -> None:
    """Who was found."""
    if not place.searched:
        with st.container(border=True, gap="xsmall"):
            st.text("Type a name or a phone number.")
        return
    if not shot.people:
        with st.container(border=True, gap="xsmall"):
            st.text("No. We know nobody of this name, phone or e-mail, so we have no yes.")
            st.text("Try another word, or the whole phone number.")
    for person in shot.people:
        draw(person, shot, writes=writes)
    if place.more:
        st.text("There are more. Type more of the name, or the phone number.")


def doubt(found: Doubt, region: str, *, writes: bool) -> None:
    """One reply that may be a stop."""
    with st.container(border=True, gap="xsmall", key=f"doubt_{found.id.hex}"):
        at = when(found.received_at, now=hub.clock.now(), zone=zone)
        st.text(f"{address_of(found.channel, found.address, region)} wrote {at}:")
        st.text(found.said)
        if writes:
            st.text(f"Do they want no more {MESSAGES[found.channel]}?")
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Yes, stop", key=f"doubt_yes_{found.id.hex}", on_click=decide, args=(found.id, True)
                )
                st.button(
                    "No, go on", key=f"doubt_no_{found.id.hex}", on_click=decide, args=(found.id, False)
                )


@st.fragment(run_every=every)
def live() -> None:
    """Everything that changes by itself: a STOP is seen here within seconds."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the answers", still.number)
    writes = still.church.role in WRITERS
    shot = Desk(hub, still).look(place)
    if isinstance(shot, Trouble):
        return states.could_not_load("the answers", shot.number)
    if place.told:
        (st.success if place.told.good else st.warning)(place.told.text)
    people(shot, writes=writes)
    if shot.doubts:
        st.header("Replies that somebody has to read")
        st.text("They may be a stop. Nothing is sent there until you say what was meant.")
        for found in shot.doubts:
            doubt(found, shot.region, writes=writes)
        if shot.more_doubts:
            st.text("There are more. They come up as soon as these are decided.")
    return None


st.title("May we text?")
st.text(one_line(viewer.church.name))
with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="search"):
    st.text_input(
        "Name, phone or e-mail",
        value=held(FIND) or place.words,
        key=FIND,
        max_chars=100,
        on_change=search,
        placeholder="Anna Keller or (615) 555-0123",
        autocomplete="off",
    )
    st.button("Look", key="look", icon=":material/search:", on_click=search)
live()
