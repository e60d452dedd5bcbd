"""News from GoHighLevel: for admins, what it told us, what followed, and which stops it does not have yet."""

import streamlit as st

from dashboard import gate, services
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS
from dashboard.news.page import NewsPage

viewer = gate.require(*ADMINS)
st.title("News from GoHighLevel")
st.text(one_line(viewer.church.name))
NewsPage(services.container(), viewer).draw()
