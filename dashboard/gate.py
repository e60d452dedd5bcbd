"""The gate of every page: who is here now, and may they be. Each run of a script or fragment asks anew.

A tab keeps the cookie it was opened with, also after sign-out, so only the session's row decides. A tab that was drawn
for one church and finds another in that row forgets what it holds and begins anew: nothing typed or ticked for one
church reaches another.
"""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st

from dashboard import services
from dashboard.components import states
from dashboard.navigation import pages_for
from dashboard.reading import Trouble, guarded
from dashboard.whence import sender
from ghl.people import sessions
from ghl.people.policy import ChurchRole, SignedIn
from ghl.statuses import Role

COOKIE = "session"
"""What the session's cookie is called in here; in the browser its name belongs to the installation."""

TAB = "tab_drawn_for"
CHOSEN = "tab_chose"
MOVED = "tab_moved"
"""In a tab's memory: for whom and which church it was drawn, which one was chosen in it, what is told of a change."""

ELSEWHERE = (
    "This window shows another church now: it was chosen in another window, or you left a team. "
    "If you pressed something here just now, it was not done."
)
NOT_CHOSEN = "You can't work in that church any more. Nothing was changed."


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
    """The session's cookie that this tab was opened with, if it had one."""
    secret = st.context.cookies.get(services.cookies().session)
    return {COOKIE: secret} if secret else {}


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
    _keep_to_the_tab(person)
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
    if CHOSEN in st.session_state:
        _keep_to_the_tab(person)
    if not person.is_ops:
        states.not_for_you("This one is for who runs the hub.")
        st.stop()
    return person


def require_anybody() -> SignedIn:
    """Whoever is signed in, with or without a church; otherwise asks to sign in and stops the run."""
    return _somebody(who())


def the_same(person: SignedIn) -> SignedIn | Refused:
    """The same person again, for a callback about themselves, or why nothing may be changed."""
    now = who()
    if isinstance(now, Trouble):
        return did_not_work(now)
    return now if now is not None and now.user_id == person.user_id else NOT_ALLOWED


def token() -> str | None:
    """The secret of the session that this tab was opened with."""
    return browser_cookies().get(COOKIE)


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
        return did_not_work(person)
    if (
        person is None
        or person.user_id != viewer.person.user_id
        or person.church is None
        or person.church.church_id != viewer.church.church_id
        or person.role not in roles
    ):
        return NOT_ALLOWED
    return Viewer(person, person.church)


def acting_ops(person: SignedIn) -> SignedIn | Refused:
    """The same person, if they still run the installation, for a callback; or why nothing may be changed."""
    now = who()
    if isinstance(now, Trouble):
        return did_not_work(now)
    if now is None or now.user_id != person.user_id or not now.is_ops:
        return NOT_ALLOWED
    return now


def choose_church(church_id: UUID | None) -> None:
    """Works in another church from now on, in all tabs of this browser, or in none that was chosen."""
    container = services.container()
    chosen = guarded(
        lambda: sessions.choose_church(container.database, token(), church_id, clock=container.clock)
    )
    if isinstance(chosen, Trouble):
        st.session_state[MOVED] = did_not_work(chosen).why
    elif chosen:
        st.session_state[CHOSEN] = church_id
    else:
        st.session_state[MOVED] = NOT_CHOSEN


def sign_out() -> None:
    """Ends the session in all tabs of this browser."""
    container = services.container()
    sessions.sign_out(container.database, browser_cookies().get(COOKIE), clock=container.clock)


def did_not_work(trouble: Trouble) -> Refused:
    """What a click says when the database did not answer."""
    return Refused(
        "That did not work; nothing was changed. Try again. "
        f"If it stays, tell support the number {trouble.number}."
    )


def _somebody(person: SignedIn | Trouble | None) -> SignedIn:
    if isinstance(person, Trouble):
        states.could_not_load("this page", person.number)
        st.stop()
    if person is None:
        states.signed_out()
        st.stop()
    return person


def _keep_to_the_tab(person: SignedIn) -> None:
    """Begins this tab anew on its first page where the session works in another church than it was drawn for."""
    state = st.session_state
    now = (person.user_id, person.church.church_id if person.church else None)
    drawn, chosen = state.get(TAB, now), state.pop(CHOSEN, now)
    state[TAB] = now
    if drawn == now and chosen == now:
        return
    told = None if chosen != now else ELSEWHERE
    state.clear()
    state[TAB] = now
    if told:
        state[MOVED] = told
    if pages := pages_for(person):
        st.switch_page(pages[0].path)
