"""Card form: for admins, who decide what stands on the public form, and print its code."""

import streamlit as st

from dashboard import gate, services
from dashboard.form_setup import FormPage
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS

viewer = gate.require(*ADMINS)
st.title("Card form")
st.text(one_line(viewer.church.name))
FormPage(services.container(), viewer).draw()
