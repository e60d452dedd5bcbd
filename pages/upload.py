"""Import a list: a CSV or Excel file becomes cards, after its person has seen what will happen."""

import streamlit as st

from dashboard import gate, services
from dashboard.navigation import WRITERS
from dashboard.upload.page import UploadPage

viewer = gate.require(*WRITERS)
st.title("Import a list")
UploadPage(services.container(), viewer).draw()
