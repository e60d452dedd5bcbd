"""Above the tiles of Home, for admins: that the church's token gets old, while that is so."""

from datetime import datetime
from uuid import UUID

import streamlit as st

from dashboard.navigation import CONNECTION
from dashboard.reading import Trouble, guarded
from ghl.connection.age import reminder
from ghl.connection.standing import token_age
from ghl.db.engine import Database


def old_token(database: Database, church_id: UUID) -> None:
    """Draws the reminder. Where the database does not answer, the page itself says so."""

    def read() -> tuple[datetime, datetime] | None:
        with database.church(church_id) as session:
            return token_age(session, church_id)

    known = guarded(read)
    told = None if known is None or isinstance(known, Trouble) else reminder(*known)
    if told is None:
        return
    with st.container(key="old_token", gap="xsmall"):
        st.warning(told.text, icon=":material/schedule:")
        st.page_link(
            CONNECTION.path,
            label="Open Connection",
            icon=f":material/{CONNECTION.icon}:",
            width="content",
        )
