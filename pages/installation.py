"""What who runs the installation finds here; cards of churches are not among it."""

import streamlit as st

from dashboard import gate

person = gate.require_ops()

st.title("This installation")
st.text("You run this installation. What is written on cards is for the people of each church alone.")
st.header("What you can do")
st.text("These commands run in the hub's folder. Each explains itself with --help.")
st.text("Churches are added, paused and given their first admin on the page Churches.")
for command, what in (
    ("hub status", "how many cards stand where, in all churches"),
    ("hub connect SLUG --location ID", "connect a church to GoHighLevel"),
    ("hub user list", "who may sign in, and where"),
    ("hub user add EMAIL --ops", "let somebody else run the installation"),
    ("hub user remove EMAIL --ops", "end that; with --church SLUG, remove somebody from a team"),
    ("hub sign-in-link EMAIL", "make a one-time sign-in link"),
    ("hub doctor", "check this installation"),
):
    with st.container(border=True, gap="xxsmall"):
        st.text(f"{what[0].upper()}{what[1:]}")
        st.code(command, language=None, wrap_lines=True)
