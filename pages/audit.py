"""Change log: who did what, newest first, and up to where the log is known to be unbroken.

An admin sees their church's; who runs the installation sees its own, in which no card is.
"""

from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.change_log import ANYBODY, ANYTHING, Asked, Desk, Log, Shot, broken, it, line, moment, verified
from dashboard.components import states
from dashboard.formatting import one_line
from dashboard.reading import Trouble, guarded
from ghl.changes.export import export_csv
from ghl.changes.words import choices
from ghl.people.names import name_of
from ghl.people.policy import SignedIn
from ghl.statuses import Role

CHURCH, INSTALLATION = "Your church", "The installation"

person = gate.require_admin_or_ops()
hub, ss = services.container(), st.session_state


def logs_of(who: SignedIn) -> tuple[str, ...]:
    """Which logs this person may see."""
    church = (CHURCH,) if who.church is not None and who.role is Role.ADMIN else ()
    return (*church, *((INSTALLATION,) if who.is_ops else ()))


st.title("Change log")
offered = logs_of(person)
chosen = offered[0]
if len(offered) > 1:
    chosen = (
        st.segmented_control("Which log", offered, default=offered[0], key="log", required=True) or chosen
    )
church = person.church if chosen == CHURCH else None
log = Log(hub.database, church.church_id if church else None, ZoneInfo(church.timezone if church else "UTC"))
team = services.names(church.church_id) if church else {}
prefix = f"changes_{person.user_id}_{log.church_id or 'hub'}"
desk: Desk = ss.setdefault(prefix, Desk())


def key(name: str) -> str:
    """The key of a field of this log."""
    return f"{prefix}_{name}"


def allowed() -> bool:
    """Whether this person may still see this log."""
    now = gate.who()
    if isinstance(now, Trouble) or now is None or now.user_id != person.user_id or chosen not in logs_of(now):
        return False
    return chosen != CHURCH or (now.church is not None and now.church.church_id == log.church_id)


def changed() -> None:
    """Another filter."""
    card = str(ss.get(key("card")) or "").strip().lstrip("#")
    desk.show(
        Asked(
            what=ss.get(key("what")) or ANYTHING,
            who=ss.get(key("who")) or ANYBODY,
            card=min(int(card), 2**62) if card.isascii() and card.isdigit() else None,
            since=ss.get(key("since")),
            until=ss.get(key("until")),
        )
    )


def clear() -> None:
    """Everything again."""
    for name, nothing in (
        ("what", ANYTHING),
        ("who", ANYBODY),
        ("card", ""),
        ("since", None),
        ("until", None),
    ):
        ss[key(name)] = nothing
    desk.show(Asked())


def filters(shot: Shot) -> None:
    """What, who, which card, from, to."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="filters"):
        st.selectbox(
            "What",
            [ANYTHING, *choices()],
            format_func=lambda what: what or "Everything",
            key=key("what"),
            on_change=changed,
            width=230,
        )
        people = shot.people
        ss.setdefault(key("who"), ANYBODY)
        if ss[key("who")] not in people:
            ss[key("who")] = ANYBODY
        st.selectbox(
            "Who",
            [ANYBODY, *people],
            format_func=lambda actor: people.get(actor, "") or "Everybody",
            key=key("who"),
            on_change=changed,
            width=230,
        )
        if church:
            st.text_input(
                "Card number", key=key("card"), max_chars=19, on_change=changed, width=130, autocomplete="off"
            )
        for label, name in (("From", "since"), ("To", "until")):
            st.date_input(label, value=None, key=key(name), format="MM/DD/YYYY", on_change=changed, width=150)
        if not desk.asked.empty:
            st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear, key="clear")


def make_file() -> None:
    """The file of what the filter leaves, made once and kept nowhere."""
    place = st.empty()
    if not place.button("Make a CSV file", key="export_make", icon=":material/table_view:"):
        return
    if not allowed():
        st.error(gate.NOT_ALLOWED.why)
        return

    def content() -> bytes:
        with log.opened() as session:
            wanted = log.wanted(session, desk.asked)
        names = shot.names
        return b"".join(
            export_csv(
                hub.database,
                log.church_id,
                wanted,
                actor=person.actor,
                zone=log.zone,
                name_of=lambda actor: one_line(name_of(actor, names)),
                it_of=partial(it, names=names),
            )
            if wanted is not None
            else ()
        )

    made = guarded(content)
    if isinstance(made, Trouble):
        st.error(f"The file could not be made. Nothing is lost. Tell support the number {made.number}.")
        return
    name = f"change-log-{hub.clock.now().astimezone(log.zone):%Y-%m-%d}.csv"
    place.download_button(
        f"Save {name}",
        made,
        file_name=name,
        mime="text/csv",
        key="export_save",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )


def entries(shot: Shot) -> None:
    """The lines of this page."""
    now = hub.clock.now()
    if shot.missing is not None:
        with st.container(border=True, gap="xsmall"):
            st.text(f"There is no card {shot.missing}. A card that was erased cannot be found here either.")
    elif not shot.page.entries:
        with st.container(border=True, gap="xsmall"):
            st.text("Nothing matches." if not desk.asked.empty else "Nothing was changed yet.")
    for change in shot.page.entries:
        with st.container(horizontal=True, gap="small", border=True, key=f"change_{change.id}"):
            st.text(line(change, shot.names), width="stretch")
            st.text(moment(change, now=now, zone=log.zone), width="content")


shot = guarded(lambda: log.look(desk, team))
if isinstance(shot, Trouble):
    states.could_not_load("the change log", shot.number)
    st.stop()
st.text(
    f"Everything that people and the hub changed in {one_line(church.name)}. What is written on cards is not in it."
    if church
    else "What concerns the whole installation: churches, and who may run it. No card is in it. Times are in UTC."
)
if trouble := broken(shot.check, now=hub.clock.now(), zone=log.zone):
    st.error(trouble, icon=":material/gpp_bad:")
else:
    st.text(verified(shot.check, now=hub.clock.now(), zone=log.zone))
filters(shot)
entries(shot)
with st.container(horizontal=True, vertical_alignment="center", key="paging"):
    st.button("Newer", on_click=desk.newer, disabled=len(desk.trail) == 1, key="newer")
    st.button("Older", on_click=desk.older, args=(shot.page,), disabled=not shot.page.more, key="older")
    make_file()
