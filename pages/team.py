"""Team: for admins, who say who may come in, as what, and who may read prayer requests."""

import streamlit as st

from dashboard import gate, services
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS
from dashboard.team.page import TeamPage

viewer = gate.require(*ADMINS)
st.title("Team")
st.text(one_line(viewer.church.name))
TeamPage(services.container(), viewer).draw()
