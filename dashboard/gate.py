"""The gate of every page: who is here now, and may they be. Each run of a script or fragment asks anew.

A tab keeps the cookie it was opened with, also after sign-out, so only the session's row decides.
"""

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from dashboard import services
from dashboard.components import states
from dashboard.reading import Trouble, guarded
from dashboard.whence import sender
from ghl.people import sessions
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import Role

COOKIE = "hub_session"


@dataclass(frozen=True)
class Viewer:
    """A signed-in person in the church they work in."""

    person: SignedIn
    church: ChurchRole


@dataclass(frozen=True)
class Refused:
    """Why a click changed nothing, in our own words. It counts as false: whoever asks only whether gets a no."""

    why: str

    def __bool__(self) -> Literal[False]:
        return False


NOT_ALLOWED = Refused(
    "Your sign-in has ended, or your role has changed. Nothing was changed. Load the page again."
)


def browser_cookies() -> dict[str, str]:
    """The cookies this tab was opened with."""
    return dict(st.context.cookies)


def browser_address(trusted_proxies: str) -> str:
    """The address this tab is open at, or `dashboard` where it is on the same machine."""
    forwarded = st.context.headers.get("X-Forwarded-For", "")
    return sender(st.context.ip_address, forwarded, trusted_proxies) or "dashboard"


def who(*, by_person: bool = True) -> SignedIn | Trouble | None:
    """Who is signed in, None where nobody is, or trouble where the database does not answer."""
    container = services.container()
    # What this run changes comes from there; each run and each callback has asked here before it changes anything.
    container.database.come_from(browser_address(container.settings.trusted_proxies))
    token = browser_cookies().get(COOKIE)
    return guarded(
        lambda: sessions.current(container.database, token, clock=container.clock, by_person=by_person)
    )


def require(*roles: Role) -> Viewer:
    """The person, if they have one of these roles in their church; otherwise says why not and stops the run."""
    person = _somebody(who())
    if person.church is None or person.role not in roles:
        states.not_for_you()
        st.stop()
    return Viewer(person, person.church)


def require_admin_or_ops() -> SignedIn:
    """The person, if they are an admin of their church or run the installation; otherwise says why not and stops."""
    person = _somebody(who())
    if not (person.is_ops or (person.church is not None and person.role is Role.ADMIN)):
        states.not_for_you()
        st.stop()
    return person


def require_ops() -> SignedIn:
    """The person, if they run the installation; otherwise says why not and stops the run."""
    person = _somebody(who())
    if not person.is_ops:
        states.not_for_you()
        st.stop()
    return person


def still(viewer: Viewer, *roles: Role, by_person: bool = False) -> Viewer | Trouble:
    """The same person again, for a fragment that refreshes itself; the whole page runs anew when it ended.

    It does not count as use, unless the fragment has no timer and so runs `by_person` alone: a tab left open must
    not stay signed in for ever.
    """
    person = who(by_person=by_person)
    if isinstance(person, Trouble):
        return person
    if (
        person is None
        or person.user_id != viewer.person.user_id
        or person.church is None
        or person.church.church_id != viewer.church.church_id
        or person.role not in roles
    ):
        st.rerun()
    return Viewer(person, person.church)


def used() -> None:
    """Counts a click inside a fragment as use of the session."""
    who()


def acting(viewer: Viewer, *roles: Role) -> Viewer | Refused:
    """The same person in the same church, for a callback that changes something, or why nothing may be changed.

    A click comes from a page that was drawn earlier; only what holds at this moment counts.
    """
    person = who()
    if isinstance(person, Trouble):
        return Refused(
            "That did not work; nothing was changed. Try again. "
            f"If it stays, tell support the number {person.number}."
        )
    if (
        person is None
        or person.user_id != viewer.person.user_id
        or person.church is None
        or person.church.church_id != viewer.church.church_id
        or person.role not in roles
    ):
        return NOT_ALLOWED
    return Viewer(person, person.church)


def sign_out() -> None:
    """Ends the session in all tabs of this browser."""
    container = services.container()
    sessions.sign_out(container.database, browser_cookies().get(COOKIE), clock=container.clock)


def _somebody(person: SignedIn | Trouble | None) -> SignedIn:
    if isinstance(person, Trouble):
        states.could_not_load("this page", person.number)
        st.stop()
    if person is None:
        states.signed_out()
        st.stop()
    return person
