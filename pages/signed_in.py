"""Signed in: the browsers in which somebody is signed in, for everybody, about themselves alone."""

import streamlit as st

from dashboard import gate, services
from dashboard.signed_in import SignedInPage

person = gate.require_anybody()
st.title("Where you are signed in")
st.text("Each line is a browser. Sign out where you don't sit any more: it ends in all its tabs at once.")
SignedInPage(services.container(), person).draw()
