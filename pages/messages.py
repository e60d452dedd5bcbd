"""Messages: for admins, who write what the church says by text and e-mail, and decide when it may leave."""

import streamlit as st

from dashboard import gate, services
from dashboard.formatting import one_line
from dashboard.messages.page import MessagesPage
from dashboard.navigation import ADMINS

viewer = gate.require(*ADMINS)
st.title("Messages")
st.text(one_line(viewer.church.name))
MessagesPage(services.container(), viewer).draw()
