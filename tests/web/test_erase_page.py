"""Erasing a person from the page: for admins, by the name, and once."""

from datetime import UTC, datetime

import pytest

from ghl.crypto import KeyRing, new_key_line
from ghl.erasing.erase import carry_out
from ghl.statuses import CardStatus, Role

PAGE = "pages/erase.py"


def texts(app):
    return [one.value for one in app.text]


def button(app, label):
    (found,) = [one for one in app.button if one.label == label]
    return found


def type_name(app, name):
    (field,) = [one for one in app.text_input if one.label == "The name on the card"]
    return field.input(name)


@pytest.fixture
def anna(cards):
    return cards(CardStatus.SYNCED), cards(CardStatus.WAITING, first_name="Tom")


@pytest.mark.parametrize("role", [Role.STAFF, Role.VIEWER, None])
def test_others_cannot(open_page, sign_in, anna, role):
    app = open_page(sign_in(role, ops=role is None), PAGE, number="1")
    assert app.title[0].value == "This page is not for your role"
    assert "Keller" not in str(texts(app))
    del anna


@pytest.mark.parametrize(("role", "there"), [(Role.ADMIN, True), (Role.STAFF, False)])
def test_the_way_there_stands_on_the_card_for_admins(open_page, sign_in, anna, role, there):
    app = open_page(sign_in(role), "pages/card.py", number="1")
    assert ("Erase this person" in [one.label for one in app.get("page_link")]) is there
    del anna


def test_it_says_what_goes_and_what_stays(open_page, sign_in, anna, sql):
    sql("UPDATE cards SET contact_id = 'C1' WHERE number = 1")
    app = open_page(sign_in(Role.ADMIN), PAGE, number="1")
    assert not app.exception
    said = texts(app)
    assert said[0] == "1 card of Anna Keller goes for ever. This cannot be undone."
    assert "Tom Keller" in said, "who shares the e-mail is shown, and stays"
    assert any(one.startswith("The proof of what they said") for one in said)
    assert app.checkbox[0].label.startswith("Remove the contact in GoHighLevel too")
    assert not app.checkbox[0].value
    del anna


def test_by_the_name_and_once(open_page, sign_in, anna, sql, database, church):
    app = open_page(sign_in(Role.ADMIN), PAGE, number="1")
    button(app, "Erase for ever").click().run()
    assert app.error[0].value == "That is not the name on the card. Nothing was erased."
    assert sql("SELECT count(*) FROM erasures") == [(0,)]
    type_name(app, "anna keller")
    button(app, "Erase for ever").click().run()
    assert not app.exception
    assert app.success[0].value.startswith("The person is being erased")
    assert not [one for one in app.button if one.label == "Erase for ever"]
    assert any("Being erased" in one for one in texts(app))
    ring = KeyRing.parse(new_key_line(1))
    assert carry_out(database, ring, church, now=datetime.now(UTC)) == 1
    app.run()
    said = texts(app)
    assert any("Erased: 1 card." in one for one in said)
    assert any("There is no such card, or its person was erased." in one for one in said)
    assert "Anna" not in str(said)
    assert sql("SELECT first_name FROM cards") == [("Tom",)]
    del anna


def test_a_contact_that_is_still_there_is_told_and_tried_again(open_page, sign_in, sql, church, connected):
    sql(
        "WITH e AS (INSERT INTO erasures (id, church_id, number, card_ids, contacts_too, asked_by, asked_at, state,"
        " done_at, went) VALUES (gen_random_uuid(), :c, 7, '[]', true, 'system', now(), 'done', now(), '{\"cards\": 2}')"
        " RETURNING id) INSERT INTO contact_removals (id, church_id, erasure_id, location_id, contact_id, state, tries,"
        " due_at, cause) SELECT gen_random_uuid(), :c, e.id, l.id, 'C1', 'waiting', 2, now() + interval '20 minutes',"
        " 'scope_missing' FROM e, locations l",
        c=church,
    )
    app = open_page(sign_in(Role.ADMIN), PAGE)
    [told] = [one for one in texts(app) if one.startswith("The contact is still in GoHighLevel.")]
    assert "Tried 2 times. Next try" in told
    button(app, "Try again now").click().run()
    assert sql("SELECT due_at <= now() FROM contact_removals") == [(True,)]
    del connected


def test_another_role_meanwhile_erases_nothing(open_page, sign_in, anna, sql):
    app = open_page(sign_in(Role.ADMIN), PAGE, number="1")
    type_name(app, "Anna Keller")
    sql("UPDATE memberships SET role = 'staff'")
    button(app, "Erase for ever").click().run()
    assert sql("SELECT count(*) FROM erasures") == [(0,)]
    del anna


def test_another_churchs_card_is_not_there(open_page, sign_in, anna):
    app = open_page(sign_in(Role.ADMIN), PAGE, number="99")
    assert any("There is no such card" in one for one in texts(app))
    del anna


def test_a_contact_that_stays_says_why(open_page, sign_in, sql, church, connected):
    sql(
        "WITH e AS (INSERT INTO erasures (id, church_id, number, card_ids, contacts_too, asked_by, asked_at, state,"
        " done_at, went) VALUES (gen_random_uuid(), :c, 7, '[]', true, 'system', now(), 'done', now(),"
        ' \'{"cards": 2, "contacts_elsewhere": 1}\') RETURNING id)'
        " INSERT INTO contact_removals (id, church_id, erasure_id, location_id, contact_id, state, cause)"
        " SELECT gen_random_uuid(), :c, e.id, l.id, 'C1', 'done', 'in_use_again' FROM e, locations l",
        c=church,
    )
    app = open_page(sign_in(Role.ADMIN), PAGE)
    said = texts(app)
    assert any("The hub cannot reach their contact in GoHighLevel" in one for one in said)
    assert any(one.startswith("The contact stays in GoHighLevel: it is in use again") for one in said)
    assert "Try again now" not in [one.label for one in app.button]
    del connected
