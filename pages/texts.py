"""Texts and e-mails: what was asked for, where each stands and why, and what a person can do about one.

Rows and their order hold still while the page is open; only what they say changes by itself.
"""

from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import keys, states
from dashboard.components.countdown import AT_ONCE, seconds_left
from dashboard.components.message_badges import BADGES, KINDS
from dashboard.components.message_filters import FIND, drawn, filters, key, put, written
from dashboard.components.message_row import Doing, message_row
from dashboard.formatting import capped, one_line
from dashboard.message_words import why
from dashboard.navigation import EVERYBODY, TEXTS, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.texts.desk import (
    NAMES,
    Asked,
    Desk,
    Snapshot,
    from_address,
    in_words,
    look,
    to_address,
    wanted,
)
from dashboard.texts.hands import MessageHands
from dashboard.texts.words import NONE_YET, messages
from ghl.messages.export import export_csv
from ghl.messages.log import LogRow, templates_in
from ghl.people.names import name_of

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub = services.container()
desk: Desk = st.session_state.setdefault(f"texts_{church_id}_{viewer.person.user_id}", Desk())
every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def complain(words: str) -> None:
    """What did not work, above the rows."""
    desk.complaint = words


hands = MessageHands(viewer, desk, complain)


def changed() -> None:
    """Another filter. It goes into the address as codes; the words that are searched for stay here."""
    gate.used()
    asked, words = written()
    desk.show(asked, words)
    st.query_params.from_dict(to_address(asked))


def clear() -> None:
    """Every one again."""
    put(Asked(), "")
    changed()


def find() -> None:
    """The caret goes to the search."""
    gate.used()
    st.session_state["texts_wants_find"] = True


def go(step: str) -> None:
    """Newer, older, or the first page as it is now."""
    gate.used()
    getattr(desk, step)()


def read_templates() -> dict[UUID, str]:
    """The names of the church's words, for the filter."""
    with hub.database.church(church_id) as session:
        return templates_in(session, church_id)


def nothing() -> None:
    """No text at all so far."""
    with st.container(border=True, gap="xsmall", key="no_texts"):
        st.text(NONE_YET)


def nothing_matches() -> None:
    """A filter that leaves nothing, with the way out."""
    with st.container(border=True, gap="xsmall", key="no_match"):
        st.text("No text or e-mail matches. Try another word, or show every one again.")
        st.button("Clear filters", on_click=clear, icon=":material/filter_alt_off:", key="clear_all")


def above(shot: Snapshot) -> None:
    """What the list shows in words, and the way to newer ones."""
    found = in_words(desk.asked, desk.words, templates)
    st.text(f"{messages(desk.total)}{f': {found}' if found else ', newest first'}.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="texts_above"):
        # Always there, in one size: a button that came and went would move the rows under a pointer.
        label = f"Show {capped(shot.new)} new" if shot.new else "The newest" if desk.trail else "Nothing new"
        st.button(
            label,
            icon=":material/arrow_upward:",
            disabled=label == "Nothing new",
            on_click=go,
            args=("newest",),
            key="texts_newest",
            width=220,
        )
        if desk.filtered:
            st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear, key="texts_clear")


def below(shot: Snapshot) -> None:
    """The way to older and newer ones, and how long they are kept."""
    if desk.trail or shot.page.more:
        with st.container(horizontal=True, vertical_alignment="center", key="texts_paging"):
            for label, step, shortcut, off in (
                ("Newer", "newer", "p", not desk.trail),
                ("Older", "older", "n", not shot.page.more),
            ):
                st.button(
                    label, on_click=go, args=(step,), disabled=off, key=f"texts_{step}", shortcut=shortcut
                )
    st.text("A text or e-mail is kept as long as its card.")


@st.fragment(run_every=every)
def live() -> None:
    """Everything that changes by itself."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the texts and e-mails", still.number)
    with states.loading("texts and e-mails", first=not desk.loaded):
        shot = guarded(lambda: look(hub.database, church_id, desk, now=hub.clock.now(), zone=zone))
    if isinstance(shot, Trouble):
        return states.could_not_load("the texts and e-mails", shot.number)
    if desk.complaint:
        st.error(desk.complaint, icon=":material/error:")
    if not shot.rows and not desk.filtered and not shot.new:
        return nothing()
    if not shot.rows and desk.filtered:
        return nothing_matches()
    above(shot)
    doing = Doing(
        press=hands.press if still.church.role in WRITERS else None,
        said=desk.said,
        back_to=TEXTS,
        location=services.situation(church_id).state.location,
        refused=shot.refused,
        ticking=frozenset(
            [row.id for row in shot.rows if seconds_left(row.told, now=shot.at) is not None][:AT_ONCE]
        ),
    )
    for row in shot.rows:
        message_row(row, doing, names=services.names(church_id), now=shot.at, zone=zone)
    below(shot)
    return None


def told(row: LogRow) -> tuple[str, str, str]:
    """Kind, state and reason of a message, in the words of the page."""
    one, now = row.told, hub.clock.now()
    said = why(one, name=one_line(row.name, 40), names=services.names(church_id), now=now, zone=zone)
    return KINDS[one.channel], BADGES[one.code].label, said


def make_file() -> None:
    """The file of what the filter leaves, for those who may change anything. It is made once and kept nowhere."""
    place = st.empty()
    if not place.button("Make a CSV file", key="texts_make", icon=":material/table_view:"):
        return
    person = gate.acting(viewer, *WRITERS)
    if isinstance(person, gate.Refused):
        st.error(person.why)
        return
    names = services.names(church_id)
    made = guarded(
        lambda: b"".join(
            export_csv(
                hub.database,
                church_id,
                wanted(desk.asked, desk.words, now=hub.clock.now(), zone=zone),
                actor=person.person.actor,
                zone=zone,
                name_of=lambda actor: one_line(name_of(actor, names)),
                told=told,
            )
        )
    )
    if isinstance(made, Trouble):
        st.error(f"The file could not be made. Nothing is lost. Tell support the number {made.number}.")
        return
    name = f"texts-{hub.clock.now().astimezone(zone):%Y-%m-%d}.csv"
    place.download_button(
        f"Save {name}",
        made,
        file_name=name,
        mime="text/csv",
        key="texts_save",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )


st.title("Texts and e-mails")
st.text(one_line(viewer.church.name))
known = guarded(read_templates)
if isinstance(known, Trouble):
    states.could_not_load("the texts and e-mails", known.number)
    st.stop()
templates = known
linked = from_address({name: st.query_params.get_all(name) for name in NAMES})
if to_address(linked) != to_address(desk.asked):
    desk.show(linked)
    put(linked, "")
elif not drawn():
    # Somebody comes back from another page: everything as it is now.
    desk.newest()
    put(desk.asked, desk.words)
filters(templates, changed=changed, find=find)
if st.session_state.pop("texts_wants_find", False):
    keys.focus(key(FIND), once=hub.clock.now().isoformat())
live()
if viewer.church.role in WRITERS:
    make_file()
