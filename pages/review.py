"""Review new cards: one after the other, each with one person only."""

import streamlit as st

from dashboard import gate, services
from dashboard.navigation import WRITERS
from dashboard.review.page import ReviewPage

viewer = gate.require(*WRITERS)
st.title("Review new cards")
ReviewPage(services.container(), viewer).draw()
