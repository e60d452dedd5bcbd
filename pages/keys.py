"""The encryption keys as who runs the installation sees them: which are there, what each seals, what to do next.

No key is here to be shown: the dashboard has none.
"""

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.components import states
from dashboard.formatting import day_of
from dashboard.reading import Trouble, guarded
from ghl.keys.overview import Overview, overview
from ghl.keys.standing import KeyStanding, Place, counted, next_step

person = gate.require_ops()
hub = services.container()
UTC = ZoneInfo("UTC")
PLACES = {
    Place.SEALS: ("Seals now", ":material/lock:", "green"),
    Place.OPENS: ("Opens what it sealed", ":material/lock_open:", "blue"),
    Place.MISSING: ("Missing", ":material/key_off:", "red"),
    Place.ANOTHER: ("Another key", ":material/warning:", "red"),
}


def draw(key: KeyStanding) -> None:
    """One key, with what hangs on it."""
    with st.container(border=True, gap="xxsmall", key=f"key_{key.version}"):
        label, icon, colour = PLACES[key.place]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(f"Key {key.version}")
            st.badge(label, icon=icon, color=colour)  # type: ignore[arg-type] # one of Streamlit's names
        st.text(f"Sealed with it: {counted({**key.rows, **key.keyed})}.")
        if key.known_since:
            since = day_of(key.known_since.isoformat(), now=hub.clock.now(), zone=UTC)
            st.text(f"Known since {since} (UTC).")


def workers(found: Overview) -> str:
    """Who could open what the newest key seals."""
    if not found.workers:
        return "No worker runs now: this is what was known last."
    all_of_them = "1 worker runs" if found.workers == 1 else f"{found.workers} workers run"
    if not found.lacking:
        return f"{all_of_them}, with these keys."
    lacks = "1 lacks" if found.lacking == 1 else f"{found.lacking} lack"
    return f"{all_of_them}; {lacks} the newest key. Nothing is sealed anew until all have it."


st.title("Keys")
st.text("These keys seal what must stay secret, such as the tokens of churches. No key is ever shown.")
answer = guarded(lambda: overview(hub.database))
if isinstance(answer, Trouble):
    states.could_not_load("the keys", answer.number)
    st.stop()
st.header("What to do next", anchor=False)
st.text(next_step(answer.keys, ""))
st.text(workers(answer))
if answer.keys:
    st.header("The keys", anchor=False)
    for one in reversed(answer.keys):
        draw(one)
st.header("To change to a new key", anchor=False)
st.text("These commands run in the hub's folder, while the hub goes on.")
for command, what in (
    ("hub keys new", "Print a new key. Add it beside the others, where the keys are kept; keep the old one"),
    ("hub keys plan", "See what would be sealed anew"),
    ("hub keys rotate", "Seal everything anew. Stopped, it goes on when it is run again"),
    ("hub keys status", "See that nothing is left"),
):
    with st.container(border=True, gap="xxsmall"):
        st.text(f"{what}.")
        st.code(command, language=None, wrap_lines=True)
