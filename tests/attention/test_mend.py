"""Mending a field: what may be changed, how it is checked, and that nothing else is touched."""

import pytest

from ghl.attention import mend
from ghl.cards.correct import CardChangedError
from ghl.causes import CauseCode, to_be_mended
from ghl.statuses import CardStatus
from tests.support.churches import save

BASE = {"first_name": "Anna", "last_name": "Keller"}


@pytest.fixture
def card(database, church):
    def card(**values):
        (saved,) = save(database, church, {**BASE, **values})
        return saved.id

    return card


@pytest.fixture
def found(database, church):
    def found(card_id):
        with database.church(church) as session:
            return mend.to_mend(session, church, card_id)

    return found


@pytest.fixture
def mended(database, church, clock):
    def mended(card_id, typed, *, revision=1):
        with database.church(church) as session:
            return mend.mend(
                session, church, card_id, typed, revision=revision, actor="user:1", now=clock.now()
            )

    return mended


@pytest.mark.parametrize(
    ("values", "typed"),
    [
        ({"phone": "555-0143"}, {"phone": "(615) 555-0143"}),
        ({"phone": "555-0143", "email": "a@example.org"}, {"phone": ""}),
        ({"email": "a@@example.org"}, {"email": "a@example.org"}),
        ({}, {"phone": "(615) 555-0143", "email": ""}),
        ({}, {"phone": "", "email": "a@example.org"}),
    ],
)
def test_what_goes(card, found, mended, values, typed):
    card_id = card(**values)
    looked = mend.look(found(card_id), typed)
    assert looked.good, looked.problem
    saved = mended(card_id, typed)
    assert saved.status is CardStatus.WAITING
    assert saved.revision == 2
    assert mended(card_id, typed) is None, "done already"


@pytest.mark.parametrize(
    ("values", "typed"),
    [
        ({"phone": "555-0143"}, {"phone": "555-0143"}),
        ({"phone": "555-0143"}, {"phone": "555"}),
        ({"phone": "555-0143"}, {"phone": ""}),
        ({"phone": "555-0143"}, {"phone": "5" * 65}),
        ({"phone": "555-0143"}, {"first_name": "Eve", "sms_consent": "yes"}),
        ({}, {"phone": "", "email": ""}),
        ({}, {"email": "anna at home"}),
    ],
)
def test_what_would_only_come_back(card, mended, found, values, typed):
    card_id = card(**values)
    assert mend.look(found(card_id), typed).problem
    with pytest.raises(mend.MendError):
        mended(card_id, typed)
    assert found(card_id).revision == 1


def test_how_it_goes_is_told(card, found):
    looked = mend.look(found(card(phone="555-0143")), {"phone": "615.555.0143"})
    assert looked.sent == {"phone": "(615) 555-0143"}


def test_nothing_else_is_taken_and_consent_stays(card, mended, sql):
    card_id = card(phone="555-0143", sms_consent="no")
    mended(card_id, {"phone": "(615) 555-0143", "last_name": "Other", "sms_consent": "yes"})
    first, second = (row[0] for row in sql("SELECT fields FROM card_revisions ORDER BY no"))
    assert second == first | {"phone": "(615) 555-0143"}


def test_who_looked_at_an_older_revision_changes_nothing(card, mended):
    card_id = card(phone="555-0143", email="a@example.org")
    with pytest.raises(CardChangedError):
        mended(card_id, {"phone": "(615) 555-0143"}, revision=0)


def test_an_address_of_their_own_is_a_new_one(card, found, sql):
    card_id = card(phone="(615) 555-0143")
    sql("UPDATE cards SET status = 'needs_attention', cause = 'no_address_of_its_own'")
    same = mend.look(found(card_id), {"phone": "615 555 0143", "email": ""})
    assert not same.good
    assert mend.look(found(card_id), {"phone": "", "email": "own@example.org"}).good


def test_only_causes_that_name_a_field_are_mended_here(card, found, sql):
    card_id = card(phone="555-0143")
    for code in CauseCode:
        sql("UPDATE cards SET status = 'needs_attention', cause = :cause", cause=code)
        assert (found(card_id) is not None) == bool(to_be_mended(code))
    sql("UPDATE cards SET status = 'waiting'")
    assert found(card_id) is None
