"""What who runs the installation finds here; cards of churches are not among it."""

import streamlit as st

from dashboard import gate

person = gate.require_ops()

st.title("This installation")
st.text("You run this installation. What is written on cards is for the people of each church alone.")
st.header("What you can do")
st.text("These commands run in the hub's folder. Each explains itself with --help.")
for command, what in (
    ("hub status", "how many cards stand where, in all churches"),
    ("hub church add SLUG --name NAME --timezone TZ", "add a church"),
    ("hub connect SLUG --location ID", "connect a church to GoHighLevel"),
    ("hub user add EMAIL --church SLUG --role admin", "let a church's first admin sign in"),
    ("hub sign-in-link EMAIL", "make a one-time sign-in link"),
    ("hub pause SLUG --reason REASON", "stop a church's deliveries; cards stay safe"),
    ("hub doctor", "check this installation"),
):
    with st.container(border=True, gap="xxsmall"):
        st.text(f"{what[0].upper()}{what[1:]}")
        st.code(command, language=None, wrap_lines=True)
