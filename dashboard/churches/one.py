"""*Church*: one church in numbers, its set-up, and what who runs the installation may do about it. No card."""

from collections.abc import Callable
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import gate, services
from dashboard.churches import words
from dashboard.components import states
from dashboard.components.lines import lines
from dashboard.formatting import number, one_line
from dashboard.navigation import CHURCHES
from dashboard.reading import Trouble, guarded
from dashboard.team import words as team_words
from dashboard.team.inviting import Inviting
from ghl import churches
from ghl.churches import ChurchError
from ghl.erasing import church as removing
from ghl.ops.read import ChurchLine, church_with_slug, one_church
from ghl.ops.setup import Step
from ghl.people import help as helping
from ghl.people.errors import PersonError
from ghl.people.help import MAX_REASON, Help
from ghl.people.policy import SignedIn
from jobs.container import Container

WIDEST = 640
AGAIN = "That did not work; nothing was changed. Try again, or tell support the number {}."


class ChurchPage:
    """The page of one church, for one person who runs the installation."""

    def __init__(self, hub: Container, person: SignedIn, slug: str) -> None:
        self._hub = hub
        self._person = person
        self._slug = slug
        self._removed_place = f"church_removed_{slug}"

    def draw(self) -> None:
        """Draws the page."""
        found = guarded(self._read)
        if isinstance(found, Trouble):
            st.title("Church")
            return states.could_not_load("this church", found.number)
        if found is None:
            st.title("Church")
            st.text(st.session_state.get(self._removed_place, "There is no such church."))
            st.page_link(CHURCHES.path, label="All churches", icon=":material/church:")
            return None
        line, asked = found
        # A church's name is somebody's text, and a title reads Markdown.
        st.title("Church")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="church_name"):
            st.text(one_line(line.name), width="content")
            label, colour = words.STATES[line.standing.state]
            st.badge(label, color=colour)
        if line.standing.why:
            st.text(one_line(line.standing.why, 300))
            st.text(f"Who acts: {line.standing.who}.")
        self._draw_said(line.id)
        inviting = Inviting(self._hub, line.id, allowed=self._actor, first=True)
        self._draw_numbers(line)
        self._draw_set_up(line)
        self._draw_pause(line)
        self._draw_inviting(line, inviting)
        self._draw_help(line, asked)
        self._draw_removing(line)
        st.page_link(CHURCHES.path, label="All churches", icon=":material/church:")
        return None

    def _read(self) -> tuple[ChurchLine, Help | None] | None:
        church_id = church_with_slug(self._hub.database, self._slug)
        line = one_church(self._hub.database, church_id) if church_id else None
        if line is None:
            return None
        return line, helping.of_person(self._hub.database, line.id, self._person.user_id)

    def _draw_inviting(self, line: ChurchLine, inviting: Inviting) -> None:
        st.header("Admins", anchor=False)
        inviting.draw_link()
        if line.admin_came_in:
            st.text(
                "An admin of the church has come in. Its admins invite everybody else, on their page Team."
            )
            return
        st.text("The first admin connects the church to GoHighLevel and invites everybody else.")
        if line.set_up.steps[Step.ADMIN]:
            st.text(
                "Their link got lost or is too old? Invite the same e-mail address again: that makes a new one."
            )
        with st.expander(
            "Invite an admin",
            icon=":material/person_add:",
            expanded=not line.set_up.steps[Step.ADMIN] or bool(inviting.desk.complaint),
        ):
            inviting.draw_form()

    def _draw_numbers(self, line: ChurchLine) -> None:
        with st.grid(columns=4, min_column_width=160, gap="small"):
            for label, value in (("Waiting", line.waiting), ("Need people", line.need_people)):
                with st.container(border=True, gap="xxsmall"):
                    st.metric(label, number(value))
        lines(
            (
                ("Waits longest", words.span(line.oldest_waiting) or "no card"),
                ("Last card", words.ago(line.last_card)),
                ("Short name", line.slug),
                ("Time zone", line.timezone),
                ("Cards so far", number(line.cards)),
                ("Token stored", words.ago(line.token_age)),
                ("Last news from GoHighLevel", words.ago(line.last_news)),
            ),
            key="church",
        )

    def _draw_set_up(self, line: ChurchLine) -> None:
        st.header("Set-up", anchor=False)
        for step, done in line.set_up.steps.items():
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(
                    "Done" if done else "Open",
                    icon=":material/check:" if done else ":material/schedule:",
                    color="green" if done else "gray",
                )
                st.text(words.STEPS[step][0], width="stretch")

    def _draw_pause(self, line: ChurchLine) -> None:
        st.header("Deliveries", anchor=False)
        if line.paused_reason is not None:
            st.text("Paused. Cards are saved as ever and wait. The church's people read this reason:")
            st.text(one_line(line.paused_reason, 500))
            st.button(
                "Resume",
                key="church_resume",
                icon=":material/play_arrow:",
                on_click=self._resume,
                args=(line.id,),
            )
            return
        with st.form("church_pause_form", enter_to_submit=False, width=WIDEST, clear_on_submit=True):
            st.text_input(
                "Why it is paused",
                key="church_pause_reason",
                max_chars=500,
                help="The church's people read it above every page.",
            )
            st.form_submit_button("Pause", icon=":material/pause:", on_click=self._pause, args=(line.id,))

    def _draw_help(self, line: ChurchLine, asked: Help | None) -> None:
        st.header("Help access", anchor=False)
        if line.is_demo:
            st.text(
                "This is a demo church: no card in it is of a real person. Choose it on the left, under Church."
            )
            return
        if any(one.church_id == line.id and one.help_until is None for one in self._person.churches):
            st.text("You belong to this church: choose it on the left, under Church.")
            return
        now, zone = self._hub.clock.now(), ZoneInfo(line.timezone)
        if asked:
            st.text(f"{team_words.what_became(asked, now=now, zone=zone)}")
        if asked and asked.on:
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Go in and look",
                    key="church_enter",
                    icon=":material/login:",
                    on_click=gate.choose_church,
                    args=(line.id,),
                )
                st.button("End it", key="church_end", on_click=self._end_help, args=(line.id, asked.id))
            return
        if asked and asked.open:
            st.button("Withdraw", key="church_withdraw", on_click=self._end_help, args=(line.id, asked.id))
            return
        st.text(
            "An admin of the church reads why, and agrees or not. You see their cards for 24 hours, without prayer "
            "requests, and change nothing. All of it stands in their change log."
        )
        with st.form("church_help_form", enter_to_submit=False, width=WIDEST, clear_on_submit=True):
            st.text_input("Why you want to look", key="church_help_reason", max_chars=MAX_REASON)
            st.form_submit_button(
                "Ask for help access", icon=":material/support:", on_click=self._ask_help, args=(line.id,)
            )

    def _draw_removing(self, line: ChurchLine) -> None:
        if line.is_demo:
            return
        with st.expander("Remove this church", icon=":material/delete_forever:"):
            st.text(
                "Its cards, its team, its token and its card form go, for ever. What stays is the proof of what people "
                "said about messages, with their numbers as keyed hashes, and the change log. Contacts in GoHighLevel "
                "stay as they are."
            )
            with st.form("church_remove_form", enter_to_submit=False, width=WIDEST, clear_on_submit=True):
                st.text_input(
                    "Type the church's name", key="church_remove_typed", max_chars=300, autocomplete="off"
                )
                st.form_submit_button(
                    "Remove it for ever",
                    icon=":material/delete_forever:",
                    on_click=self._remove,
                    args=(line.id, line.name),
                )

    def _draw_said(self, church_id: UUID) -> None:
        place = f"church_said_{church_id}"
        if said := st.session_state.get(place):
            with st.container(border=True, horizontal=True, vertical_alignment="center", key="church_said"):
                st.text(said, width="stretch")
                st.button("Close", key="church_said_read", on_click=st.session_state.pop, args=(place, None))

    def _actor(self) -> str | gate.Refused:
        now = gate.acting_ops(self._person)
        return now if isinstance(now, gate.Refused) else now.actor

    def _pause(self, church_id: UUID) -> None:
        reason = st.session_state["church_pause_reason"]
        self._act(
            church_id,
            lambda actor: churches.pause(self._hub.database, church_id, reason=reason, actor=actor),
            "Paused. Cards are saved and wait.",
        )
        services.look_again(church_id)

    def _resume(self, church_id: UUID) -> None:
        self._act(
            church_id,
            lambda actor: churches.resume(self._hub.database, church_id, actor=actor),
            "It goes on. What waited goes out by itself.",
        )
        services.look_again(church_id)
        services.wake(church_id)

    def _remove(self, church_id: UUID, name: str) -> None:
        typed = st.session_state["church_remove_typed"]
        done = f"{one_line(name)} is being removed. Nothing goes out for it any more; the rest takes some minutes."
        self._act(
            church_id,
            lambda actor: removing.request(self._hub.database, church_id, typed=typed, actor=actor),
            done,
        )
        if st.session_state[f"church_said_{church_id}"] == done:
            st.session_state[self._removed_place] = done

    def _ask_help(self, church_id: UUID) -> None:
        reason = st.session_state["church_help_reason"]
        user_id = self._person.user_id
        self._act(
            church_id,
            lambda _actor: helping.ask(self._hub.database, church_id, user_id, reason=reason),
            "Asked. The admins of the church see it on their Home.",
        )

    def _end_help(self, church_id: UUID, help_id: UUID) -> None:
        user_id = self._person.user_id
        self._act(
            church_id,
            lambda _actor: helping.end(self._hub.database, church_id, help_id, by=user_id),
            "Ended.",
        )

    def _act(self, church_id: UUID, act: Callable[[str], object], done: str) -> None:
        place = f"church_said_{church_id}"
        actor = self._actor()
        if isinstance(actor, gate.Refused):
            st.session_state[place] = actor.why
            return
        try:
            acted = guarded(lambda: act(actor))
        except (ChurchError, PersonError) as error:
            st.session_state[place] = str(error)
            return
        st.session_state[place] = AGAIN.format(acted.number) if isinstance(acted, Trouble) else done
