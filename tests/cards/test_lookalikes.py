"""Which cards and contacts look like a card, and which are nothing to ask about."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from ghl.cards import review
from ghl.cards.decide import decide
from ghl.cards.lookalikes import LOOKED_BACK, MOST, lookalikes
from ghl.db.models import ContactLink
from ghl.statuses import CardSource
from tests.support.churches import church, connected_church, key_ring, save

NOW = datetime(2026, 11, 22, 15, 14, tzinfo=UTC)
ANNA = {"first_name": "Anna", "last_name": "Keller", "phone": "(615) 555-0123", "visit_date": "2026-11-22"}


@pytest.fixture
def here(database):
    return connected_church(database, key_ring())


def made(database, church_id, *, now=NOW, **values):
    (saved,) = save(database, church_id, values, source=CardSource.FORM, now=now)
    return saved.id


@pytest.fixture
def alike(database, here):
    def alike(card_id, **how):
        with database.church(here) as session:
            card = review.look_at(session, here, card_id)
            return lookalikes(session, here, card, now=NOW, **how)

    return alike


@pytest.fixture
def contact(database, here):
    def contact(contact_id="con1", **values):
        with database.church(here) as session:
            location = session.scalar(text("SELECT id FROM locations WHERE active"))
            session.execute(
                insert(ContactLink).values(
                    location_id=location,
                    contact_id=contact_id,
                    church_id=here,
                    newest_applied_at=NOW,
                    seen_at=NOW,
                    **values,
                )
            )

    return contact


def test_nothing_like_it(database, here, alike):
    made(database, here, first_name="Ben", phone="(615) 555-0199")
    found = alike(made(database, here, **ANNA))
    assert (found.cards, found.contacts) == ((), ()) or (list(found.cards), list(found.contacts)) == ([], [])


def test_the_same_person_on_the_same_day_looks_like_the_same_card(database, here, alike):
    first = made(database, here, **ANNA)
    (like,) = alike(made(database, here, **ANNA, notes="again")).cards
    assert (like.id, like.same_name, list(like.by)) == (first, True, ["phone"])
    assert "Keller" not in repr(like)


def test_a_guest_who_came_again_on_another_day_is_nothing_to_ask(database, here, alike):
    made(database, here, **ANNA | {"visit_date": "2026-11-15"}, now=NOW - timedelta(days=7))
    assert not alike(made(database, here, **ANNA)).cards


def test_without_a_date_on_the_cards_a_day_between_them_counts(database, here, alike):
    undated = {name: value for name, value in ANNA.items() if name != "visit_date"}
    made(database, here, **undated, notes="1", now=NOW - timedelta(days=2))
    second = made(database, here, **undated, notes="2", now=NOW - timedelta(hours=2))
    assert [one.id for one in alike(made(database, here, **undated)).cards] == [second]


def test_another_name_with_this_phone_or_e_mail_is_asked_about(database, here, alike):
    mary = made(database, here, first_name="Mary", last_name="Smith", phone="615-555-0123")
    john = made(database, here, first_name="John", last_name="Smith", email="family@example.org")
    card = made(database, here, **ANNA, email="Family@example.org")
    found = {one.id: list(one.by) for one in alike(card).cards}
    assert found == {mary: ["phone"], john: ["e-mail"]}
    assert not any(one.same_name for one in alike(card).cards)
    assert [one.id for one in alike(card, settled={mary}).cards] == [john]


def test_cards_set_aside_long_ago_or_of_another_church_are_left_out(database, here, alike):
    made(database, here, first_name="Old", phone="6155550123", now=NOW - LOOKED_BACK - timedelta(days=1))
    aside = made(database, here, first_name="Aside", phone="6155550123")
    with database.church(here) as session:
        session.execute(text("UPDATE cards SET status = 'dismissed' WHERE id = :id"), {"id": aside})
    made(database, church(database), first_name="Else", phone="6155550123")
    assert not alike(made(database, here, **ANNA)).cards


def test_the_same_card_comes_first_and_the_list_is_short(database, here, alike):
    for n in range(MOST + 3):
        made(database, here, first_name=f"Nr{n}", phone="6155550123", now=NOW + timedelta(minutes=n))
    same = made(database, here, **ANNA, notes="1", now=NOW - timedelta(minutes=9))
    found = alike(made(database, here, **ANNA)).cards
    assert len(found) == MOST
    assert found[0].id == same


def test_a_contact_with_another_name_is_asked_about_until_somebody_decided(database, here, alike, contact):
    contact(first_name="Mary", last_name="Smith", phone="+16155550123")
    contact("con2", first_name="Ann", last_name="Keller", phone="+16155550123")
    card = made(database, here, **ANNA)
    (like,) = alike(card).contacts
    assert (like.contact_id, like.name, list(like.by)) == ("con1", "Mary Smith", ["phone"])
    assert "Smith" not in repr(like)
    with database.church(here) as session:
        assert decide(session, here, card, contact_id="con1", verdict="different", actor="test", now=NOW)
    assert not alike(card).contacts


def test_contacts_of_a_location_that_was_left_are_not_asked_about(database, here, alike, contact):
    contact(first_name="Mary", last_name="Smith", phone="+16155550123")
    card = made(database, here, **ANNA)
    with database.church(here) as session:
        session.execute(text("UPDATE locations SET active = false"))
    assert not alike(card).contacts


def test_a_card_without_phone_and_e_mail_looks_like_nobody(database, here, alike, contact):
    contact(first_name="Mary", last_name="Smith", phone=None)
    made(database, here, first_name="Anna", last_name="Keller", notes="1")
    found = alike(made(database, here, first_name="Anna", last_name="Keller"))
    assert not found.cards
    assert not found.contacts
