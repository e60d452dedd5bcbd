"""What each press on *Messages* does. It draws nothing; a press acts only for who is an admin at this moment."""

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, TypeVar
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import gate, services
from dashboard.gate import Refused, Viewer
from dashboard.messages.desk import Desk, forget, open_desk, place_of, stored
from dashboard.navigation import ADMINS
from dashboard.reading import Trouble, guarded
from ghl.cards import drafts
from ghl.causes import sentence as cause_sentence
from ghl.messages import templates
from ghl.messages.asked import AskedOutcome
from ghl.messages.lint import Problem
from ghl.messages.templates import Template, TemplateError, TemplateNotFoundError
from ghl.messages.trial import send_test
from ghl.statuses import Channel
from jobs.container import Container

Answer = TypeVar("Answer")


class _By(TypedDict):
    """Who does something, and when."""

    actor: str
    now: datetime


GONE = "Somebody else archived this template. Nothing was changed."
SAVE_FIRST = "Save first: a test says the words that are saved."
NO_ADDRESS = {
    Channel.SMS: "That is no phone number. Write yours with its area code.",
    Channel.EMAIL: "That is no e-mail address. Write yours, such as pat@gracechurch.org.",
}


class Hands:
    """The presses of one admin of one church in one tab."""

    def __init__(self, hub: Container, viewer: Viewer) -> None:
        self._hub = hub
        self._viewer = viewer
        self._church_id = viewer.church.church_id
        self._place = f"messages_{viewer.person.user_id}_{self._church_id}"

    @property
    def desk(self) -> Desk | None:
        """What this admin has open in this tab."""
        desk = st.session_state.get(self._place)
        return desk if isinstance(desk, Desk) and desk.alive else None

    def sit_down(self, session: Session, template: Template, said: str = "") -> Desk:
        """Opens a template, with what was typed into it earlier and not saved."""
        kept = drafts.load(session, self._church_id, self._viewer.person.user_id, place_of(template.id))
        desk = st.session_state[self._place] = open_desk(template, kept)
        desk.said = said
        return desk

    def open(self, template_id: UUID) -> None:
        """Another template."""
        old = self.desk
        if not gate.acting(self._viewer, *ADMINS):
            return
        if isinstance(self._do(lambda session: self._open(session, template_id)), Desk) and old:
            forget(old)

    def create(self, name_key: str, channel_key: str) -> None:
        """A template of the church's own, and opens it."""
        name, channel = str(st.session_state.get(name_key) or ""), st.session_state.get(channel_key)
        if not name.strip():
            self._complain("Give the new template a name first.")
            return

        def make(session: Session) -> Desk:
            made = templates.create(
                session,
                self._church_id,
                name=name,
                channel=Channel(str(channel)),
                **self._by(),
            )
            return self._open(session, made, "It is there. Write its words, and publish it.")

        if isinstance(self._change(make), Desk):
            st.session_state[name_key] = ""

    def keep(self, form: str) -> None:
        """Keeps what is typed so far; where that fails, the next change tries again."""
        desk = self._at(form)
        if desk is None or not gate.acting(self._viewer, *ADMINS):
            return
        typed = {name: [stored(desk.opened, name), desk.typed(name)] for name in desk.different()}
        self._do(lambda session: self._keep(session, desk, typed))

    def insert(self, form: str, token: str) -> None:
        """A field at the end of the words."""
        desk = self._at(form)
        if desk is not None:
            body = str(desk.typed("body"))
            gap = "" if not body or body[-1].isspace() else " "
            desk.put("body", f"{body}{gap}{token}")
            self.keep(form)

    def anew(self, form: str) -> None:
        """What is saved instead of what was typed."""
        desk = self._at(form)
        if desk is None:
            return

        def begin(session: Session) -> Desk:
            self._keep(session, desk, {})
            return self._open(session, desk.opened.id)

        self._change(begin, desk)

    def save(self, form: str) -> None:
        """Saves what is different. A second press finds a page with new fields, and nothing to do."""
        if (desk := self._at(form)) is not None:
            self._change(lambda session: self._save(session, desk), desk)

    def publish(self, form: str) -> None:
        """Saves, and lets the words leave from now on. What is wrong keeps them a draft."""
        desk = self._at(form)
        if desk is None or not isinstance(
            self._change(lambda session: self._save(session, desk), desk), Desk
        ):
            return
        saved = self.desk
        if saved is None:
            return

        def publish(session: Session) -> Desk:
            number = templates.publish(session, self._church_id, saved.opened.id, **self._by())
            return self._open(
                session, saved.opened.id, f"Published. From now on people get version {number}."
            )

        self._change(publish, saved, wrong="It is saved as a draft, and not published: see what is marked.")

    def withdraw(self, form: str) -> None:
        """Nothing of it can be asked for any more."""
        if (desk := self._at(form)) is not None:

            def withdraw(session: Session) -> Desk:
                templates.withdraw(session, self._church_id, desk.opened.id, **self._by())
                said = "Nobody can send it from now on. What waits already still leaves."
                return self._open(session, desk.opened.id, said)

            self._change(withdraw, desk)

    def archive(self, form: str) -> None:
        """Takes a template of the church's own out of the list."""
        if (desk := self._at(form)) is not None:

            def archive(session: Session) -> Desk | None:
                templates.archive(session, self._church_id, desk.opened.id, **self._by())
                self._keep(session, desk, {})
                left = templates.templates_of(session, self._church_id)
                said = f"{desk.opened.name} is archived. What it once said stays in the log."
                return self.sit_down(session, left[0], said) if left else None

            self._change(archive, desk)

    def bring_back(self, form: str, number_key: str) -> None:
        """The words of an old version as a new draft."""
        desk, number = self._at(form), st.session_state.get(number_key)
        if desk is None or not isinstance(number, int):
            return

        def bring_back(session: Session) -> Desk:
            self._keep(session, desk, {})
            made = templates.bring_back(session, self._church_id, desk.opened.id, number, **self._by())
            said = f"Version {made} says what version {number} said. It is a draft until you publish it."
            return self._open(session, desk.opened.id, said)

        self._change(bring_back, desk)

    def another_card(self, form: str) -> None:
        """The preview on the next card."""
        gate.used()
        if (desk := self._at(form)) is not None:
            desk.card += 1

    def test(self, form: str, address_key: str) -> None:
        """Sends the saved words to a phone or address of staff."""
        desk = self._at(form)
        if desk is None:
            return
        desk.test_said, desk.test = "", None
        if desk.different():
            desk.test_said = SAVE_FIRST
            return
        address = str(st.session_state.get(address_key) or "")
        if not address.strip():
            desk.test_said = NO_ADDRESS[desk.opened.channel]
            return
        asked = self._change(
            lambda session: send_test(
                session, self._church_id, desk.opened.id, phone_or_email=address, **self._by()
            ),
            desk,
        )
        if asked is None:
            return
        if asked.outcome is AskedOutcome.QUEUED:
            desk.test = asked.message_id
            services.wake(self._church_id)
        elif asked.outcome is AskedOutcome.NOT_ALLOWED and asked.reason:
            desk.test_said = cause_sentence(asked.reason, {})
        else:
            no_template = asked.outcome is AskedOutcome.NO_TEMPLATE
            desk.test_said = GONE if no_template else NO_ADDRESS[desk.opened.channel]

    # -- what they have in common -------------------------------------------------------------------------

    def _at(self, form: str) -> Desk | None:
        """The desk that a press belongs to; None where its page was saved or opened anew meanwhile."""
        desk = self.desk
        return desk if desk is not None and desk.form == form else None

    def _by(self) -> _By:
        return {"actor": self._viewer.person.actor, "now": self._hub.clock.now()}

    def _open(self, session: Session, template_id: UUID, said: str = "") -> Desk:
        return self.sit_down(session, templates.template(session, self._church_id, template_id), said)

    def _save(self, session: Session, desk: Desk) -> Desk:
        changed = templates.save_draft(session, self._church_id, desk.opened.id, desk.change(), **self._by())
        self._keep(session, desk, {})
        said = "Nothing was different."
        if "words" in changed:
            said = "Saved as a draft. People get these words once you publish them."
        elif changed:
            said = "Saved."
        return self._open(session, desk.opened.id, said)

    def _keep(self, session: Session, desk: Desk, typed: dict[str, list[str | bool]]) -> None:
        user_id, place = self._viewer.person.user_id, place_of(desk.opened.id)
        if typed:
            drafts.keep(session, self._church_id, user_id, place, typed, now=self._hub.clock.now())
        else:
            drafts.remove(session, self._church_id, user_id, place)

    def _change(
        self,
        do: Callable[[Session], Answer],
        desk: Desk | None = None,
        *,
        wrong: str = "This isn't saved yet: see what is marked.",
    ) -> Answer | None:
        """Does it for an admin, and says why where it was not done; what was typed stays."""
        if desk is not None:
            desk.complaints, desk.said, desk.trouble, desk.complaint = (), "", "", ""
        may = gate.acting(self._viewer, *ADMINS)
        if isinstance(may, Refused):
            self._complain(f"{may.why} What you typed is kept.")
            return None
        try:
            done = self._do(do)
        except TemplateError as error:
            self._complain(wrong, error.problems)
            return None
        except TemplateNotFoundError:
            self._complain(GONE)
            return None
        if isinstance(done, Trouble):
            now = self.desk
            if now is not None:
                now.trouble = done.number
            return None
        if desk is not None and isinstance(done, Desk) and done is not desk:
            done.card = desk.card
            forget(desk)
        return done

    def _do(self, do: Callable[[Session], Answer]) -> Answer | Trouble:
        before = st.session_state.get(self._place)

        def run() -> Answer:
            with self._hub.database.church(self._church_id) as session:
                return do(session)

        done = guarded(run)
        if isinstance(done, Trouble):
            # The commit may have failed after another desk was set up.
            st.session_state[self._place] = before
        return done

    def _complain(self, said: str, found: tuple[Problem, ...] = ()) -> None:
        desk = self.desk
        if desk is not None:
            desk.complaint, desk.complaints = said, found
