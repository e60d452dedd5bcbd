"""All cards: find one, see where each stands and why, and act on one or many.

What a row says changes by itself, while rows, their order and the ticks hold still.
"""

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.bulk import WORDS, Ask, Deed
from dashboard.card_actions import Desk, Hands
from dashboard.card_export import export
from dashboard.card_filter import NAMES, Asked, from_address, in_words, to_address
from dashboard.card_list import Snapshot, headline, look, offered, position, to_the_newest
from dashboard.components import bulk, keys, states
from dashboard.components.card_rows import Doing, card_rows
from dashboard.components.filters import FIND, drawn, filters, key, put, written
from dashboard.formatting import capped_cards, one_line, when
from dashboard.navigation import EVERYBODY, WRITERS
from dashboard.reading import Trouble, guarded
from ghl.cards.actions import Action
from ghl.messages.many import MessageAction
from ghl.statuses import CardStatus

viewer = gate.require(*EVERYBODY)
church_id, zone = viewer.church.church_id, ZoneInfo(viewer.church.timezone)
hub = services.container()
desk: Desk = st.session_state.setdefault(f"list_{church_id}_{viewer.person.user_id}", Desk())
place, selection, hands = desk.place, desk.selection, Hands(viewer, desk)
WIDE_ENOUGH = 280
"""Pixels for the longest words of the button above the list."""

every = max(0.5, hub.settings.page_refresh_seconds - 0.5)


def changed() -> None:
    """Another filter. It goes into the address as codes; the words that are searched for stay here."""
    gate.used()
    asked, words = written()
    desk.show(asked, words)
    st.query_params.from_dict(to_address(asked))


def clear() -> None:
    """Every card again."""
    put(Asked(), "")
    changed()


def read() -> Snapshot:
    """What the page says now."""
    known = services.situation(church_id)
    return look(
        hub.database,
        church_id,
        place,
        now=hub.clock.now(),
        zone=zone,
        state=known.state,
        outage=known.outage,
        names=services.names(church_id),
        reader=viewer.church.role,
    )


def above(shot: Snapshot) -> None:
    """What the list shows in words, the way to newer cards, and the ticks for many."""
    st.text(headline(place, in_words(place.asked, place.words)))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="above"):
        # Always there, in one size: a button that came and went would move the rows under a pointer.
        label = to_the_newest(place, shot)
        st.button(
            label or "No new cards",
            icon=":material/arrow_upward:",
            disabled=not label,
            on_click=hands.go,
            args=("newest",),
            key="newest",
            width=WIDE_ENOUGH,
        )
        if place.filtered:
            st.button("Clear filters", icon=":material/filter_alt_off:", on_click=clear, key="clear")
        if viewer.church.role in WRITERS:
            st.button(
                "Select this page", icon=":material/select_all:", on_click=hands.tick_page, key="tick_page"
            )
            if place.total > len(shot.page.ids):
                all_of_them = (
                    f"Select all {capped_cards(place.total)}{' that match' if place.filtered else ''}"
                )
                st.button(
                    all_of_them, icon=":material/done_all:", on_click=hands.tick_everything, key="tick_all"
                )


def below(shot: Snapshot) -> None:
    """Where in the list this is, and the way to older and newer cards."""
    with st.container(horizontal=True, vertical_alignment="center", key="paging"):
        if place.trail or shot.page.more:
            for label, step, shortcut, off in (
                ("Newer", "newer", "p", not place.trail),
                ("Older", "older", "n", not shot.page.more),
            ):
                st.button(label, on_click=hands.go, args=(step,), disabled=off, key=step, shortcut=shortcut)
        st.text(position(place, shot.page))
    years = guarded(lambda: services.kept_years(church_id))
    if isinstance(years, int):
        kept = "a year" if years == 1 else f"{years} years"
        st.text(f"Cards that are in GoHighLevel or set aside are kept for {kept}.")
    else:
        st.text("Cards are kept: none goes away by itself.")


def foot(shot: Snapshot | None) -> None:
    """What went wrong, what is under way for many cards, and what can be done to those that are ticked."""
    if desk.complaint:
        st.error(desk.complaint, icon=":material/error:")
    runs = hands.runs()
    for run in runs:
        if run.over:
            began = when(run.started_at, now=hub.clock.now(), zone=zone)
            bulk.result(run, began=began, undo=hands.undo, read=hands.read)
        else:
            bulk.progress(run, stop=hands.stop)
    if selection.count:
        here = sum(selection.has(row) for row in shot.rows) if shot else 0
        back = place.asked.statuses == (CardStatus.DISMISSED,)
        actions: list[Deed] = [Action.PUT_BACK]
        if not back:
            actions = [Action.SEND_NOW, MessageAction.ONBOARDING, Action.HOLD, Action.SET_ASIDE]
        bulk.bar(
            selection.count,
            selection.count - here,
            actions,
            busy=any(not run.over for run in runs),
            ask=hands.question,
            clear=hands.tick_none,
        )


@st.fragment(run_every=every)
def live() -> None:
    """Everything that changes by itself."""
    still = gate.still(viewer, *EVERYBODY)
    if isinstance(still, Trouble):
        return states.could_not_load("the cards", still.number)
    writes = still.church.role in WRITERS
    if writes and desk.ask and desk.ask is not asking:
        # A click has just asked for a dialog, which belongs to the whole page. A run of the page that another click
        # cut short has drawn none, and leaves this function as it was before: then it is asked for again.
        st.rerun()
    with states.loading("cards", first=place.page is None):
        shot = guarded(read)
    if isinstance(shot, Trouble):
        return states.could_not_load("the cards", shot.number)
    if not shot.rows and not place.filtered:
        states.nothing_yet(writes=writes)
    elif not shot.rows:
        st.text(headline(place, in_words(place.asked, place.words)))
        states.nothing_matches(clear)
    else:
        above(shot)
        doing = Doing(
            ticked=selection.has,
            tick=hands.tick,
            version=selection.version,
            offered=offered,
            press=hands.press,
            said={card_id: said.words for card_id, said in place.said.items()},
        )
        card_rows(
            shot.rows,
            now=shot.at,
            zone=zone,
            reviewers=shot.reviewers,
            messages=shot.messages,
            names=shot.names,
            doing=doing if writes else None,
        )
        below(shot)
    if writes:
        # Written to in each run, for a place outside has to be known from the first one on.
        with st.bottom, st.container(key="foot", gap="small"):
            foot(shot)
    return None


def ask_first(ask: Ask) -> None:
    """The dialog before something is done to many cards."""
    title = WORDS[ask.action].title if ask.action else "Export these cards"

    @st.dialog(title, on_dismiss=hands.never_mind)
    def dialog() -> None:
        if desk.ask is not ask or isinstance(gate.still(viewer, *WRITERS), Trouble):
            st.rerun()
        if ask.action:
            bulk.question(ask, hands.foresee, confirm=hands.confirm, never_mind=hands.never_mind)
        else:
            export(ask, hands, zone=zone)

    dialog()


st.title("All cards")
st.text(one_line(viewer.church.name))
choices = guarded(lambda: services.choices(church_id))
if isinstance(choices, Trouble):
    states.could_not_load("the cards", choices.number)
    st.stop()

linked = from_address({name: st.query_params.get_all(name) for name in NAMES}, choices)
if to_address(linked) != to_address(place.asked):
    # A link was opened, and it says all there is to the view: older search words are not part of it.
    desk.show(linked)
    put(place.asked, "")
elif not drawn():
    put(place.asked, place.words)
if "find" in st.query_params and not desk.focus:
    hands.find()
filters(choices, changed=changed, find=hands.find)
if desk.focus:
    keys.focus(key(FIND), once=desk.focus)
asking = desk.ask if viewer.church.role in WRITERS else None
if asking:
    ask_first(asking)
live()
