"""Above the tiles of Home, for admins: that stops are not in GoHighLevel while their ten business days run out."""

from datetime import date
from uuid import UUID

import streamlit as st

from dashboard.navigation import NEWS
from dashboard.reading import Trouble, guarded
from ghl.consent import pressing
from ghl.consent.pressing import Pressing
from ghl.db.engine import Database


def pressing_stops(database: Database, church_id: UUID, *, today: date) -> None:
    """Draws the line while there are such stops. Where the database does not answer, the page itself says so."""

    def read() -> Pressing | None:
        with database.church(church_id) as session:
            return pressing.of_church(session, church_id, today=today)

    found = guarded(read)
    if found is None or isinstance(found, Trouble):
        return
    with st.container(key="pressing_stops", gap="xsmall"):
        st.warning(in_words(found), icon=":material/gavel:")
        st.page_link(
            NEWS.path, label="Open News from GoHighLevel", icon=f":material/{NEWS.icon}:", width="content"
        )


def in_words(found: Pressing) -> str:
    """`3 stops are not yet confirmed in GoHighLevel. The first is due on Dec 1.`"""
    one = found.stops == 1
    many = "1 stop is" if one else f"{found.stops:,} stops are"
    first = "It" if one else "The first"
    due = "was due on" if found.overdue else "is due on"
    return (
        f"{many} not yet confirmed in GoHighLevel. {first} {due} {found.due_on:%b} {found.due_on.day}."
        " Here nothing is sent to these people."
    )
