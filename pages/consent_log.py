"""Consent log: everything that people said about messages, newest first, by filter, and as a file. For admins."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select

from dashboard import gate, services
from dashboard.components import states
from dashboard.consent.answer import COLOURS
from dashboard.consent.words import CHANNELS, KINDS, address_of, said_line, said_when, source
from dashboard.formatting import one_line
from dashboard.navigation import ADMINS, CARD, CONSENT_LOG, to_card
from dashboard.periods import midnight
from dashboard.reading import Trouble, guarded
from ghl.consent.export import export_csv
from ghl.consent.log import Page, Place, Wanted, page, sources
from ghl.db.models import Church
from ghl.people.names import name_of, name_within

viewer = gate.require(*ADMINS)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub, ss = services.container(), st.session_state
prefix = f"consent_log_{church_id}_{viewer.person.user_id}"
FIELDS = ("channel", "kind", "source", "since", "until")


@dataclass
class Desk:
    """What one tab remembers: the filter, and where in the log it is, page by page."""

    wanted: Wanted = field(default_factory=Wanted)
    trail: list[Place] = field(default_factory=list)


desk: Desk = ss.setdefault(prefix, Desk())


def key(name: str) -> str:
    """The key of a field of the filter."""
    return f"{prefix}_{name}"


def changed() -> None:
    """Another filter, from the newest line."""
    gate.used()
    until = ss.get(key("until"))
    desk.wanted = Wanted(
        channel=ss.get(key("channel")) or None,
        kind=ss.get(key("kind")) or None,
        source=ss.get(key("source")) or "",
        since=midnight(ss.get(key("since")), zone),
        before=midnight(until + timedelta(days=1) if until else None, zone),
    )
    desk.trail = []


def clear() -> None:
    """Everything again."""
    for name in FIELDS:
        ss[key(name)] = None if name in {"since", "until"} else ""
    changed()


def older(last: Place | None) -> None:
    """On to the next page."""
    gate.used()
    if last is not None:
        desk.trail.append(last)


def newer() -> None:
    """Back to the page before. Pressed on the first, nothing happens."""
    gate.used()
    if desk.trail:
        desk.trail.pop()


def filters(ways: list[str]) -> None:
    """On which channel, what, which way, from, to."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        for label, name, offered, words in (
            ("Channel", "channel", list(CHANNELS), lambda one: CHANNELS[one] if one else "Both"),
            ("Said", "kind", list(KINDS), lambda one: KINDS[one] if one else "Everything"),
            ("How it came", "source", ways, lambda one: source(one) if one else "Every way"),
        ):
            if ss.setdefault(key(name), "") not in ("", *offered):
                ss[key(name)] = ""
            st.selectbox(
                label,
                ["", *offered],
                format_func=words,
                key=key(name),
                on_change=changed,
                width=190,
            )
        for label, name in (("From", "since"), ("To", "until")):
            st.date_input(label, value=None, key=key(name), format="MM/DD/YYYY", on_change=changed, width=150)
        if desk.wanted != Wanted():
            st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear, key="clear")


def look() -> tuple[Page, list[str], str]:
    """One page of the log, the ways in that it knows, and where numbers are from."""
    with hub.database.church(church_id) as session:
        found = page(session, church_id, desk.wanted, after=desk.trail[-1] if desk.trail else None)
        region = session.scalars(select(Church.region).where(Church.id == church_id)).one()
        return found, sources(session, church_id), region


def lines(found: Page, region: str) -> None:
    """The lines of this page."""
    now = hub.clock.now()
    names = services.names(church_id)
    if not found.lines:
        with st.container(border=True, gap="xsmall"):
            if desk.wanted == Wanted():
                st.text(
                    "Nobody has said anything yet. A line appears with the first card that has a box ticked."
                )
            else:
                st.text("Nothing matches. Show another time, or everything again.")
    for said in found.lines:
        with st.container(border=True, gap="xxsmall", key=f"line_{said.id}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(KINDS[said.kind], color=COLOURS[said.kind])
                st.text(
                    f"{said_line(said)} · {address_of(said.channel, said.address, region)}", width="stretch"
                )
                if said.number is not None:
                    st.page_link(
                        CARD.path,
                        label=f"Card #{said.number}",
                        query_params=to_card(said.number, back_to=CONSENT_LOG),
                    )
            by = one_line(name_within(said.recorded_by, names), 60)
            st.text(f"{said_when(said, now=now, zone=zone)} · recorded by {by}")


def make_file() -> None:
    """The file of what the filter leaves, made once and kept nowhere."""
    spot = st.empty()
    if not spot.button("Make a CSV file", key="export_make", icon=":material/table_view:"):
        return
    acting = gate.acting(viewer, *ADMINS)
    if isinstance(acting, gate.Refused):
        st.error(acting.why)
        return
    names = services.names(church_id)
    made = guarded(
        lambda: b"".join(
            export_csv(
                hub.database,
                church_id,
                desk.wanted,
                actor=acting.person.actor,
                zone=zone,
                name_of=partial(name_of, names=names),
            )
        )
    )
    if isinstance(made, Trouble):
        st.error(f"The file could not be made. Nothing is lost. Tell support the number {made.number}.")
        return
    name = f"consent-log-{hub.clock.now().astimezone(zone):%Y-%m-%d}.csv"
    spot.download_button(
        f"Save {name}",
        made,
        file_name=name,
        mime="text/csv",
        key="export_save",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )


st.title("Consent log")
st.text(one_line(viewer.church.name))
st.text("What people said about texts and e-mails. Lines are only ever added; nobody can change one.")
shot = guarded(look)
if isinstance(shot, Trouble):
    states.could_not_load("the consent log", shot.number)
    st.stop()
found_page, known_ways, home = shot
filters(known_ways)
lines(found_page, home)
with st.container(horizontal=True, vertical_alignment="center", key="paging"):
    st.button("Newer", on_click=newer, disabled=not desk.trail, key="newer")
    st.button("Older", on_click=older, args=(found_page.last,), disabled=not found_page.more, key="older")
    make_file()
