"""Why a card stands where it stands: the truth, in a volunteer's words, for every status and every cause."""

from datetime import UTC, datetime, timedelta

import pytest

from ghl.cards.why import CardState, ChurchState, Outage, next_try, tries_in_words, why
from ghl.causes import CauseCode
from ghl.statuses import CardSource, CardStatus

NOW = datetime(2026, 11, 22, 15, 14, tzinfo=UTC)
LATER = NOW + timedelta(minutes=28)
WELL = ChurchState(location="loc1")


def card(status=CardStatus.WAITING, **facts):
    return CardState(status=status, source=facts.pop("source", CardSource.API), due_at=NOW, **facts)


def said(card, church=WELL, outage=None):
    return why(card, church, now=NOW, outage=outage, when=lambda at: at.strftime("%H:%M"))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (card(), "Goes in a few seconds."),
        (card(CardStatus.SENDING), "On its way now."),
        (
            card(CardStatus.TO_REVIEW, source=CardSource.FORM),
            "New from the web form. Nobody has checked it yet.",
        ),
        (card(CardStatus.SYNCED, synced_at=NOW), "Arrived 15:14."),
        (
            card(CardStatus.SYNCED, synced_at=NOW, cause="field_gone", facts={"field": "Baptism interest"}),
            "Arrived 15:14. The field Baptism interest is gone in GoHighLevel. It alone was left out.",
        ),
        (card(CardStatus.DISMISSED), "Set aside. Not sent."),
        (
            card(CardStatus.DISMISSED, facts={"by": "Ruth", "reason": "test card."}),
            "By Ruth: test card. Not sent.",
        ),
        (
            card(CardStatus.NEEDS_ATTENTION, cause="refused_by_ghl", facts={"answer": "no way"}),
            "GoHighLevel won't take this card. Its answer: no way. You can mend this.",
        ),
        (
            card(
                CardStatus.HELD, cause="phone_on_other_contact", facts={"contact_name": "Mary", "name": "Jo"}
            ),
            "This phone is already on Mary in GoHighLevel. The card says Jo. Is it the same person?",
        ),
    ],
)
def test_a_status_in_words(state, words):
    assert said(state) == words


class TestWaiting:
    def test_a_pause_goes_before_everything_else(self):
        church = ChurchState(
            location="loc1", paused_reason="we move house.", hold_cause=CauseCode.TOKEN_REFUSED
        )
        assert said(card(), church, Outage(LATER)).startswith(
            "Sending is paused for your church: we move house. Your cards"
        )
        assert next_try(card(), church, now=NOW, outage=Outage(LATER)) is None

    def test_a_refused_token(self):
        church = ChurchState(location="loc1", hold_cause=CauseCode.TOKEN_REFUSED)
        assert said(card(), church).startswith("GoHighLevel no longer takes your church's token.")

    def test_a_church_without_a_connection(self):
        assert "isn't connected" in said(card(), ChurchState())

    def test_an_outage_with_its_next_test(self):
        assert said(card(), outage=Outage(LATER)) == (
            "GoHighLevel isn't answering. The card is safe and waiting. Nothing to do."
        )
        assert next_try(card(), WELL, now=NOW, outage=Outage(LATER)) == LATER
        assert next_try(card(), WELL, now=NOW, outage=Outage()) is None

    def test_a_card_of_its_own_that_is_tried_later(self):
        own = CardState(CardStatus.WAITING, CardSource.API, cause="ghl_not_answering", due_at=LATER, tries=3)
        assert said(own).startswith("GoHighLevel isn't answering.")
        assert next_try(own, WELL, now=NOW) == LATER

    def test_nobody_is_sent_to_mend_what_is_tried_again_anyway(self):
        own = CardState(CardStatus.WAITING, CardSource.API, cause="refused_by_ghl", due_at=LATER, attempts=2)
        assert "You can mend" not in said(own)
        assert said(own).endswith("We try again by ourselves.")

    def test_a_card_that_is_due_again_is_about_to_go(self):
        own = CardState(CardStatus.WAITING, CardSource.API, cause="ghl_not_answering", due_at=NOW, tries=3)
        assert said(own) == "Goes in a few seconds."
        assert next_try(own, WELL, now=NOW) is None

    def test_a_card_that_should_have_gone_is_not_promised_for_the_next_seconds(self):
        old = CardState(CardStatus.WAITING, CardSource.API, due_at=NOW - timedelta(minutes=2))
        assert said(old) == "Waits for its turn. Nothing to do."


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (card(), ""),
        (card(tries=1), "Tried once"),
        (card(tries=3), "Tried 3 times"),
        (card(tries=4, attempts=3), "Try 3 of 8"),
        (card(CardStatus.SENDING, tries=1), ""),
        (card(CardStatus.NEEDS_ATTENTION, tries=8, attempts=8), "Tried 8 times"),
        (card(CardStatus.SYNCED, tries=2), ""),
    ],
)
def test_tries(state, words):
    assert tries_in_words(state) == words


@pytest.mark.parametrize("status", list(CardStatus))
def test_every_status_with_every_cause_is_a_sentence(status):
    for cause in (None, *CauseCode, "a_code_of_tomorrow"):
        text = said(card(status, cause=cause))
        assert text
        assert text[-1] in ".?!", text
        assert "{" not in text
        assert why(card(status, cause=cause), WELL, now=NOW)
