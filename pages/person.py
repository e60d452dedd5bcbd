"""One person: may we write to them, all that was ever said about their addresses, and a receipt of it.

The address carries a card's number and nothing else.
"""

from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select

from dashboard import gate, services
from dashboard.asker import Asker
from dashboard.card.message_work import MessageDesk
from dashboard.card.place import wanted_number
from dashboard.card.work import Told
from dashboard.components import states
from dashboard.consent import answer as answers
from dashboard.consent.asking import Told as AskedTold
from dashboard.consent.asking import asker_of, worth_asking
from dashboard.consent.asking import told as told_of
from dashboard.consent.person import History, Place
from dashboard.consent.words import (
    KINDS,
    address_of,
    brought_line,
    said_from,
    said_line,
    said_when,
)
from dashboard.formatting import number as written_number
from dashboard.formatting import one_line
from dashboard.navigation import CARD, CONSENT, EVERYBODY, WRITERS, to_card
from dashboard.reading import Trouble, guarded
from ghl.consent import ask, receipt
from ghl.consent.lines import Said, said_about
from ghl.db.models import Church
from ghl.people.names import name_of, name_within

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub, ss = services.container(), st.session_state
number = wanted_number(st.query_params.get("number", ""))
every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def look(place: Place) -> History | None:
    """The person as they stand now, and this page of what was said. GoHighLevel is asked once, where our log says yes."""
    told = next((asked(one) for one in place.askers.values()), None)
    with hub.database.church(church_id) as session:
        there = told.there if told else ask.NOT_ASKED
        person = ask.of_number(session, church_id, place.number, there=there, now=hub.clock.now())
        if person is None:
            return None
        region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
        said, more = said_about(session, church_id, person.pairs, before=place.before)
    if told is None and person.card_id is not None and worth_asking(person):
        told = asked(asker_of(place.askers, person.card_id))
    return History(person, tuple(said), more, region, told)


def asked(asker: Asker) -> AskedTold:
    """What came of asking GoHighLevel."""
    known = asker.about(church_id, asker.params, actor=viewer.person.actor)
    return told_of(known, services.situation(church_id), now=hub.clock.now())


def ask_anew(card_id: UUID) -> None:
    """Asks GoHighLevel again."""
    gate.used()
    asker_of(place.askers, card_id).ask(church_id, actor=viewer.person.actor)


def nobody() -> None:
    """A number that is no card of this church, for whatever reason."""
    st.title("There is no such card")
    with st.container(border=True, gap="xsmall"):
        st.text("Look at the number again, or find the person by name or phone.")
        st.page_link(CONSENT.path, label=CONSENT.title, icon=f":material/{CONSENT.icon}:")


if number is None:
    nobody()
    st.stop()
place_key = f"person_{church_id}_{viewer.person.user_id}"
place: Place = ss.setdefault(place_key, Place(number))
if place.number != number:
    place = ss[place_key] = Place(number)
opened = guarded(lambda: look(place))
if isinstance(opened, Trouble):
    states.could_not_load("what was said", opened.number)
    st.stop()
if opened is None:
    nobody()
    st.stop()


def older(last: int) -> None:
    """On to the next page."""
    gate.used()
    place.trail.append(last)


def newer() -> None:
    """Back to the page before. Pressed on the first, nothing happens."""
    gate.used()
    if place.trail:
        place.trail.pop()


def confirm_number(card_id: UUID, name: str) -> None:
    """Somebody looked: the corrected number is the one on the card."""
    if place.double(hub.clock.now()):
        return
    acting = gate.acting(viewer, *WRITERS)
    if isinstance(acting, gate.Refused):
        place.told = Told(good=False, text=acting.why)
    else:
        place.told = MessageDesk(hub, acting, card_id, name).confirm_number()


def line(said: Said, region: str) -> None:
    """One thing that was said, with its exact words folded."""
    names = services.names(church_id)
    with st.container(border=True, gap="xxsmall", key=f"said_{said.id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(KINDS[said.kind], color=answers.COLOURS[said.kind])
            st.text(f"{said_line(said)} · {address_of(said.channel, said.address, region)}", width="stretch")
        st.text(f"{said_when(said, now=hub.clock.now(), zone=zone)}")
        by = f"Recorded by {one_line(name_within(said.recorded_by, names), 60)}"
        st.text(" · ".join(part for part in (by, said_from(said)) if part))
        if said.note:
            st.text(f"Note: {said.note}")
        if said.wording:
            with st.expander("The exact words", key=f"words_{said.id}"):
                st.text(said.wording)
                st.text(f"Version {said.wording_version}" if said.wording_version else "No version was kept.")
                if said.wording_hash:
                    st.text(f"SHA-256 {said.wording_hash.hex()}")


def may_we(shot: History, *, writes: bool) -> None:
    """The answers, whether GoHighLevel was asked, and how far a stop is there."""
    with st.container(border=True, gap="small", key="answers"):
        card_id = shot.person.card_id
        confirm = (
            partial(confirm_number, card_id, shot.person.first_name)
            if card_id is not None and writes
            else None
        )
        answers.draw_answers(shot.person, zone=zone, key="person", confirm=confirm)
        if shot.asked is not None and card_id is not None:
            answers.draw_told(shot.asked, shot.person, key="person", ask_anew=partial(ask_anew, card_id))
        if place.told:
            (st.success if place.told.good else st.warning)(place.told.text)
        for answer in shot.person.answers:
            if answer.brought is not None:
                at = address_of(answer.channel, answer.address, shot.region)
                st.text(
                    f"{at} in GoHighLevel: {brought_line(answer.brought, now=hub.clock.now(), zone=zone)}"
                )


@st.fragment(run_every=every)
def live() -> None:
    """The answers and the history."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("what was said", still.number)
    shot = guarded(lambda: look(place))
    if isinstance(shot, Trouble):
        return states.could_not_load("what was said", shot.number)
    if shot is None:
        st.text("This card is no longer there.")
        return None
    may_we(shot, writes=still.church.role in WRITERS)
    st.header("All that was said")
    if not shot.said:
        st.text("Nothing was said yet about this person's phone and e-mail.")
    for said in shot.said:
        line(said, shot.region)
    if place.trail or shot.more:
        with st.container(horizontal=True, vertical_alignment="center", key="paging"):
            st.button("Newer", on_click=newer, disabled=not place.trail, key="newer")
            last = shot.said[-1].id if shot.said else 0
            st.button("Older", on_click=older, args=(last,), disabled=not shot.more, key="older")
    st.text("Nobody can change this log. It is kept when the card is gone, until the person is erased.")
    return None


def make_receipt(card_id: UUID | None) -> None:
    """Makes the receipt once, which is noted, and offers it in both forms."""
    spot = st.empty()
    if not spot.button("Make a receipt", key="receipt_make", icon=":material/receipt_long:"):
        return
    acting = gate.acting(viewer, *WRITERS)
    if isinstance(acting, gate.Refused):
        st.error(acting.why)
        return

    def work() -> receipt.Receipt | None:
        names = services.names(church_id)
        now = hub.clock.now()
        with hub.database.church(church_id) as session:
            person = ask.of_card(session, church_id, card_id, now=now) if card_id else None
            if person is None:
                return None
            return receipt.make(
                session,
                church_id,
                person,
                actor=acting.person.actor,
                now=now,
                zone=zone,
                name_of=partial(name_of, names=names),
            )

    made = guarded(work)
    if isinstance(made, Trouble):
        st.error(f"The receipt could not be made. Nothing is lost. Tell support the number {made.number}.")
        return
    if made is None:
        st.error("This card is no longer there.")
        return
    name = f"consent-receipt-card-{place.number}-{hub.clock.now().astimezone(zone):%Y-%m-%d}"
    with spot.container(horizontal=True, gap="small"):
        for label, suffix, mime, data in (
            ("Save to print (HTML)", "html", "text/html", receipt.as_html(made)),
            ("Save for programs (JSON)", "json", "application/json", receipt.as_json(made)),
        ):
            st.download_button(
                label,
                data,
                file_name=f"{name}.{suffix}",
                mime=mime,
                key=f"receipt_{suffix}",
                icon=":material/download:",
                on_click="ignore",
            )


st.page_link(CONSENT.path, label=CONSENT.title, icon=":material/arrow_back:")
st.title("Person")
with st.container(horizontal=True, vertical_alignment="center", gap="small", key="person_name"):
    st.text(one_line(opened.person.name) or "No name")
    st.page_link(CARD.path, label=f"Card #{written_number(number)}", query_params=to_card(number))
live()
if viewer.church.role in WRITERS:
    st.header("Receipt")
    st.text("The exact words, when, how and from where, with a checksum. That you made one is noted.")
    make_receipt(opened.person.card_id)
