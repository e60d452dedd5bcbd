"""One card: what was written, what goes to GoHighLevel, where it stands, and all that happened to it."""

from collections.abc import Mapping
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.card import facts
from dashboard.card.looking import told as told_of_look
from dashboard.card.message_part import MessagePart
from dashboard.card.place import Opened, Panel, Place, wanted_number
from dashboard.card.work import Desk, Refused, Told
from dashboard.components import card_notes, card_panel, card_question, card_standing, states
from dashboard.components.card_form import on_the_card, start_values, written
from dashboard.components.lines import lines
from dashboard.components.timeline import timeline as draw_timeline
from dashboard.formatting import day_of, one_line, when
from dashboard.navigation import ADMINS, CARDS, CORRECTION, ERASE, EVERYBODY, WRITERS, way_back
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action
from ghl.cards.find import Choices
from ghl.cards.outlook import outlook
from ghl.cards.review import who_is_on
from ghl.cards.story import CardInFull, card_in_full
from ghl.cards.timeline import timeline
from ghl.cards.why import Outage
from ghl.messages.timeline import message_events
from ghl.people.names import name_of
from ghl.statuses import CardStatus

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
writes = viewer.church.role in WRITERS
hub = services.container()
ss = st.session_state

MOVING = {CardStatus.WAITING, CardStatus.SENDING}


def look(place: Place) -> CardInFull | None:
    """The card as it is now, read once for all parts of the page that ask at the same moment."""
    now = hub.clock.now()
    if seen := place.seen(now):
        return seen[0]
    with hub.database.church(church_id) as session:
        card = card_in_full(session, church_id, place.number)
    place.saw(now, card)
    return card


def reviewer(card: CardInFull, people: Mapping[str, str]) -> str:
    """The name of who has the card open for review at this moment; empty where nobody has, or it is oneself."""
    if card.state.status is not CardStatus.TO_REVIEW:
        return ""
    with hub.database.church(church_id) as session:
        by = who_is_on(session, church_id, [card.id]).get(card.id)
    return "" if by is None or by == viewer.person.user_id else name_of(f"user:{by}", people)


def circumstances(place: Place) -> tuple[CardInFull | None, Outage | None, Mapping[str, str]]:
    """The card, whether GoHighLevel answers, and the names of the team."""
    return look(place), services.outage(church_id), services.names(church_id)


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

place_key = f"card_{viewer.person.user_id}_{church_id}"
place: Place = ss.setdefault(place_key, Place(number))
# The note's field is drawn on each run of the page, so without it somebody was elsewhere meanwhile.
fresh = place.number != number or (writes and f"note_{place.note_serial}" not in ss)
if fresh:
    place = ss[place_key] = Place(number)
place.look_again()
with states.loading("the card", first=fresh):
    answer = guarded(lambda: circumstances(place))
if isinstance(answer, Trouble):
    states.could_not_load("the card", answer.number)
    st.stop()
found_card, _, names = answer
if found_card is None:
    no_card()
    st.stop()
card = found_card
desk = Desk(hub, viewer, card.id)
place.drawn, place.drawn_as = card.revision, card.state.status
if fresh and writes:
    place.unfinished = desk.draft() is not None
    if begun_note := desk.note_draft():
        ss[f"note_{place.note_serial}"] = str(begun_note.values.get("text", ""))
        place.note_typed_at = begun_note.changed_at


def at_work() -> Desk | None:
    """The person at work, if they still may; otherwise says so. Called before each change."""
    place.look_again()
    place.anew = True
    acting = gate.acting(viewer, *WRITERS)
    if isinstance(acting, gate.Refused):
        place.say(Told(good=False, text=acting.why), hub.clock.now())
        return None
    return Desk(hub, acting, card.id)


def do(action: Action) -> None:
    """What needs no reason."""
    if not place.double(hub.clock.now()) and (works := at_work()):
        came = works.do(action)
        place.acted(hub.clock.now())
        place.sent = came.good and action is Action.SEND_NOW
        place.say(came, hub.clock.now())


def decide(contact_ids: list[str], verdict: str) -> None:
    """Who is who."""
    if works := at_work():
        same: Literal["same", "different"] = "same" if verdict == "same" else "different"
        _, then = facts.left_without(card, facts.doubts(card))
        place.say(works.decide(contact_ids, same, then), hub.clock.now())


def look_anew(contact_id: str) -> None:
    """The contact is gone: the card goes again."""
    if works := at_work():
        place.say(works.look_anew(contact_id), hub.clock.now())


def not_sure() -> None:
    """The card stays as it is."""
    if works := at_work():
        place.say(works.not_sure(), hub.clock.now())


def look_into_gohighlevel() -> None:
    """Asks anew what GoHighLevel has."""
    gate.used()
    place.looker.ask(church_id, actor=viewer.person.actor)


def open_panel(kind: Opened) -> None:
    """Opens one thing instead of another. A correction that was begun earlier goes on where it was left."""
    works = None if place.double(hub.clock.now()) else at_work()
    if works is None or (place.panel and place.panel.kind is kind):
        return
    place.told = None
    place.panel = Panel(kind)
    if kind is Opened.CORRECTION:
        read, choices = guarded(lambda: look(place)), guarded(lambda: services.choices(church_id))
        newest = read if isinstance(read, CardInFull) else card
        offered = Choices() if isinstance(choices, Trouble) else choices
        begun = works.draft()
        start = begun.values if begun else start_values(newest.fields)
        place.panel = Panel(
            kind,
            base=begun.revision if begun else newest.revision,
            start=start,
            services=offered.services,
            campuses=offered.campuses,
            typed_at=begun.changed_at if begun else None,
            newer=newest.revision if begun and begun.revision != newest.revision else None,
            prayer=bool(begun) and "prayer_request" in start and works.viewer.church.reads_prayers,
        )


def close_panel(*, forget: bool = True) -> None:
    """Closes what is open; `forget` also lets go of what was typed."""
    panel, place.panel = place.panel, None
    if panel is None:
        return
    panel.forget(ss)
    if forget and panel.kind is Opened.CORRECTION and (works := at_work()):
        place.unfinished = False
        works.drop_draft()


def keep() -> None:
    """Keeps what is typed into the correction."""
    acting = gate.acting(viewer, *WRITERS)
    if place.panel and isinstance(acting, gate.Viewer):
        Desk(hub, acting, card.id).keep_draft(written(place.panel.key), revision=place.panel.base)


def save() -> None:
    """Saves the correction; where that cannot be, what was typed stays."""
    works, panel = at_work(), place.panel
    if works is None or panel is None:
        return
    came = works.correct(
        written(panel.key),
        base_revision=panel.base,
        zone=zone,
        prayer=panel.prayer,
        prayer_was=panel.prayer_was,
        on_the_card=on_the_card(panel.key, card_panel.number_on(card)),
    )
    if isinstance(came, Refused):
        panel.problems, panel.newer = came.problems, came.newer
        return
    place.unfinished = False
    if panel.prayer:
        place.hide_prayer()
    place.say(came, hub.clock.now())
    close_panel(forget=False)


def with_prayer() -> None:
    """Takes the prayer request into the correction; whoever does that reads it, which is noted."""
    works, panel = at_work(), place.panel
    if works is None or panel is None or panel.prayer:
        return
    read = works.prayer() if card.has_prayer else ""
    if isinstance(read, Told):
        place.say(read, hub.clock.now())
        return
    panel.prayer, panel.prayer_was = True, read
    ss[f"{panel.key}_prayer_request"] = read


def over_theirs() -> None:
    """Saves what was typed on top of what somebody else saved meanwhile."""
    if place.panel and place.panel.newer:
        place.panel.base = place.panel.newer
        save()


def start_again() -> None:
    """The correction from its beginning, with the card as it is now."""
    close_panel()
    open_panel(Opened.CORRECTION)


def with_reason(action: Action) -> None:
    """Keeps back or sets aside with the reason that was typed."""
    works, panel = at_work(), place.panel
    if works is None or panel is None:
        return
    came = works.do(action, str(ss.get(f"{panel.key}_reason") or ""))
    if came.good:
        place.say(came, hub.clock.now())
        close_panel()
    else:
        panel.complaint = came.text


def note() -> None:
    """Keeps the note; where that cannot be, it stays in its field."""
    works = at_work()
    if works is None:
        place.note_told = place.told
        return
    place.note_told = works.note(str(ss.get(f"note_{place.note_serial}") or ""))
    if place.note_told.good:
        place.new_note(ss)
        place.note_new = True


def note_typed() -> None:
    """Keeps what is typed as a note so far."""
    place.note_told = None
    if acting := gate.acting(viewer, *WRITERS):
        Desk(hub, acting, card.id).keep_note_draft(str(ss.get(f"note_{place.note_serial}") or ""))


def note_anew() -> None:
    """An empty field instead of what was typed earlier."""
    if works := at_work():
        works.keep_note_draft("")
        place.new_note(ss)


def unfold() -> None:
    """Shows the whole story."""
    gate.used()
    place.whole = True


def told() -> None:
    """What the last click came to. The words are ours."""
    if place.told and place.told_at:
        at = when(place.told_at, now=hub.clock.now(), zone=zone)
        (st.success if place.told.good else st.warning)(f"{at}: {place.told.text}")


every = max(0.5, hub.settings.page_refresh_seconds - 0.5)
messages = MessagePart(
    hub, viewer, card.id, card.fields.first_name or card.name, every=every, changed=place.look_again
)
if card.state.status not in MOVING:
    every *= 3


@st.fragment(run_every=every)
def live_standing() -> None:
    """Where the card stands, and what can be done."""
    if place.anew:
        # A click in here changed what stands elsewhere on the page.
        place.anew = False
        st.rerun()
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the card", still.number)
    answer = guarded(lambda: circumstances(place))
    if isinstance(answer, Trouble):
        return states.could_not_load("the card", answer.number)
    found, outage, people = answer
    if found is None:
        st.text("This card is no longer there.")
        return None
    now = hub.clock.now()
    words = outlook(
        found,
        now=now,
        outage=outage,
        names=people,
        when=partial(when, now=now, zone=zone),
        reader=still.church.role,
    )
    with st.container(border=True, gap="small", key="standing"):
        card_standing.standing(found, words, now=now, zone=zone)
        on_it = guarded(lambda: reviewer(found, people))
        if on_it and not isinstance(on_it, Trouble):
            st.text(f"{one_line(on_it, 40)} is on this one.")
        card_standing.contact_link(found)
        if writes:
            card_standing.buttons(
                found,
                now=now,
                unfinished=place.unfinished,
                sent=place.sent,
                do=do,
                open_panel=open_panel,
            )
        told()
        if bool(facts.doubts(found)) is not place.doubtful:
            # A question came up or was answered: another part of the page begins or ends with it.
            st.rerun()
        if (
            found.state.status is CardStatus.SYNCED
            and place.drawn_as is not found.state.status
            and not place.panel
        ):
            # What goes is now what went. Nothing is being typed, so nothing can be lost.
            st.rerun()
        if found.revision != place.drawn:
            st.button("Somebody corrected this card: show it as it is now", key="newer", on_click=at_work)
    return None


def read_prayer() -> None:
    """Reads the prayer request for this visit. A second press finds it read, so one reading is noted once."""
    if place.prayer is not None or place.just_hidden(hub.clock.now()):
        return
    reader = gate.acting(viewer, *EVERYBODY)
    if isinstance(reader, gate.Refused):
        place.prayer_told, place.prayer = Told(good=False, text=reader.why), None
        return
    found = Desk(hub, reader, card.id).prayer()
    place.prayer_told = found if isinstance(found, Told) else None
    place.prayer = None if isinstance(found, Told) else found


def hide_prayer() -> None:
    """Takes it off the screen; reading it again is another reading."""
    gate.used()
    place.hide_prayer(hub.clock.now())


@st.fragment(run_every=1.0)
def live_question() -> None:
    """Who is meant: the card beside the people in GoHighLevel, as a worker sees them there now."""
    if place.anew:
        place.anew = False
        st.rerun()
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the question", still.number)
    # Where the card stands is read by the part above, which begins anew when there is nothing to decide any more.
    answer = guarded(lambda: (place.last() or look(place), services.situation(church_id)))
    if isinstance(answer, Trouble):
        return states.could_not_load("the question", answer.number)
    found, situation = answer
    asked = facts.doubts(found) if found else ()
    if found is None or not asked:
        return None
    ids = [one.contact_id for one in asked]
    now = hub.clock.now()
    said = told_of_look(
        place.looker.look(church_id, ids, actor=viewer.person.actor),
        situation,
        when=partial(when, now=now, zone=zone),
    )
    if said.answer is not None:
        asked = tuple(
            facts.as_it_is(one, said.answer, found, partial(day_of, now=now, zone=zone)) for one in asked
        )
    without, then = facts.left_without(found, asked)
    held = found.state.status is CardStatus.HELD
    answers = card_question.Answers(
        same=lambda contact_id: decide([contact_id], "same"),
        different=partial(decide, ids, "different") if held else None,
        not_sure=not_sure if held else None,
        anew=look_anew,
        name=found.fields.first_name or found.name or "this person",
        without=without,
        then=then,
    )
    came = ("Received", day_of(found.received_at.isoformat(), now=now, zone=zone))
    card_question.question(
        (*facts.on_the_card(found), came),
        asked,
        said,
        answers=answers if writes else None,
        again=look_into_gohighlevel,
        address=partial(card_standing.contact_address, found.church.location)
        if found.church.location and not found.is_demo
        else None,
    )
    return None


@st.fragment
def prayer() -> None:
    """The prayer request: read on demand, by those who may, and each reading is noted."""
    still = gate.still(viewer, *EVERYBODY, by_person=True)
    if isinstance(still, Trouble):
        return states.could_not_load("the prayer request", still.number)
    if not still.church.reads_prayers:
        place.hide_prayer()
        st.text("There is a prayer request. Only your prayer team can read it.")
        return None
    if place.prayer is None:
        st.button("Read the prayer request", key="prayer", icon=":material/visibility:", on_click=read_prayer)
        if place.prayer_told:
            st.warning(place.prayer_told.text)
    else:
        with st.container(border=True, key="prayer_text"):
            st.text(place.prayer)
        st.button("Hide it", key="hide_prayer", icon=":material/visibility_off:", on_click=hide_prayer)
    st.text("That somebody read it is noted in the change log; the words are not.")
    return None


@st.fragment(run_every=every)
def live_timeline() -> None:
    """What happened, and what comes next."""
    still = gate.still(viewer, *EVERYBODY)
    answer = (
        still if isinstance(still, Trouble) else guarded(lambda: (circumstances(place), messages.story()))
    )
    if isinstance(answer, Trouble):
        return states.could_not_load("what happened", answer.number)
    (found, outage, people), told_of_messages = answer
    if found is None:
        return None
    now = hub.clock.now()
    besides = message_events(told_of_messages, names=people)
    events = timeline(found, now=now, names=people, outage=outage, besides=besides)
    folded = draw_timeline(events, now=now, zone=zone, whole=place.whole)
    if folded:
        st.button(f"Show all {len(events)} steps", key="whole", on_click=unfold)
    if found.more_tries:
        st.text("Earlier tries are not listed.")
    return None


@st.fragment
def new_note() -> None:
    """The field for a note: what is typed runs this part alone."""
    if place.note_new:
        # It stands among the others now, and they are drawn by the whole page.
        place.note_new = False
        st.rerun()
    if isinstance(gate.still(viewer, *WRITERS, by_person=True), Trouble):
        st.text("The database does not answer. What you typed stays here.")
    at = place.note_typed_at
    card_notes.new_note(
        place.note_serial,
        told=place.note_told,
        typed_at=when(at, now=hub.clock.now(), zone=zone) if at else "",
        typed=note_typed,
        keep=note,
        start_again=note_anew,
    )


if fresh and writes and st.query_params.get("open") == CORRECTION:
    del st.query_params["open"]  # once: a reload shows the card
    open_panel(Opened.CORRECTION)
back = way_back(st.query_params.get("from", ""), viewer.person)
st.page_link(back.path, label=back.title, icon=":material/arrow_back:")
st.title(f"Card #{card.number}")
with st.container(key="card_name"):
    st.text(one_line(card.name) or "No name")
place.anew = False
place.doubtful = bool(facts.doubts(card))
live_standing()
if place.doubtful:
    live_question()
st.header("Texts and e-mails", anchor=False)
messages.draw()
below = st.empty()
if place.panel and writes:
    with below.container(border=True, gap="small", key="panel"):
        if place.panel.kind is Opened.CORRECTION:
            card_panel.correction(
                place.panel,
                card,
                now=hub.clock.now(),
                zone=zone,
                names=names,
                keep=keep,
                save=save,
                over_theirs=over_theirs,
                start_again=start_again,
                close=close_panel,
                reads_prayers=viewer.church.reads_prayers,
                with_prayer=with_prayer,
            )
        else:
            card_panel.reason(place.panel, do=with_reason, close=close_panel)

left, right = st.columns(2, gap="medium")
with left:
    st.header("What was written")
    lines(facts.written(card.fields), key="written")
    if own := facts.answers(card.fields):
        st.text("Own questions of your church")
        lines([(one_line(question, 100), value) for question, value in own], key="answers")
    if card.has_prayer:
        st.header("Prayer request")
        prayer()
    goes = facts.going(card)
    st.header(goes.heading)
    if goes.problem:
        st.text(f"Nothing goes before this is mended: {one_line(goes.problem, 400)}")
    lines(goes.lines, key="goes")
    if goes.stays:
        st.text("Stays here: " + ", ".join(one_line(one, 100) for one in goes.stays))
with right:
    st.header("What happened")
    live_timeline()
    st.header("Notes of your team")
    if writes:
        new_note()
    now = hub.clock.now()
    card_notes.notes(card.notes, now=now, zone=zone, names=names)
    if card.others:
        st.header("Other cards with this phone or e-mail")
        card_notes.others(card.others, now=now, zone=zone, more=card.more_others)
if viewer.church.role in ADMINS:
    st.page_link(
        ERASE.path,
        label="Erase this person",
        icon=f":material/{ERASE.icon}:",
        query_params={"number": str(card.number)},
        width="content",
    )
