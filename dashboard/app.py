"""The script behind every page: finds out who is here, draws the frame, runs the page they asked for."""

import streamlit as st

from dashboard import gate
from dashboard.components import frame, states
from dashboard.navigation import menu_for
from dashboard.reading import Trouble

frame.tab()
person = gate.who()
known = None if isinstance(person, Trouble) else person
menu = menu_for(known)
if known and not menu:
    states.no_church()
    st.button("Sign out", on_click=gate.sign_out)
    st.stop()
current = st.navigation(menu, position="sidebar" if known else "hidden")
if known:
    frame.side(known, sign_out=gate.sign_out)
current.run()
