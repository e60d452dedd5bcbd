"""Review new cards: one after the other, each with one person only."""

import streamlit as st

from dashboard import gate, services
from dashboard.desk.review import ReviewPage
from dashboard.navigation import WRITERS

viewer = gate.require(*WRITERS)
st.title("Review new cards")
ReviewPage(services.container(), viewer).draw()
