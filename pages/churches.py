"""Churches: where who runs the installation lands; how all of them stand, without a card of any."""

import streamlit as st

from dashboard import gate, services
from dashboard.churches import overview

person = gate.require_ops()
st.title("Churches")
overview.draw(services.container(), person)
