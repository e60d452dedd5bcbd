"""The script behind every page: finds out who is here, draws the frame, runs the page they asked for."""

import streamlit as st

from dashboard import gate, services
from dashboard.components import frame, states
from dashboard.components.banner import banner
from dashboard.navigation import ATTENTION, REVIEW, WRITERS, menu_for
from dashboard.reading import Trouble, guarded
from ghl.people.policy import SignedIn
from ghl.statuses import CardStatus


def waiting_for_people(person: SignedIn) -> dict[str, int]:
    """How many things wait on which page for those who may do something about them."""
    church = person.church
    if church is None or church.role not in WRITERS:
        return {}
    now = guarded(lambda: services.situation(church.church_id))
    if isinstance(now, Trouble):
        return {}
    return {REVIEW.file: now.counts[CardStatus.TO_REVIEW], ATTENTION.file: now.to_mend}


frame.tab()
person = gate.who()
known = None if isinstance(person, Trouble) else person
menu = menu_for(known, waiting_for_people(known) if known else None)
if known and not menu:
    states.no_church()
    st.button("Sign out", on_click=gate.sign_out)
    st.stop()
current = st.navigation(menu, position="sidebar" if known else "hidden", expanded=True)
if known:
    frame.side(known, sign_out=gate.sign_out, choose=gate.choose_church, told=gate.MOVED)
if known and known.church:
    banner()
current.run()
