"""How a person who was let in gets their link: one place, for *Team* and for who runs the installation."""

from urllib.parse import urlsplit
from uuid import UUID

import streamlit as st

from ghl.people.invite import Invitation, invite
from jobs.container import Container


def hand_over(hub: Container, user_id: UUID, church_id: UUID, *, actor: str) -> Invitation:
    """Mails a link, or makes one to be copied. Raises `PersonError` for somebody who is not in the team any more.

    Where nobody set the dashboard's address, the link goes to where this browser found it, and no mail is sent: the
    worker that sends it would not know where the dashboard is.
    """
    known = hub.settings.public_url
    return invite(
        hub.database,
        user_id=user_id,
        church_id=church_id,
        public_url=known or _found_at(),
        smtp=hub.smtp if known else None,
        clock=hub.clock,
        actor=actor,
    )


def _found_at() -> str:
    here = urlsplit(st.context.url or "http://127.0.0.1:8501")
    return f"{here.scheme}://{here.netloc}"
