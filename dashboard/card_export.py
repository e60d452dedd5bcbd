"""The dialog that makes a CSV file of the ticked cards, for those who may. The file is made once, and kept nowhere."""

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.bulk import Ask
from dashboard.card_actions import Hands
from dashboard.components.badges import BADGES
from dashboard.formatting import capped_cards, cards, number
from dashboard.navigation import WRITERS
from dashboard.reading import Trouble, guarded
from ghl.cards.export import export_csv

KILO, MEGA = 1_000, 1_000_000


def export(ask: Ask, hands: Hands, *, zone: ZoneInfo) -> None:
    """Draws the dialog's inside: what the file will hold, the button that makes it, then the one that saves it."""
    st.text(f"{capped_cards(ask.count)}: what is written on them, where they stand and why.")
    st.text("Prayer requests are not in the file. It holds names and addresses: keep it safe.")
    place = st.empty()
    if not place.button("Make the file", key="export_make", type="primary", icon=":material/table_view:"):
        return
    person = gate.acting(hands.viewer, *WRITERS)
    if isinstance(person, gate.Refused):
        st.error(person.why)
        return
    with place.container():
        made = _made(ask, person, zone)
    if isinstance(made, Trouble):
        st.error(f"The file could not be made. Nothing is lost. Tell support the number {made.number}.")
        return
    name = f"cards-{services.container().clock.now().astimezone(zone):%Y-%m-%d}.csv"
    # Ignored by the script: a run for a click that only saves would draw everything anew, without the file.
    place.download_button(
        f"Save {name} ({_size(len(made))})",
        made,
        file_name=name,
        mime="text/csv",
        key="export_save",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )


def _made(ask: Ask, person: gate.Viewer, zone: ZoneInfo) -> bytes | Trouble:
    hub, church_id = services.container(), person.church.church_id
    told = st.progress(0.0, text="Making the file…")

    def progress(done: int, total: int) -> None:
        told.progress(min(1.0, done / total) if total else 1.0, text=f"{number(done)} of {cards(total)}.")

    return guarded(
        lambda: b"".join(
            export_csv(
                hub.database,
                church_id,
                ask.chosen,
                actor=person.person.actor,
                now=hub.clock.now(),
                zone=zone,
                names=services.names(church_id),
                labels={status: badge.label for status, badge in BADGES.items()},
                progress=progress,
            )
        )
    )


def _size(length: int) -> str:
    if length < MEGA:
        return f"{max(1, length // KILO):,} KB"
    return f"{length / MEGA:.1f} MB"
