"""Add a card: for those who have a pile of paper cards and a keyboard."""

import streamlit as st

from dashboard import gate, services
from dashboard.desk.add import AddPage
from dashboard.navigation import WRITERS

viewer = gate.require(*WRITERS)
st.title("Add a card")
AddPage(services.container(), viewer).draw()
