"""Who is meant: the card beside the people in GoHighLevel, as a worker sees them there now, and the answers."""

from functools import partial
from typing import Literal

import streamlit as st

from dashboard import gate, services
from dashboard.card import facts
from dashboard.card.facts import Doubt
from dashboard.card.looking import told as told_of_look
from dashboard.card.visit import Visit
from dashboard.components import card_question, card_standing, states
from dashboard.formatting import day_of, when
from dashboard.navigation import EVERYBODY
from dashboard.reading import Trouble, guarded
from dashboard.situation import Situation
from ghl.cards.story import CardInFull
from ghl.statuses import CardStatus

EVERY = 1.0
"""Seconds between two looks at the answer, which takes about one."""


class QuestionPart:
    """The question who somebody is, which refreshes itself."""

    def __init__(self, visit: Visit, card: CardInFull) -> None:
        self._visit = visit
        self._place = visit.place
        self._card = card

    def draw(self) -> None:
        """Draws the part."""
        st.fragment(self._live, run_every=EVERY)()

    def _live(self) -> None:
        if self._place.anew:
            self._place.anew = False
            st.rerun()
        still = gate.still(self._visit.viewer, *EVERYBODY)
        if isinstance(still, Trouble):
            return states.could_not_load("the question", still.number)
        answer = guarded(self._read)
        if isinstance(answer, Trouble):
            return states.could_not_load("the question", answer.number)
        found, situation = answer
        asked = facts.doubts(found) if found else ()
        if found is not None and asked:
            self._question(found, asked, situation)
        return None

    def _read(self) -> tuple[CardInFull | None, Situation]:
        """Where the card stands is read by another part, which begins anew when there is nothing to decide any more."""
        return self._place.last() or self._visit.look(), services.situation(self._visit.church_id)

    def _question(self, found: CardInFull, asked: tuple[Doubt, ...], situation: Situation) -> None:
        visit, now = self._visit, self._visit.now()
        day = partial(day_of, now=now, zone=visit.zone)
        ids = [one.contact_id for one in asked]
        said = told_of_look(
            self._place.looker.look(visit.church_id, ids, actor=visit.viewer.person.actor),
            situation,
            when=partial(when, now=now, zone=visit.zone),
        )
        if said.answer is not None:
            asked = tuple(facts.as_it_is(one, said.answer, found, day) for one in asked)
        location = found.church.location
        card_question.question(
            (*facts.on_the_card(found), ("Received", day(found.received_at.isoformat()))),
            asked,
            said,
            answers=self._answers(found, asked) if visit.writes else None,
            again=self._look_again,
            address=partial(card_standing.contact_address, location)
            if location and not found.is_demo
            else None,
        )

    def _answers(self, found: CardInFull, asked: tuple[Doubt, ...]) -> card_question.Answers:
        ids = [one.contact_id for one in asked]
        without, then = facts.left_without(found, asked)
        held = found.state.status is CardStatus.HELD
        return card_question.Answers(
            same=lambda contact_id: self._decide([contact_id], "same"),
            different=partial(self._decide, ids, "different") if held else None,
            not_sure=self._not_sure if held else None,
            anew=self._look_anew,
            name=found.fields.first_name or found.name or "this person",
            without=without,
            then=then,
        )

    def _decide(self, contact_ids: list[str], verdict: Literal["same", "different"]) -> None:
        """Who is who."""
        if works := self._visit.at_work(self._card.id):
            _, then = facts.left_without(self._card, facts.doubts(self._card))
            self._visit.say(works.decide(contact_ids, verdict, then))

    def _look_anew(self, contact_id: str) -> None:
        """The contact is gone: the card goes again."""
        if works := self._visit.at_work(self._card.id):
            self._visit.say(works.look_anew(contact_id))

    def _not_sure(self) -> None:
        """The card stays as it is."""
        if works := self._visit.at_work(self._card.id):
            self._visit.say(works.not_sure())

    def _look_again(self) -> None:
        """Asks anew what GoHighLevel has."""
        gate.used()
        self._place.looker.ask(self._visit.church_id, actor=self._visit.viewer.person.actor)
