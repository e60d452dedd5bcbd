"""Setting a card aside: kept with its reason, never torn from a worker, never another church's."""

import pytest
from sqlalchemy import text

from ghl.cards.dismiss import DismissError, dismiss
from ghl.statuses import CardStatus
from tests.support.cards import CardMaker
from tests.support.churches import church


@pytest.fixture
def church_id(database):
    return church(database)


@pytest.fixture
def make(database, church_id):
    return CardMaker(database, church_id)


def set_aside(database, church_id, card_id, reason="A child drew on it"):
    with database.church(church_id) as session:
        dismiss(session, card_id, reason=reason, actor="user:1")


@pytest.mark.parametrize(
    "status", [CardStatus.TO_REVIEW, CardStatus.WAITING, CardStatus.NEEDS_ATTENTION, CardStatus.HELD]
)
def test_a_card_is_set_aside_and_not_delivered(database, church_id, make, status):
    card_id = make(status)
    set_aside(database, church_id, card_id)
    with database.church(church_id) as session:
        (card,) = session.execute(text("SELECT status, facts FROM cards")).all()
        state = session.execute(text("SELECT state FROM outbox")).scalar_one()
        (entry,) = session.execute(text("SELECT * FROM audit_entries WHERE action = 'card.dismissed'")).all()
    assert (card.status, card.facts) == ("dismissed", {"reason": "A child drew on it"})
    assert state == "parked"
    assert entry.subject == str(card_id)
    assert "child" not in str(entry)


@pytest.mark.parametrize(
    ("status", "told"),
    [(CardStatus.SENDING, "being sent"), (CardStatus.SYNCED, "already"), (CardStatus.DISMISSED, "already")],
)
def test_a_card_that_is_beyond_it_is_told(database, church_id, make, status, told):
    card_id = make(status)
    with pytest.raises(DismissError, match=told):
        set_aside(database, church_id, card_id)


def test_it_needs_a_reason(database, church_id, make):
    with pytest.raises(DismissError, match="Say why"):
        set_aside(database, church_id, make(CardStatus.HELD), reason="  ")


def test_another_church_has_no_such_card(database, make):
    card_id = make(CardStatus.HELD)
    with pytest.raises(DismissError, match="no such card"):
        set_aside(database, church(database), card_id)
