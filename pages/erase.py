"""Erase this person: what goes and what stays, the name typed once more, and how far each request is."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import erasing, gate, services
from dashboard.card.place import wanted_number
from dashboard.components import states
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS, CARD, CARDS
from dashboard.reading import Trouble, guarded
from ghl.erasing import ask, contacts
from ghl.erasing.ask import ErasureError, Foreseen, Progress

viewer = gate.require(*ADMINS)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub, ss = services.container(), st.session_state
number = wanted_number(st.query_params.get("number", ""))


@dataclass
class Told:
    """What the last press came to."""

    good: bool
    text: str
    number: int | None


told_key = f"erase_told_{church_id}_{viewer.person.user_id}"


def key(name: str) -> str:
    """The key of a field of this card's form."""
    return f"erase_{church_id}_{number}_{name}"


def read() -> tuple[Foreseen | None, list[Progress]]:
    """What would go, and what was asked so far."""
    with hub.database.church(church_id) as session:
        foreseen = None if number is None else ask.foresee(session, church_id, number)
        return foreseen, ask.recent(session, church_id)


def erase(shown: tuple[UUID, ...]) -> None:
    """Files the request, for those cards that were shown."""
    acting = gate.acting(viewer, *ADMINS)
    if isinstance(acting, gate.Refused):
        ss[told_key] = Told(good=False, text=acting.why, number=number)
        return
    typed, too = str(ss.get(key("name")) or ""), bool(ss.get(key("contacts")))

    def file() -> str:
        try:
            with hub.database.church(church_id) as session:
                ask.request(
                    session,
                    church_id,
                    number or 0,
                    shown=shown,
                    typed=typed,
                    contacts_too=too,
                    actor=acting.person.actor,
                    now=hub.clock.now(),
                )
        except ErasureError as error:
            return str(error)
        return ""

    wrong = guarded(file)
    if isinstance(wrong, Trouble):
        text = f"That did not work; nothing was erased. Try again. If it stays, tell support the number {wrong.number}."
        ss[told_key] = Told(good=False, text=text, number=number)
    elif wrong:
        ss[told_key] = Told(good=False, text=wrong, number=number)
    else:
        ss[told_key] = Told(
            good=True, text="The person is being erased. Below you see how far it is.", number=number
        )
        ss.pop(key("name"), None)


def try_now() -> None:
    """Lets contacts that are still in GoHighLevel be tried at once."""
    if isinstance(gate.acting(viewer, *ADMINS), gate.Refused):
        return

    def go() -> int:
        with hub.database.church(church_id) as session:
            return contacts.try_now(session, church_id)

    guarded(go)


def form(foreseen: Foreseen) -> None:
    """What goes, what stays, and the name."""
    st.text(erasing.headline(foreseen))
    if foreseen.sending:
        st.text("One of them is being sent at this moment. It goes right after, within a minute.")
    with st.container(horizontal=True, gap="small", key="their_cards"):
        for card in foreseen.cards:
            st.page_link(
                CARD.path,
                label=f"#{card.number}",
                icon=":material/id_card:",
                query_params={"number": str(card.number)},
                width="content",
            )
    left, right = st.columns(2, gap="medium")
    for column, heading, lines in ((left, "What goes", erasing.GOES), (right, "What stays", erasing.STAYS)):
        with column:
            st.header(heading)
            for line in lines:
                st.text(line)
    if foreseen.others:
        st.header("Not this person")
        st.text("These cards have the same phone or e-mail and another name. They stay.")
        for card in foreseen.others:
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", key=f"other_{card.number}"
            ):
                st.page_link(
                    CARD.path,
                    label=f"#{card.number}",
                    icon=":material/id_card:",
                    query_params={"number": str(card.number)},
                    width="content",
                )
                st.text(one_line(card.name) or "No name")
    st.header("Erase for ever")
    if foreseen.contacts:
        st.checkbox(
            "Remove the contact in GoHighLevel too, with its conversations there",
            key=key("contacts"),
        )
    else:
        st.text("These cards are not in GoHighLevel, as far as the hub knows.")
    st.text(f"To go on, type {one_line(erasing.name_to_type(foreseen))}")
    st.text_input("The name on the card", key=key("name"), autocomplete="off", max_chars=200, width=400)
    st.button(
        "Erase for ever",
        icon=":material/delete_forever:",
        type="primary",
        key="erase",
        on_click=erase,
        args=(tuple(card.id for card in foreseen.cards),),
    )


def requests(asked: list[Progress], now: datetime) -> None:
    """Each request with how far it is."""
    names = services.names(church_id)
    stuck = False
    for one in asked:
        with st.container(border=True, gap="xxsmall", key=f"request_{one.id}"):
            st.text(erasing.standing(one, names, now=now, zone=zone))
            for removal in one.removals:
                stuck = stuck or bool(not removal.done and removal.cause)
                st.text(erasing.contact_standing(removal, now=now, zone=zone))
    if stuck:
        st.button("Try again now", icon=":material/refresh:", on_click=try_now, key="try_now")


@st.fragment(run_every=max(0.5, hub.settings.page_refresh_seconds - 0.5))
def live_requests() -> None:
    """The requests as they stand now."""
    if isinstance(gate.still(viewer, *ADMINS), Trouble):
        return
    seen = guarded(read)
    if isinstance(seen, Trouble):
        st.text("The database does not answer. What was asked goes on by itself.")
        return
    requests(seen[1], hub.clock.now())


st.page_link(CARDS.path, label="All cards", icon=":material/arrow_back:")
st.title("Erase this person")
answer = guarded(read)
if isinstance(answer, Trouble):
    states.could_not_load("this page", answer.number)
    st.stop()
found, so_far = answer
told: Told | None = ss.get(told_key)
if told is not None and told.number == number:
    (st.success if told.good else st.error)(told.text)
    ss.pop(told_key)
waiting = {one.number for one in so_far if one.done_at is None}
if found is not None and not any(card.number in waiting for card in found.cards):
    form(found)
elif found is None:
    with st.container(border=True, gap="xsmall"):
        st.text("There is no such card, or its person was erased.")
        st.text("To erase somebody, find one of their cards and choose Erase this person there.")
if so_far:
    st.header("Erased lately")
    live_requests()
