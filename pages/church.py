"""Church: one church for who runs the installation: numbers, set-up, pause, invite, ask for help access."""

import streamlit as st

from dashboard import gate, services
from dashboard.churches.one import ChurchPage
from dashboard.churches.overview import PARAMETER

person = gate.require_ops()
ChurchPage(services.container(), person, st.query_params.get(PARAMETER, "")).draw()
