"""Connection: for admins, who connect the church to GoHighLevel, change its token and disconnect it."""

import streamlit as st

from dashboard import gate, services
from dashboard.connection.hook import HookSection
from dashboard.connection.page import ConnectionPage
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS

viewer = gate.require(*ADMINS)
st.title("Connection")
st.text(one_line(viewer.church.name))
ConnectionPage(services.container(), viewer).draw()
HookSection(services.container(), viewer).draw()
