"""Needs attention: what waits for a person, by its cause, with what mends it.

Groups and rows hold still while the page is open; only what they say changes by itself.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.attention import words
from dashboard.attention.asked import NAMES, Asked, from_address, in_words, to_address, wanted
from dashboard.attention.desk import Aside, Ask, Desk, Mending, Snapshot, look
from dashboard.attention.hands import Hands, written
from dashboard.attention.messages import GroupHands, MessagesDesk
from dashboard.attention.messages import look as look_at_texts
from dashboard.attention.replies import RepliesDesk, ReplyHands
from dashboard.attention.replies import look as look_at_replies
from dashboard.components import attention, attention_filter, states
from dashboard.components.attention import Doing
from dashboard.components.message_groups import is_open as is_open_group
from dashboard.components.message_groups import message_group
from dashboard.components.message_row import Doing as MessageDoing
from dashboard.components.replies import replies
from dashboard.formatting import one_line
from dashboard.navigation import ATTENTION, WRITERS
from dashboard.reading import Trouble, guarded
from dashboard.texts.hands import MessageHands
from ghl.attention.groups import Group
from ghl.attention.mend import look as look_at_change
from ghl.attention.wanted import Wanted
from ghl.cards.counts import counts_by_cause
from ghl.causes import cause
from ghl.messages.log import LogRow

viewer = gate.require(*WRITERS)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub = services.container()
desk: Desk = st.session_state.setdefault(f"attention_{church_id}_{viewer.person.user_id}", Desk())
hands = Hands(viewer, desk)
about: MessagesDesk = st.session_state.setdefault(
    f"attention_texts_{church_id}_{viewer.person.user_id}", MessagesDesk()
)
to_read: RepliesDesk = st.session_state.setdefault(
    f"attention_replies_{church_id}_{viewer.person.user_id}", RepliesDesk()
)
JUST_ENDED = timedelta(minutes=2)
"""For so long the result of a retry stands above the groups; after that among the earlier ones."""

every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def changed() -> None:
    """Another filter. It goes into the address as codes."""
    gate.used()
    asked = attention_filter.written()
    desk.show(asked)
    st.query_params.from_dict(to_address(asked))


def clear() -> None:
    """Everything again."""
    attention_filter.put(Asked())
    changed()


def causes_here() -> tuple[str, ...]:
    """The causes that a filter can choose: those that cards wait for, and those that were chosen before."""
    with hub.database.church(church_id) as session:
        here = {code for _, code in counts_by_cause(session, church_id)}
    return tuple(sorted(here | set(desk.asked.causes)))


def fold(group: Group) -> str:
    """The key of a group's fold, anew with each visit."""
    return f"fold_{desk.visit}_{group.key}"


def is_open(group: Group) -> bool:
    """Whether the rows of a group are shown: as somebody left it, and at first where there are few."""
    return bool(st.session_state.get(fold(group), desk.few))


def read() -> Snapshot:
    """What the page says now."""
    known = services.situation(church_id)
    return look(
        hub.database,
        church_id,
        desk,
        is_open,
        now=hub.clock.now(),
        zone=zone,
        state=known.state,
        outage=known.outage,
        names=services.names(church_id),
    )


def mend(open_: Mending) -> None:
    """The fields of the card that is being mended. What is drawn is remembered: only that can be saved."""
    typed = written(open_)
    first = open_.shown is None
    looked = look_at_change(open_.found, typed)
    attention.mend(
        open_,
        looked,
        save=hands.save_mend,
        close=hands.close_mend,
        first=first or typed == open_.found.values,
    )
    open_.shown = typed


def aside(open_: Aside) -> None:
    """The question why a card is set aside."""
    attention.set_aside(open_, save=hands.save_aside, close=hands.close_aside)


def top(shot: Snapshot) -> None:
    """What is under way, what may go now that its trouble is over, and what many of a filter can do."""
    for run in shot.requests:
        if not run.over:
            attention.running(run, names=services.names(church_id), now=shot.at, zone=zone, stop=hands.stop)
        elif run.ended_at and shot.at - run.ended_at < JUST_ENDED:
            attention.just_over(run, names=services.names(church_id), now=shot.at, zone=zone)
    for offer in shot.offers:
        with st.container(
            border=True, horizontal=True, vertical_alignment="center", key=f"offer_{offer.over[:6]}"
        ):
            st.text(words.OVER[offer.over], width="content")
            st.button(
                words.offered(offer),
                key=f"take_{offer.over[:6]}",
                icon=":material/replay:",
                on_click=hands.question,
                args=(offer.wanted, "Retry what it stopped?", offer.count),
            )
    together = sum(group.count for group in desk.shown.values())
    if desk.filtered:
        meant = wanted(desk.asked, zone=zone)
        st.text(f"{words.found(together)}: {in_words(meant, zone=zone)}.")
        with st.container(horizontal=True, gap="small"):
            if together > 1:
                st.button(
                    words.retry_found(together),
                    key="retry_found",
                    icon=":material/replay:",
                    on_click=hands.question,
                    args=(meant, "Retry all that match?", together),
                )
            st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear, key="clear")
    elif together:
        st.text(
            f"{words.found(together)} {'waits' if together == 1 else 'wait'} for somebody, by what is in the way."
        )


def draw_group(group: Group, shot: Snapshot) -> None:
    """A group: what happened, who can mend it, how many, and its rows where they are asked for."""
    entry = cause(group.cause)
    with st.container(border=True, key=f"group_{group.key}", gap="small"):
        st.header(entry.title, anchor=False)
        with st.container(gap="xxsmall"):
            st.text(words.what_happened(group.cause))
            st.text(words.what_to_do(group.cause, viewer.church.role))
            st.text(words.since(group, now=shot.at, zone=zone))
            if line := words.sample(group):
                st.text(line)
        if entry.first in {"nothing", "choose"} and group.count > 1:
            only = wanted(desk.asked, zone=zone)
            st.button(
                words.retry_group(group),
                key=f"all_{group.key}",
                icon=":material/replay:",
                on_click=hands.question,
                args=(
                    Wanted((group.cause,), only.sources, only.services, only.since, only.before),
                    "Send all of this group?" if entry.first == "choose" else "Retry this group?",
                    group.count,
                ),
            )
        # One label whatever happens: a fold whose label changes closes under the reader.
        with st.expander(
            "Show the cards",
            expanded=desk.few,
            key=fold(group),
            on_change="rerun",
        ) as box:
            if box.open:
                draw_rows(group, shot)


def draw_rows(group: Group, shot: Snapshot) -> None:
    """The page of a group that is open."""
    place = desk.place(group.key)
    doing = Doing(
        press=hands.press,
        open_mend=hands.open_mend,
        open_aside=hands.open_aside,
        said=desk.said,
        mending=desk.mending,
        aside=desk.aside,
        mend=mend,
        set_aside=aside,
    )
    shown = [shot.rows[id_] for id_ in place.page.ids if id_ in shot.rows] if place.page else []
    if place.page is None:
        st.text("Loading cards…")
        return
    for card in shown:
        attention.row(card, doing, now=shot.at, zone=zone)
    if not shown:
        st.text("No card is left here.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"paging_{group.key}"):
        if place.trail or place.page.more:
            for label, step, off in (
                ("Newer", "newer", not place.trail),
                ("Older", "older", not place.page.more),
            ):
                st.button(
                    label, on_click=hands.go, args=(group.key, step), disabled=off, key=f"{step}_{group.key}"
                )
        st.button(
            "Show the list as it is now",
            on_click=hands.go,
            args=(group.key, "again"),
            key=f"again_{group.key}",
            icon=":material/refresh:",
        )


def complain(said: str) -> None:
    """What did not work with a text or an e-mail."""
    about.complaint = said


def read_texts() -> Mapping[UUID, LogRow]:
    """What the groups of texts and e-mails say now."""
    return look_at_texts(hub.database, church_id, about, partial(is_open_group, desk=about))


def draw_texts(rows: Mapping[UUID, LogRow], shot: Snapshot) -> None:
    """The texts and e-mails that wait for somebody, below the cards."""
    doing = MessageDoing(
        press=MessageHands(viewer, about, complain).press,
        said=about.said,
        back_to=ATTENTION,
        location=services.situation(church_id).state.location,
        badge=False,
    )
    for group in list(about.shown.values()):
        message_group(
            group,
            about,
            GroupHands(viewer, about),
            rows,
            doing,
            role=viewer.church.role,
            names=services.names(church_id),
            now=shot.at,
            zone=zone,
        )


@st.fragment(run_every=every)
def live() -> None:
    """Everything that changes by itself."""
    still = gate.still(viewer, *WRITERS)
    if isinstance(still, Trouble):
        return states.could_not_load("the cards", still.number)
    if desk.ask and desk.ask is not asking:
        # A click has just asked for a dialog, which belongs to the whole page.
        st.rerun()
    with states.loading("cards", first=not desk.loaded):
        shot = guarded(read)
    if isinstance(shot, Trouble):
        return states.could_not_load("the cards", shot.number)
    # A filter is about cards: what stands on them no text has.
    texts = {} if desk.filtered else guarded(read_texts)
    if isinstance(texts, Trouble):
        return states.could_not_load("the texts and e-mails", texts.number)
    read_now = guarded(lambda: look_at_replies(hub.database, church_id, to_read))
    if isinstance(read_now, Trouble):
        return states.could_not_load("the replies", read_now.number)
    # First of all, and under every filter: each of them may be somebody who has asked for no more.
    replies(to_read, ReplyHands(viewer, to_read), now=shot.at, zone=zone)
    top(shot)
    if complaint := desk.complaint or about.complaint or to_read.complaint:
        st.error(complaint, icon=":material/error:")
    if not desk.shown and (desk.filtered or not (about.shown or to_read.shown)):
        nothing(shot)
    for group in list(desk.shown.values()):
        draw_group(group, shot)
    if not desk.filtered:
        draw_texts(texts, shot)
    bottom(shot)
    return None


def nothing(shot: Snapshot) -> None:
    """No group at all: a filter leaves none, or all is well."""
    if desk.filtered:
        return states.nothing_matches(clear)
    with st.container(border=True, key="all_well", gap="xsmall"):
        st.text(words.WELL)
        if shot.resolved:
            names = services.names(church_id)
            st.text(words.last_mended(shot.resolved, now=shot.at, zone=zone, names=names))
    return None


def bottom(shot: Snapshot) -> None:
    """What was retried before."""
    if past := [run for run in shot.requests if run.over]:
        with st.expander("Earlier retries", key="past", on_change="rerun") as box:
            if box.open:
                attention.history(past, names=services.names(church_id), now=shot.at, zone=zone)
    st.text(
        "Nothing goes away by itself: a card or message stays here until somebody mends it or sets it aside."
    )


def ask_first(ask: Ask) -> None:
    """The dialog before many are retried."""

    @st.dialog(ask.title, on_dismiss=hands.never_mind)
    def dialog() -> None:
        if desk.ask is not ask or isinstance(gate.still(viewer, *WRITERS), Trouble):
            st.rerun()
        attention.question(ask, hands.foresee, confirm=hands.confirm, never_mind=hands.never_mind)

    dialog()


st.title("Needs attention")
st.text(one_line(viewer.church.name))
known_causes, choices = guarded(causes_here), guarded(partial(services.choices, church_id))
if isinstance(known_causes, Trouble) or isinstance(choices, Trouble):
    trouble = known_causes if isinstance(known_causes, Trouble) else choices
    assert isinstance(trouble, Trouble)
    states.could_not_load("the cards", trouble.number)
    st.stop()

linked = from_address(
    {name: st.query_params.get_all(name) for name in NAMES}, causes=known_causes, services=choices.services
)
if to_address(linked) != to_address(desk.asked) or not attention_filter.drawn():
    # A link was opened, or somebody comes back from another page: everything as it is now.
    desk.show(linked)
    about = st.session_state[f"attention_texts_{church_id}_{viewer.person.user_id}"] = MessagesDesk()
    to_read = st.session_state[f"attention_replies_{church_id}_{viewer.person.user_id}"] = RepliesDesk()
    attention_filter.put(linked)
attention_filter.fields(known_causes, choices.services, changed=changed)
asking = desk.ask
if asking:
    ask_first(asking)
live()
