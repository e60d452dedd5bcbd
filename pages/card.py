"""One card: what was written, what goes to GoHighLevel, where it stands, and all that happened to it."""

import streamlit as st

from dashboard import gate, services
from dashboard.card import facts
from dashboard.card.message_part import MessagePart
from dashboard.card.note_part import NotePart
from dashboard.card.panel_part import PanelPart
from dashboard.card.place import Opened, visited, wanted_number
from dashboard.card.prayer_part import PrayerPart
from dashboard.card.question_part import QuestionPart
from dashboard.card.standing_part import StandingPart
from dashboard.card.timeline_part import TimelinePart
from dashboard.card.visit import Visit
from dashboard.components import card_notes, states
from dashboard.components.lines import lines
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS, CARDS, CORRECTION, ERASE, EVERYBODY, WRITERS, way_back
from dashboard.reading import Trouble, guarded
from ghl.statuses import CardStatus

MOVING = {CardStatus.WAITING, CardStatus.SENDING}
"""Where a card stands only for seconds: the page looks more often."""

viewer = gate.require(*EVERYBODY)
writes = viewer.church.role in WRITERS
hub = services.container()


def no_card() -> None:
    """A number that is no card of this church, for whatever reason."""
    st.title("There is no such card")
    with st.container(border=True, gap="xsmall"):
        st.text("Look at the number again, or find the card by name or phone.")
        st.page_link(CARDS.path, label="All cards", icon=":material/badge:")


number = wanted_number(st.query_params.get("number", ""))
if number is None:
    no_card()
    st.stop()

place_key = f"card_{viewer.person.user_id}_{viewer.church.church_id}"
place, fresh = visited(st.session_state, place_key, number, types=writes, clock=hub.clock)
visit = Visit(hub, viewer, place)
place.look_again()
with states.loading("the card", first=fresh):
    around = guarded(visit.circumstances)
if isinstance(around, Trouble):
    states.could_not_load("the card", around.number)
    st.stop()
card = around.card
if card is None:
    no_card()
    st.stop()
place.drawn, place.drawn_as = card.revision, card.state.status

every = max(0.5, hub.settings.page_refresh_seconds - 0.5)
called = card.fields.first_name or card.name
messages = MessagePart(hub, viewer, card.id, called, every=every, changed=place.look_again)
seldom = every if card.state.status in MOVING else every * 3
panel = PanelPart(visit, card)
note = NotePart(visit, card)
if fresh and writes:
    panel.bring_back()
    note.bring_back()
    if st.query_params.get("open") == CORRECTION:
        del st.query_params["open"]  # once: a reload shows the card
        panel.open(Opened.CORRECTION)
place.anew, place.doubtful = False, bool(facts.doubts(card))

back = way_back(st.query_params.get("from", ""), viewer.person)
st.page_link(back.path, label=back.title, icon=":material/arrow_back:")
st.title(f"Card #{card.number}")
with st.container(key="card_name"):
    st.text(one_line(card.name) or "No name")
StandingPart(visit, card, panel, every=seldom).draw()
if place.doubtful:
    QuestionPart(visit, card).draw()
st.header("Texts and e-mails", anchor=False)
messages.draw()
# Its place is always there: what opens must not give the parts below another one.
with st.empty():
    panel.draw(around.names)

left, right = st.columns(2, gap="medium")
with left:
    st.header("What was written")
    lines(facts.written(card.fields), key="written")
    if own := facts.answers(card.fields):
        st.text("Own questions of your church")
        lines([(one_line(question, 100), value) for question, value in own], key="answers")
    if card.has_prayer:
        st.header("Prayer request")
        PrayerPart(visit, card).draw()
    goes = facts.going(card)
    st.header(goes.heading)
    if goes.problem:
        st.text(f"Nothing goes before this is mended: {one_line(goes.problem, 400)}")
    lines(goes.lines, key="goes")
    if goes.stays:
        st.text("Stays here: " + ", ".join(one_line(one, 100) for one in goes.stays))
with right:
    st.header("What happened")
    TimelinePart(visit, messages.story, every=seldom).draw()
    st.header("Notes of your team")
    if writes:
        note.draw()
    now = visit.now()
    card_notes.notes(card.notes, now=now, zone=visit.zone, names=around.names)
    if card.others:
        st.header("Other cards with this phone or e-mail")
        card_notes.others(card.others, now=now, zone=visit.zone, more=card.more_others)
if viewer.church.role in ADMINS:
    st.page_link(
        ERASE.path,
        label="Erase this person",
        icon=f":material/{ERASE.icon}:",
        query_params={"number": str(card.number)},
        width="content",
    )
