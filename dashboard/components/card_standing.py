"""The top of a card's page: its badge, why it stands there and what happens next."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.card.facts import WRONG_FIELD
from dashboard.card.place import Opened
from dashboard.components.badges import badge
from dashboard.formatting import one_line, when
from dashboard.navigation import REVIEW
from ghl.cards.actions import Action, Standing, why_left
from ghl.cards.outlook import Outlook
from ghl.cards.story import CardInFull
from ghl.statuses import CardStatus, Priority

SENDS: Mapping[CardStatus, str] = {
    CardStatus.WAITING: "Send now",
    CardStatus.NEEDS_ATTENTION: "Retry",
    CardStatus.HELD: "Send it now",
}

CONTACT = "https://app.gohighlevel.com/v2/location/{location}/contacts/detail/{contact}"
"""Where GoHighLevel shows a contact to people who are signed in there."""


def standing(card: CardInFull, told: Outlook, *, now: datetime, zone: ZoneInfo) -> None:
    """Draws where the card stands and what happens next."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(card.state.status)
        if line := tried(told, now=now, zone=zone):
            st.text(line, width="content")
    with st.container(key="card_why", gap="xxsmall"):
        st.text(one_line(told.why, 600))
        st.text(one_line(told.following, 400) + (f" {told.who}" if told.who else ""))


def tried(told: Outlook, *, now: datetime, zone: ZoneInfo) -> str:
    """`Tried 3 times · next try 11:42 am`, as far as there is anything to tell."""
    following = f"next try {when(told.next_try_at, now=now, zone=zone)}" if told.next_try_at else ""
    line = " · ".join(part for part in (told.tried, following) if part)
    return line[:1].upper() + line[1:]


def contact_link(card: CardInFull) -> None:
    """Draws the way to the contact in GoHighLevel, where the card is in one."""
    if not card.contact_id:
        return
    if card.is_demo:
        st.text(
            f"It is the contact {one_line(card.contact_id)}. This is a demo: there is no real GoHighLevel to open."
        )
    elif card.church.location:
        st.link_button(
            "Open the contact in GoHighLevel",
            contact_address(card.church.location, card.contact_id),
            icon=":material/open_in_new:",
        )


def contact_address(location: str, contact_id: str) -> str:
    """The address of a contact. Ids come from GoHighLevel, and are quoted all the same."""
    return CONTACT.format(location=quote(location, safe=""), contact=quote(contact_id, safe=""))


def buttons(
    card: CardInFull,
    *,
    now: datetime,
    unfinished: bool,
    sent: bool,
    do: Callable[[Action], None],
    open_panel: Callable[[Opened], None],
) -> None:
    """Draws what may be done with the card where it stands.

    `unfinished`: a correction was begun earlier. `sent`: the button that sends was pressed; it stays where it is and
    says so, because one that vanished would take the focus with it and move the others under the pointer.
    """
    possible = possible_actions(card, now=now)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="card_buttons"):
        if Action.SEND_NOW in possible:
            _button(SENDS[card.state.status], "send", do, Action.SEND_NOW)
        elif sent:
            arrived = card.state.status is CardStatus.SYNCED
            st.button(
                "Arrived" if arrived else "Queued again",
                key=f"card_{Action.SEND_NOW}",
                icon=":material/check:",
            )
        if Action.PUT_BACK in possible and Action.SEND_NOW not in possible:
            _button("Put back", "undo", do, Action.PUT_BACK)
        _button(
            "Go on correcting" if unfinished else "Correct this card",
            "edit",
            open_panel,
            Opened.CORRECTION,
            primary=card.state.cause in WRONG_FIELD,
        )
        if Action.HOLD in possible:
            _button("Keep back", "front_hand", open_panel, Opened.HOLD)
        if Action.SET_ASIDE in possible:
            _button("Set aside", "archive", open_panel, Opened.ASIDE)
        if card.state.status is CardStatus.TO_REVIEW:
            st.page_link(
                REVIEW.path,
                label="Review this card",
                icon=":material/rate_review:",
                query_params={"number": str(card.number)},
            )


def possible_actions(card: CardInFull, *, now: datetime) -> frozenset[Action]:
    """What may be done with the card as it stands, by the same rule that decides when it is done."""
    state = card.state
    standing = Standing(
        state.status,
        state.cause,
        unreviewed=state.facts.get("was") == CardStatus.TO_REVIEW,
        going_now=state.due_at is not None and state.due_at <= now and card.priority <= Priority.NEW,
    )
    return frozenset(action for action in Action if why_left(action, standing) is None)


def _button(
    label: str,
    icon: str,
    act: Callable[[Any], None],
    what: Action | Opened,
    *,
    primary: bool = False,
) -> None:
    """A button keyed by what it does, so that it keeps the focus when its words change."""
    st.button(
        label,
        key=f"card_{what}",
        icon=f":material/{icon}:",
        type="primary" if primary else "secondary",
        on_click=act,
        args=(what,),
    )
