"""What a trouble that is over left behind, and what was mended last."""

import pytest

from ghl.attention import after, groups
from ghl.attention.wanted import Wanted
from ghl.cards.actions import Action, act
from ghl.causes import CAUSES
from ghl.statuses import CardStatus
from tests.support.churches import connected_church, key_ring

ATTENTION = CardStatus.NEEDS_ATTENTION


@pytest.fixture
def offers(database, church):
    def offers():
        with database.church(church) as session:
            return after.offers(session, church, groups.groups(session, church, Wanted()))

    return offers


def test_cards_are_offered_once_others_arrive(cards, offers, sql):
    cards(ATTENTION, cause="gave_up_after_72_hours")
    cards(ATTENTION, cause="refused_by_ghl")
    assert offers() == []
    cards(CardStatus.SYNCED)
    sql("UPDATE cards SET synced_at = now() + interval '1 minute' WHERE status = 'synced'")
    later = cards(ATTENTION, cause="gave_up_after_72_hours")
    sql("UPDATE cards SET status_changed_at = now() + interval '2 minutes' WHERE id = :id", id=later)
    (offer,) = offers()
    assert (offer.over, offer.count, offer.wanted.causes) == (
        "others arrive",
        1,
        ("gave_up_after_72_hours",),
    )


class TestConnected:
    @pytest.fixture
    def church(self, database):
        return connected_church(database, key_ring())

    def test_cards_are_offered_once_a_new_token_is_stored(self, cards, offers, sql):
        cards(ATTENTION, cause="tries_used_up")
        cards(ATTENTION, cause="unknown")
        assert offers() == []
        sql("UPDATE credentials SET created_at = now() + interval '1 minute'")
        (offer,) = offers()
        assert (offer.over, offer.count) == ("connected anew", 2)


def test_a_trouble_that_stops_the_church_leaves_no_card_behind():
    """Those cards wait and go out by themselves: nobody has to be offered anything."""
    assert all(entry.over_when == "never" for entry in CAUSES.values() if entry.holds_church)


def test_what_was_mended_last(database, church, cards, clock):
    def last():
        with database.church(church) as session:
            return after.last_resolved(session, church)

    assert last() is None
    card = cards(ATTENTION, cause="refused_by_ghl")
    with database.church(church) as session:
        act(session, church, Action.SEND_NOW, card, actor="user:1", now=clock.now())
    found = last()
    assert (found.number, found.name, found.actor, found.set_aside) == (1, "Anna Keller", "user:1", False)
    with database.church(church) as session:
        act(session, church, Action.SET_ASIDE, card, reason="Twice", actor="user:1", now=clock.now())
    assert last().set_aside
