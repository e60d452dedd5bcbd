"""People: for who runs the installation; who may sign in where."""

import streamlit as st

from dashboard import gate, services
from dashboard.churches.people import PeoplePageDrawn

person = gate.require_ops()
st.title("People")
PeoplePageDrawn(services.container(), person).draw()
