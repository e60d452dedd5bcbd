"""Drafts: kept and found again by who typed them, gone with their card, and after a month."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from ghl.cards import drafts
from ghl.db.models import CardDraft
from ghl.ids import new_id
from ghl.people.users import add_user
from ghl.statuses import Role
from tests.support.churches import card_values, church, save

NOW = datetime(2026, 11, 22, 15, 14, tzinfo=UTC)


@pytest.fixture
def here(database):
    return church(database)


@pytest.fixture
def ruth(database, here):
    return add_user(database, "ruth@example.org", name="Ruth", church_id=here, role=Role.STAFF, actor="test")


def keep(database, church_id, user_id, values, *, place=drafts.ADD, now=NOW, revision=0):
    with database.church(church_id) as session:
        return drafts.keep(session, church_id, user_id, place, values, now=now, revision=revision)


def load(database, church_id, user_id, place=drafts.ADD):
    with database.church(church_id) as session:
        return drafts.load(session, church_id, user_id, place)


def test_what_was_typed_last_is_found_again(database, here, ruth):
    assert load(database, here, ruth) is None
    keep(database, here, ruth, {"first_name": "An"}, now=NOW - timedelta(minutes=1))
    values = {"first_name": "Anna", "sms_consent": None, "first_time": True, "notes": "two\nlines 😀"}
    assert keep(database, here, ruth, values)
    found = load(database, here, ruth)
    assert (found.values, found.changed_at, found.revision) == (values, NOW, 0)
    assert "Anna" not in repr(found)


def test_two_forms_are_two_drafts_the_latest_first_and_one_moves_once(database, here, ruth):
    one, two, new = (drafts.place_of_form(name) for name in ("one", "two", "new"))
    keep(database, here, ruth, {"first_name": "Anna"}, place=one, now=NOW - timedelta(minutes=1))
    keep(database, here, ruth, {"first_name": "Ben"}, place=two)
    keep(database, here, ruth, {"service": "9:00"}, place=drafts.KEPT)
    with database.church(here) as session:
        found = drafts.half_typed(session, here, ruth)
        assert [(each.place, each.values["first_name"]) for each in found] == [(two, "Ben"), (one, "Anna")]
        assert drafts.move(session, here, ruth, one, new)
        assert not drafts.move(session, here, ruth, one, new)
    assert load(database, here, ruth, new).values == {"first_name": "Anna"}
    assert load(database, here, ruth, two).values == {"first_name": "Ben"}


def test_each_place_has_its_own_and_removing_one_leaves_the_others(database, here, ruth):
    (card,) = save(database, here, card_values(1))
    place = drafts.place_of(card.id)
    keep(database, here, ruth, {"first_name": "Anna"})
    keep(database, here, ruth, {"first_name": "Ben"}, place=place, revision=3)
    with database.church(here) as session:
        drafts.remove(session, here, ruth, drafts.ADD)
        drafts.remove(session, here, ruth, drafts.ADD)
    assert load(database, here, ruth) is None
    assert load(database, here, ruth, place).revision == 3


def test_of_a_card_that_is_not_there_none_is_kept(database, here, ruth):
    for place in (drafts.place_of(new_id()), drafts.correction_of(new_id())):
        assert not keep(database, here, ruth, {"first_name": "Ben"}, place=place)
        assert load(database, here, ruth, place) is None


def test_nobody_else_finds_it_in_this_church_or_another(database, here, ruth):
    keep(database, here, ruth, {"first_name": "Anna"})
    other = add_user(database, "ben@example.org", name="Ben", church_id=here, role=Role.STAFF, actor="test")
    elsewhere = church(database)
    assert load(database, here, other) is None
    assert load(database, elsewhere, ruth) is None
    with database.church(elsewhere) as session:
        assert drafts.load(session, here, ruth, drafts.ADD) is None


def test_signs_that_cannot_be_stored_are_left_out_and_what_is_too_long_is_not_kept(database, here, ruth):
    keep(database, here, ruth, {"first_name": "A\0n\ud800na", "last_name": "\\u0000"})
    found = load(database, here, ruth)
    assert found.values == {"first_name": "An?na", "last_name": "\\u0000"}
    assert not keep(database, here, ruth, {"notes": "x" * drafts.MOST_SIGNS})
    assert load(database, here, ruth) == found


def test_after_a_month_it_is_gone(database, here, ruth):
    keep(database, here, ruth, {"first_name": "Old"}, now=NOW - drafts.KEPT_FOR - timedelta(seconds=1))
    keep(database, here, ruth, {"first_name": "New"}, place=drafts.KEPT, now=NOW - drafts.KEPT_FOR)
    with database.system() as session:
        drafts.prune(session, now=NOW)
    with database.church(here) as session:
        assert session.scalar(select(func.count()).select_from(CardDraft)) == 1
    assert load(database, here, ruth, drafts.KEPT).values == {"first_name": "New"}
