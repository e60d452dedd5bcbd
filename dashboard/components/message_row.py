"""One text or e-mail as a row of a list: whose it is, where it stands and why, and what can be done. It draws only."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.clicks import Said
from dashboard.components.card_standing import CONTACT
from dashboard.components.countdown import countdown
from dashboard.components.message_badges import KINDS, message_badge
from dashboard.formatting import esc, one_line, when
from dashboard.message_words import not_after_all, why
from dashboard.navigation import CARD, PageSpec, to_card
from dashboard.texts.deeds import Button, Deed, offered
from ghl.cards.phone import shown as shown_phone
from ghl.consent.may_send import Verdict
from ghl.messages.log import LogRow
from ghl.messages.shown import BadgeCode
from ghl.people.names import name_within


@dataclass(frozen=True)
class Doing:
    """What can be done in a row, and what was done before: a row stays where it is and says so.

    `press` is None for who only looks. `location` leads to the contact in GoHighLevel.
    `ticking`: those beside whose *Undo* the seconds stand. `refused`: why those that were not sent may not leave now either.
    """

    press: Callable[[UUID, Button], None] | None
    said: Mapping[UUID, Said]
    back_to: PageSpec
    location: str | None = None
    badge: bool = True
    ticking: Collection[UUID] = ()
    refused: Mapping[UUID, Verdict] = field(default_factory=dict)


def message_row(
    row: LogRow, doing: Doing, *, names: Mapping[str, str], now: datetime, zone: ZoneInfo
) -> None:
    """Draws it. Names, addresses and template names are foreign text."""
    told = row.told
    with st.container(
        border=True, key=f"message_{row.id}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        with st.container(width=250, gap=None, key=f"whose_{row.id}"):
            st.page_link(
                CARD.path,
                label=esc(row.name) or "No name",
                query_params=to_card(row.number, back_to=doing.back_to),
            )
            address = shown_phone(row.address, row.region) if row.address.startswith("+") else row.address
            st.text(f"#{row.number} · {one_line(address, 60)}")
            st.text(f"{KINDS[told.channel]} · {one_line(told.template, 60)}")
        with st.container(width="stretch", gap="xxsmall", key=f"stands_{row.id}"):
            if doing.badge:
                message_badge(told.channel, told.code)
            name = one_line(row.name, 40)
            st.text(one_line(why(told, name=name, names=names, now=now, zone=zone), 400))
            if doing.press and (refused := doing.refused.get(row.id)):
                st.text(one_line(not_after_all(refused, name=name, zone=zone), 400))
            by = one_line(name_within(told.requested_by, names), 40)
            st.text(f"Asked for by {by}, {when(told.requested_at, now=now, zone=zone)}.")
        _buttons(row, doing, now=now)


def _buttons(row: LogRow, doing: Doing, *, now: datetime) -> None:
    """The row's buttons. What was pressed stays and says what it did, and keeps the focus of who came by keyboard."""
    told, said = row.told, doing.said.get(row.id)
    asks = told.code in {BadgeCode.NEEDS_ATTENTION, BadgeCode.NEEDS_DECISION}
    buttons = offered(told, now=now, may_leave=row.id not in doing.refused) if doing.press else ()
    if not (buttons or said):
        return
    with st.container(
        width=330, horizontal=True, horizontal_alignment="right", gap="small", key=f"deeds_{row.id}"
    ):
        if said and not (asks and said.at < told.changed_at):
            st.button(said.words, key=f"did_{row.id}", icon=":material/check:")
            return
        if Deed.UNDO in {button.deed for button in buttons} and row.id in doing.ticking:
            countdown(told, now=now)
        for button in buttons:
            st.button(
                button.label,
                key=f"{button.deed}_{row.id}",
                icon=button.icon,
                on_click=doing.press,
                args=(row.id, button),
            )
        if asks and doing.location and row.contact_id:
            st.link_button(
                "Open in GoHighLevel",
                CONTACT.format(location=doing.location, contact=row.contact_id),
                icon=":material/open_in_new:",
            )
